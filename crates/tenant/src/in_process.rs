//! Asking a tenant without a socket: the same code as the server's behind one function, on tokio's time alone.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE, HeaderValue};
use http::{Request, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::clock::Millis;
use crate::respond::{MAX_BODY, Outcome, respond, too_large};
use crate::state::State;

/// Why a request has no whole answer: what a [fault](crate::Fault) does to a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The connection was reset before anything was done. (Over a socket a client cannot know that nothing was.)
    #[error("connection reset by peer")]
    Reset,
    /// The request was carried out; the connection was closed without an answer.
    #[error("connection closed before an answer")]
    Lost,
    /// The answer stopped half-way through its body.
    #[error("the answer stops after {} bytes of its body", received.len())]
    Cut {
        /// The status of the answer.
        status: u16,
        /// What came of the body.
        received: Bytes,
    },
}

/// Answers a request. A delay sleeps on tokio's clock; whoever drops the future meanwhile has hung up, and
/// nothing is done.
pub(crate) async fn handle(state: &State, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
    let (head, body) = request.into_parts();
    let body = async {
        if body.len() > MAX_BODY {
            Err(too_large())
        } else {
            Ok(body)
        }
    };
    let mut answer = match respond(state, &head, body).await {
        Outcome::Answered(answer) => answer,
        Outcome::Cut(answer) => {
            return Err(Broken::Cut {
                status: answer.status.as_u16(),
                received: answer.body.slice(..answer.body.len() / 2),
            });
        }
        Outcome::Lost => return Err(Broken::Lost),
        Outcome::Reset => return Err(Broken::Reset),
    };
    // What a server's HTTP adds.
    answer.headers.insert(DATE, date(state.clock.now()));
    if answer.status != http::StatusCode::NO_CONTENT {
        answer
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
    }
    let mut response = Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

fn date(now: Millis) -> HeaderValue {
    let timestamp = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::MAX);
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&timestamp)
        .ok()
        .and_then(|text| HeaderValue::from_str(&text).ok())
        .unwrap_or(HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}
