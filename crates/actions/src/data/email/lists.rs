//! Providers by their domains: those that are free for everybody, and those whose addresses are thrown away.
//!
//! The lists are text in the program, sorted, and looked up as they are: nothing is built from them. Where they come from
//! stands in `lists/README.md`.

use std::cmp::Ordering;

static DISPOSABLE: &str = include_str!("lists/disposable.txt");
static FREE: &str = include_str!("lists/free.txt");

/// Whether a domain, or one above it, belongs to a provider of disposable addresses. Lower-case ASCII.
pub(super) fn is_disposable(domain: &str) -> bool {
    covers(DISPOSABLE, domain)
}

/// Whether a domain, or one above it, belongs to a provider of free mailboxes. Lower-case ASCII.
pub(super) fn is_free(domain: &str) -> bool {
    covers(FREE, domain)
}

fn covers(list: &str, domain: &str) -> bool {
    let parents = std::iter::successors(Some(domain), |name| {
        name.split_once('.').map(|(_, parent)| parent)
    });
    parents.into_iter().any(|name| has_line(list, name))
}

/// Looks a line up in sorted lines, each ended by a line feed.
fn has_line(mut list: &str, line: &str) -> bool {
    while !list.is_empty() {
        let middle = list.len() / 2;
        // The lists are ASCII: every byte is a character.
        let begins = list[..middle].rfind('\n').map_or(0, |at| at + 1);
        let ends = list[middle..].find('\n').map_or(list.len(), |at| middle + at);
        match line.cmp(&list[begins..ends]) {
            Ordering::Equal => return true,
            Ordering::Less => list = &list[..begins],
            Ordering::Greater => list = list.get(ends + 1..).unwrap_or_default(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_keep_their_rules() {
        for (list, least) in [(DISPOSABLE, 10_000), (FREE, 4_000)] {
            assert!(list.ends_with('\n') && list.is_ascii());
            let lines: Vec<_> = list.lines().collect();
            assert!(lines.len() > least, "{}", lines.len());
            assert!(lines.is_sorted_by(|a, b| a < b));
            for line in lines {
                assert_eq!(super::super::address::name(line).as_deref(), Some(line));
                let (_, parent) = line.split_once('.').expect("a top-level domain");
                assert!(!covers(list, parent), "{line} is covered by another");
                assert!(covers(list, line), "{line} is not found");
            }
        }
        let both: Vec<_> = FREE.lines().filter(|line| is_disposable(line)).collect();
        assert!(both.is_empty(), "{both:?}");
    }

    #[test]
    fn lines_are_found_and_nothing_else() {
        let list = "a.com\nab.com\nb.com\n";
        for name in ["a.com", "ab.com", "b.com"] {
            assert!(has_line(list, name), "{name}");
        }
        for name in ["", "a", "a.co", "a.com\n", "aa.com", "c.com", "\n", "com"] {
            assert!(!has_line(list, name), "{name}");
        }
        assert!(!has_line("", "a.com"));
    }

    #[test]
    fn providers_are_known_with_what_is_below_them() {
        for domain in [
            "mailinator.com",
            "sub.mailinator.com",
            "yopmail.com",
            "maildrop.cc",
            "guerrillamail.com",
        ] {
            assert!(is_disposable(domain) && !is_free(domain), "{domain}");
        }
        for domain in [
            "gmail.com",
            "hotmail.com",
            "outlook.com",
            "icloud.com",
            "web.de",
            "x.gmail.com",
            "tuta.com",
        ] {
            assert!(is_free(domain) && !is_disposable(domain), "{domain}");
        }
        for domain in [
            "example.com",
            "notgmail.com",
            "gmail.com.example.com",
            "com",
            "auth0.com",
        ] {
            assert!(!is_free(domain) && !is_disposable(domain), "{domain}");
        }
    }
}
