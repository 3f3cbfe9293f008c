//! `request` of a run that no HTTP request has started: what somebody says of one, and the rest from the flow's route.
//!
//! Not here: requests that came over HTTP (`lockgate-server`).

use std::net::IpAddr;

use lockgate_flow::diagnostic::suggestion;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::PathPart;
use serde_json::{Map, Value, json};

/// What a request has.
pub const FIELDS: [&str; 5] = ["method", "path", "query", "headers", "ip"];

/// What is said of a request cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestMistake {
    /// What is wrong.
    pub message: String,
    /// What may be meant.
    pub help: Option<String>,
}

impl RequestMistake {
    const fn new(message: String) -> Self {
        Self { message, help: None }
    }
}

/// Reads what is said of a request: some of [`FIELDS`]. Header names become lower-case, as over HTTP. Nothing is filled in.
///
/// # Errors
/// A name is none of a request's, or a value has another shape.
pub fn read(given: &Map<String, Value>) -> Result<Map<String, Value>, RequestMistake> {
    if let Some(name) = given.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(RequestMistake {
            message: format!("a request has no `{name}`"),
            help: suggestion(name, FIELDS),
        });
    }
    let mut request = Map::new();
    for name in FIELDS {
        let value = match (name, given.get(name)) {
            (_, None) => continue,
            ("query", Some(value @ Value::Object(_))) => value.clone(),
            ("headers", Some(Value::Object(headers))) => headers_of(headers)
                .map(Value::Object)
                .map_err(RequestMistake::new)?,
            ("query" | "headers", Some(_)) => {
                return Err(RequestMistake::new(format!("`{name}` is no object")));
            }
            (_, Some(Value::String(text))) => {
                check_text(name, text).map_err(RequestMistake::new)?;
                text.clone().into()
            }
            (_, Some(_)) => return Err(RequestMistake::new(format!("`{name}` is no text"))),
        };
        request.insert(name.to_owned(), value);
    }
    Ok(request)
}

/// The request that a flow with this input has by its own route: method and path where it has one, no query, no headers.
/// Whoever has no address in it has to say it.
pub fn of_route(flow: &Flow, input: &Map<String, Value>) -> Map<String, Value> {
    let mut request = Map::new();
    if let Some(trigger) = &flow.syntax.trigger.http {
        let route = &trigger.route.value;
        request.insert("method".to_owned(), json!(route.method.name()));
        request.insert("path".to_owned(), json!(path(&route.parts, input)));
    }
    request.insert("query".to_owned(), json!({}));
    request.insert("headers".to_owned(), json!({}));
    request
}

/// A path parameter has the value of its input field; its name where there is none.
fn path(parts: &[PathPart], input: &Map<String, Value>) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        match part {
            PathPart::Fixed(text) => path.push_str(text),
            PathPart::Parameter(name) => match input.get(name) {
                Some(Value::String(text)) => path.push_str(text),
                Some(value) => path.push_str(&value.to_string()),
                None => path.push_str(name),
            },
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    path
}

fn check_text(name: &str, text: &str) -> Result<(), String> {
    match name {
        "method" if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Err("`method` is no HTTP method like `POST`".to_owned())
        }
        "path" if !text.starts_with('/') => Err("`path` does not begin with `/`".to_owned()),
        "ip" if text.parse::<IpAddr>().is_err() => Err("`ip` is no IP address".to_owned()),
        _ => Ok(()),
    }
}

fn headers_of(given: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut headers = Map::new();
    for (name, value) in given {
        if !value.is_string() {
            return Err(format!("the header `{name}` is no text"));
        }
        if headers.insert(name.to_lowercase(), value.clone()).is_some() {
            return Err(format!(
                "the header `{name}` stands twice: case makes no difference"
            ));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_shape() {
        let read = |given: Value| {
            let Value::Object(given) = given else {
                unreachable!("an object")
            };
            read(&given).map(Value::Object)
        };
        assert_eq!(
            read(
                json!({ "ip": "::1", "method": "POST", "path": "/a", "headers": { "X-A": "1" }, "query": { "q": ["1", "2"] } })
            ),
            Ok(json!({
                "method": "POST", "path": "/a", "query": { "q": ["1", "2"] }, "headers": { "x-a": "1" }, "ip": "::1",
            }))
        );
        assert_eq!(read(json!({})), Ok(json!({})));
        for (given, expected) in [
            (json!({ "header": {} }), "a request has no `header`"),
            (
                json!({ "method": "post" }),
                "`method` is no HTTP method like `POST`",
            ),
            (json!({ "method": 1 }), "`method` is no text"),
            (json!({ "path": "a" }), "`path` does not begin with `/`"),
            (json!({ "ip": "home" }), "`ip` is no IP address"),
            (json!({ "query": "a=1" }), "`query` is no object"),
            (json!({ "headers": { "a": 1 } }), "the header `a` is no text"),
            (
                json!({ "headers": { "a": "", "A": "" } }),
                "the header `A` stands twice: case makes no difference",
            ),
        ] {
            assert_eq!(
                read(given.clone()).map_err(|mistake| mistake.message),
                Err(expected.to_owned()),
                "{given}"
            );
        }
        let help = read(json!({ "header": {} })).unwrap_err().help.unwrap();
        assert!(help.contains("`headers`"), "{help}");
    }
}
