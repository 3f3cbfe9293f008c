//! A request that has been read whole, as the endpoints see it.

use bytes::Bytes;
use http::HeaderMap;

use crate::route::Operation;

#[derive(Debug)]
pub(crate) struct ApiRequest<'a> {
    pub(crate) operation: Operation,
    /// The path parameter, percent-encoded.
    pub(crate) id: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
    /// Bytes of path and query.
    pub(crate) target_length: usize,
}
