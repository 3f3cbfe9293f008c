//! What a run gives: its status, its answer, and the error that ended it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use lockgate_flow::graph::InputMistake;
use lockgate_flow::source::{Source, Span};
use serde::{Deserialize, Serialize};
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use crate::masks::Masks;

/// How a run stands when the executor lets go of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It came to its end, or an error was answered by the flow's `on_error`.
    Succeeded,
    /// An error left the flow.
    Failed,
    /// A `once` step was started in an earlier life of the run, and nobody can tell whether it happened.
    InDoubt,
    /// It sleeps, and its journal has taken it out of memory; run it again with the same journal when it is due.
    Suspended,
    /// Whoever started it called it off.
    Cancelled,
    /// The journal could not be written; run it again with the same journal when it can.
    Interrupted,
}

impl RunStatus {
    /// As it is written: `succeeded`, `failed`, `in_doubt`, `suspended`, `cancelled`, `interrupted`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether the run will not go on by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunOutcome {
    /// The run.
    pub run_id: String,
    /// How it stands.
    pub status: RunStatus,
    /// What it `return`ed.
    pub output: Option<Value>,
    /// What it answered with `respond` or `redirect`.
    pub response: Option<Response>,
    /// Why it failed, is in doubt or was interrupted. Secrets are masked.
    pub error: Option<StepError>,
    /// How long it was active in this life: without what it spent in `wait`.
    pub active: Duration,
}

impl RunOutcome {
    /// What an HTTP caller gets: the response; else the returned value with 200; else 204; and for an error a
    /// problem document (RFC 9457) with its status.
    pub fn answer(&self) -> Response {
        self.clone().into_answer()
    }

    /// [`Self::answer`], without copying it.
    pub fn into_answer(self) -> Response {
        if let Some(response) = self.response {
            return response;
        }
        match (self.error, self.output) {
            (Some(error), _) => error.problem(&self.run_id),
            (None, Some(output)) => Response::new(200, Some(output)),
            (None, None) if self.status == RunStatus::Succeeded => Response::new(204, None),
            (None, None) => Response::new(503, None),
        }
    }

    /// [`Self::into_answer`] for callers who may not look inside: of an error that is the operator's (500 and above, and
    /// not from `fail`) they are told code and step. The log has the rest under the run's id.
    pub fn into_public_answer(mut self) -> Response {
        if let (None, Some(error)) = (&self.response, &mut self.error)
            && error.status >= 500
            && !error.is_from_fail()
        {
            INTERNAL.clone_into(&mut error.message);
        }
        self.into_answer()
    }
}

/// What callers are told of an error that is the operator's.
pub const INTERNAL: &str = "the flow could not be completed";

/// The media type of problem documents.
const PROBLEM: &str = "application/problem+json";

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// From 200 to 599.
    pub status: u16,
    /// Names and values, in their order; a name may come more than once.
    pub headers: Vec<(String, String)>,
    /// JSON; a text may be sent as it is where a header says so.
    pub body: Option<Value>,
}

impl Response {
    /// Without headers.
    pub const fn new(status: u16, body: Option<Value>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// The problem document (RFC 9457) of an input that does not fit the flow; no run has begun.
    pub fn of_mistakes(mistakes: &[InputMistake]) -> Self {
        let errors: Vec<Value> = mistakes
            .iter()
            .map(|mistake| json!({ "field": mistake.field, "message": mistake.message }))
            .collect();
        let body = json!({
            "type": "about:blank",
            "status": 422,
            "code": "invalid_input",
            "message": "the input does not fit",
            "errors": errors,
        });
        Self {
            status: 422,
            headers: vec![("content-type".to_owned(), PROBLEM.to_owned())],
            body: Some(body),
        }
    }

    /// The body that goes over the wire: some statuses have none (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
    pub fn content(&self) -> Option<&Value> {
        self.body
            .as_ref()
            .filter(|_| !matches!(self.status, 204 | 205 | 304))
    }

    /// The headers as a map by lower-case name; a name that comes twice has a list.
    pub fn headers_by_name(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            match headers.entry(name.to_ascii_lowercase()) {
                Entry::Vacant(entry) => {
                    entry.insert(json!(value));
                }
                Entry::Occupied(mut entry) => match entry.get_mut() {
                    Value::Array(values) => values.push(json!(value)),
                    first => *first = json!([first.take(), value]),
                },
            }
        }
        headers
    }

