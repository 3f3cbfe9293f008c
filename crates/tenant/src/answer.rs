//! What the tenant answers: a status, headers and a whole body. How the bytes reach the socket, whole or cut,
//! is `socket`'s business.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A Management API answer: `application/json; charset=utf-8`, never cached.
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(crate) fn value(status: StatusCode, body: &Value) -> Self {
        Self::json(status, body.to_string())
    }

    /// No body, and yet a content type: so recorded.
    pub(crate) fn no_content() -> Self {
        Self::json(StatusCode::NO_CONTENT, Bytes::new())
    }

    /// The page that a gateway in front of the API shows: not JSON, whatever the caller accepts.
    pub(crate) fn html(status: StatusCode) -> Self {
        let title = format!(
            "{} {}",
            status.as_str(),
            status.canonical_reason().unwrap_or("Error")
        );
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>gateway</center>\r\n</body>\r\n</html>\r\n"
        );
        let mut answer = Self::json(status, body);
        answer
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        answer
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
