//! `jwt.verify`: whether a token was signed with a key of the connection, and says what the step asks.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use lockgate_http::{Exchange, HttpPolicy, SystemResolver};
use serde_json::{Value, json};
use url::Url;

use super::cause::{Cause, Refusal};
use super::claims::{Expected, MOST_TOLERANCE, duration, one_or_more};
use super::compact::Compact;
use super::connection::{CONNECTION_TYPE, JwtConnection, Verifying};
use super::key_set::KeySet;
use super::remote::{KEY_SET_UNAVAILABLE, Need, RemoteKeys};

/// Header parameters by which a token would choose its own key (RFC 7515 §4.1.2 to §4.1.6).
const KEYS_IN_HEADER: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: docs().into(),
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: vec![ErrorSpec::new(
            KEY_SET_UNAVAILABLE,
            502,
            "the key set of the connection cannot be fetched, and none is known",
        )],
        connection: Some(CONNECTION_TYPE.into()),
        check: Some(check),
        example: "id: verified\naction: jwt.verify\nconnection: jwt\nwith:\n  token: \"{{input.token}}\"\n  \
                  issuer: https://acme.eu.auth0.com/\n  audience: https://api.example.com\n"
            .into(),
        offline: true,
        ..ActionSpec::new("jwt.verify", Effect::Read, "Verifies a token")
    })
});

fn docs() -> String {
    let row = |(cause, meaning): &(Cause, &str)| format!("| `{}` | {meaning} |", cause.name());
    let causes: Vec<String> = Cause::ALL.iter().map(row).collect();
    let causes = causes.join("\n");
    format!(
        "A token that is not valid is an answer, not an error: `valid` is false and `cause` says why. The step fails only \
         where the keys cannot be had.\n\n\
         | cause | meaning |\n|---|---|\n{causes}\n\n\
         The algorithm is the connection's, whatever the token says. Keys that a token brings along are not used, and a \
         token with one is refused; a `jku` is accepted where it is the connection's own `jwks_url`.\n\n\
         A token must have an `exp`, unless `required_claims` says otherwise: `[]` accepts tokens that never end. Name the \
         `audience`, where tokens of the same issuer are meant for others, too.\n\n\
         Key sets are kept as long as their answers say (a minute to six hours), fetched anew when a token names a key that \
         is not among them (at most once in 30 s), and used on for a day where their server is gone."
    )
}

fn input() -> Value {
    let several = |description: &str| {
        json!({
            "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }],
            "description": description
        })
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["token"],
        "properties": {
            "token": { "type": "string", "secret": true, "description": "The token, in its compact form." },
            "issuer": several(
                "Who must have issued it (`iss`), to the letter; or a list of them. The connection's when left out."
            ),
            "audience": several("Whom it must be meant for (`aud`): one of these is enough. Not looked at when left out."),
            "subject": { "type": "string", "description": "Whom it must be about (`sub`)." },
            "required_claims": {
                "type": "array", "items": { "type": "string" }, "default": ["exp"],
                "description": "Claims that it must have, whatever their values."
            },
            "clock_tolerance": {
                "type": ["string", "integer"], "minimum": 0, "default": "0s",
                "description": "By how much the clocks may differ, for `exp` and `nbf`: a duration, or seconds; at most `10m`."
            }
        }
    })
}

fn output() -> Value {
    let causes: Vec<Value> = Cause::ALL
        .iter()
        .map(|(cause, _)| json!(cause.name()))
        .chain([Value::Null])
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["valid", "cause"],
        "properties": {
            "valid": { "type": "boolean", "description": "Whether it is." },
            "cause": { "enum": causes, "description": "Why it is not; null where it is." },
            "detail": { "type": "string", "description": "The cause in words, for who looks for the mistake." },
            "header": { "type": "object", "description": "Of a valid token: what it says of its signature." },
            "payload": { "type": "object", "description": "Of a valid token: its claims." },
            "signature": { "type": "string", "secret": true, "description": "Of a valid token: in base64url." }
        }
    })
}

/// Verifies a token. Holds the pool that key sets are fetched with.
pub(super) struct JwtVerify {
    exchange: Exchange,
}

impl JwtVerify {
    /// An action that fetches key sets from where the policy allows. Opens no socket.
    pub(super) fn new(policy: HttpPolicy) -> Self {
        Self {
            exchange: Exchange::new(policy, Arc::new(SystemResolver)),
        }
    }
}

#[async_trait]
impl Action for JwtVerify {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let connection: &JwtConnection = context.connection()?;
        let expected = expected(&input, connection.issuer.as_deref())?;
        let token = input.get("token").and_then(Value::as_str).unwrap_or_default();
        Ok(match self.verify(connection, token, &expected, context).await? {
            Ok(token) => json!({
                "valid": true,
                "cause": null,
                "header": token.header,
                "payload": token.payload,
                "signature": token.signature_text,
            }),
            Err(refusal) => refusal.answer(),
        })
    }
}

