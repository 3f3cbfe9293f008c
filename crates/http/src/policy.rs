//! Which addresses a request may reach.
//!
//! A flow's URLs may come from outside; a request to this machine, to the network it stands in, or to a cloud's
//! metadata service would carry what only the inside may see. So only public addresses are reachable, unless the
//! workspace names others. The ranges are those of the IANA special-purpose address registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What a workspace lets requests reach beside the public internet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpPolicy {
    /// Each opens a door.
    pub allow: Vec<Allowed>,
}

/// Something that may be reached although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Every address of a network: `10.0.0.0/8`, `127.0.0.1`, `fd00::/8`.
    Network(IpNet),
    /// A host by its name, whatever it resolves to: `localhost`, `billing.internal`. Lower-case.
    Host(String),
}

/// An entry of the allow list that is neither a network nor a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` is neither a network (like `10.0.0.0/8`), an address, nor a host name")]
pub struct PolicyError {
    /// As written.
    pub entry: String,
}

impl HttpPolicy {
    /// Reads entries as they stand under `http.allow` of a workspace.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, PolicyError> {
        let allow = entries
            .into_iter()
            .map(Allowed::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { allow })
    }

    /// Whether the workspace names this host.
    pub(crate) fn allows_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.allow
            .iter()
            .any(|allowed| matches!(allowed, Allowed::Host(name) if name.eq_ignore_ascii_case(host)))
    }

    /// Whether an address may be connected to.
    pub(crate) fn allows_address(&self, address: IpAddr) -> bool {
        let written = address.to_canonical();
        let embedded = embedded(written).unwrap_or(written);
        let named = |network: &IpNet| network.contains(&written) || network.contains(&embedded);
        is_public(embedded)
            || self
                .allow
                .iter()
                .any(|allowed| matches!(allowed, Allowed::Network(network) if named(network)))
    }
}

impl Allowed {
    fn parse(entry: &str) -> Result<Self, PolicyError> {
        let text = entry.trim();
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        let is_host = !text.is_empty()
            && text.split('.').all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            })
            // `10.0.0` is a slip, not a name.
            && text.chars().any(|c| c.is_ascii_alphabetic());
        if is_host {
            Ok(Self::Host(text.to_ascii_lowercase()))
        } else {
            Err(PolicyError {
                entry: entry.to_owned(),
            })
        }
    }
}

/// The IPv4 address that a NAT64 gateway would connect to (RFC 6052 §2.1).
fn embedded(address: IpAddr) -> Option<IpAddr> {
    const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
    match address {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        _ => None,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !V4.iter().any(|network| network.contains(&address)),
        // Global unicast is 2000::/3 (RFC 4291 §2.4); everything outside, mapped and translated addresses too, is
        // not, and what may one day be is refused until this table knows it.
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !V6.iter().any(|network| network.contains(&address))
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

const V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 0, 8),        // this network; 0.0.0.0 connects to this machine
    v4(10, 0, 0, 0, 8),       // private (RFC 1918)
    v4(100, 64, 0, 0, 10),    // carrier-grade NAT (RFC 6598), and one cloud's metadata
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's host services: a public address that is not public
    v4(169, 254, 0, 0, 16),   // link-local; metadata of most clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments; one cloud's metadata
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // 6to4 relays, withdrawn
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarking
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved; broadcast
];

const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

const V6: &[Ipv6Net] = &[
    v6(0x2001, 0, 23),     // protocol assignments; Teredo, which embeds IPv4
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, which embeds IPv4
    v6(0x3fff, 0, 20),     // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(policy: &HttpPolicy, addresses: &[&str], expected: bool) {
        for address in addresses {
            assert_eq!(
                policy.allows_address(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn only_public_addresses_are_reachable() {
        let policy = HttpPolicy::default();
        check(
            &policy,
            &[
                "1.1.1.1",
                "93.184.215.14",
                "172.32.0.1",
                "2606:4700::1",
                "64:ff9b::101:101",
            ],
            true,
        );
        check(
            &policy,
            &[
                "0.0.0.0",
                "10.1.2.3",
                "100.64.0.1",
                "100.100.100.200",
                "127.0.0.1",
                "127.9.9.9",
                "168.63.129.16",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.192",
                "192.168.1.1",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "fe80::1",
                "fc00::1",
                "fd00:ec2::254",
                "ff02::1",
                "fec0::1",
                "2001:db8::1",
                // IPv4 in other clothes: mapped, compatible, NAT64, local NAT64, 6to4, Teredo.
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::101:101",
                "2002:7f00:1::1",
                "2001:0:7f00:1::1",
            ],
            false,
        );
    }

    #[test]
    fn a_workspace_opens_doors() {
        let policy = HttpPolicy::parse(["10.0.0.0/8", "::1", "Localhost", "fd00::/8"]).unwrap();
        check(
            &policy,
            &[
                "10.2.3.4",
                "::ffff:10.2.3.4",
                "64:ff9b::a02:304",
                "::1",
                "fd00::7",
            ],
            true,
        );
        check(&policy, &["127.0.0.1", "192.168.0.1", "fe80::1"], false);
        assert!(policy.allows_host("LOCALHOST") && policy.allows_host("localhost."));
        assert!(!policy.allows_host("localhost.example.com") && !policy.allows_host("x.localhost"));
    }

    #[test]
    fn entries_that_mean_nothing_are_refused() {
        for entry in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "http://localhost",
            "a b",
            "*.internal",
            "a..b",
        ] {
            assert_eq!(
                HttpPolicy::parse([entry]),
                Err(PolicyError {
                    entry: entry.to_owned()
                }),
                "{entry}"
            );
        }
    }
}
