//! `auth0.verify_session_token`: whether Auth0 has sent this person, here and now.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_engine::state::{StateError, UNAVAILABLE};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::connection::Auth0Connection;
use crate::session_token::{ANSWER, LoginHost, Unreadable, read};
use crate::settings::CONNECTION_TYPE;

/// The error of a connection that cannot take part.
pub(super) const NO_SECRET: ErrorSpec = ErrorSpec::new(
    "no_session_token_secret",
    500,
    "the connection has no `session_token_secret`",
);

/// Clocks that are further apart are wrong.
const MOST_TOLERANCE: Duration = Duration::from_mins(10);

/// Why a token is not valid, in the order in which it is looked for.
const CAUSES: [(&str, &str); 13] = [
    ("TOKEN_TOO_LARGE", "it is longer than 16 KiB"),
    (
        "MALFORMED",
        "it is no signed token, or one of its claims has the wrong type",
    ),
    (
        "UNSUPPORTED_HEADER",
        "its header names something critical (`crit`) that is not known here",
    ),
    ("ALGORITHM_MISMATCH", "it is not signed with HS256"),
    ("INVALID_SIGNATURE", "another secret has signed it"),
    ("MISSING_CLAIM", "it has no `exp`, no `iss` or no `sub`"),
    ("TOKEN_EXPIRED", "its time is over"),
    ("TOKEN_NOT_ACTIVE", "its time (`nbf`) has not come"),
    ("INVALID_ISSUER", "it comes from another domain"),
    (
        "OWN_ANSWER",
        "it is an answer of `auth0.continue_url`: that is for Auth0",
    ),
    ("INVALID_SUBJECT", "it is about another user"),
    ("INVALID_IP", "the person came to Auth0 from another address"),
    ("REPLAYED", "it has been used before"),
];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let rows: Vec<String> = CAUSES
        .iter()
        .map(|(cause, meaning)| format!("| `{cause}` | {meaning} |"))
        .collect();
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: format!("{DOCS}\n\n| cause | meaning |\n|---|---|\n{}", rows.join("\n")).into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["token"],
            "properties": {
                "token": {
                    "type": "string", "secret": true,
                    "description": "What came as `session_token`."
                },
                "user_id": {
                    "type": "string",
                    "description": "Whom it must be about, where that is known: a session of your own belongs to the same user."
                },
                "ip": {
                    "type": "string",
                    "description": "Where the person comes from, to be compared with where they came to Auth0 from. People who \
                        change networks on the way are refused; not looked at when left out."
                },
                "single_use": {
                    "type": "boolean", "default": true,
                    "description": "Whether the token is used up. A flow that only shows a form says `false`; the one that takes \
                        what was filled in does not."
                },
                "clock_tolerance": {
                    "type": "string", "default": "0s",
                    "description": "By how much the clocks may differ; at most `10m`."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["valid", "cause"],
            "properties": {
                "valid": { "type": "boolean", "description": "Whether it is." },
                "cause": {
                    "enum": CAUSES.iter().map(|(cause, _)| json!(cause)).chain([Value::Null]).collect::<Vec<_>>(),
                    "description": "Why it is not; null where it is."
                },
                "detail": { "type": "string", "description": "The cause in words, for who looks for the mistake." },
                "user_id": { "type": "string", "description": "Of a valid token: whom it is about." },
                "domain": { "type": "string", "description": "Of a valid token: where the person logs in; for `auth0.continue_url`." },
                "payload": { "type": "object", "description": "Of a valid token: its claims." }
            }
        })),
        errors: vec![NO_SECRET, UNAVAILABLE],
        connection: Some(CONNECTION_TYPE.into()),
        settings: vec!["session_token_secret".into()],
        check: Some(check),
        example:
            "id: session\naction: auth0.verify_session_token\nwith:\n  token: \"{{input.session_token}}\"\n"
                .into(),
        ..ActionSpec::new(
            "auth0.verify_session_token",
            Effect::Idempotent,
            "Verifies the token with which an Action has redirected somebody",
        )
    })
});

const DOCS: &str = "\
For flows behind a redirect of a post-login Action or a rule: the Action signs a token (`api.redirect.encodeToken`) and \
sends the person with it; `auth0.continue_url` makes the way back.

A token that is not valid is an answer, not an error: `valid` is false and `cause` says why.

