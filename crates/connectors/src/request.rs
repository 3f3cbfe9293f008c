//! An operation and its input → a request that can be sent, but for who sends it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use lockgate_engine::action::ActionError;
use lockgate_flow::expression::{EvaluationError, EvaluationErrorKind, ValueTemplate};
use lockgate_http::{Request, StatusRange, is_safe};
use serde_json::Value;
use url::Url;

use crate::auth::Caller;
use crate::connector::{BodyKind, Operation, RequestTemplate};
use crate::form::{Nesting, encode, pairs};
use crate::path::PathProblem;
use crate::scope::{Surroundings, Values, step_key};

/// Puts a request together. `is_repeatable` says that another of the same changes nothing.
///
/// # Errors
/// A value is missing, or cannot be sent where it stands. Quotes no value.
pub(crate) fn build(
    template: &RequestTemplate,
    operation: &Operation,
    accept: &[StatusRange],
    values: Values<'_>,
    caller: Caller<'_>,
) -> Result<Request, ActionError> {
    let ambient = &mut Surroundings(caller.context);
    let name = &*operation.spec.name;
    let mut url = caller
        .connection
        .base_url(&operation.base_url, ambient)
        .map_err(|problem| invalid(name, &problem))?;
    let path = template
        .path
        .evaluate(&values, ambient)
        .map_err(|problem| match problem {
            PathProblem::Evaluation(error) => unevaluated(name, &error),
            PathProblem::Value { path, problem } => {
                ActionError::new("invalid_input", format!("{name}: {path} {problem}"))
            }
        })?;
    if !path.is_empty() {
        let whole = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
    }
    let mut value_of = |part: &ValueTemplate| {
        part.evaluate(&values, ambient)
            .map(|value| value.map(std::borrow::Cow::into_owned))
            .map_err(|error| unevaluated(name, &error))
    };
    if let Some(query) = template.query.as_ref().map(&mut value_of).transpose()?.flatten() {
        let query = pairs(&query, Nesting::Refused)
            .map_err(|problem| invalid(name, &format!("the query: {problem}")))?;
        append_query(&mut url, &query);
    }
    let body = match &template.body {
        Some((kind, body)) => match value_of(body)? {
            Some(value) => Some(written(*kind, &value).map_err(|problem| invalid(name, &problem))?),
            None => None,
        },
        None => None,
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let (Some((kind, _)), Some(_)) = (&template.body, &body) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
    }
    for (header, value) in &template.headers {
        if let Some(value) = value_of(value)? {
            put_header(&mut headers, header, &value).map_err(|problem| invalid(name, &problem))?;
        }
    }
    if let Some(header) = &template.idempotency_key {
        let key = Value::String(step_key(caller.context));
        put_header(&mut headers, header, &key).map_err(|problem| invalid(name, &problem))?;
    }
    Ok(Request {
        follow_redirects: is_safe(&template.method),
        method: template.method.clone(),
        url,
        headers,
        body,
        timeout: operation.timeout.max(Duration::from_millis(1)),
        accept: accept.to_vec(),
        is_repeatable: operation.spec.effect.is_repeatable() || template.idempotency_key.is_some(),
        secrets: caller.connection.secrets().to_vec(),
    })
}

/// Adds parameters to a URL.
pub(crate) fn append_query(url: &mut Url, query: &[(String, String)]) {
    // `query_pairs_mut` leaves a `?` behind where nothing is added.
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
}

impl BodyKind {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Text => "text/plain; charset=utf-8",
            Self::Xml => "application/xml",
        }
    }
}

fn written(kind: BodyKind, value: &Value) -> Result<Bytes, String> {
    Ok(match (kind, value) {
        (BodyKind::Json, value) => Bytes::from(value.to_string()),
        (BodyKind::Form, value) => {
            let pairs = pairs(value, Nesting::Brackets).map_err(|problem| format!("the form: {problem}"))?;
            Bytes::from(encode(&pairs))
        }
        (BodyKind::Text | BodyKind::Xml, Value::String(text)) => Bytes::from(text.clone()),
        (BodyKind::Text | BodyKind::Xml, other) => Bytes::from(other.to_string()),
    })
}

fn put_header(headers: &mut HeaderMap, name: &HeaderName, value: &Value) -> Result<(), String> {
    let text = match value {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(format!("the header {name} is no text")),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| format!("the header {name} has a value that cannot be sent"))?;
    value.set_sensitive(true);
    headers.insert(name.clone(), value);
    Ok(())
}

fn invalid(name: &str, problem: &str) -> ActionError {
    ActionError::new("invalid_input", format!("{name}: {problem}"))
}

/// Words of an evaluation quote no values, but for what a function says of its arguments: that is masked by the engine.
pub(crate) fn unevaluated(name: &str, error: &EvaluationError) -> ActionError {
    let code = match error.kind {
        EvaluationErrorKind::Missing { .. } => "missing_value",
        _ => "invalid_expression",
    };
    ActionError::new(code, format!("{name}: {error}"))
}
