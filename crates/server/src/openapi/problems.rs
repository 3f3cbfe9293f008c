//! The problem document, and the problems that the server answers by itself.

use http::HeaderValue;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{AuthKind, HttpTrigger, Method};
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// The media type of problem documents (RFC 9457).
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// The name of the schema of problem documents.
pub(super) const SCHEMA: &str = "Problem";

/// A problem that the server answers before, or instead of, a run.
pub(super) struct Own {
    pub(super) status: u16,
    pub(super) code: &'static str,
    /// When it happens.
    pub(super) when: &'static str,
    /// A header that such an answer has.
    pub(super) header: Option<&'static str>,
}

impl Own {
    fn new(problem: &Problem, when: &'static str) -> Self {
        let (code, status) = problem.kind();
        let header = match problem {
            Problem::Unauthorized(..) => Some("WWW-Authenticate"),
            problem => problem.retry_after().map(|_| "Retry-After"),
        };
        Self {
            status: status.as_u16(),
            code,
            when,
            header,
        }
    }
}

/// What the server itself can answer at a flow's route.
pub(super) fn own(flow: &Flow, trigger: &HttpTrigger) -> Vec<Own> {
    let route = &trigger.route.value;
    let mut own = vec![Own::new(
        &Problem::Malformed(String::new()),
        "a name that stands in two places, text that is not UTF-8, a body that is no JSON object",
    )];
    let has_auth = trigger
        .auth
        .as_ref()
        .is_some_and(|auth| auth.value.kind != AuthKind::None);
    if has_auth {
        let challenge = HeaderValue::from_static("");
        own.push(Own::new(
            &Problem::Unauthorized("", challenge),
            "the caller has not shown what the flow asks for",
        ));
    }
    if route.parameters().next().is_some() {
        own.push(Own::new(
            &Problem::NoRoute,
            "the path with its parameters is not one that is served",
        ));
    }
    if route.method != Method::Get {
        own.extend([
            Own::new(&Problem::BodyCut, "the body broke off"),
            Own::new(&Problem::BodyTimeout, "the body took too long"),
            Own::new(
                &Problem::BodyTooLarge { most: 0 },
                "the body is larger than the flow takes",
            ),
            Own::new(
                &Problem::UnsupportedMediaType { found: String::new() },
                "the body is neither JSON nor a form",
            ),
        ]);
    }
    let when = if flow.input.fields.is_empty() {
        "the flow takes no input"
    } else {
        "the input does not fit; `errors` lists every mistake"
    };
    own.push(Own::new(&Problem::InvalidInput(Vec::new()), when));
    if trigger.rate_limit.is_some() {
        own.push(Own::new(
            &Problem::TooManyRequests { after: 0 },
            "more requests than the rate limit allows",
        ));
    }
    own.extend([
        Own::new(&Problem::Internal, "the flow could not be completed"),
        Own::new(&Problem::Busy, "as many runs are going on as may"),
    ]);
    if flow.concurrency.is_some() {
        own.push(Own::new(
            &Problem::QueueFull,
            "as many runs wait for their turn as may",
        ));
    }
    if flow.durable {
        own.extend(of_kept());
    } else {
        own.push(Own::new(
            &Problem::KeyNotSupported,
            "the request has an `Idempotency-Key`, and runs of this flow are not kept",
        ));
    }
    own
}

/// What only a flow can answer whose runs are kept.
fn of_kept() -> [Own; 5] {
    [
        Own::new(
            &Problem::KeyReused,
            "the `Idempotency-Key` has started a run with another input",
        ),
        Own::new(
            &Problem::StoreUnavailable,
            "the run cannot be recorded; nothing has been done",
        ),
        Own::new(
            &Problem::Interrupted,
            "the run was interrupted, and goes on by itself; the same `Idempotency-Key` asks for its answer",
        ),
        Own::new(&Problem::Stopping, "the server is stopping"),
        Own::new(&Problem::Cancelled, "the run was called off"),
    ]
}

/// The schema of problem documents.
pub(super) fn schema() -> Value {
    json!({
        "description": "What went wrong: a problem document (RFC 9457).",
        "type": "object",
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "Always `about:blank`; `code` tells problems apart." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status." },
            "code": { "type": "string", "description": "What programs go by." },
            "message": { "type": "string", "description": "For people." },
            "errors": {
                "type": "array",
                "description": "The mistakes of an input, all of them.",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": { "type": "string", "description": "The field, and within it a JSON Pointer." },
                        "message": { "type": "string" }
                    },
                    "required": ["field", "message"]
                }
            },
            "run_id": { "type": "string", "description": "The run, if it came to one." },
            "step": { "type": "string", "description": "The step that failed." },
            "details": { "description": "What the flow says beside the message." }
        },
        "required": ["type", "status", "code", "message"]
    })
}

/// The headers that several operations have.
pub(super) fn headers() -> Map<String, Value> {
    let number = |description: &str| json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } });
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    Map::from_iter([
        (
            "RateLimit-Limit".to_owned(),
            number("How many requests the rate limit allows."),
        ),
        (
            "RateLimit-Remaining".to_owned(),
            number("How many requests are left."),
        ),
        (
            "RateLimit-Reset".to_owned(),
            number("Seconds until all requests are there again."),
        ),
        (
            "Retry-After".to_owned(),
            number("Seconds until it is worth trying again."),
        ),
        (
            "WWW-Authenticate".to_owned(),
            text("What the caller must show (RFC 9110, section 11.6.1)."),
        ),
        (
            "Idempotency-Replayed".to_owned(),
            json!({
                "description": "`true`: the recorded answer of an earlier request with the same `Idempotency-Key`.",
                "schema": { "type": "string", "const": "true" }
            }),
        ),
        (
            "X-Run-Id".to_owned(),
            json!({
                "description": "The run that gave the answer. Logs and history have it under this id.",
                "schema": { "type": "string", "format": "uuid" }
            }),
        ),
    ])
}
