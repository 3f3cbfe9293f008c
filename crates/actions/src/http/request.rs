//! An input → a request that can be sent. What comes out of here has nothing left to go wrong with before the
//! socket.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lockgate_flow::duration::parse_duration;
use lockgate_http::{Request, StatusRange, check_url, is_idempotent, is_reserved, is_safe};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// The arguments that give a body.
pub(super) const BODIES: [&str; 4] = ["json", "form", "text", "xml"];

/// How long a request may take that does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// RFC 9110 §9.3: a body of these means nothing.
pub(super) fn has_no_body(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Reads an input that fits the schema. `identity` gives the idempotency key.
///
/// # Errors
/// Why it cannot be sent; never quotes a value that may be secret.
pub(super) fn parse(input: &Value, identity: [u8; 32]) -> Result<Request, String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let method = text("method").unwrap_or("GET");
    if !METHODS.contains(&method) {
        return Err("the method is none that can be sent".to_owned());
    }
    let method: Method = method
        .parse()
        .map_err(|_| "the method is none that can be sent".to_owned())?;
    let mut url = Url::parse(text("url").unwrap_or_default()).map_err(|error| format!("the URL: {error}"))?;
    check_url(&url)?;
    append_query(&mut url, input.get("query"))?;

    let mut headers = headers(input.get("headers"))?;
    let mut secrets = Vec::new();
    authorization(input, &mut headers, &mut secrets)?;
    let body = match body(input)? {
        Some(_) if has_no_body(method.as_str()) => return Err(format!("a {method} has no body")),
        Some((content_type, body)) => {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(content_type));
            Some(body)
        }
        None => None,
    };
    if !is_safe(&method) {
        let key = identity[..16]
            .iter()
            .fold(0, |key: u128, byte| key << 8 | u128::from(*byte));
        let key = HeaderValue::from_str(&format!("{key:032x}")).map_err(|error| error.to_string())?;
        headers.entry(IDEMPOTENCY_KEY).or_insert(key);
    }
    let timeout = match text("timeout") {
        Some(text) => parse_duration(text).map_err(|error| format!("`timeout`: {error}"))?,
        None => DEFAULT_TIMEOUT,
    };
    let accept = match input.get("accept_status").and_then(Value::as_array) {
        Some(ranges) => ranges.iter().map(StatusRange::parse).collect::<Result<_, _>>()?,
        None => vec![StatusRange(200..=299)],
    };
    let is_repeatable =
        is_idempotent(&method) || input.get("idempotent").and_then(Value::as_bool) == Some(true);
    let follow_redirects = input
        .get("follow_redirects")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    Ok(Request {
        method,
        url,
        headers,
        body,
        timeout,
        accept,
        follow_redirects,
        is_repeatable,
        secrets,
    })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Names and values, lists spread out, nulls left out.
fn pairs(map: Option<&Value>, what: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (name, value) in map.and_then(Value::as_object).into_iter().flatten() {
        let items = match value {
            Value::Null => continue,
            Value::Array(items) => items.iter().collect(),
            value => vec![value],
        };
        for item in items {
            let item = scalar(item).ok_or_else(|| format!("the {what} `{name}` is no plain value"))?;
            pairs.push((name.clone(), item));
        }
    }
    Ok(pairs)
}

fn append_query(url: &mut Url, query: Option<&Value>) -> Result<(), String> {
    let pairs = pairs(query, "query parameter")?;
    // `query_pairs_mut` leaves a `?` behind where nothing is added.
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(())
}

