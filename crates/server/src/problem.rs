//! Problem documents (RFC 9457) of the server itself: a request that does not come to a run.
//!
//! One shape for all, also for those of runs: `type`, `status`, `code`, `message`, and where they apply `errors`,
//! `run_id`, `step`, `details`. `docs/http.md` lists the codes.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use lockgate_engine::outcome::{self, INTERNAL};
use lockgate_flow::graph::InputMistake;
use serde_json::{Map, Value, json};

/// An answer: always whole.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Why a request does not come to a run, or not to its end. The texts are for people; [`Self::kind`] is what programs go by.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // Each says in its text what it is.
pub enum Problem {
    #[error("nothing is served at this path")]
    NoRoute,
    #[error("this path does not take this method")]
    MethodNotAllowed { allow: HeaderValue },
    #[error("the flow of this route has mistakes: {finding}")]
    BrokenFlow { finding: String },
    #[error("as many runs are going on as may; try again")]
    Busy,
    #[error("{0}")]
    Unauthorized(&'static str, HeaderValue),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("the caller's time to send the body is over")]
    BodyTimeout,
    #[error("the body could not be read")]
    BodyCut,
    #[error("the body is larger than {most} bytes")]
    BodyTooLarge { most: usize },
    #[error(
        "the body is {found}; send JSON (`application/json`) or a form (`application/x-www-form-urlencoded`)"
    )]
    UnsupportedMediaType { found: String },
    #[error("the body is encoded as `{encoding}`; send it as it is")]
    UnsupportedEncoding { encoding: String },
    #[error("{0}")]
    Malformed(String),
    #[error("the input does not fit")]
    InvalidInput(Vec<InputMistake>),
    #[error("too many requests; try again later")]
    TooManyRequests { after: u64 },
    #[error("{INTERNAL}")]
    Internal,
    #[error("the run cannot be recorded at the moment; nothing has been done, try again")]
    StoreUnavailable,
    #[error("as many runs of this flow wait for their turn as may; try again")]
    QueueFull,
    #[error("the server is stopping; try again")]
    Stopping,
    #[error("the run was interrupted; it goes on by itself")]
    Interrupted,
    #[error("the run was called off")]
    Cancelled,
    #[error("`Idempotency-Key` has started a run with another input")]
    KeyReused,
    #[error(
        "the runs of this flow are not kept (`durable: false`), so that `Idempotency-Key` cannot count for it"
    )]
    KeyNotSupported,
    #[error("there is no such run")]
    NoRun,
    #[error("there is no flow `{name}`{}", help.as_ref().map_or_else(String::new, |help| format!("; {help}")))]
    NoFlow { name: String, help: Option<String> },
    #[error("this server keeps no runs: none of its flows is durable")]
    NoStore,
    /// For operators; callers get [`Self::StoreUnavailable`].
    #[error("{what}{}", help.map_or(String::new(), |help| format!("; {help}")))]
    Store {
        what: String,
        help: Option<&'static str>,
    },
    #[error("{what}")]
    Conflict { code: &'static str, what: String },
    #[error("the body is JSON, and says so (`content-type: application/json`)")]
    JsonNeeded,
    /// Of a router that is mounted beside the admin port's own.
    #[error("{what}")]
    Other {
        code: &'static str,
        status: StatusCode,
        what: String,
    },
}

impl Problem {
    /// Code and status, declared together.
    pub fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NoRoute => ("no_such_route", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed { .. } => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::BrokenFlow { .. } => ("broken_flow", StatusCode::SERVICE_UNAVAILABLE),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unauthorized(..) => ("unauthorized", StatusCode::UNAUTHORIZED),
            Self::Forbidden(_) => ("forbidden", StatusCode::FORBIDDEN),
            Self::BodyTimeout => ("body_timeout", StatusCode::REQUEST_TIMEOUT),
            Self::BodyCut => ("body_cut", StatusCode::BAD_REQUEST),
            Self::BodyTooLarge { .. } => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType { .. } | Self::UnsupportedEncoding { .. } => {
                ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::Malformed(_) => ("malformed_request", StatusCode::BAD_REQUEST),
            Self::InvalidInput(_) => ("invalid_input", StatusCode::UNPROCESSABLE_ENTITY),
            Self::TooManyRequests { .. } => ("too_many_requests", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("internal_error", StatusCode::INTERNAL_SERVER_ERROR),
            Self::StoreUnavailable | Self::Store { .. } => {
                ("store_unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::QueueFull => ("queue_full", StatusCode::SERVICE_UNAVAILABLE),
            Self::Stopping => ("stopping", StatusCode::SERVICE_UNAVAILABLE),
            Self::Interrupted => ("interrupted", StatusCode::SERVICE_UNAVAILABLE),
            Self::Cancelled => ("cancelled", StatusCode::SERVICE_UNAVAILABLE),
            Self::KeyReused => ("idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY),
            Self::KeyNotSupported => ("idempotency_not_supported", StatusCode::BAD_REQUEST),
            Self::NoRun => ("no_such_run", StatusCode::NOT_FOUND),
            Self::NoFlow { .. } => ("no_such_flow", StatusCode::NOT_FOUND),
            Self::NoStore => ("no_store", StatusCode::NOT_FOUND),
            Self::Conflict { code, .. } => (code, StatusCode::CONFLICT),
            Self::JsonNeeded => ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::Other { code, status, .. } => (code, *status),
        }
    }

    /// Seconds until it is worth trying again, where that can be said.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { after } => Some(*after),
            Self::Busy | Self::StoreUnavailable | Self::QueueFull | Self::Stopping | Self::Interrupted => {
                Some(1)
            }
            _ => None,
        }
    }

    /// The answer to a request that came to no run.
    pub(crate) fn into_answer(self) -> Answer {
        self.answer(None)
    }

    /// The answer of a run, which has its id.
    pub(crate) fn into_answer_of(self, run_id: &str) -> Answer {
        self.answer(Some(run_id))
    }

    fn body(&self, code: &str, status: StatusCode) -> Map<String, Value> {
        // What tests of flows expect is made in the same place.
        if let Self::InvalidInput(mistakes) = self
            && let Some(Value::Object(body)) = outcome::Response::of_mistakes(mistakes).body
        {
            return body;
        }
        let mut body = Map::new();
        body.insert("type".to_owned(), json!("about:blank"));
        body.insert("status".to_owned(), json!(status.as_u16()));
        body.insert("code".to_owned(), json!(code));
        body.insert("message".to_owned(), json!(self.to_string()));
        body
    }

    fn answer(self, run_id: Option<&str>) -> Answer {
        let (code, status) = self.kind();
        let mut body = self.body(code, status);
        if let Some(run_id) = run_id {
            body.insert("run_id".to_owned(), json!(run_id));
        }
        let mut answer = Response::new(Full::from(Value::Object(body).to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(after));
        }
        match self {
            Self::MethodNotAllowed { allow } => {
                headers.insert(ALLOW, allow);
            }
            Self::Unauthorized(_, challenge) => {
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
        answer
    }
}
