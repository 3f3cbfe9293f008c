//! Why there is no answer, or none that is accepted, as errors with codes.
//!
//! A text names the method and the origin, never the rest of the URL: webhook URLs and queries hold secrets.

use std::error::Error;
use std::time::Duration;

use lockgate_engine::action::{ActionError, Retry};
use reqwest::header::RETRY_AFTER;
use serde_json::{Map, Value, json};

use crate::answer;
use crate::exchange::Answer;
use crate::request::Request;

/// Why there is no whole answer.
#[derive(Debug)]
pub struct Failure {
    pub(crate) kind: FailureKind,
    /// Whether the request, or one before a redirect, may have been carried out.
    pub(crate) may_have_happened: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FailureKind {
    /// The policy refuses the address.
    #[error("`{host}` is at a private address")]
    Forbidden { host: String },
    /// No connection stood: this request was not sent.
    #[error("no connection: {reason}")]
    NotConnected { reason: String },
    /// The connection broke before an answer.
    #[error("the connection broke: {reason}")]
    Lost { reason: String },
    /// The answer began and broke off.
    #[error("the answer ({status}) was cut off: {reason}")]
    Cut { status: u16, reason: String },
    #[error("no answer within {limit:?}")]
    Timeout { limit: Duration },
    #[error("the answer ({status}) is larger than {most} bytes")]
    TooLarge { status: u16, most: usize },
    #[error("the redirect ({status}) cannot be followed: {reason}")]
    BadRedirect { status: u16, reason: String },
    #[error("it redirected more than {most} times")]
    TooManyRedirects { most: usize },
}

impl FailureKind {
    /// Whether this hop's request did not leave.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Self::Forbidden { .. } | Self::NotConnected { .. })
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "forbidden_address",
            Self::NotConnected { .. } | Self::Lost { .. } | Self::Cut { .. } => "unavailable",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::BadRedirect { .. } => "invalid_response",
            Self::TooManyRedirects { .. } => "too_many_redirects",
        }
    }

    fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NotConnected { .. } | Self::Lost { .. } | Self::Cut { .. } | Self::Timeout { .. }
        )
    }
}

impl Failure {
    /// The error of a step that sent this request.
    pub fn into_error(self, request: &Request) -> ActionError {
        let retry = match (self.kind.may_pass(), self.may_have_happened) {
            (false, _) => Retry::Never,
            (true, false) => Retry::NothingHappened { after: None },
            (true, true) => transient(request, None),
        };
        let help = match &self.kind {
            FailureKind::Forbidden { host } => {
                let host = host.trim_matches(['[', ']']);
                format!("; if it is meant, add it to `lockgate.yaml`: `http: {{ allow: [\"{host}\"] }}`")
            }
            _ => String::new(),
        };
        let message = request.redact(&format!("{}: {}{help}", target(request), self.kind));
        ActionError::new(self.kind.code(), message).with_retry(retry)
    }
}

/// A failure that may pass: may the request be sent again?
fn transient(request: &Request, after: Option<Duration>) -> Retry {
    if request.is_repeatable {
        // A repeat leaves the same state, so it is as if nothing had happened.
        Retry::NothingHappened { after }
    } else {
        Retry::Transient
    }
}

/// The error for a status that is not accepted. `now` is in seconds of Unix time, for a `Retry-After` that is a date.
pub fn refused(request: &Request, answer: &Answer, now: i64) -> ActionError {
    let status = answer.status.as_u16();
    let after = retry_after(answer, now);
    let retry = match status {
        // RFC 6585 §4: refused for its pace.
        429 => Retry::NothingHappened { after },
        408 | 425 | 500 | 502 | 503 | 504 => transient(request, after),
        _ => Retry::Never,
    };
    let reason = answer
        .status
        .canonical_reason()
        .map(|reason| format!(" {reason}"))
        .unwrap_or_default();
    ActionError::new(
        "http_status",
        format!("{} answered {status}{reason}", target(request)),
    )
    .with_retry(retry)
    .with_provider(provider(request, answer))
}

fn target(request: &Request) -> String {
    format!(
        "{} {}",
        request.method,
        request.url.origin().ascii_serialization()
    )
}

/// When an answer says that it may be asked again (RFC 9110 §10.2.3: seconds, or a date). `now` is in seconds of Unix time.
pub fn retry_after(answer: &Answer, now: i64) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    Some(date.saturating_sub(Duration::from_secs(u64::try_from(now).unwrap_or(0))))
}

/// What the remote end said: `status`, headers that matter, `body` or `body_excerpt`.
pub fn provider(request: &Request, answer: &Answer) -> Value {
    /// A JSON body up to this size is given whole, so that a flow can branch on what is in it.
    const WHOLE_JSON: usize = 16 * 1024;
    const EXCERPT: usize = 1000;
    let matters = |name: &str| {
        matches!(
            name,
            "content-type" | "retry-after" | "www-authenticate" | "x-request-id" | "request-id"
        ) || name.starts_with("x-ratelimit-")
            || name.starts_with("ratelimit")
    };
    let headers: Map<String, Value> = answer::headers(&answer.headers)
        .into_iter()
        .filter(|(name, _)| matters(name))
        .map(|(name, value)| {
            (
                name,
                value
                    .as_str()
                    .map_or(Value::Null, |text| request.redact(text).into()),
            )
        })
        .collect();
    let mut said = Map::new();
    said.insert("status".to_owned(), json!(answer.status.as_u16()));
    said.insert("headers".to_owned(), Value::Object(headers));
    let text = request.redact(&String::from_utf8_lossy(&answer.body));
    let json = (answer.body.len() <= WHOLE_JSON && answer::claims_json(&answer.headers))
        .then(|| serde_json::from_str::<Value>(&text).ok())
        .flatten();
    match json {
        Some(body) => said.insert("body".to_owned(), body),
        None => said.insert(
            "body_excerpt".to_owned(),
            text.chars().take(EXCERPT).collect::<String>().into(),
        ),
    };
    Value::Object(said)
}

/// The innermost cause: what happened. What stands around it says only who was told.
pub(crate) fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