The connection's `session_token_secret` is the secret of the Action. The issuer must be the connection's `login_domain` or \
its tenant domain, as Actions write it (`login.acme.com`) or as URL with its slash (`https://login.acme.com/`). HS256 only; \
`exp` and `sub` must be there.

A token is good once: its `jti`, or where it has none its hash, is remembered until it expires. A step that is done again \
after a crash gets the same answer.";

/// Verifies the token with which an Action has redirected somebody.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifySessionToken;

/// A token that is refused.
#[derive(Debug, PartialEq)]
struct Refusal {
    cause: &'static str,
    detail: String,
}

impl Refusal {
    fn new(cause: &'static str, detail: impl Into<String>) -> Self {
        Self {
            cause,
            detail: detail.into(),
        }
    }
}

/// A token that is what it should be.
#[derive(Debug)]
struct Session {
    user_id: String,
    host: LoginHost,
    expires: f64,
    payload: Map<String, Value>,
}

#[async_trait]
impl Action for VerifySessionToken {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let connection: &Auth0Connection = context.connection()?;
        let tolerance = match input.get("clock_tolerance").and_then(Value::as_str) {
            Some(text) => tolerance(text).map_err(|problem| {
                ActionError::new("invalid_input", format!("`clock_tolerance`: {problem}"))
            })?,
            None => Duration::ZERO,
        };
        let token = input.get("token").and_then(Value::as_str).unwrap_or_default();
        let now = context.clock.now();
        let verified = verify(connection, token, &input, tolerance, now)?;
        let is_single = input.get("single_use").and_then(Value::as_bool) != Some(false);
        let verified = match verified {
            Ok(session) if is_single && !use_up(context, token, &session, tolerance, now).await? => {
                Err(Refusal::new("REPLAYED", "it has been used before"))
            }
            verified => verified,
        };
        Ok(match verified {
            Ok(session) => json!({
                "valid": true,
                "cause": null,
                "user_id": session.user_id,
                "domain": session.host.name(),
                "payload": session.payload,
            }),
            Err(refusal) => json!({ "valid": false, "cause": refusal.cause, "detail": refusal.detail }),
        })
    }
}

/// The connection's secret.
///
/// # Errors
/// It has none.
pub(super) fn secret(connection: &Auth0Connection) -> Result<&secrecy::SecretString, ActionError> {
    connection.session_tokens().secret.as_ref().ok_or_else(|| {
        ActionError::new(
            NO_SECRET.code,
            format!(
                "the connection `{}` has no `session_token_secret`: it is the secret with which the Action signs",
                connection.name()
            ),
        )
    })
}

/// All that can be seen in the token itself. The outer error is the connection's.
fn verify(
    connection: &Auth0Connection,
    token: &str,
    input: &Value,
    tolerance: Duration,
    now: Timestamp,
) -> Result<Result<Session, Refusal>, ActionError> {
    let secret = secret(connection)?;
    Ok(read(secret, token)
        .map_err(unreadable)
        .and_then(|claims| look_at(claims, &connection.session_tokens().hosts, input, tolerance, now)))
}

fn unreadable(problem: Unreadable) -> Refusal {
    match problem {
        Unreadable::TooLarge => Refusal::new("TOKEN_TOO_LARGE", "it is longer than any token of Auth0's"),
        Unreadable::Malformed => Refusal::new("MALFORMED", "it is no signed token"),
        Unreadable::Algorithm => Refusal::new("ALGORITHM_MISMATCH", "it is not signed with HS256"),
        Unreadable::Critical => Refusal::new("UNSUPPORTED_HEADER", "its header has a `crit`"),
        Unreadable::Signature => Refusal::new("INVALID_SIGNATURE", "its signature does not hold"),
    }
}