impl JwtVerify {
    /// The outer error: there are no keys. The inner one: the token is refused.
    async fn verify<'a>(
        &self,
        connection: &JwtConnection,
        token: &'a str,
        expected: &Expected,
        context: &ActionContext<'_>,
    ) -> Result<Result<Compact<'a>, Refusal>, ActionError> {
        let token = match read(connection, token) {
            Ok(token) => token,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let signed = match &connection.verifying {
            Verifying::Fixed(keys) => check_jku(&token, None).and_then(|()| verify_with(keys, &token)),
            Verifying::Remote(remote) => self.verify_remotely(remote, &token, context).await?,
        };
        let now = context.clock.now();
        Ok(signed
            .and_then(|()| expected.check(&token.payload, now))
            .map(|()| token))
    }

    /// As [`Self::verify`], the signature alone.
    async fn verify_remotely(
        &self,
        remote: &RemoteKeys,
        token: &Compact<'_>,
        context: &ActionContext<'_>,
    ) -> Result<Result<(), Refusal>, ActionError> {
        let id = token.header_text("kid");
        let need = id.map_or(Need::Any, Need::Key);
        let fetched = remote.get(need, &self.exchange, context).await?;
        let mut outcome =
            check_jku(token, Some(&fetched.url)).and_then(|()| verify_with(&fetched.keys, token));
        // A token that names no key cannot show that the set is old: only that none of its keys has signed it.
        if id.is_none() && matches!(&outcome, Err(refusal) if refusal.cause != Cause::KeyInHeader) {
            let newer = Need::NewerThan(fetched.generation);
            let newest = remote.get(newer, &self.exchange, context).await?;
            if newest.generation != fetched.generation {
                outcome = verify_with(&newest.keys, token);
            }
        }
        Ok(outcome)
    }
}

/// What can be refused before a key is looked for.
fn read<'a>(connection: &JwtConnection, token: &'a str) -> Result<Compact<'a>, Refusal> {
    let token = Compact::parse(token)?;
    let header = &token.header;
    // RFC 7515 §4.1.11: what is critical and not understood must be refused. Nothing of it is understood here.
    if header.contains_key("crit") {
        return Err(Refusal::new(Cause::UnsupportedHeader, "its header has a `crit`"));
    }
    // `jku` is looked at when it is known where the keys come from.
    if let Some(name) = KEYS_IN_HEADER
        .iter()
        .find(|name| **name != "jku" && header.contains_key(**name))
    {
        return Err(Refusal::new(
            Cause::KeyInHeader,
            format!("its header has a `{name}`"),
        ));
    }
    match header.get("alg").map(Value::as_str) {
        None | Some(None) => return Err(Refusal::new(Cause::Malformed, "its header has no `alg`")),
        Some(Some(name)) if name != connection.algorithm.name() => {
            let detail = format!("it is not signed with {}", connection.algorithm.name());
            return Err(Refusal::new(Cause::AlgorithmMismatch, detail));
        }
        Some(Some(_)) => {}
    }
    match header.get("kid") {
        None | Some(Value::String(_)) => Ok(token),
        Some(_) => Err(Refusal::new(Cause::Malformed, "its `kid` is no text")),
    }
}

/// A `jku` is accepted where it says what is known anyway (RFC 8725 §3.10).
fn check_jku(token: &Compact<'_>, known: Option<&Url>) -> Result<(), Refusal> {
    match token.header.get("jku") {
        None => Ok(()),
        Some(Value::String(url))
            if known.is_some_and(|known| Url::parse(url).is_ok_and(|url| url == *known)) =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::new(
            Cause::KeyInHeader,
            "its header has a `jku` that is not the connection's",
        )),
    }
}

fn verify_with(keys: &KeySet, token: &Compact<'_>) -> Result<(), Refusal> {
    let id = token.header_text("kid");
    let mut any = false;
    for key in keys.candidates(id) {
        any = true;
        if key.verifies(token.signed.as_bytes(), &token.signature) {
            return Ok(());
        }
    }
    Err(match (any, id) {
        (true, _) => Refusal::new(Cause::InvalidSignature, "its signature does not hold"),
        (false, Some(_)) => Refusal::new(Cause::UnknownKey, "no key has the id of its `kid`"),
        (false, None) => Refusal::new(Cause::UnknownKey, "there is no key for its algorithm"),
    })
}

fn expected(input: &Value, issuer: Option<&str>) -> Result<Expected, ActionError> {
    let mut issuers = one_or_more(input.get("issuer"));
    if issuers.is_empty() {
        issuers.extend(issuer.map(str::to_owned));
    }
    let tolerance = input.get("clock_tolerance").map(tolerance).transpose();
    Ok(Expected {
        issuers,
        audiences: one_or_more(input.get("audience")),
        subject: input.get("subject").and_then(Value::as_str).map(str::to_owned),
        required: match input.get("required_claims") {
            Some(names) => one_or_more(Some(names)),
            None => vec!["exp".to_owned()],
        },
        tolerance: tolerance
            .map_err(|problem| ActionError::new("invalid_input", format!("`clock_tolerance`: {problem}")))?
            .unwrap_or_default(),
    })
}

fn tolerance(value: &Value) -> Result<std::time::Duration, String> {
    let tolerance = duration(value)?;
    if tolerance > MOST_TOLERANCE {
        return Err("clocks that differ by more than ten minutes are wrong".to_owned());
    }
    Ok(tolerance)
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let pointer = "/clock_tolerance";
    known
        .value
        .get("clock_tolerance")
        .filter(|_| !known.is_unknown(pointer))
        .and_then(|value| tolerance(value).err())
        .map(|message| InputProblem {
            pointer: pointer.to_owned(),
            message,
            help: None,
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
