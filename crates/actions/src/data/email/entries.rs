//! What the lists of a step hold: domains, domains below one, and whole addresses.

use super::address::{Address, Domain, name};

/// One entry.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// `example.com`.
    Domain(String),
    /// `*.example.com`: what is below it.
    Below(String),
    /// `ada@example.com`, in lower case: no provider tells upper case apart.
    Address(String),
}

/// A list that could be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    /// Reads a list.
    ///
    /// # Errors
    /// The index of an entry that is none.
    pub(super) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, usize> {
        let entries = texts.into_iter().enumerate();
        entries
            .map(|(at, text)| entry(text).ok_or(at))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is meant by an allow list: a domain there is that domain alone.
    pub(super) fn allow(&self, address: &Address) -> bool {
        self.has(address, false)
    }

    /// Whether an address is meant by a block list: a domain there is all that is below it too.
    pub(super) fn block(&self, address: &Address) -> bool {
        self.has(address, true)
    }

    fn has(&self, address: &Address, with_subdomains: bool) -> bool {
        let domain = match &address.domain {
            Domain::Name(name) => name.as_str(),
            Domain::Literal(_) => "",
        };
        self.0.iter().any(|entry| match entry {
            Entry::Domain(listed) => domain == listed || (with_subdomains && is_below(domain, listed)),
            Entry::Below(listed) => is_below(domain, listed),
            Entry::Address(listed) => address.to_string().to_lowercase() == *listed,
        })
    }
}

fn entry(text: &str) -> Option<Entry> {
    if text.contains('@') {
        // `*` is a letter of addresses, but here it would be meant for any.
        let address = Address::parse(text).filter(|address| !address.local().contains('*'))?;
        return Some(Entry::Address(address.to_string().to_lowercase()));
    }
    match text.strip_prefix("*.") {
        Some(domain) => name(domain).map(Entry::Below),
        None => name(text).map(Entry::Domain),
    }
}

fn is_below(domain: &str, parent: &str) -> bool {
    domain
        .strip_suffix(parent)
        .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_mean_domains_and_addresses() {
        let entries = Entries::parse([
            "Example.com",
            "*.example.org",
            "Ada@Example.net",
            "bücher.example",
        ])
        .unwrap();
        for (text, allowed, blocked) in [
            ("a@example.com", true, true),
            ("a@EXAMPLE.COM", true, true),
            ("a@sub.example.com", false, true),
            ("a@notexample.com", false, false),
            ("a@example.com.evil.com", false, false),
            ("a@example.org", false, false),
            ("a@sub.example.org", true, true),
            ("a@deep.sub.example.org", true, true),
            ("ADA@example.net", true, true),
            ("bob@example.net", false, false),
            ("a@xn--bcher-kva.example", true, true),
            ("a@[192.0.2.1]", false, false),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (entries.allow(&address), entries.block(&address)),
                (allowed, blocked),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_entry_is_told() {
        for text in [
            "",
            "*",
            "*.",
            "exam ple.com",
            "@example.com",
            "*@example.com",
            "a.*.com",
            "example.com.",
        ] {
            assert_eq!(Entries::parse(["example.com", text]), Err(1), "{text}");
        }
        assert!(Entries::parse([]).unwrap().is_empty());
    }
}
