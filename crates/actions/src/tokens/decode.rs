//! `jwt.decode`: what a token says, without asking whether it is true.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::compact::Compact;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Nothing is verified: anybody can have written the token. Use `jwt.verify` before anything depends on what it \
               says."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["token"],
            "properties": {
                "token": { "type": "string", "secret": true, "description": "A token in its compact form; at most 16 KiB." }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["header", "payload", "signature"],
            "properties": {
                "header": { "type": "object", "description": "What it says of its signature." },
                "payload": { "type": "object", "description": "Its claims." },
                "signature": { "type": "string", "secret": true, "description": "In base64url." }
            }
        })),
        errors: vec![ErrorSpec::new("invalid_token", 400, "the text is no signed token")],
        example: "id: decoded\naction: jwt.decode\nwith:\n  token: \"{{input.token}}\"\n".into(),
        ..ActionSpec::new("jwt.decode", Effect::Pure, "Reads a token without verifying it")
    })
});

/// Reads a token without verifying it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JwtDecode;

#[async_trait]
impl Action for JwtDecode {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let token = input.get("token").and_then(Value::as_str).unwrap_or_default();
        let token = Compact::parse(token).map_err(|refusal| {
            ActionError::new(
                "invalid_token",
                format!("the token was not read: {}", refusal.detail),
            )
        })?;
        Ok(json!({ "header": token.header, "payload": token.payload, "signature": token.signature_text }))
    }
}

#[cfg(test)]
mod tests {
    use lockgate_engine::clock::SystemClock;
    use lockgate_engine::testing::LoneStep;

    use super::super::vectors;
    use super::*;

    #[tokio::test]
    async fn a_token_is_read_whoever_signed_it() {
        let step = LoneStep::on(SystemClock::new());
        let claims = json!({ "iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true });
        for (token, header, signature) in [
            (
                vectors::A1_TOKEN,
                json!({ "typ": "JWT", "alg": "HS256" }),
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
            // RFC 7519 §6.1: nobody signed it.
            (vectors::UNSECURED_TOKEN, json!({ "alg": "none" }), ""),
        ] {
            let output = step.call(&JwtDecode, json!({ "token": token })).await.unwrap();
            assert_eq!(
                output,
                json!({ "header": header, "payload": claims, "signature": signature })
            );
        }
        for token in ["", "a.b.c", vectors::A4_TOKEN, &"a".repeat(20_000)] {
            let error = step
                .call(&JwtDecode, json!({ "token": token }))
                .await
                .unwrap_err();
            assert_eq!(error.code, "invalid_token");
            assert!(SPEC.error(&error.code).is_some());
        }
    }
}
