//! `POST /oauth/token`: the client credentials grant (RFC 6749, section 4.4) with the error texts of Auth0's
//! authentication server. Other grants are refused as not allowed for the client.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, PRAGMA};
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::assertion::{ASSERTION_TYPE, claimed_client};
use super::client::Client;
use super::signing::{Claims, sign};
use crate::answer::Answer;
use crate::lock::read;
use crate::state::State;

const CLIENT_CREDENTIALS: &str = "client_credentials";

/// Grant types that Auth0 knows and no client of this tenant may use.
const OTHER_GRANTS: [&str; 10] = [
    "authorization_code",
    "password",
    "refresh_token",
    "http://auth0.com/oauth/grant-type/password-realm",
    "http://auth0.com/oauth/grant-type/passwordless/otp",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

/// A refusal: status, `error` and `error_description`.
struct Refused(StatusCode, &'static str, String);

/// Answers a token request.
pub(crate) fn exchange(state: &State, headers: &HeaderMap, body: &Bytes) -> Answer {
    match grant(state, headers, body) {
        Ok(body) => {
            let answer = answer(StatusCode::OK, body.to_string());
            answer
                .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
                .with(PRAGMA, HeaderValue::from_static("no-cache"))
        }
        Err(Refused(status, error, description)) => token_error(status, error, &description),
    }
}

/// An error of the token endpoint: `error` and `error_description`, never `statusCode`.
pub(crate) fn token_error(status: StatusCode, error: &str, description: &str) -> Answer {
    let mut body = Map::new();
    body.insert("error".into(), error.into());
    body.insert("error_description".into(), description.into());
    let no_cache = "private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform";
    answer(status, Value::from(body).to_string()).with(CACHE_CONTROL, HeaderValue::from_static(no_cache))
}

fn answer(status: StatusCode, body: String) -> Answer {
    Answer::json(status, body).with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

fn grant(state: &State, headers: &HeaderMap, body: &Bytes) -> Result<Value, Refused> {
    let parameters = parameters(headers, body)?;
    let given = |name: &str| {
        parameters
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let grant_type = given("grant_type").ok_or_else(|| missing("grant_type"))?;
    if grant_type != CLIENT_CREDENTIALS && !OTHER_GRANTS.contains(&grant_type) {
        let description = format!("Unsupported grant type: {grant_type}");
        return Err(Refused(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            description,
        ));
    }
    let clients = read(&state.clients);
    let client = authenticate(state, &clients, headers, &given)?;
    if grant_type != CLIENT_CREDENTIALS || !client.may_use_client_credentials {
        let description = format!("Grant type '{grant_type}' not allowed for the client.");
        return Err(Refused(StatusCode::FORBIDDEN, "unauthorized_client", description));
    }

    let denied = |description: String| Refused(StatusCode::FORBIDDEN, "access_denied", description);
    let Some(audience) = given("audience").or(state.default_audience.as_deref()) else {
        let description = "No audience parameter was provided, and no default audience has been configured";
        return Err(denied(description.to_owned()));
    };
    let granted = if audience == state.audience {
        client.management.as_ref()
    } else if state.apis.contains(audience) {
        client.grants.get(audience)
    } else {
        return Err(denied(format!("Service not enabled within domain: {audience}")));
    };
    let Some(granted) = granted else {
        return Err(denied(format!(
            "Client is not authorized to access \"{audience}\". You need to create a \"client-grant\" associated to \
             this API. See: https://auth0.com/docs/api/management/v2/client-grants/post-client-grants"
        )));
    };
    let scope = match given("scope") {
        None => granted.join(" "),
        Some(asked) => {
            let not_granted: Vec<&str> = asked
                .split_whitespace()
                .filter(|scope| !granted.iter().any(|granted| granted == scope))
                .collect();
            if !not_granted.is_empty() {
                return Err(denied(format!(
                    "Client has not been granted scopes: {}",
                    not_granted.join(", ")
                )));
            }
            asked.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    };

    let issued_at = state.clock.now().seconds();
    let expires_at = issued_at + state.token_lifetime;
    let claims = Claims {
        issuer: &state.issuer,
        client_id: &client.id,
        audience,
        issued_at,
        expires_at,
        scope: &scope,
    };
    let token = sign(&claims).map_err(|error| {
        tracing::error!(%error, "signing a token");
        Refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "Internal server error".to_owned(),
        )
    })?;
    if audience == state.audience {
        state
            .tokens
            .remember(&token, &client.id, &scope, expires_at, issued_at);
    }
    let mut body = Map::new();
    body.insert("access_token".into(), token.into());
    if !scope.is_empty() {
        body.insert("scope".into(), scope.into());
    }
    body.insert("expires_in".into(), state.token_lifetime.into());
    body.insert("token_type".into(), "Bearer".into());
    Ok(body.into())
}

/// The client that the request proves to come from: by assertion, by HTTP Basic, or by a secret in the body.
fn authenticate<'a, 'b>(
    state: &State,
    clients: &'a HashMap<String, Client>,
    headers: &HeaderMap,
    given: &impl Fn(&str) -> Option<&'b str>,
) -> Result<&'a Client, Refused> {
    let denied = || {
        Refused(
            StatusCode::UNAUTHORIZED,
            "access_denied",
            "Unauthorized".to_owned(),
        )
    };
    if let Some(assertion) = given("client_assertion") {
        let failed = || {
            Refused(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "Client authentication failed".to_owned(),
            )
        };
        if given("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(failed());
        }
        let claimed = claimed_client(assertion).ok_or_else(failed)?;
        if given("client_id").is_some_and(|id| id != claimed) {
            return Err(failed());
        }
        let client = clients.get(&claimed).ok_or_else(failed)?;
        let key = client.public_key.as_ref().ok_or_else(failed)?;
        let now = state.clock.now().seconds();
        let accepted = state
            .assertions
            .accept(assertion, &client.id, key, &state.issuer, now);
        return if accepted { Ok(client) } else { Err(failed()) };
    }
    let (id, secret) = if let Some(pair) = basic(headers) {
        pair
    } else {
        let id = given("client_id").ok_or_else(|| missing("client_id"))?;
        (
            id.to_owned(),
            given("client_secret").ok_or_else(denied)?.to_owned(),
        )
    };
    let client = clients.get(&id).ok_or_else(denied)?;
    if client.secret.as_deref() == Some(secret.as_str()) {
        Ok(client)
    } else {
        Err(denied())
    }
}

/// Id and secret of `client_secret_basic`: both form-encoded before base64 (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let part = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    Some((part(id)?, part(secret)?))
}

/// The parameters of a JSON or form body. Unknown ones are ignored, as the server does.
fn parameters(headers: &HeaderMap, body: &Bytes) -> Result<HashMap<String, String>, Refused> {
    let content_type = headers
        .get(HeaderName::from_static("content-type"))
        .and_then(|value| value.to_str().ok());
    let invalid = || {
        Refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Invalid request payload".to_owned(),
        )
    };
    if content_type.is_some_and(|value| value.trim_start().starts_with("application/json")) {
        let Ok(Value::Object(map)) = serde_json::from_slice(body) else {
            return Err(invalid());
        };
        let text = |(name, value)| match value {
            Value::String(value) => Some((name, value)),
            _ => None,
        };
        return Ok(map.into_iter().filter_map(text).collect());
    }
    serde_urlencoded::from_bytes(body).map_err(|_| invalid())
}

fn missing(parameter: &str) -> Refused {
    let description = format!("Missing required parameter: {parameter}");
    Refused(StatusCode::BAD_REQUEST, "invalid_request", description)
}
