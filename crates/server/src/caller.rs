//! What a request says of its caller and of itself: the address behind proxies, and `request` in expressions.

use std::net::{IpAddr, SocketAddr};

use http::header::HOST;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use serde_json::{Map, Value};

use crate::listen::Peer;
use crate::options::ServerOptions;

/// A request's head, and who sent it.
pub(crate) struct Caller<'a> {
    pub(crate) head: &'a Parts,
    /// Where the caller is, as far as it can be known.
    pub(crate) address: IpAddr,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(options: &ServerOptions, peer: Peer, head: &'a Parts) -> Self {
        Self {
            head,
            address: address(&options.trusted_proxies, peer.address, head),
        }
    }

    /// `request` as expressions see it. `hidden` is the header that `auth` has checked: what a caller shows there is for the
    /// door, and would otherwise stand in whatever the flow passes on.
    pub(crate) fn request(&self, hidden: Option<&HeaderName>) -> Value {
        let text = |value: &str| Value::String(value.to_owned());
        let mut headers = Map::new();
        // HTTP/2 has it in `:authority` (RFC 9113, section 8.3.1); flows are to see no difference.
        if let (None, Some(authority)) = (self.head.headers.get(HOST), self.head.uri.authority()) {
            headers.insert(HOST.as_str().to_owned(), text(authority.as_str()));
        }
        for name in self.head.headers.keys().filter(|name| Some(*name) != hidden) {
            let values: Vec<String> = self
                .head
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            headers.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
        }
        let mut query = Map::new();
        for (name, value) in url::form_urlencoded::parse(self.head.uri.query().unwrap_or_default().as_bytes())
        {
            query.entry(name.into_owned()).or_insert_with(|| text(&value));
        }
        Value::Object(Map::from_iter([
            ("method".to_owned(), text(self.head.method.as_str())),
            ("path".to_owned(), text(self.head.uri.path())),
            ("query".to_owned(), Value::Object(query)),
            ("headers".to_owned(), Value::Object(headers)),
            ("ip".to_owned(), text(&self.address.to_string())),
        ]))
    }
}

/// The peer's address, or what a trusted proxy says (the last in `X-Forwarded-For` that is no trusted proxy itself).
fn address(trusted: &[IpNet], peer: IpAddr, head: &Parts) -> IpAddr {
    const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut address = peer;
    if !is_trusted(address) {
        return address;
    }
    let lines: Vec<&[u8]> = head
        .headers
        .get_all(FORWARDED)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // Bytes: what a caller sends before the proxy's own part may be no text, and must not hide that part.
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for hop in hops {
        let hop = std::str::from_utf8(hop)
            .ok()
            .and_then(|hop| hop_address(hop.trim()));
        let Some(hop) = hop else { break };
        address = hop.to_canonical();
        if !is_trusted(address) {
            break;
        }
    }
    address
}

/// An address as proxies write it: some with the port that the connection came from.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let alone = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address = alone.unwrap_or(hop).parse();
    address
        .or_else(|_| hop.parse().map(|hop: SocketAddr| hop.ip()))
        .ok()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Served, request};

    use super::*;

    #[track_caller]
    fn check(peer: &str, lines: &[&[u8]], expected: &str) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let (mut head, ()) = http::Request::new(()).into_parts();
        for line in lines {
            let line = HeaderValue::from_bytes(line).unwrap();
            head.headers.append("x-forwarded-for", line);
        }
        let found = address(&trusted, peer.parse().unwrap(), &head);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{lines:?}");
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_counts() {
        check("192.0.2.1", &[b"203.0.113.7"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &[b"203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &[b"1.1.1.1, 203.0.113.7 , 10.0.0.2"], "203.0.113.7");
        check("10.0.0.1", &[b"1.1.1.1, 203.0.113.7", b"fd00::2"], "203.0.113.7");
        check("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3");
        check(
            "10.0.0.1",
            &[b"::ffff:203.0.113.7, ::ffff:10.0.0.2"],
            "203.0.113.7",
        );
    }

    #[test]
    fn what_is_no_address_is_where_it_ends() {
        check("10.0.0.1", &[b"1.1.1.1, unknown"], "10.0.0.1");
        check("10.0.0.1", &[b"1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2");
        // A caller's part that is no text does not hide what the proxy has added.
        check("10.0.0.1", &[b"\xff, 203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &[b"1.1.1.1", b"\xff", b"10.0.0.2"], "10.0.0.2");
    }

    #[test]
    fn proxies_write_addresses_with_and_without_ports() {
        let peer = "10.0.0.1";
        check(peer, &[b"198.51.100.7:51234"], "198.51.100.7");
        check(peer, &[b"[2001:db8::7]"], "2001:db8::7");
        check(peer, &[b"[2001:db8::7]:51234"], "2001:db8::7");
        check(peer, &[b"198.51.100.7, 10.0.0.2:51234"], "198.51.100.7");
        check(peer, &[b"198.51.100.7, ::7]"], peer);
    }

    #[tokio::test]
    async fn flows_see_the_host_whatever_the_protocol() {
        let served = Served::new(&["trigger: { http: GET /seen }\nsteps:\n  - return: '{{request}}'\n"]);
        for (line, headers) in [
            ("GET /seen", &[("host", "a.example:1")][..]),
            ("GET http://a.example:1/seen", &[]),
        ] {
            let answer = served.send(request(line, headers, "")).await;
            assert_eq!(answer.body["headers"]["host"], "a.example:1", "{line}");
        }
    }
}
