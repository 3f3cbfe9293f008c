//! What callers are told when something goes wrong: problem documents (RFC 9457).

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::auth0::Auth0Error;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("nothing is served at this path")]
    NoSuchRoute,
    #[error("the body is not a JSON object: {0}")]
    Malformed(String),
    #[error("the body is not JSON; send `content-type: application/json`")]
    UnsupportedMediaType,
    #[error("the body is larger than 256 kB, or broke off")]
    Unread,
    #[error("the input does not fit")]
    InvalidInput(Vec<Mistake>),
    #[error("{0} already has an account.")]
    EmailTaken(String),
    #[error("Please choose a stronger password.")]
    WeakPassword,
    #[error("the sign-up could not be completed")]
    Upstream(#[source] Auth0Error),
    #[error("the sign-up took too long")]
    Timeout,
}

/// One mistake in an input.
#[derive(Debug, Serialize)]
pub(crate) struct Mistake {
    pub(crate) field: String,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    status: u16,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Mistake],
}

impl Problem {
    fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NoSuchRoute => ("no_such_route", StatusCode::NOT_FOUND),
            Self::Malformed(_) => ("malformed_request", StatusCode::BAD_REQUEST),
            Self::UnsupportedMediaType => ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::Unread => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::InvalidInput(_) => ("invalid_input", StatusCode::UNPROCESSABLE_ENTITY),
            Self::EmailTaken(_) => ("email_taken", StatusCode::CONFLICT),
            Self::WeakPassword => ("weak_password", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Upstream(_) => ("unavailable", StatusCode::BAD_GATEWAY),
            Self::Timeout => ("timeout", StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status) = self.kind();
        if let Self::Upstream(error) = &self {
            // For the operator alone.
            tracing::error!(%error, "calling Auth0");
        }
        let errors = match &self {
            Self::InvalidInput(mistakes) => mistakes.as_slice(),
            _ => &[],
        };
        let document = Document {
            r#type: "about:blank",
            status: status.as_u16(),
            code,
            message: self.to_string(),
            errors,
        };
        let mut response = (status, axum::Json(document)).into_response();
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}