fn headers(map: Option<&Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in map.and_then(Value::as_object).into_iter().flatten() {
        if is_reserved(name) {
            return Err(format!("the header {name} is made from the request itself"));
        }
        let parsed = name
            .parse::<HeaderName>()
            .map_err(|_| format!("`{name}` is no header name"))?;
        let mut value = value
            .as_str()
            .and_then(|value| HeaderValue::from_str(value).ok())
            .ok_or_else(|| format!("the header {name} has no value that can be sent"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

fn authorization(input: &Value, headers: &mut HeaderMap, secrets: &mut Vec<String>) -> Result<(), String> {
    let field = |name: &str| input.pointer(name).and_then(Value::as_str);
    let mut credentials = Vec::new();
    if let Some(token) = field("/bearer") {
        secrets.push(token.to_owned());
        credentials.push(format!("Bearer {token}"));
    }
    if let (Some(username), Some(password)) = (field("/basic/username"), field("/basic/password")) {
        if username.contains(':') {
            return Err("the username of `basic` holds a colon".to_owned());
        }
        let encoded = STANDARD.encode(format!("{username}:{password}"));
        credentials.push(format!("Basic {encoded}"));
        secrets.extend([encoded, password.to_owned()]);
    }
    if let Some(given) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        secrets.push(given.rsplit(' ').next().unwrap_or(given).to_owned());
        if !credentials.is_empty() {
            return Err("the request has the header Authorization and `basic` or `bearer`".to_owned());
        }
    }
    secrets.retain(|secret| secret.len() > 3);
    match credentials.as_slice() {
        [] => Ok(()),
        [one] => {
            let mut value = HeaderValue::from_str(one)
                .map_err(|_| "the credentials cannot be sent in a header".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
            Ok(())
        }
        _ => Err("the request has both `basic` and `bearer`".to_owned()),
    }
}

fn body(input: &Value) -> Result<Option<(&'static str, Bytes)>, String> {
    let mut bodies = BODIES.iter().filter_map(|name| Some((*name, input.get(*name)?)));
    let Some((name, value)) = bodies.next() else {
        return Ok(None);
    };
    if let Some((second, _)) = bodies.next() {
        return Err(format!("the request has two bodies, `{name}` and `{second}`"));
    }
    let text = || Bytes::from(value.as_str().unwrap_or_default().to_owned());
    Ok(Some(match name {
        "json" => ("application/json", Bytes::from(value.to_string())),
        "form" => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs(Some(value), "form field")?);
            ("application/x-www-form-urlencoded", Bytes::from(form.finish()))
        }
        "xml" => ("application/xml", text()),
        _ => ("text/plain; charset=utf-8", text()),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_sent_is_said_without_its_secrets() {
        for (input, expected) in [
            (json!({ "url": "/users" }), "the URL: relative URL without a base"),
            (json!({ "url": "file:///etc/passwd" }), "`file:` is not HTTP"),
            (
                json!({ "url": "https://a:canary@b.c" }),
                "the URL holds credentials; `basic` is for them",
            ),
            (
                json!({ "url": "https://b.c", "method": "TRACE" }),
                "the method is none that can be sent",
            ),
            (json!({ "url": "https://b.c", "json": {} }), "a GET has no body"),
            (
                json!({ "url": "https://b.c", "method": "POST", "json": {}, "xml": "" }),
                "the request has two bodies, `json` and `xml`",
            ),
            (
                json!({ "url": "https://b.c", "headers": { "x": "canary\r\n" } }),
                "the header x has no value that can be sent",
            ),
            (
                json!({ "url": "https://b.c", "headers": { "a b": "" } }),
                "`a b` is no header name",
            ),
            (
                json!({ "url": "https://b.c", "headers": { "HOST": "x" } }),
                "the header HOST is made from the request itself",
            ),
            (
                json!({ "url": "https://b.c", "bearer": "canary\n" }),
                "the credentials cannot be sent in a header",
            ),
            (
                json!({ "url": "https://b.c", "basic": { "username": "a:b", "password": "canary" } }),
                "the username of `basic` holds a colon",
            ),
            (
                json!({ "url": "https://b.c", "bearer": "a", "headers": { "authorization": "canary" } }),
                "the request has the header Authorization and `basic` or `bearer`",
            ),
            (
                json!({ "url": "https://b.c", "query": { "a": {} } }),
                "the query parameter `a` is no plain value",
            ),
            (
                json!({ "url": "https://b.c", "timeout": "soon" }),
                "`timeout`: `soon` is no duration; write one like `200ms`, `30s`, `5m`, `2h`, `3d` or `PT5M`",
            ),
        ] {
            let problem = parse(&input, [0; 32]).err();
            assert_eq!(problem.as_deref(), Some(expected), "{input}");
        }
    }
}
