//! What a run said → an HTTP answer.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response as HttpResponse, StatusCode};
use http_body_util::Full;
use lockgate_engine::outcome::{Response, RunOutcome};
use lockgate_flow::syntax::FRAMING_HEADERS;
use serde_json::Value;

use crate::problem::{Answer, Problem};

/// The header that names the run.
pub(crate) const RUN_ID: HeaderName = HeaderName::from_static("x-run-id");

/// The answer of a run that ended without one of its own steps giving it, or that has failed.
pub(crate) fn of_outcome(outcome: RunOutcome, shows_internals: bool) -> Answer {
    of_response(&if shows_internals {
        outcome.into_answer()
    } else {
        outcome.into_public_answer()
    })
}

/// An answer as it goes over the wire. One that cannot be written is a mistake in the flow, and a 500.
pub(crate) fn of_response(response: &Response) -> Answer {
    try_of_response(response).unwrap_or_else(|problem| {
        tracing::error!(problem, "the answer of the run cannot be sent");
        Problem::Internal.into_answer()
    })
}

fn try_of_response(response: &Response) -> Result<Answer, String> {
    let status =
        StatusCode::from_u16(response.status).map_err(|_| format!("{} is no status", response.status))?;
    let mut headers = HeaderMap::with_capacity(response.headers.len() + 3);
    for (name, value) in &response.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is no name of a header"))?;
        if FRAMING_HEADERS.contains(&header.as_str()) {
            return Err(format!(
                "`{name}` belongs to the connection, a flow cannot set it"
            ));
        }
        // Text is UTF-8; what browsers and most libraries read is visible ASCII, and both pass here.
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the header `{name}` has a control character in it"))?;
        headers.append(header, value);
    }
    let body = response
        .content()
        .map_or_else(Bytes::new, |body| content(body, &mut headers));
    let mut answer = HttpResponse::new(Full::new(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// JSON, unless the body is a text and its author has named another type.
fn content(body: &Value, headers: &mut HeaderMap) -> Bytes {
    let is_json = match headers.get(CONTENT_TYPE) {
        None => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            true
        }
        Some(named) => named
            .to_str()
            .is_ok_and(|named| named.to_ascii_lowercase().contains("json")),
    };
    match body {
        Value::String(text) if !is_json => Bytes::copy_from_slice(text.as_bytes()),
        body => Bytes::from(body.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_break_the_connection_is_not_sent() {
        for (name, value) in [
            ("Content-Length", "3"),
            ("transfer-encoding", "chunked"),
            ("connection", "close"),
            ("upgrade", "h2c"),
            ("a b", "c"),
            ("", "c"),
            ("x", "a\nb"),
        ] {
            let response = Response {
                status: 200,
                headers: vec![(name.to_owned(), value.to_owned())],
                body: Some(json!("x")),
            };
            assert!(try_of_response(&response).is_err(), "{name}");
            assert_eq!(of_response(&response).status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        let response = Response {
            status: 200,
            headers: vec![
                ("set-cookie".to_owned(), "a=é".to_owned()),
                ("set-cookie".to_owned(), "b=2".to_owned()),
            ],
            body: None,
        };
        let answer = of_response(&response);
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(answer.headers().get("content-type"), None);
    }
}
