//! What pages of other origins may do with an endpoint (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderValue};
use lockgate_flow::syntax::{self, Method};

/// `cors` of one trigger.
#[derive(Debug)]
pub(crate) struct Cors {}

impl Cors {
    pub(crate) fn new(_cors: &syntax::Cors, _method: Method) -> Self {
        Self {}
    }

    /// The headers of the answer to a preflight request (`OPTIONS` with `Access-Control-Request-Method`).
    pub(crate) fn preflight(&self, _origin: &HeaderValue, _request: &HeaderMap, _answer: &mut HeaderMap) {}

    /// The headers of every other answer; `origin` is the request's, if it has one.
    pub(crate) fn answer(&self, _origin: Option<&HeaderValue>, _answer: &mut HeaderMap) {}
}
