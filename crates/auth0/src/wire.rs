//! The other way between a connection and a tenant: no sockets, one call that takes a whole request and gives a
//! whole answer. For tests on virtual time, where a real socket would let time jump while an answer is on its way.
//!
//! Only what goes over the wire changes: tokens, the rate budget, time limits and the reading of answers are the
//! connection's own.

use async_trait::async_trait;
use bytes::Bytes;

/// Carries requests of an [`Auth0Connection`](crate::Auth0Connection) that has been made
/// [`over`](crate::Auth0Connection::over) it.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Carries one exchange. The request's URI is absolute (scheme, host, path, query); its headers hold the
    /// authorization. An answer with any status is an `Ok`.
    ///
    /// The caller drops the future when its time is over (on tokio's clock), as a client that hangs up.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, WireError>;
}

/// Why there is no whole answer. What is said here decides whether a step may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Nobody was reached: the request was certainly not carried out.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The connection broke before an answer: the request may have been carried out.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// The answer began and broke off.
    #[error("the answer was cut off: {reason}")]
    Cut {
        /// The status that it began with.
        status: u16,
        /// What happened.
        reason: String,
    },
}