fn look_at(
    claims: Map<String, Value>,
    hosts: &[LoginHost],
    input: &Value,
    tolerance: Duration,
    now: Timestamp,
) -> Result<Session, Refusal> {
    let missing = |name: &str| Refusal::new("MISSING_CLAIM", format!("it has no `{name}`"));
    let wrong = |name: &str| Refusal::new("MALFORMED", format!("its `{name}` has the wrong type"));
    let date = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| wrong(name)),
    };
    let text = |name: &str| match claims.get(name) {
        None => Err(missing(name)),
        Some(value) => value
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| wrong(name)),
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit")]
    let now = now.as_millisecond() as f64 / 1000.0;
    let tolerance = tolerance.as_secs_f64();
    let expires = date("exp")?.ok_or_else(|| missing("exp"))?;
    if now >= expires + tolerance {
        return Err(Refusal::new("TOKEN_EXPIRED", "its `exp` is past"));
    }
    if date("nbf")?.is_some_and(|begins| now < begins - tolerance) {
        return Err(Refusal::new("TOKEN_NOT_ACTIVE", "its `nbf` is in the future"));
    }
    let issuer = text("iss")?;
    let host = hosts
        .iter()
        .find(|host| host.has_issued(issuer))
        .cloned()
        .ok_or_else(|| {
            let expected: Vec<String> = hosts.iter().map(|host| format!("`{}`", host.issuer())).collect();
            let detail = format!(
                "its `iss` is not {} (`login_domain` of the connection says where people log in)",
                expected.join(" or ")
            );
            Refusal::new("INVALID_ISSUER", detail)
        })?;
    if claims
        .get("jti")
        .and_then(Value::as_str)
        .is_some_and(|id| id.starts_with(ANSWER))
    {
        return Err(Refusal::new(
            "OWN_ANSWER",
            "it is an answer to Auth0, not a token of Auth0's",
        ));
    }
    let user_id = text("sub")?.to_owned();
    if let Some(expected) = input.get("user_id").and_then(Value::as_str)
        && user_id != expected
    {
        return Err(Refusal::new("INVALID_SUBJECT", "its `sub` is another"));
    }
    if let Some(expected) = input.get("ip").and_then(Value::as_str) {
        let same = claims
            .get("ip")
            .and_then(Value::as_str)
            .is_some_and(|found| address(found).is_some_and(|found| address(expected) == Some(found)));
        if !same {
            let detail = if claims.contains_key("ip") {
                "its `ip` is another"
            } else {
                "it has no `ip`"
            };
            return Err(Refusal::new("INVALID_IP", detail));
        }
    }
    Ok(Session {
        user_id,
        host,
        expires,
        payload: claims,
    })
}

/// An address in one form, however it is written.
fn address(text: &str) -> Option<IpAddr> {
    text.trim()
        .parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// Remembers the token until it expires. False where somebody else has used it; this step itself may come again.
async fn use_up(
    context: &ActionContext<'_>,
    token: &str,
    session: &Session,
    tolerance: Duration,
    now: Timestamp,
) -> Result<bool, StateError> {
    let key = key(token, session);
    let by = json!({ "by": hex(&context.identity()) });
    // What no timestamp can say expires with the last one.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number that is too large becomes the largest"
    )]
    let second = (session.expires + tolerance.as_secs_f64()).ceil() as i64;
    let until = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    if context.state.put(&key, None, &by, until, now).await? {
        return Ok(true);
    }
    let entry = context.state.get(&key, now).await?;
    Ok(entry.is_some_and(|entry| entry.value == by))
}

/// By its id where it has one: of one issuer, ids are its own (RFC 7519 §4.1.7). Else by what is signed of it, since a
/// signature of HS256 follows from that.
fn key(token: &str, session: &Session) -> String {
    let mut hash = Sha256::new();
    let id = session.payload.get("jti").filter(|id| !id.is_null());
    match id {
        Some(id) => {
            hash.update(session.host.issuer());
            hash.update([0]);
            hash.update(id.to_string());
        }
        None => hash.update(token.rsplit_once('.').map_or(token, |(signed, _)| signed)),
    }
    let kind = if id.is_some() { "jti" } else { "hash" };
    format!("auth0.session_token:{kind}:{}", hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
            text
        })
}

fn tolerance(text: &str) -> Result<Duration, String> {
    let tolerance = parse_duration(text).map_err(|error| error.to_string())?;
    if tolerance > MOST_TOLERANCE {
        return Err("clocks that differ by more than ten minutes are wrong".to_owned());
    }
    Ok(tolerance)
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let pointer = "/clock_tolerance";
    let text = known.value.get("clock_tolerance").and_then(Value::as_str);
    text.filter(|_| !known.is_unknown(pointer))
        .and_then(|text| tolerance(text).err())
        .map(|message| InputProblem {
            pointer: pointer.to_owned(),
            message,
            help: None,
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
#[path = "verify_session_token_tests.rs"]
pub(super) mod tests;
