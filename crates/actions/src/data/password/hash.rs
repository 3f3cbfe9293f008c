//! `hash.password`: a password as bcrypt or Argon2id hash, in the form that Auth0's bulk import takes.
//!
//! The import's rules: <https://auth0.com/docs/manage-users/user-migration/bulk-user-import-schema>. `password_hash` is bcrypt
//! `$2a$` or `$2b$` with ten salt rounds; everything else goes under `custom_password_hash`, Argon2 as a PHC string.

use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::{ARGON2_MOST_ITERATIONS, ARGON2_MOST_MEMORY, BCRYPT_COSTS, fits_bcrypt, workers};

/// The cost that Auth0 takes as `password_hash`.
const AUTH0_COST: u32 = 10;
/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY: u32 = 19 * 1024;
const ITERATIONS: u32 = 2;
/// The least memory that OWASP names, in KiB.
const LEAST_MEMORY: u32 = 7 * 1024;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: vec![
            ErrorSpec::new(
                "unsupported_password",
                422,
                "bcrypt cannot take the whole password: more than 72 bytes, or a NUL",
            ),
            ErrorSpec::new(
                "invalid_parameters",
                500,
                "a setting of the other algorithm was given",
            ),
            ErrorSpec::new("unavailable", 503, "the process ends"),
        ],
        check: Some(check),
        example: "id: hash\naction: hash.password\nwith:\n  password: \"{{input.password}}\"\n  algorithm: bcrypt\n".into(),
        ..ActionSpec::new("hash.password", Effect::Pure, "Hashes a password for keeping")
    })
});

const DOCS: &str = "\
Made for users that are imported into Auth0 in bulk. The result has what such a user's record takes, under the name that it \
has there: `password_hash` for bcrypt with cost 10, `custom_password_hash` for everything else; Auth0 wants one of them, \
never both.\n\n\
```yaml\n- id: hash\n  action: hash.password\n  with: { password: \"{{input.password}}\", algorithm: argon2id }\n\
- set:\n    user:\n      email: \"{{input.email}}\"\n      custom_password_hash: \"{{steps.hash.custom_password_hash}}\"\n```\n\n\
bcrypt reads 72 bytes of a password and passes over the rest: longer ones are refused (`unsupported_password`), and so is a \
NUL, at which some implementations end. Letters outside ASCII take two to four bytes each.\n\n\
The salt is new each time, so two hashes of one password differ: compare with `hash.verify_password`. A user that is created \
one at a time (`auth0.create_user`) takes the password itself.";

fn range(of: &RangeInclusive<u32>, default: u32, description: &str) -> Value {
    json!({
        "type": "integer", "minimum": of.start(), "maximum": of.end(), "default": default, "description": description
    })
}

fn input() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["password", "algorithm"],
        "properties": {
            "password": { "type": "string", "minLength": 1, "secret": true, "description": "The password." },
            "algorithm": { "enum": ["bcrypt", "argon2id"], "description": "How it is hashed." },
            "cost": range(&BCRYPT_COSTS, AUTH0_COST, "bcrypt: the work, doubled by each step. Auth0 takes 10 as `password_hash`."),
            "memory": range(&(LEAST_MEMORY..=ARGON2_MOST_MEMORY), MEMORY, "Argon2id: the memory, in KiB."),
            "iterations": range(&(1..=ARGON2_MOST_ITERATIONS), ITERATIONS, "Argon2id: the passes over the memory.")
        }
    })
}

fn output() -> Value {
    let hash = |description: &str| json!({ "type": "string", "secret": true, "description": description });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["hash", "algorithm"],
        "properties": {
            "hash": hash("The hash: bcrypt's `$2b$…`, or a PHC string (`$argon2id$…`)."),
            "algorithm": { "enum": ["bcrypt", "argon2id"], "description": "How it was hashed." },
            "password_hash": hash("The hash, where Auth0's import takes it under this name: bcrypt with cost 10."),
            "custom_password_hash": {
                "type": "object",
                "additionalProperties": false,
                "required": ["algorithm", "hash"],
                "description": "What Auth0's import takes for every other hash.",
                "properties": {
                    "algorithm": { "enum": ["bcrypt", "argon2"], "description": "Auth0's word for it." },
                    "hash": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["value", "encoding"],
                        "description": "The hash and how it is written.",
                        "properties": {
                            "value": hash("The hash."),
                            "encoding": { "const": "utf8", "description": "As text." }
                        }
                    }
                }
            }
        }
    })
}

