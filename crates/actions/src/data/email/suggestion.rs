//! What somebody meant who wrote `gmial.com`.

use strsim::osa_distance;

use super::lists::is_free;

/// Domains that many people have; the first that fits is meant.
const POPULAR: [&str; 30] = [
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "live.com",
    "aol.com",
    "msn.com",
    "googlemail.com",
    "protonmail.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "freenet.de",
    "orange.fr",
    "wanadoo.fr",
    "laposte.net",
    "libero.it",
    "hotmail.co.uk",
    "yahoo.co.uk",
    "btinternet.com",
    "comcast.net",
    "verizon.net",
    "yandex.ru",
    "mail.ru",
    "naver.com",
    "rediffmail.com",
    "uol.com.br",
    "fastmail.com",
];

/// How `.com` is mistyped, or left out.
const MISTYPED_COM: [&str; 11] = [
    "", "c", "co", "cm", "om", "con", "cmo", "ocm", "vom", "xom", "comm",
];

/// Shorter names have too many neighbours that are names of their own.
const SHORTEST: usize = 8;

/// The popular domain that a domain is a slip of, if it is. One that many others have too is none; disposable ones may be:
/// some live on slips.
pub(super) fn suggest(domain: &str) -> Option<&'static str> {
    if is_free(domain) {
        return None;
    }
    POPULAR.into_iter().find(|popular| is_slip(domain, popular))
}

fn is_slip(domain: &str, popular: &str) -> bool {
    if let Some(stem) = popular.strip_suffix(".com")
        && let Some(rest) = domain.strip_prefix(stem)
        && MISTYPED_COM.contains(&rest.strip_prefix('.').unwrap_or(rest))
    {
        return true;
    }
    if popular.len() < SHORTEST || domain.len().abs_diff(popular.len()) > 2 {
        return false;
    }
    // Two slips are believed where the beginning is right.
    let most = if domain.as_bytes().first() == popular.as_bytes().first() {
        2
    } else {
        1
    };
    (1..=most).contains(&osa_distance(domain, popular))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen() {
        for (domain, meant) in [
            ("gmial.com", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("gmail", "gmail.com"),
            ("gmailcom", "gmail.com"),
            ("gnail.com", "gmail.com"),
            ("gmaill.cmo", "gmail.com"),
            ("fmail.com", "gmail.com"),
            ("hotmial.com", "hotmail.com"),
            ("hotmal.co", "hotmail.com"),
            ("yahooo.com", "yahoo.com"),
            ("outlok.com", "outlook.com"),
            ("icloud.cm", "icloud.com"),
            ("aol.con", "aol.com"),
            ("t-onlin.de", "t-online.de"),
        ] {
            assert_eq!(suggest(domain), Some(meant), "{domain}");
        }
    }

    #[test]
    fn what_may_be_meant_is_left_alone() {
        for domain in [
            "gmail.com",
            "googlemail.com",
            "mail.com",
            "email.com",
            "example.com",
            "small.com",
            "web.com",
            "gmx.at",
            "free.de",
            "mailinator.com",
            "acme.de",
            "aon.com",
            "msc.com",
            "yahoo.de",
            "hotmail.fr",
            "x.gmial.com",
            "com",
            "gmail.example",
        ] {
            assert_eq!(suggest(domain), None, "{domain}");
        }
    }

    #[test]
    fn what_is_suggested_exists() {
        assert!(POPULAR.iter().all(|popular| is_free(popular)));
    }
}
