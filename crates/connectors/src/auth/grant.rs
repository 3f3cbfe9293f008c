//! One request to a token endpoint (RFC 6749 §5), and what its answer means.

use std::time::Duration;

use lockgate_engine::action::{ActionError, Retry};
use lockgate_http::{Answer, Request, StatusRange, check_url, provider, retry_after};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::basic::put_basic;
use super::{Caller, Token};
use crate::form::encode;
use crate::read::Parameters;

/// How long a token request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How a client says who it is (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    /// `client_id` and `client_secret` in the body.
    Body,
    /// `Authorization: Basic`.
    Basic,
}

/// What a token endpoint gave.
pub(super) struct Granted {
    pub(super) token: Token,
    /// Another refresh token in the place of the one that was used.
    pub(super) refresh_token: Option<SecretString>,
}

/// A request for a token, as it is put together.
pub(super) struct Grant {
    url: Url,
    form: Vec<(String, String)>,
    client: Option<(String, String)>,
    secrets: Vec<String>,
}

impl Grant {
    /// A request to the `token_url` of the parameters, or of the connection.
    pub(super) fn new(
        grant_type: &str,
        parameters: &Parameters,
        caller: Caller<'_>,
    ) -> Result<Self, ActionError> {
        let url = token_url(parameters, caller)?;
        Ok(Self {
            url,
            form: vec![("grant_type".to_owned(), grant_type.to_owned())],
            client: None,
            secrets: caller.connection.secrets().to_vec(),
        })
    }

    /// Adds a parameter, if there is a value.
    pub(super) fn with(mut self, name: &str, value: Option<String>) -> Self {
        self.form.extend(value.map(|value| (name.to_owned(), value)));
        self
    }

    /// Keeps a text out of errors.
    pub(super) fn hiding(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    /// Says who the client is.
    pub(super) fn by_client(
        self,
        way: ClientAuthentication,
        parameters: &Parameters,
        caller: Caller<'_>,
    ) -> Result<Self, ActionError> {
        let id = parameters.required("client_id", caller)?;
        let secret = parameters.optional("client_secret", caller)?;
        Ok(match (way, secret) {
            (ClientAuthentication::Basic, Some(secret)) => Self {
                client: Some((form_encoded(&id), form_encoded(&secret))),
                ..self
            },
            (_, secret) => self.with("client_id", Some(id)).with("client_secret", secret),
        })
    }

    /// Asks.
    ///
    /// # Errors
    /// There is no token. Nothing has happened to what it was asked for.
    pub(super) async fn ask(self, caller: Caller<'_>) -> Result<Granted, ActionError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let mut request = Request {
            method: http::Method::POST,
            url: self.url,
            headers,
            body: Some(encode(&self.form).into()),
            timeout: TIMEOUT,
            accept: vec![StatusRange(200..=299)],
            follow_redirects: false,
            is_repeatable: true,
            secrets: self.secrets,
        };
        if let Some((id, secret)) = &self.client {
            put_basic(&mut request, id, secret)?;
        }
        let answer = caller
            .exchange
            .send(&request, caller.context)
            .await
            .map_err(|failure| unsent(failure.into_error(&request)))?;
        let now = caller.context.clock.now().as_second();
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if !request.accepts(answer.status.as_u16()) {
            return Err(refused(&request, &answer, body.as_ref(), now));
        }
        let field = |name: &str| body.as_ref().and_then(|body| body.get(name));
        let Some(token) = field("access_token").and_then(Value::as_str) else {
            // Its body may hold what must not be told.
            let message = format!("{} gave no access token", target(&request));
            return Err(ActionError::new("invalid_response", message));
        };
        // RFC 6749 §5.1 says a number; some write a text.
        let life = field("expires_in").and_then(|life| match life {
            Value::String(text) => text.parse().ok(),
            life => life.as_u64(),
        });
        Ok(Granted {
            token: Token::new(
                token.into(),
                life.map(Duration::from_secs),
                &*caller.connection.clock,
            ),
            refresh_token: field("refresh_token")
                .and_then(Value::as_str)
                .map(SecretString::from),
        })
    }
}

/// Where tokens are asked for.
pub(super) fn token_url(parameters: &Parameters, caller: Caller<'_>) -> Result<Url, ActionError> {
    let text = match caller.connection.text("token_url") {
        Some(text) => text.to_owned(),
        None => parameters.required("token_url", caller)?,
    };
    let unusable = |problem: String| {
        let name = caller.connection.name();
        ActionError::new(
            "unauthorized",
            format!("the token URL of the connection `{name}`: {problem}"),
        )
    };
    let url = Url::parse(&text).map_err(|error| unusable(error.to_string()))?;
    check_url(&url).map_err(unusable)?;
    Ok(url)
}

/// RFC 6749 §2.3.1: encoded as in a form before it goes into the header.
fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The operation itself was not sent.
fn unsent(error: ActionError) -> ActionError {
    match error.retry {
        Retry::Transient => error.with_retry(Retry::NothingHappened { after: None }),
        _ => error,
    }
}

fn target(request: &Request) -> String {
    format!(
        "the token endpoint {}",
        request.url.origin().ascii_serialization()
    )
}

fn refused(request: &Request, answer: &Answer, body: Option<&Value>, now: i64) -> ActionError {
    let status = answer.status.as_u16();
    // RFC 6749 §5.2.
    let said = |name: &str| body.and_then(|body| body.get(name)).and_then(Value::as_str);
    let words = match (said("error"), said("error_description")) {
        (Some(error), Some(description)) => format!(": {error} ({description})"),
        (Some(error), None) => format!(": {error}"),
        _ => String::new(),
    };
    let (code, retry) = match status {
        429 => (
            "rate_limited",
            Retry::NothingHappened {
                after: retry_after(answer, now),
            },
        ),
        400..=499 => ("unauthorized", Retry::Never),
        500..=599 => (
            "unavailable",
            Retry::NothingHappened {
                after: retry_after(answer, now),
            },
        ),
        _ => ("invalid_response", Retry::Never),
    };
    let message = format!("{} answered {status}{words}", target(request));
    ActionError::new(code, request.redact(&message))
        .with_retry(retry)
        .with_provider(provider(request, answer))
}
