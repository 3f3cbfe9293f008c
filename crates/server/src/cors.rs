//! What pages of other origins may do with an endpoint (the Fetch standard's CORS protocol).
//!
//! `Access-Control-Allow-Credentials` is never sent: a page shows what `auth` asks for itself, and nothing that the
//! browser would add without being asked (cookies, a name and password that it remembers) lets anyone in. Without
//! credentials a page can name any header it likes, so those that it asks for are allowed.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, VARY,
};
use http::{HeaderMap, HeaderValue};
use lockgate_flow::syntax::{self, Method};
use url::Url;

/// What a page may read of an answer besides the headers that every page may (Fetch, "CORS-safelisted response-header
/// name").
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-run-id, idempotency-replayed, preference-applied, retry-after, ratelimit-limit, ratelimit-remaining, \
     ratelimit-reset, location",
);

/// How long a browser may remember what a preflight said, in seconds: an origin that is taken away is gone soon.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// `cors` of one trigger.
#[derive(Debug)]
pub(crate) struct Cors {
    origins: Origins,
    methods: HeaderValue,
}

#[derive(Debug)]
enum Origins {
    All,
    /// As browsers send them.
    These(Vec<HeaderValue>),
}

impl Cors {
    pub(crate) fn new(cors: &syntax::Cors, method: Method) -> Self {
        let origins = if cors.origins.iter().any(|origin| origin.value == "*") {
            Origins::All
        } else {
            let origins = cors.origins.iter().map(|origin| as_sent(&origin.value));
            Origins::These(
                origins
                    .filter_map(|origin| HeaderValue::try_from(origin).ok())
                    .collect(),
            )
        };
        let methods = match method {
            // The exchange answers HEAD like GET.
            Method::Get => HeaderValue::from_static("GET, HEAD"),
            other => HeaderValue::from_static(other.name()),
        };
        Self { origins, methods }
    }

    /// The headers of the answer to a preflight request (`OPTIONS` with `Access-Control-Request-Method`). An origin that may
    /// not call gets none of them, which is how it hears so.
    pub(crate) fn preflight(&self, origin: &HeaderValue, request: &HeaderMap, answer: &mut HeaderMap) {
        if !self.allow(Some(origin), answer) {
            return;
        }
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        answer.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        answer.append(VARY, HeaderValue::from_static("access-control-request-headers"));
        for asked in request.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.append(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
    }

    /// The headers of every other answer; `origin` is the request's, if it has one. The trigger has the last word: what the
    /// flow's own headers say about origins is replaced.
    pub(crate) fn answer(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if self.allow(origin, answer) {
            answer.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    fn allow(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) -> bool {
        let allowed = match &self.origins {
            Origins::All => Some(HeaderValue::from_static("*")),
            Origins::These(origins) => {
                // Also where none is allowed: a cache must not give one origin the answer of another.
                answer.append(VARY, HeaderValue::from_static("origin"));
                origin.filter(|origin| origins.contains(origin)).cloned()
            }
        };
        let Some(allowed) = allowed.filter(|_| origin.is_some()) else {
            answer.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
            return false;
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        true
    }
}

/// An origin as a browser writes it: lower case, without the port that its scheme has anyway, the host in ASCII (HTML
/// standard, "serialization of an origin").
fn as_sent(origin: &str) -> String {
    match Url::parse(origin) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        _ => origin.to_owned(),
    }
}

#[cfg(test)]
#[path = "cors_tests.rs"]
mod tests;
