//! `--request` → what `request` is in the expressions of a flow that an HTTP trigger would start.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use lockgate_flow::diagnostic::suggestion;
use serde_json::{Map, Value};

use super::json::read_object;
use crate::exit::Mistake;

const FIELDS: [&str; 5] = ["method", "path", "query", "headers", "ip"];

/// Reads a request. What is left out is missing in the flow, but for `query` and `headers`: those are empty.
/// Header names become lower-case, as over HTTP.
///
/// # Errors
/// It is no JSON object, or not in the shape of a request.
pub(crate) fn read_request(argument: &str, folder: &Path) -> Result<Value> {
    let given = read_object("--request", argument, folder)?;
    let mistake = |text: String| Mistake::new(format!("`--request`: {text}"));
    if let Some(name) = given.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(mistake(format!("a request has no `{name}`"))
            .maybe_help(suggestion(name, FIELDS))
            .into());
    }
    let mut request = Map::new();
    for name in FIELDS {
        let value = match (name, given.get(name)) {
            ("query" | "headers", None) => Value::Object(Map::new()),
            (_, None) => continue,
            ("query", Some(value @ Value::Object(_))) => value.clone(),
            ("headers", Some(Value::Object(headers))) => {
                let headers = headers_of(headers).map_err(mistake)?;
                Value::Object(headers)
            }
            ("query" | "headers", Some(_)) => return Err(mistake(format!("`{name}` is no object")).into()),
            (_, Some(Value::String(text))) => {
                check_text(name, text).map_err(mistake)?;
                text.clone().into()
            }
            (_, Some(_)) => return Err(mistake(format!("`{name}` is no text")).into()),
        };
        request.insert(name.to_owned(), value);
    }
    Ok(Value::Object(request))
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
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_has_its_shape() {
        let read = |text: &str| read_request(text, Path::new(".")).map_err(|error| error.to_string());
        assert_eq!(
            read(
                r#"{"ip": "::1", "method": "POST", "path": "/a", "headers": {"X-A": "1"}, "query": {"q": ["1", "2"]}}"#
            ),
            Ok(json!({
                "method": "POST", "path": "/a", "query": { "q": ["1", "2"] }, "headers": { "x-a": "1" }, "ip": "::1",
            }))
        );
        assert_eq!(read("{}"), Ok(json!({ "query": {}, "headers": {} })));
        for (text, expected) in [
            ("[]", "`--request` is no JSON object"),
            (r#"{"header": {}}"#, "`--request`: a request has no `header`"),
            (
                r#"{"method": "post"}"#,
                "`--request`: `method` is no HTTP method like `POST`",
            ),
            (r#"{"method": 1}"#, "`--request`: `method` is no text"),
            (r#"{"path": "a"}"#, "`--request`: `path` does not begin with `/`"),
            (r#"{"ip": "home"}"#, "`--request`: `ip` is no IP address"),
            (r#"{"query": "a=1"}"#, "`--request`: `query` is no object"),
            (
                r#"{"headers": {"a": 1}}"#,
                "`--request`: the header `a` is no text",
            ),
            (
                r#"{"headers": {"a": "", "A": ""}}"#,
                "`--request`: the header `A` stands twice: case makes no difference",
            ),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
