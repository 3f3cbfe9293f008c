//! Who may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::uri::{Authority, Uri};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::problem::Problem;

/// Probes of platforms, which send no token, and learn nothing else from them.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is asked of a request.
pub(super) struct Guard {
    asks: Asks,
    /// Further paths that no token is asked for.
    open: Option<fn(&str) -> bool>,
}

enum Asks {
    /// The token, as its digest: comparing digests shows neither where two tokens differ nor how long they are.
    Token([u8; 32]),
    /// No token is set, and nobody could show the one that is.
    Closed,
    /// Loopback only. A page that a browser has loaded from anywhere can have its name lead to 127.0.0.1 later and read
    /// what is there (DNS rebinding); its requests still have that name in `Host`.
    Loopback,
}

impl Guard {
    pub(super) fn new(token: Option<&SecretString>, open: Option<fn(&str) -> bool>) -> Self {
        let asks = match token.map(ExposeSecret::expose_secret) {
            None => Asks::Loopback,
            Some("") => Asks::Closed,
            Some(token) => Asks::Token(Sha256::digest(token).into()),
        };
        Self { asks, open }
    }

    fn is_open(&self, path: &str) -> bool {
        OPEN.contains(&path) || self.open.is_some_and(|open| open(path))
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        match &self.asks {
            Asks::Loopback if is_meant_for_loopback(uri, headers) => Ok(()),
            Asks::Loopback => Err(Problem::Forbidden(
                "without a token, the admin port answers to `localhost` and loopback addresses only",
            )),
            _ if self.is_open(uri.path()) => Ok(()),
            Asks::Token(expected) if shows(headers, expected) => Ok(()),
            Asks::Token(_) | Asks::Closed => Err(Problem::Unauthorized(
                "the admin token is missing or wrong",
                HeaderValue::from_static("Bearer realm=\"lockgate admin\""),
            )),
        }
    }
}

pub(super) async fn guard(Shared(guard): Shared<Arc<Guard>>, request: Request, next: Next) -> Response {
    let checked = guard
        .check(request.uri(), request.headers())
        .and_then(|()| check_page(&request));
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses what a page of another origin asks for and that could change something: a browser sends it, and lets the page not
/// read the answer, which is then too late. Browsers say where a request comes from (Fetch Metadata; `Origin`, RFC 6454), and
/// pages cannot say otherwise; what is no browser says nothing.
fn check_page(request: &Request) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    let headers = request.headers();
    let is_own_site = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .all(|site| site == "same-origin" || site == "none");
    let host = request
        .uri()
        .authority()
        .map(Authority::as_str)
        .or_else(|| headers.get(HOST)?.to_str().ok());
    let is_own_origin = headers.get_all(ORIGIN).iter().all(|origin| {
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        authority.is_some_and(|(_, authority)| host.is_some_and(|host| authority.eq_ignore_ascii_case(host)))
    });
    if is_own_site && is_own_origin {
        return Ok(());
    }
    Err(Problem::Forbidden(
        "pages of other origins may change nothing here",
    ))
}

/// RFC 6750, section 2.1. The name of the scheme is the same in any case (RFC 9110, section 11.1).
fn shows(headers: &HeaderMap, expected: &[u8; 32]) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Some((scheme, token)) = value.as_bytes().split_at_checked(7) else {
        return false;
    };
    let digest: [u8; 32] = Sha256::digest(token.trim_ascii()).into();
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(digest.ct_eq(expected))
}

/// Every name in the request for where it goes is one for this machine, and there is one.
fn is_meant_for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let in_target = uri.authority().map(is_loopback);
    let in_headers = headers.get_all(HOST).iter().map(|host| {
        let host = host.to_str().ok().and_then(|host| Authority::from_str(host).ok());
        host.is_some_and(|host| is_loopback(&host))
    });
    let mut names = in_target.into_iter().chain(in_headers).peekable();
    names.peek().is_some() && names.all(|is_loopback| is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback());
    }
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv4() && address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        let cases = [
            (
                true,
                "localhost localhost:8081 LOCALHOST 127.0.0.1 127.0.0.1:80 127.255.0.9 [::1] [::1]:8081",
            ),
            (
                false,
                "evil.example localhost.evil.example 127.0.0.1.evil.example localhost@evil.example evil@localhost \
                 0.0.0.0 10.0.0.1 [::] [::ffff:10.0.0.1] [::2]:8081 128.0.0.1 2130706433 0x7f000001 127.1 localhost, :80",
            ),
        ];
        for (expected, hosts) in cases {
            for host in hosts.split_whitespace() {
                let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
                let found = is_meant_for_loopback(&Uri::from_static("/metrics"), &headers);
                assert_eq!(found, expected, "{host}");
            }
        }
    }

    #[test]
    fn every_name_counts() {
        let meant = |uri, hosts: &[&'static str]| {
            let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host)));
            let mut map = HeaderMap::new();
            headers.for_each(|(name, host)| {
                map.append(name, host);
            });
            is_meant_for_loopback(&Uri::from_static(uri), &map)
        };
        assert!(!meant("/", &[]));
        assert!(!meant("/", &["localhost", "evil.example"]));
        assert!(!meant("http://evil.example/", &["localhost"]));
        assert!(!meant("http://localhost/", &["evil.example"]));
        assert!(meant("http://localhost/", &["localhost:80"]));
    }

    #[test]
    fn a_token_is_compared_whole() {
        let guard = Guard::new(Some(&SecretString::from("s3cret-token")), None);
        let passes = |guard: &Guard, values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            guard.check(&Uri::from_static("/metrics"), &headers).is_ok()
        };
        for good in [
            "Bearer s3cret-token",
            "bearer s3cret-token",
            "BEARER  s3cret-token ",
        ] {
            assert!(passes(&guard, &[good]), "{good}");
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer s3cret-toke",
            "Bearer s3cret-token2",
            "Basic s3cret-token",
            "s3cret-token",
            "Bearers3cret-token",
            "Bearer S3cret-token",
        ] {
            assert!(!passes(&guard, &[bad]), "{bad}");
        }
        assert!(!passes(&guard, &[]));
        assert!(!passes(&guard, &["Bearer s3cret-token", "Bearer s3cret-token"]));
        let closed = Guard::new(Some(&SecretString::from("")), None);
        assert!(!passes(&closed, &[]) && !passes(&closed, &["Bearer "]) && !passes(&closed, &["Bearer x"]));
    }
}