    /// As a journal keeps it. A body that is null is not the same as none.
    pub(crate) fn into_record(self) -> Value {
        let Self {
            status,
            headers,
            body,
        } = self;
        match body {
            Some(body) => json!({ "status": status, "headers": headers, "body": body }),
            None => json!({ "status": status, "headers": headers, "body": null, "empty": true }),
        }
    }

    /// The answer in the `value` of what a journal has recorded of a `respond` or `redirect`, if it is one.
    pub fn from_record(mut recorded: Value) -> Option<Self> {
        let is_empty = recorded["empty"] == true;
        let status = recorded["status"].as_u64()?;
        let (headers, body) = match &mut recorded {
            Value::Object(fields) => (fields.get_mut("headers")?.take(), fields.get_mut("body")?.take()),
            _ => return None,
        };
        Some(Self {
            status: u16::try_from(status).ok()?,
            headers: serde_json::from_value(headers).ok()?,
            body: Some(body).filter(|_| !is_empty),
        })
    }
}

/// Takes a run's answer as soon as it is reached: once in a life of the run.
pub trait Responder: Send + Sync {
    /// The answer. It is recorded already; what is done here must be quick, the run waits for it.
    fn respond(&self, response: &Response);
}

impl<F: Fn(&Response) + Send + Sync> Responder for F {
    fn respond(&self, response: &Response) {
        self(response);
    }
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct StepError {
    /// What `on_error` goes by.
    pub code: Cow<'static, str>,
    /// What was attempted and what went wrong.
    pub message: String,
    /// HTTP status for the flow's caller.
    pub status: u16,
    /// What the remote end said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Value>,
    /// What `fail` gave beside the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// The step's id, or its structural path where it has none.
    pub step: String,
    /// Where in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// After what time the step is tried again; `None` where this was the last attempt. Decided, and recorded,
    /// when the attempt failed, so that a replay follows the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in: Option<Duration>,
    /// The time limit that ended the step, where it is not its own: how many limits are around it. 0 is the
    /// run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// Comes from `fail`, which no step's `on_error` takes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ends_flow: bool,
}

impl StepError {
    /// An error without a place.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status,
            provider: None,
            details: None,
            step: String::new(),
            place: None,
            retry_in: None,
            limit: None,
            ends_flow: false,
        }
    }

    /// Whether an author's `fail` made it: its message is meant for the caller.
    pub const fn is_from_fail(&self) -> bool {
        self.ends_flow
    }

    /// The problem document (RFC 9457) that the flow's caller gets: never more than the author put there.
    pub fn problem(&self, run_id: &str) -> Response {
        let mut body = Map::new();
        body.insert("type".to_owned(), json!("about:blank"));
        body.insert("status".to_owned(), json!(self.status));
        for (name, value) in [
            ("code", &*self.code),
            ("message", &*self.message),
            ("run_id", run_id),
            ("step", &*self.step),
        ] {
            body.insert(name.to_owned(), json!(value));
        }
        if let Some(details) = &self.details {
            body.insert("details".to_owned(), details.clone());
        }
        Response {
            status: self.status,
            headers: vec![("content-type".to_owned(), PROBLEM.to_owned())],
            body: Some(Value::Object(body)),
        }
    }

    /// `error` as expressions see it.
    pub(crate) fn in_scope(&self) -> Value {
        json!({
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "step": self.step,
            "provider": self.provider,
            "details": self.details,
        })
    }

    /// The same with every secret masked.
    #[must_use]
    pub fn masked(mut self, masks: &Masks) -> Self {
        if let Cow::Owned(message) = masks.apply(&self.message) {
            self.message = message;
        }
        // A `fail` can compute it.
        if let Cow::Owned(code) = masks.apply(&self.code) {
            self.code = Cow::Owned(code);
        }
        for value in [&mut self.provider, &mut self.details].into_iter().flatten() {
            if let Cow::Owned(masked) = masks.apply_to(value) {
                *value = masked;
            }
        }
        self
    }
}

/// A place in a flow's source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the workspace knows it.
    pub file: String,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of a span.
    pub fn of(source: &Source, span: Span) -> Self {
        let position = source.position(span.start);
        Self {
            file: source.path().to_owned(),
            start: span.start,
            end: span.end,
            line: position.line,
            column: position.column,
        }
    }

    /// The span, for showing the source.
    pub const fn span(&self) -> Span {
        Span {
            start: self.start,
            end: self.end,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
