//! Addresses of mail: the `Mailbox` of RFC 5321 §4.1.2, with the letters of RFC 6531 §3.3.
//!
//! That is what a mail server takes. The comments, folding white space and old forms that RFC 5322 allows in the header of a
//! mail are no part of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// The longest local part, in octets, as written (RFC 5321 §4.5.3.1.1).
const LOCAL: usize = 64;
/// The longest address: a path of 256 octets (§4.5.3.1.3) without its angle brackets.
const WHOLE: usize = 254;
/// The longest name of a domain (RFC 1035 §2.3.4, as text), and of one label.
const NAME: usize = 253;
const LABEL: usize = 63;

/// An address in its normal form: the domain in lower case and ASCII, the local part without quotes that it does not need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// What the local part says, without quotes and escapes.
    local: String,
    /// Where it is.
    pub(super) domain: Domain,
}

/// The part behind the `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// A name, in lower-case ASCII; IDNs as A-labels (RFC 5890).
    Name(String),
    /// An address of a host in brackets.
    Literal(IpAddr),
}

impl Address {
    /// Reads an address; `None` where the text is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (local, written, domain) = if text.starts_with('"') {
            quoted(text)?
        } else {
            let (local, domain) = text.split_once('@')?;
            (
                is_dot_string(local).then(|| local.to_owned())?,
                local.len(),
                domain,
            )
        };
        let address = Self {
            local,
            domain: Domain::parse(domain)?,
        };
        (written <= LOCAL && address.to_string().len() <= WHOLE).then_some(address)
    }

    /// The local part as it is written.
    pub(super) fn local(&self) -> String {
        if is_dot_string(&self.local) {
            return self.local.clone();
        }
        let mut quoted = String::from('"');
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('"');
        quoted
    }

    /// Whether a tag stands behind a `+`: mail to it arrives in the mailbox that is named before it (RFC 5233).
    pub(super) fn has_tag(&self) -> bool {
        self.local.find('+').is_some_and(|at| at > 0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local(), self.domain)
    }
}

impl Domain {
    fn parse(text: &str) -> Option<Self> {
        if let Some(literal) = text.strip_prefix('[') {
            return literal.strip_suffix(']').and_then(ip).map(Self::Literal);
        }
        name(text).map(Self::Name)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Literal(IpAddr::V4(ip)) => write!(f, "[{ip}]"),
            Self::Literal(IpAddr::V6(ip)) => write!(f, "[IPv6:{ip}]"),
        }
    }
}

/// RFC 5321 §4.1.3. No other tag than `IPv6` is registered.
fn ip(text: &str) -> Option<IpAddr> {
    const TAG: &str = "IPv6:";
    match text.get(..TAG.len()) {
        Some(tag) if tag.eq_ignore_ascii_case(TAG) => {
            text[TAG.len()..].parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// The name of a domain in lower-case ASCII; `None` where the text is none.
pub(super) fn name(text: &str) -> Option<String> {
    // The parser of URLs knows IDNA, but takes more than letters, digits and hyphens, and percent signs to decode.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || !c.is_ascii();
    if text.len() > 2 * NAME || !text.chars().all(is_plain) {
        return None;
    }
    // What ends in a number is an address of a host for it, or nothing (RFC 3696 §2).
    let Ok(Host::Domain(name)) = Host::parse(text) else {
        return None;
    };
    let is_label = |label: &str| {
        (1..=LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= NAME && name.split('.').all(is_label)).then_some(name)
}

/// `atom *("." atom)`.
fn is_dot_string(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5322 §3.2.3, and what RFC 6531 adds.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

/// RFC 6531 takes every character beyond ASCII. Those that nobody sees make two addresses look like one: they are refused, as
/// the string preparation for user names does (RFC 8265 §3, by way of RFC 8264).
fn is_beyond_ascii(c: char) -> bool {
    let is_invisible = matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}');
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_invisible
}

/// The content of a `Quoted-string`, its length as written, and what stands behind the `@`.
fn quoted(text: &str) -> Option<(String, usize, &str)> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    loop {
        match chars.next()? {
            (at, '"') => return Some((content, at + 1, text[at + 1..].strip_prefix('@')?)),
            (_, '\\') => content.push(chars.next().map(|(_, c)| c).filter(|c| matches!(c, ' '..='~'))?),
            (_, c @ ' '..='~') => content.push(c),
            (_, c) if is_beyond_ascii(c) => content.push(c),
            _ => return None,
        }
    }
}
