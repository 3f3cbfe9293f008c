//! One token request: OAuth 2.0 client credentials (RFC 6749 §4.4) at `/oauth/token`, and what each refusal
//! of Auth0 means for whoever set the connection up.
//!
//! Nothing is kept here; the `token` module does that.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use http::header::HeaderValue;
use lockgate_engine::action::{ActionError, Retry};
use lockgate_engine::clock::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::assertion::ASSERTION_TYPE;
use crate::error::{self, Said};
use crate::rate::Budget;
use crate::redact::Redactor;
use crate::settings::{Credentials, Settings};
use crate::token::Token;
use crate::transport::{self, Answer, EXCHANGE_TIMEOUT, Failure, Outbound, Transport};

/// Attempts of one fetch; only transient failures are tried again. Asking twice for a token does no harm.
const ATTEMPTS: u32 = 3;

/// The wait before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A 429 that asks for a longer wait ends the fetch.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where an answer leaves out `expires_in`, which RFC 6749 §5.1 only recommends (Auth0 always sends it).
const UNSAID_LIFETIME: Duration = Duration::from_mins(5);

/// The endpoint, with the credentials to show there.
pub(crate) struct TokenEndpoint {
    pub(crate) connection: String,
    pub(crate) settings: Arc<Settings>,
    pub(crate) transport: Arc<Transport>,
}

/// Why one attempt gave no token.
struct Attempt {
    error: ActionError,
    /// How long to wait before another attempt; `None` where it would fail the same way.
    again_after: Option<Duration>,
}

impl TokenEndpoint {
    /// Fetches a token, with a few attempts where the failure may pass.
    pub(crate) async fn fetch(&self, serial: u64, clock: &dyn Clock) -> Result<Token, ActionError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.attempt(serial, clock).await {
                Ok(token) => {
                    tracing::debug!(
                        connection = self.connection,
                        lifetime_s = token.lifetime.as_secs(),
                        scopes = token.scopes.as_ref().map(Vec::len),
                        "access token fetched"
                    );
                    return Ok(token);
                }
                Err(Attempt {
                    again_after: Some(after),
                    error,
                }) if attempt < ATTEMPTS => {
                    tracing::debug!(connection = self.connection, code = %error.code, attempt, "token request failed");
                    clock.sleep(after.max(pause)).await;
                    pause *= 2;
                }
                Err(Attempt { error, .. }) => return Err(error),
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn attempt(&self, serial: u64, clock: &dyn Clock) -> Result<Token, Attempt> {
        let settings = &*self.settings;
        let mut redactor = Redactor::default();
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &settings.client_id),
            ("audience", &settings.audience),
        ];
        let assertion: SecretString;
        match &settings.credentials {
            Credentials::Secret(secret) => {
                redactor.add(secret.expose_secret());
                form.push(("client_secret", secret.expose_secret()));
            }
            Credentials::PrivateKey(key) => {
                assertion = key
                    .sign(&settings.client_id, &settings.url("/"), clock.now())
                    .map_err(|problem| Attempt {
                        error: self.error("unauthorized", &problem.to_string(), Retry::Never),
                        again_after: None,
                    })?;
                redactor.add(assertion.expose_secret());
                form.push(("client_assertion_type", ASSERTION_TYPE));
                form.push(("client_assertion", assertion.expose_secret()));
            }
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = Outbound::new(Method::POST, settings.token_url())
            .with_body("application/x-www-form-urlencoded", form);
        // A token is for many runs: its request carries the trace context of none.
        let call = transport::call(&settings.base, "POST", Some("/oauth/token"));
        match self.transport.exchange(request, EXCHANGE_TIMEOUT, call).await {
            Ok(answer) if answer.status.is_success() => self.read(serial, clock, &answer, &redactor),
            Ok(answer) => Err(self.refused(clock, &answer, &redactor)),
            Err(failure) => Err(self.failed(&failure)),
        }
    }

