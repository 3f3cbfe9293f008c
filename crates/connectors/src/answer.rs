//! An answer → `response`, as expressions read it.

use lockgate_http::{Answer, headers};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// `{status, headers, body}`. A body that is JSON is its value, another text is text, none is null.
///
/// # Errors
/// A body that is not what the headers say. `lenient` takes it for text: of an error there is nothing else to expect.
pub(crate) fn response(answer: &Answer, lenient: bool) -> Result<Value, String> {
    let body = match body(answer) {
        Ok(body) => body,
        Err(_) if lenient => Value::String(String::from_utf8_lossy(&answer.body).into_owned()),
        Err(problem) => return Err(problem),
    };
    Ok(json!({
        "status": answer.status.as_u16(),
        "headers": headers(&answer.headers),
        "body": body,
    }))
}

fn body(answer: &Answer) -> Result<Value, String> {
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if claims_json(kind) {
        return serde_json::from_slice(&answer.body)
            .map_err(|error| format!("the body says that it is JSON, but {error}"));
    }
    String::from_utf8(answer.body.clone())
        .map(Value::String)
        .map_err(|_| "the body is neither JSON nor UTF-8 text".to_owned())
}

/// `application/json`, everything in `+json` (RFC 6839 §3.1), and AWS's `application/x-amz-json-1.1`.
fn claims_json(kind: &str) -> bool {
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.ends_with("/json") || kind.ends_with("+json") || kind.contains("/x-amz-json-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, body: &[u8], expected: &Result<Value, &str>) {
        let mut headers = reqwest::header::HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        let answer = Answer {
            status: reqwest::StatusCode::OK,
            headers,
            body: body.to_vec(),
        };
        match (response(&answer, false), expected) {
            (Ok(response), Ok(expected)) => assert_eq!(response["body"], *expected, "{kind}"),
            (Err(problem), Err(words)) => assert!(problem.contains(words), "{problem}"),
            (found, _) => panic!("{kind}: {found:?}"),
        }
        assert!(response(&answer, true).is_ok());
    }

    #[test]
    fn bodies() {
        check("application/json", b"{\"a\":1}", &Ok(json!({ "a": 1 })));
        check("application/vnd.api+json; charset=utf-8", b"[1]", &Ok(json!([1])));
        check("application/x-amz-json-1.1", b"{}", &Ok(json!({})));
        check("application/json", b"", &Ok(Value::Null));
        check("text/plain", b"{\"a\":1}", &Ok(json!("{\"a\":1}")));
        check("", b"ok", &Ok(json!("ok")));
        check("application/json", b"<html>", &Err("says that it is JSON"));
        check("image/png", b"\xff\xfe", &Err("neither JSON nor UTF-8"));
    }
}
