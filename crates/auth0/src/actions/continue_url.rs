//! `auth0.continue_url`: the way back into a log-in that an Action has interrupted.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Builder;

use super::verify_session_token::{NO_SECRET, secret};
use crate::connection::Auth0Connection;
use crate::session_token::{ANSWER, MAX_TOKEN, sign};
use crate::settings::CONNECTION_TYPE;

/// How long an answer is valid that does not say: long enough for a redirect.
const LIFE: &str = "15s";

const CALLED_STATE: &str = "the token cannot be called `state`: that is the log-in's";

/// The claims that the action writes itself.
const OWN: [&str; 8] = ["sub", "iss", "iat", "exp", "nbf", "jti", "state", "other"];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["state", "user_id"],
            "properties": {
                "state": {
                    "type": "string", "minLength": 1,
                    "description": "What came as `state` with the redirect. Auth0 compares it with the log-in's."
                },
                "user_id": {
                    "type": "string", "minLength": 1,
                    "description": "Whom the answer is about: the `user_id` of `auth0.verify_session_token`."
                },
                "other": {
                    "type": "object", "exposed": "a token",
                    "description": "What was collected, as one claim `other`: where the published integrations look for it."
                },
                "claims": {
                    "type": "object", "exposed": "a token",
                    "description": "Further claims, beside each other: what an Action of your own reads of the payload."
                },
                "domain": {
                    "type": "string",
                    "description": "Where the person logs in: the `domain` of `auth0.verify_session_token`. It must be one of the \
                        connection's; its `login_domain` when left out."
                },
                "expires_in": {
                    "type": "string", "default": LIFE,
                    "description": "How long the answer is valid."
                },
                "token_parameter": {
                    "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_.-]+$", "default": "session_token",
                    "description": "The name that the Action gives as `tokenParameterName`."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["url", "token", "form"],
            "properties": {
                "url": { "type": "string", "description": "Where to redirect to: `/continue` with `state` and the token." },
                "token": { "type": "string", "secret": true, "description": "The answer." },
                "form": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["action", "fields"],
                    "properties": {
                        "action": { "type": "string", "description": "Where a form posts to: `/continue` with `state`." },
                        "fields": {
                            "type": "object",
                            "secret": true,
                            "additionalProperties": { "type": "string" },
                            "description": "Its hidden fields: the token, by the name of `token_parameter`."
                        }
                    },
                    "description": "The same as a form that posts itself: keeps the token out of histories and logs."
                }
            }
        })),
        errors: vec![
            NO_SECRET,
            ErrorSpec::new("unknown_domain", 500, "`domain` is none of the connection's"),
            ErrorSpec::new("invalid_claims", 500, "the claims cannot be signed as they are"),
        ],
        connection: Some(CONNECTION_TYPE.into()),
        settings: vec!["session_token_secret".into()],
        check: Some(check),
        example: "id: back\naction: auth0.continue_url\nwith:\n  state: \"{{input.state}}\"\n  \
                  user_id: \"{{steps.session.user_id}}\"\n  domain: \"{{steps.session.domain}}\"\n  \
                  other: { company: \"{{input.company}}\" }\n"
            .into(),
        ..ActionSpec::new(
            "auth0.continue_url",
            Effect::Pure,
            "Makes the URL on which an interrupted log-in goes on",
        )
    })
});

const DOCS: &str = "\
Signs an answer with the connection's `session_token_secret` (HS256, 15 seconds unless you say otherwise) and says where to \
send the person with it. In the Action, `api.redirect.validateToken` reads it: signature, time, and that its `state` is the \
log-in's.

`redirect` to `url` is the short way. Auth0 advises to post the token instead, since URLs are kept in histories and logs: \
answer with a page whose form posts `form.fields` to `form.action`.

Whoever has the answer sees what is in it.";

/// Makes the URL on which an interrupted log-in goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContinueUrl;

