//! What a request says of its caller and of itself: the address behind proxies, and `request` in expressions.

use std::net::IpAddr;

use http::HeaderName;
use http::request::Parts;
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
    let lines: Vec<&str> = head
        .headers
        .get_all(FORWARDED)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(hop) = hop.trim().parse() else { break };
        address = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    address
}
