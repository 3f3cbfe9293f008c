//! An answer → the step's result.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, SET_COOKIE};
use serde_json::{Map, Value, json};

use crate::exchange::Answer;

/// `{status, headers, body, success}`.
///
/// # Errors
/// The body is not what the headers say.
pub fn result(answer: &Answer, method: &Method) -> Result<Value, String> {
    let body = if *method == Method::HEAD {
        Value::Null
    } else {
        body(answer)?
    };
    Ok(json!({
        "status": answer.status.as_u16(),
        "headers": headers(&answer.headers),
        "body": body,
        "success": answer.status.is_success(),
    }))
}

fn body(answer: &Answer) -> Result<Value, String> {
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    if claims_json(&answer.headers) {
        return serde_json::from_slice(&answer.body)
            .map_err(|error| format!("the body says that it is JSON, but {error}"));
    }
    String::from_utf8(answer.body.clone())
        .map(Value::String)
        .map_err(|_| "the body is neither JSON nor UTF-8 text".to_owned())
}

/// `application/json`, `text/json`, and everything that ends in `+json` (RFC 6839 §3.1).
pub(crate) fn claims_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let kind = value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            kind.ends_with("/json") || kind.ends_with("+json")
        })
}

/// The headers of an answer by lower-case name. Several of one name are a list (RFC 9110 §5.3); cookies, which may hold commas, are lines.
pub fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut map = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let separator = if name == SET_COOKIE { "\n" } else { ", " };
        map.insert(name.as_str().to_owned(), values.join(separator).into());
    }
    map
}