#[async_trait]
impl Action for ContinueUrl {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let connection: &Auth0Connection = context.connection()?;
        let secret = secret(connection)?;
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let hosts = &connection.session_tokens().hosts;
        let host = match text("domain") {
            // A domain that comes from outside would lead people, and their tokens, elsewhere.
            Some(domain) => hosts.iter().find(|host| host.name().eq_ignore_ascii_case(domain)),
            None => hosts.first(),
        };
        let host = host.ok_or_else(|| {
            let known: Vec<String> = hosts.iter().map(|host| format!("`{host}`")).collect();
            ActionError::new(
                "unknown_domain",
                format!(
                    "the connection `{}` knows no other domain than {}: `login_domain` says where people log in",
                    connection.name(),
                    known.join(" and ")
                ),
            )
        })?;
        let refuse = |problem: String| {
            ActionError::new("invalid_claims", format!("the answer was not signed: {problem}"))
        };
        let life = parse_duration(text("expires_in").unwrap_or(LIFE))
            .map_err(|error| refuse(format!("`expires_in`: {error}")))?;
        let state = text("state").unwrap_or_default();
        let now = context.clock.now().as_second();
        let mut id = [0; 16];
        (context.entropy)(&mut id);
        let id = format!("{ANSWER}{}", Builder::from_random_bytes(id).into_uuid());

        let mut claims = match input.get("claims").and_then(Value::as_object) {
            Some(claims) => match claims.keys().find(|name| OWN.contains(&name.as_str())) {
                Some(name) => return Err(refuse(own(name))),
                None => claims.clone(),
            },
            None => Map::new(),
        };
        if let Some(other) = input.get("other") {
            claims.insert("other".to_owned(), other.clone());
        }
        for (name, value) in [
            ("sub", json!(text("user_id"))),
            ("iss", json!(host.issuer())),
            ("iat", json!(now)),
            ("exp", json!(now.saturating_add_unsigned(life.as_secs()))),
            ("jti", json!(id)),
            ("state", json!(state)),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let token = sign(secret, &Value::Object(claims))
            .ok_or_else(|| refuse("the library refused it".to_owned()))?;
        if token.len() > MAX_TOKEN {
            return Err(refuse(format!(
                "it would have {} bytes, and {MAX_TOKEN} are the most",
                token.len()
            )));
        }

        let parameter = text("token_parameter").unwrap_or("session_token");
        if parameter == "state" {
            return Err(refuse(CALLED_STATE.to_owned()));
        }
        let mut action =
            Url::parse(&host.continue_url()).map_err(|error| refuse(format!("the domain: {error}")))?;
        action.query_pairs_mut().append_pair("state", state);
        let mut url = action.clone();
        url.query_pairs_mut().append_pair(parameter, &token);
        Ok(json!({
            "url": url.as_str(),
            "token": token,
            "form": { "action": action.as_str(), "fields": { parameter: token } },
        }))
    }
}

fn own(name: &str) -> String {
    format!("the claim `{name}` is made from another argument")
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
    let claims = known.value.get("claims").and_then(Value::as_object);
    for name in claims
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| OWN.contains(&name.as_str()))
    {
        let help = match name.as_str() {
            "sub" => "write `user_id`",
            "iss" => "write `domain`",
            "exp" => "write `expires_in`",
            "state" | "other" => "write it beside `claims`",
            _ => "leave it out",
        };
        found(format!("/claims/{name}"), own(name), Some(help));
    }
    if let Some(text) = known.value.get("expires_in").and_then(Value::as_str)
        && let Err(error) = parse_duration(text)
    {
        found("/expires_in".to_owned(), error.to_string(), None);
    }
    if known.value.get("token_parameter").and_then(Value::as_str) == Some("state") {
        found(
            "/token_parameter".to_owned(),
            CALLED_STATE.to_owned(),
            Some("leave it out, or write what the Action has as `tokenParameterName`"),
        );
    }
    problems
}

#[cfg(test)]
#[path = "continue_url_tests.rs"]
mod tests;
