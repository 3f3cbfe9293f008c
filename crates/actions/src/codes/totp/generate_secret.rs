//! `totp.generate_secret`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group};
use lockgate_flow::schema::Schema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::parameters::{Hash, Parameters};
use super::read;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut input = Map::from_iter([
        (
            "issuer".to_owned(),
            json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^:]+$", "description": "Who asks for the codes, as the app shows it: the product's name." }),
        ),
        (
            "account".to_owned(),
            json!({ "type": "string", "minLength": 1, "maxLength": 250, "pattern": "^[^:]+$", "description": "Whose codes they are, as the app shows it: an e-mail address." }),
        ),
    ]);
    let mut output = Map::from_iter([
        (
            "secret".to_owned(),
            json!({ "type": "string", "secret": true, "description": "The secret, in base32 without padding: to be kept with the user, and given to `totp.verify`." }),
        ),
        (
            "uri".to_owned(),
            json!({ "type": "string", "secret": true, "description": "The `otpauth` URI: what a QR code holds." }),
        ),
    ]);
    for (name, mut schema) in Parameters::schemas() {
        input.insert(name.to_owned(), schema.clone());
        schema.as_object_mut().map(|schema| schema.remove("default"));
        output.insert(name.to_owned(), schema);
    }
    let given: Vec<_> = output.keys().cloned().collect();
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["issuer", "account"],
            "properties": input
        })),
        output: Schema::new(json!({ "type": "object", "required": given, "properties": output })),
        example: "id: authenticator\naction: totp.generate_secret\nwith:\n  issuer: Example\n  account: \"{{input.email}}\"\n".into(),
        offline: true,
        ..ActionSpec::new(
            "totp.generate_secret",
            Effect::Read,
            "Makes the secret of an authenticator app",
        )
    })
});

const DOCS: &str = "\
The secret has as many random bits as the hash function: 160, 256 or 512 (RFC 4226 asks for 128 at least). It comes from the \
system's source of randomness, and nothing is derived from a key of the workspace: whoever has the store's key has no secret by it.

Nothing is kept here. Keep the secret where the user's data is, encrypted there if it can be, and count it as the user's only when `totp.verify` has seen a first code: with `reference`, \
so that this code cannot be used again.

The result is recorded with the run, sealed, before a step with effect `once` and before an answer. A step that is done again after a crash in between gives another secret: \
the steps after it are done again, too, and overwrite the first.";

/// Makes the secret of an authenticator app.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct GenerateSecret;

/// What is asked for.
#[derive(Deserialize)]
struct Input {
    issuer: String,
    account: String,
    #[serde(default)]
    algorithm: Hash,
    #[serde(default = "digits")]
    digits: u8,
    #[serde(default = "period")]
    period: u64,
}

const fn digits() -> u8 {
    Parameters::DIGITS
}

const fn period() -> u64 {
    Parameters::PERIOD
}

#[async_trait]
impl Action for GenerateSecret {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let input: Input = read(input)?;
        let parameters = Parameters {
            algorithm: input.algorithm,
            digits: input.digits,
            period: input.period,
        };
        let mut secret = vec![0; input.algorithm.secret_bytes()];
        (context.entropy)(&mut secret);
        let totp = parameters
            .builder(&secret)
            .with_issuer(Some(input.issuer))
            .with_account_name(input.account)
            .build();
        let uri = totp.and_then(|totp| Ok((totp.to_url()?, totp.secret().to_base32())));
        let (uri, secret) = uri.map_err(|error| ActionError::new("invalid_input", error.to_string()))?;
        Ok(json!({
            "secret": secret,
            "uri": uri,
            "algorithm": parameters.algorithm.name(),
            "digits": parameters.digits,
            "period": parameters.period,
        }))
    }
}
