//! `jwt.sign`: claims → a signed token.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};

use super::claims::duration;
use super::compact::{MAX_TOKEN, join, to_be_signed};
use super::connection::{CONNECTION_TYPE, JwtConnection};

/// The arguments that make a claim, and which.
const CLAIMS: [(&str, &str); 6] = [
    ("issuer", "iss"),
    ("subject", "sub"),
    ("audience", "aud"),
    ("expires_in", "exp"),
    ("not_before", "nbf"),
    ("id", "jti"),
];

/// Header parameters that are not an author's to write: they come from the connection, or change what the token is.
const RESERVED: [&str; 11] = [
    "alg", "kid", "crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip", "p2c",
];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(input()),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["token"],
            "properties": {
                "token": { "type": "string", "secret": true, "description": "The token, in its compact form." }
            }
        })),
        errors: vec![
            ErrorSpec::new("no_signing_key", 500, "the connection has no key to sign with"),
            ErrorSpec::new(
                "invalid_claims",
                500,
                "the claims or the header cannot be signed as they are",
            ),
            ErrorSpec::new("signing_failed", 500, "the key could not make a signature"),
        ],
        connection: Some(CONNECTION_TYPE.into()),
        check: Some(check),
        example: "id: sign\naction: jwt.sign\nconnection: jwt\nwith:\n  subject: \"{{input.user_id}}\"\n  \
                  audience: https://api.example.com\n  expires_in: 5m\n  payload: { plan: pro }\n"
            .into(),
        ..ActionSpec::new("jwt.sign", Effect::Pure, "Signs a token")
    })
});

const DOCS: &str = "\
The keys of `payload` are claims. `iat` is set to the time of the step, unless the payload has one. A claim is given by \
an argument or by the payload, not by both.

The issuer is the connection's, where it has one and the step names none. A token without `expires_in` (or `exp`) is \
valid for ever: give it an end.

A token is signed, not encrypted: whoever has it reads it.";

fn input() -> Value {
    let period = |description: &str| json!({ "type": ["string", "integer"], "minimum": 0, "description": description });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "payload": {
                "type": "object", "exposed": "a token",
                "description": "The claims."
            },
            "subject": { "type": "string", "exposed": "a token", "description": "Whom it is about (`sub`)." },
            "issuer": { "type": "string", "description": "Who issues it (`iss`). The connection's when left out." },
            "audience": {
                "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }],
                "description": "Whom it is meant for (`aud`): one, or a list."
            },
            "expires_in": period("How long it is valid (`exp`): a duration like `15s`, or seconds."),
            "not_before": period("When it begins to be valid, from now (`nbf`): a duration, or seconds."),
            "id": { "type": "string", "minLength": 1, "description": "Its own id (`jti`), like `{{uuid}}`." },
            "key_id": { "type": "string", "minLength": 1, "description": "The key's id (`kid`). The connection's when left out." },
            "headers": {
                "type": "object", "exposed": "a token",
                "description": "Further header parameters, like `typ: at+jwt` in place of `JWT`."
            }
        }
    })
}

/// Signs a token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JwtSign;

#[async_trait]
impl Action for JwtSign {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let connection: &JwtConnection = context.connection()?;
        let signing = connection.signing.as_ref().ok_or_else(|| {
            ActionError::new(
                "no_signing_key",
                format!(
                    "the connection `{}` has no key to sign with: it needs a `private_key`",
                    connection.name
                ),
            )
        })?;
        let refuse = |problem: String| {
            ActionError::new("invalid_claims", format!("the token was not signed: {problem}"))
        };
        let now = context.clock.now().as_second();
        let payload = claims(&input, connection.issuer.as_deref(), now).map_err(refuse)?;
        let header = header(&input, signing.key.algorithm().name(), signing.id.as_deref()).map_err(refuse)?;
        let signed = to_be_signed(header, payload);
        let signature = signing.key.sign(signed.as_bytes()).ok_or_else(|| {
            ActionError::new(
                "signing_failed",
                format!(
                    "the key of the connection `{}` made no signature",
                    connection.name
                ),
            )
        })?;
        let token = join(signed, &signature);
        if token.len() > MAX_TOKEN {
            let problem = format!(
                "it would have {} bytes, and {MAX_TOKEN} are the most",
                token.len()
            );
            return Err(refuse(problem));
        }
        Ok(json!({ "token": token }))
    }
}

/// The claims: those of the payload, then those of the arguments.
fn claims(input: &Value, issuer: Option<&str>, now: i64) -> Result<Map<String, Value>, String> {
    let mut claims = input
        .get("payload")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (argument, claim) in CLAIMS {
        let Some(value) = input.get(argument) else {
            continue;
        };
        if claims.contains_key(claim) {
            return Err(twice(argument, claim));
        }
        let value = match argument {
            "expires_in" | "not_before" => {
                let after = duration(value).map_err(|problem| format!("`{argument}`: {problem}"))?;
                json!(now.saturating_add_unsigned(after.as_secs()))
            }
            _ => value.clone(),
        };
        claims.insert(claim.to_owned(), value);
    }
    if let Some(issuer) = issuer
        && !claims.contains_key("iss")
    {
        claims.insert("iss".to_owned(), json!(issuer));
    }
    if !claims.contains_key("iat") {
        claims.insert("iat".to_owned(), json!(now));
    }
    Ok(claims)
}

fn header(input: &Value, algorithm: &str, id: Option<&str>) -> Result<Map<String, Value>, String> {
    let mut header = Map::from_iter([
        ("alg".to_owned(), json!(algorithm)),
        ("typ".to_owned(), json!("JWT")),
    ]);
    if let Some(id) = input.get("key_id").and_then(Value::as_str).or(id) {
        header.insert("kid".to_owned(), json!(id));
    }
    for (name, value) in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if RESERVED.contains(&name.as_str()) {
            return Err(reserved(name));
        }
        header.insert(name.clone(), value.clone());
    }
    Ok(header)
}

fn twice(argument: &str, claim: &str) -> String {
    format!("`{argument}` and the payload's `{claim}` say the same")
}

fn reserved(name: &str) -> String {
    format!("the header parameter `{name}` is not for flows to write")
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let mut found = |pointer: String, message: String, help: Option<&str>| {
        problems.push(InputProblem {
            pointer,
            message,
            help: help.map(str::to_owned),
        });
    };
    let input = &known.value;
    for (argument, claim) in CLAIMS {
        let in_payload = input.get("payload").and_then(|payload| payload.get(claim));
        if input.get(argument).is_some() && in_payload.is_some() {
            found(
                format!("/payload/{claim}"),
                twice(argument, claim),
                Some("keep one of them"),
            );
        }
    }
    for name in ["expires_in", "not_before"] {
        let pointer = format!("/{name}");
        if let Some(value) = input.get(name).filter(|_| !known.is_unknown(&pointer))
            && let Err(problem) = duration(value)
        {
            found(pointer, problem, None);
        }
    }
    for name in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
    {
        if RESERVED.contains(&name.as_str()) {
            let help = match name.as_str() {
                "kid" => "write `key_id`",
                "alg" => "the algorithm is the connection's",
                _ => "leave it out",
            };
            found(format!("/headers/{name}"), reserved(name), Some(help));
        }
    }
    problems
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
