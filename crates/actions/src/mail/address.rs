//! E-mail addresses with names, as an input gives them: `ada@example.com`, `Ada <ada@example.com>`, `{ email, name }`.
//!
//! Whether an address exists is not asked here; `email.verify` does.

use lettre::Address;
use lettre::message::Mailbox;
use serde_json::Value;

/// Why there is no mailbox. It quotes nothing: the text may be a caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressProblem {
    /// Not an address.
    #[error("is no e-mail address")]
    NoAddress,
    /// A name with a control character.
    #[error("has a control character in its name")]
    BadName,
}

/// One mailbox.
pub(super) fn mailbox(value: &Value) -> Result<Mailbox, AddressProblem> {
    let (name, address) = match value {
        Value::String(text) => parts(text),
        Value::Object(fields) => {
            let text = |name| fields.get(name).and_then(Value::as_str);
            (
                text("name").map(str::to_owned),
                text("email").ok_or(AddressProblem::NoAddress)?,
            )
        }
        _ => return Err(AddressProblem::NoAddress),
    };
    let address = address_of(address)?;
    let name = name
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    if name.as_deref().is_some_and(has_control) {
        return Err(AddressProblem::BadName);
    }
    Ok(Mailbox::new(name, address))
}

/// RFC 5322 §3.4: a `name-addr` has its address in angle brackets at the end; anything else is an address. There is one
/// mailbox in a text, never a list.
fn parts(text: &str) -> (Option<String>, &str) {
    let text = text.trim_matches([' ', '\t']);
    let Some((name, address)) = text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) else {
        return (None, text);
    };
    let name = name.trim();
    let unquoted = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .map(|name| name.replace("\\\"", "\"").replace("\\\\", "\\"));
    (Some(unquoted.unwrap_or_else(|| name.to_owned())), address)
}

fn address_of(text: &str) -> Result<Address, AddressProblem> {
    if has_control(text) {
        return Err(AddressProblem::NoAddress);
    }
    let address: Address = text.parse().map_err(|_| AddressProblem::NoAddress)?;
    if address.domain().is_ascii() {
        return Ok(address);
    }
    // As the name system has it (RFC 5890): a server needs no extension for it then.
    match url::Host::parse(address.domain()) {
        Ok(url::Host::Domain(domain)) => {
            Address::new(address.user(), domain).map_err(|_| AddressProblem::NoAddress)
        }
        _ => Err(AddressProblem::NoAddress),
    }
}

/// What ends a line, or hides in one.
pub(super) fn has_control(text: &str) -> bool {
    text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_mailbox_or_none() {
        let is = |name: Option<&str>, address: &str| Ok((name.map(str::to_owned), address.to_owned()));
        let none = Err(AddressProblem::NoAddress);
        for (value, expected) in [
            (json!("ada@example.com"), is(None, "ada@example.com")),
            (json!(" ada@example.com "), is(None, "ada@example.com")),
            (
                json!("Ada Lovelace <ada@example.com>"),
                is(Some("Ada Lovelace"), "ada@example.com"),
            ),
            (
                json!("\"Lovelace, \\\"Ada\\\"\" <ada@example.com>"),
                is(Some("Lovelace, \"Ada\""), "ada@example.com"),
            ),
            (json!("<ada@example.com>"), is(None, "ada@example.com")),
            (
                json!({ "email": "ada@example.com", "name": "Ada <x@y>" }),
                is(Some("Ada <x@y>"), "ada@example.com"),
            ),
            (
                json!({ "email": "ada@example.com", "name": null }),
                is(None, "ada@example.com"),
            ),
            (json!("ada@bücher.example"), is(None, "ada@xn--bcher-kva.example")),
            (json!("adä@example.com"), is(None, "adä@example.com")),
            (json!("ada@[127.0.0.1]"), is(None, "ada@[127.0.0.1]")),
            // A list is not one mailbox, whoever wrote it.
            (json!("ada@example.com, eve@example.com"), none.clone()),
            (json!("ada@example.com,eve@example.com"), none.clone()),
            (
                json!("<ada@example.com>, <eve@example.com>"),
                is(Some("<ada@example.com>,"), "eve@example.com"),
            ),
            (json!({ "email": "Ada <ada@example.com>" }), none.clone()),
            (json!("ada@example.com> NOTIFY=NEVER"), none.clone()),
            (json!("ada@example.com\r\nBcc: eve@example.com"), none.clone()),
            (json!("\"a\r\nb\"@example.com"), none.clone()),
            (json!("ada@example.com\0"), none.clone()),
            (json!(""), none.clone()),
            (json!("ada"), none.clone()),
            (json!("@example.com"), none.clone()),
            (json!(["ada@example.com"]), none.clone()),
            (
                json!("ada@example.com\nRCPT TO:<eve@example.com>"),
                Err(AddressProblem::BadName),
            ),
            (
                json!("Ada\r\nBcc: eve@example.com <ada@example.com>"),
                Err(AddressProblem::BadName),
            ),
            (
                json!({ "email": "ada@example.com", "name": "Ada\nBcc: eve@example.com" }),
                Err(AddressProblem::BadName),
            ),
            (
                json!({ "email": "ada@example.com", "name": "Ada\u{2028}Bcc: x" }),
                Err(AddressProblem::BadName),
            ),
        ] {
            let found = mailbox(&value).map(|mailbox| (mailbox.name, mailbox.email.to_string()));
            assert_eq!(found, expected, "{value}");
        }
    }
}