/// Settings that the algorithm does not have.
fn foreign(algorithm: &str) -> &'static [&'static str] {
    match algorithm {
        "bcrypt" => &["memory", "iterations"],
        _ => &["cost"],
    }
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let Some(algorithm) = known.value.get("algorithm").and_then(Value::as_str) else {
        return Vec::new();
    };
    foreign(algorithm)
        .iter()
        .filter(|name| known.value.get(name).is_some())
        .map(|name| InputProblem {
            pointer: format!("/{name}"),
            message: format!("{algorithm} has no `{name}`"),
            help: Some("leave it out".to_owned()),
        })
        .collect()
}

/// Hashes a password for keeping.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct HashPassword;

#[async_trait]
impl Action for HashPassword {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let password = input
            .get("password")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let algorithm = input.get("algorithm").and_then(Value::as_str).unwrap_or_default();
        if let Some(name) = foreign(algorithm).iter().find(|name| input.get(name).is_some()) {
            return Err(invalid(format!("{algorithm} has no `{name}`")));
        }
        let number = |name: &str, default: u32| {
            let given = input.get(name).and_then(Value::as_u64);
            given
                .and_then(|number| u32::try_from(number).ok())
                .unwrap_or(default)
        };
        let mut salt = [0; 16];
        (context.entropy)(&mut salt);
        if algorithm == "bcrypt" {
            let cost = number("cost", AUTH0_COST);
            let hash = workers::work(move || bcrypt(&password, cost, salt)).await??;
            let mut result = json!({ "hash": hash, "algorithm": "bcrypt" });
            if cost == AUTH0_COST {
                result["password_hash"] = hash.into();
            } else {
                result["custom_password_hash"] = custom("bcrypt", &hash);
            }
            return Ok(result);
        }
        let (memory, iterations) = (number("memory", MEMORY), number("iterations", ITERATIONS));
        let hash = workers::work(move || argon2id(&password, memory, iterations, &salt)).await??;
        let custom = custom("argon2", &hash);
        Ok(json!({ "hash": hash, "algorithm": "argon2id", "custom_password_hash": custom }))
    }
}

fn custom(algorithm: &str, hash: &str) -> Value {
    json!({ "algorithm": algorithm, "hash": { "value": hash, "encoding": "utf8" } })
}

fn invalid(problem: impl std::fmt::Display) -> ActionError {
    ActionError::new(
        "invalid_parameters",
        format!("the password was not hashed: {problem}"),
    )
}

fn bcrypt(password: &str, cost: u32, salt: [u8; 16]) -> Result<String, ActionError> {
    if !fits_bcrypt(password) {
        let message = "the password was not hashed: bcrypt takes at most 72 bytes, and no NUL";
        return Err(ActionError::new("unsupported_password", message));
    }
    let hash = bcrypt::hash_with_salt(password, cost, salt).map_err(invalid)?;
    Ok(hash.to_string())
}