    fn read(
        &self,
        serial: u64,
        clock: &dyn Clock,
        answer: &Answer,
        redactor: &Redactor,
    ) -> Result<Token, Attempt> {
        let invalid = |what: &str| Attempt {
            // The body may hold a token: nothing of it is quoted.
            error: self.error(
                "invalid_response",
                &format!(
                    "the token endpoint answered {} with {what}",
                    answer.status.as_u16()
                ),
                Retry::NothingHappened { after: None },
            ),
            again_after: Some(Duration::ZERO),
        };
        let body = match answer.json() {
            Some(Value::Object(body)) => body,
            Some(_) => return Err(invalid("JSON that is no object")),
            None => {
                let mut attempt = invalid("no JSON");
                if !answer.claims_json() {
                    let said = Said::read(answer);
                    attempt.error.provider = Some(error::provider(answer, said, redactor));
                }
                return Err(attempt);
            }
        };
        let Some(secret) = body
            .get("access_token")
            .and_then(Value::as_str)
            .filter(|token| !token.is_empty())
        else {
            return Err(invalid("no `access_token`"));
        };
        if let Some(kind) = body.get("token_type").and_then(Value::as_str)
            && !kind.eq_ignore_ascii_case("bearer")
        {
            return Err(invalid("a token that is no bearer token"));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {secret}"))
            .map_err(|_| invalid("a token that fits into no header"))?;
        authorization.set_sensitive(true);
        Ok(Token {
            serial,
            authorization,
            scopes: granted_scopes(&body, secret),
            lifetime: lifetime(&body),
            fetched_at: clock.elapsed(),
            secret: SecretString::from(secret),
        })
    }

    fn refused(&self, clock: &dyn Clock, answer: &Answer, redactor: &Redactor) -> Attempt {
        let said = Said::read(answer);
        let status = answer.status.as_u16();
        let (code, retry, again_after) = match status {
            429 => {
                let after = Budget::new().throttled(clock.elapsed(), clock.now(), &answer.headers);
                let again = (after <= LONGEST_PAUSE).then_some(after);
                (
                    "rate_limited",
                    Retry::NothingHappened { after: Some(after) },
                    again,
                )
            }
            408 | 500.. => (
                "unavailable",
                Retry::NothingHappened { after: None },
                Some(Duration::ZERO),
            ),
            300..=399 => ("invalid_response", Retry::Never, None),
            _ => ("unauthorized", Retry::Never, None),
        };
        let quote = said.quote(redactor);
        let what_to_check = if code == "unauthorized" {
            self.what_to_check(status, &said)
        } else {
            String::new()
        };
        let error = self
            .error(
                code,
                &format!("Auth0 gave no token ({status}): {quote}{what_to_check}"),
                retry,
            )
            .with_provider(error::provider(answer, said, redactor));
        Attempt { error, again_after }
    }

    /// What is most likely wrong with the setup, by Auth0's own words.
    fn what_to_check(&self, status: u16, said: &Said) -> String {
        let Settings {
            client_id,
            audience,
            credentials,
            ..
        } = &*self.settings;
        let message = said.message.as_deref().unwrap_or_default();
        let error = said.error.as_deref().unwrap_or_default();
        if message.starts_with("Service not enabled within domain") {
            format!(
                "; the tenant has no API `{audience}`: the audience must be `https://TENANT DOMAIN/api/v2/` with the \
                 tenant domain (no custom domain) and the slash at the end"
            )
        } else if message.contains("not authorized to access") {
            format!(
                "; authorize the application with client id {client_id} in the Auth0 dashboard under Applications → \
                 APIs → Auth0 Management API → Machine to Machine Applications"
            )
        } else if error == "unauthorized_client" || message.starts_with("Grant type") {
            format!(
                "; allow the grant type Client Credentials for the application with client id {client_id}, in the \
                 Auth0 dashboard under Applications → the application → Settings → Advanced Settings → Grant Types"
            )
        } else if status == 404 {
            "; no tenant answers at this domain: check `domain`".to_owned()
        } else {
            match credentials {
                Credentials::Secret(_) => "; check `client_id` and `client_secret`, and that the application belongs \
                                           to this tenant"
                    .to_owned(),
                Credentials::PrivateKey(_) => "; check `client_id`, that the application authenticates with a \
                                               Private Key JWT, and that it knows the public key of `private_key`"
                    .to_owned(),
            }
        }
    }

    fn failed(&self, failure: &Failure) -> Attempt {
        let (code, again) = match failure {
            Failure::NotSent(_) | Failure::Lost(_) => ("unavailable", true),
            Failure::Timeout => ("timeout", true),
            Failure::Cut { .. } => ("invalid_response", true),
            Failure::TooLarge { .. } => ("invalid_response", false),
        };
        // Whatever became of the token request, the call that needs the token was not sent.
        Attempt {
            error: self.error(
                code,
                &format!(
                    "no token from {}: {failure}",
                    self.settings.base.host_str().unwrap_or_default()
                ),
                Retry::NothingHappened { after: None },
            ),
            again_after: again.then_some(Duration::ZERO),
        }
    }

    fn error(&self, code: &'static str, message: &str, retry: Retry) -> ActionError {
        ActionError::new(code, format!("connection `{}`: {message}", self.connection)).with_retry(retry)
    }
}

fn lifetime(body: &Map<String, Value>) -> Duration {
    let seconds = match body.get("expires_in") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    seconds.map_or(UNSAID_LIFETIME, Duration::from_secs)
}

/// The answer's `scope`; without one, the token's own `scope` claim. The token came straight from the
/// endpoint over a verified connection, so its signature need not be checked to read a list for people.
fn granted_scopes(body: &Map<String, Value>, token: &str) -> Option<Vec<String>> {
    let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    if let Some(scope) = body.get("scope").and_then(Value::as_str) {
        return Some(split(scope));
    }
    let mut parts = token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let claims: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    // A management token without the claim was granted nothing.
    Some(
        claims
            .get("scope")
            .and_then(Value::as_str)
            .map(split)
            .unwrap_or_default(),
    )
}
