//! Error answers of the Management API: `statusCode`, `error`, `message`, `errorCode`, in this order, with the
//! texts that Auth0's server sends. The token endpoint has another shape, see `token::token_error`.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value};

use crate::answer::Answer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    code: Option<&'static str>,
    challenge: Challenge,
}

/// What a 401 says in `www-authenticate`, and whether the body repeats it as `attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenge {
    None,
    Bare,
    WithError,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            code,
            challenge: Challenge::None,
        }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(code), message)
    }

    /// A 400 without `errorCode`, as the connection's refusals are.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, None, message)
    }

    /// `Payload validation error: '<what>' on property <at> (<description>).`
    pub(crate) fn invalid_body(what: &str, at: Option<(&str, &str)>) -> Self {
        Self::bad_request("invalid_body", located("Payload", what, at))
    }

    pub(crate) fn invalid_uri(what: &str, at: Option<(&str, &str)>) -> Self {
        Self::bad_request("invalid_uri", located("Path", what, at))
    }

    pub(crate) fn invalid_query(what: &str, at: Option<(&str, &str)>) -> Self {
        Self::bad_request("invalid_query_string", located("Query", what, at))
    }

    pub(crate) fn missing_authentication() -> Self {
        Self {
            challenge: Challenge::Bare,
            ..Self::new(StatusCode::UNAUTHORIZED, None, "Missing authentication")
        }
    }

    pub(crate) fn malformed_authentication() -> Self {
        Self::bad_request("Bearer", "Bad HTTP authentication header format")
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        Self {
            challenge: Challenge::WithError,
            ..Self::new(StatusCode::UNAUTHORIZED, None, message)
        }
    }

    pub(crate) fn insufficient_scope(any_of: &[&str]) -> Self {
        let message = format!("Insufficient scope, expected any of: {}", any_of.join(","));
        Self::new(StatusCode::FORBIDDEN, Some("insufficient_scope"), message)
    }

    pub(crate) fn unowned_resource() -> Self {
        let message = "User to be acted on does not match subject in bearer token.";
        Self::new(StatusCode::FORBIDDEN, Some("unowned_resource"), message)
    }

    pub(crate) fn no_such_user() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Some("inexistent_user"),
            "The user does not exist.",
        )
    }

    pub(crate) fn no_such_connection() -> Self {
        Self::bad_request("inexistent_connection", "The connection does not exist.")
    }

    pub(crate) fn user_exists() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            Some("auth0_idp_error"),
            "The user already exists.",
        )
    }

    pub(crate) fn custom_domain_conflict() -> Self {
        let message = "The tenant has multiple verified custom domains.";
        Self::new(StatusCode::CONFLICT, Some("custom_domain_conflict"), message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, None, "Not Found")
    }

    pub(crate) fn too_many_requests(endpoint: bool) -> Self {
        let message = if endpoint {
            "Endpoint limit has been reached"
        } else {
            "Global limit has been reached"
        };
        Self::new(StatusCode::TOO_MANY_REQUESTS, Some("too_many_requests"), message)
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("statusCode".into(), self.status.as_u16().into());
        body.insert(
            "error".into(),
            self.status.canonical_reason().unwrap_or("Error").into(),
        );
        body.insert("message".into(), self.message.as_str().into());
        if let Some(code) = self.code {
            body.insert("errorCode".into(), code.into());
        }
        if self.challenge == Challenge::WithError {
            let attributes = Map::from_iter([("error".to_owned(), self.message.as_str().into())]);
            body.insert("attributes".into(), attributes.into());
        }
        body.into()
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let answer = Self::value(error.status, &error.body());
        let challenge = match error.challenge {
            Challenge::None => return answer,
            Challenge::Bare => "Bearer".to_owned(),
            Challenge::WithError => format!("Bearer error=\"{}\"", error.message),
        };
        match HeaderValue::from_str(&challenge) {
            Ok(value) => answer.with(WWW_AUTHENTICATE, value),
            Err(_) => answer,
        }
    }
}

fn located(part: &str, what: &str, at: Option<(&str, &str)>) -> String {
    match at {
        None => format!("{part} validation error: '{what}'."),
        // The server prints the parameter's description without its final period.
        Some((property, description)) => {
            format!(
                "{part} validation error: '{what}' on property {property} ({}).",
                description.trim_end_matches('.')
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_auth0s_key_order() {
        for (error, body) in [
            (
                ApiError::no_such_user(),
                r#"{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}"#,
            ),
            (
                ApiError::not_found(),
                r#"{"statusCode":404,"error":"Not Found","message":"Not Found"}"#,
            ),
            (
                ApiError::missing_authentication(),
                r#"{"statusCode":401,"error":"Unauthorized","message":"Missing authentication"}"#,
            ),
            (
                ApiError::unauthorized("Invalid token"),
                r#"{"statusCode":401,"error":"Unauthorized","message":"Invalid token","attributes":{"error":"Invalid token"}}"#,
            ),
            (
                ApiError::malformed_authentication(),
                r#"{"statusCode":400,"error":"Bad Request","message":"Bad HTTP authentication header format","errorCode":"Bearer"}"#,
            ),
            (
                ApiError::too_many_requests(false),
                r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}"#,
            ),
        ] {
            assert_eq!(error.body().to_string(), body);
        }
    }

    #[test]
    fn a_place_is_named_with_its_description() {
        let error = ApiError::invalid_body("Missing required property: connection", None);
        assert_eq!(
            error.message,
            "Payload validation error: 'Missing required property: connection'."
        );
        let error = ApiError::invalid_body(
            "String is too short (0 chars), minimum 1",
            Some(("name", "A name.")),
        );
        assert_eq!(
            error.message,
            "Payload validation error: 'String is too short (0 chars), minimum 1' on property name (A name)."
        );
    }
}