fn argon2id(password: &str, memory: u32, iterations: u32, salt: &[u8]) -> Result<String, ActionError> {
    // One lane: what libsodium writes and reads, which Auth0 verifies with.
    let parameters = Params::new(memory, iterations, 1, None).map_err(invalid)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let hash = argon2
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(invalid)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    fn step() -> LoneStep {
        let mut step = LoneStep::on(TestClock::default());
        step.entropy = |buffer| buffer.copy_from_slice(b"0123456789abcdef");
        step
    }

    #[tokio::test]
    async fn bcrypt_of_cost_10_is_what_auth0_takes_itself() {
        let input = json!({ "password": "correct horse 9", "algorithm": "bcrypt" });
        let result = step().call(&HashPassword, input).await.unwrap();
        let hash = result["hash"].as_str().unwrap();
        assert!(hash.starts_with("$2b$10$") && hash.len() == 60, "{hash}");
        assert!(bcrypt::verify("correct horse 9", hash).unwrap());
        assert_eq!(
            result,
            json!({ "hash": hash, "algorithm": "bcrypt", "password_hash": hash })
        );
    }

    #[tokio::test]
    async fn another_cost_goes_into_the_custom_hash() {
        let input = json!({ "password": "x", "algorithm": "bcrypt", "cost": 11 });
        let result = step().call(&HashPassword, input).await.unwrap();
        let hash = result["hash"].as_str().unwrap();
        assert!(hash.starts_with("$2b$11$"), "{hash}");
        let custom = json!({ "algorithm": "bcrypt", "hash": { "value": hash, "encoding": "utf8" } });
        assert_eq!(
            result,
            json!({ "hash": hash, "algorithm": "bcrypt", "custom_password_hash": custom })
        );
    }

    #[tokio::test]
    async fn argon2id_is_a_phc_string_in_the_custom_hash() {
        let input = json!({ "password": "x", "algorithm": "argon2id", "memory": 8192, "iterations": 1 });
        let result = step().call(&HashPassword, input).await.unwrap();
        let hash = result["hash"].as_str().unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"),
            "{hash}"
        );
        // 32 bytes, without padding.
        assert_eq!(hash.rsplit('$').next().unwrap().len(), 43);
        let custom = json!({ "algorithm": "argon2", "hash": { "value": hash, "encoding": "utf8" } });
        assert_eq!(
            result,
            json!({ "hash": hash, "algorithm": "argon2id", "custom_password_hash": custom })
        );
    }

    #[test]
    fn argon2id_agrees_with_the_reference_implementation() {
        // test.c of the reference implementation.
        assert_eq!(
            argon2id("password", 256, 2, b"somesalt").unwrap(),
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        );
    }

    #[tokio::test]
    async fn what_bcrypt_would_cut_off_is_refused() {
        for password in ["x".repeat(73), "é".repeat(37), "a\0b".to_owned()] {
            let input = json!({ "password": password, "algorithm": "bcrypt" });
            let error = step().call(&HashPassword, input).await.unwrap_err();
            assert_eq!(error.code, "unsupported_password");
            assert!(!error.message.contains(&password));
        }
        let hash = bcrypt(&"x".repeat(72), 4, [0; 16]).unwrap();
        assert!(bcrypt::verify("x".repeat(72), &hash).unwrap());
        assert!(!bcrypt::verify("x".repeat(71), &hash).unwrap());
        assert!(argon2id(&"x".repeat(1000), 256, 1, &[0; 16]).is_ok());
    }

    #[tokio::test]
    async fn settings_belong_to_their_algorithm() {
        let input = json!({ "password": "x", "algorithm": "argon2id", "cost": 10 });
        let error = step().call(&HashPassword, input).await.unwrap_err();
        assert_eq!(error.code, "invalid_parameters");
        let known = |value| KnownInput {
            value,
            unknown: Vec::new(),
        };
        let found = check(&known(
            json!({ "algorithm": "bcrypt", "memory": 8192, "cost": 10 }),
        ));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&*found[0].pointer, &*found[0].message),
            ("/memory", "bcrypt has no `memory`")
        );
        assert!(check(&known(json!({ "algorithm": null, "memory": 8192 }))).is_empty());
    }

    #[tokio::test]
    async fn each_hash_has_a_salt_of_its_own() {
        let step = LoneStep::on(TestClock::default());
        let input = json!({ "password": "x", "algorithm": "argon2id", "memory": 7168, "iterations": 1 });
        let first = step.call(&HashPassword, input.clone()).await.unwrap();
        assert_ne!(first, step.call(&HashPassword, input).await.unwrap());
    }
}
