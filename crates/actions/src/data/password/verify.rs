//! `hash.verify_password`: whether a password is the one that a hash was made of.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{Error, PasswordVerifier, phc::PasswordHash};
use argon2::{Argon2, Params};
use async_trait::async_trait;
use bcrypt::HashParts;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::{ARGON2_MOST_ITERATIONS, ARGON2_MOST_MEMORY, BCRYPT_COSTS, fits_bcrypt, workers};

/// The most lanes; the library does them one after another.
const MOST_LANES: u32 = 16;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "For passwords that another system has hashed: people who sign in once with the old password, and are moved over \
               then. A wrong password is an answer (`valid: false`), no error; a hash that is none is an error.\n\n\
               Read are bcrypt (`$2a$`, `$2b$`, `$2y$`) and Argon2 (`$argon2id$`, `$argon2i$`, `$argon2d$`, as PHC strings). bcrypt \
               reads 72 bytes: a longer password is never valid, though the system that made the hash may have cut it \
               off.\n\n\
               The time that it takes depends on the hash alone. That somebody has no account shows in the time where \
               there is no hash to compare with: verify a fixed hash then."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["password", "hash"],
            "properties": {
                "password": { "type": "string", "secret": true, "description": "The password that somebody gave." },
                "hash": { "type": "string", "secret": true, "description": "The hash that is kept." }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["valid", "algorithm"],
            "properties": {
                "valid": { "type": "boolean", "description": "Whether it is that password." },
                "algorithm": {
                    "enum": ["bcrypt", "argon2id", "argon2i", "argon2d"],
                    "description": "How the hash was made."
                }
            }
        })),
        errors: vec![
            ErrorSpec::new("invalid_hash", 422, "the hash is neither bcrypt nor Argon2"),
            ErrorSpec::new(
                "too_expensive",
                422,
                "the hash asks for more than cost 15, 256 MiB, 20 passes, or 16 lanes",
            ),
            ErrorSpec::new("unavailable", 503, "the process ends"),
        ],
        example: "id: login\naction: hash.verify_password\nwith:\n  password: \"{{input.password}}\"\n  \
                  hash: \"{{input.legacy_hash}}\"\n"
            .into(),
        ..ActionSpec::new(
            "hash.verify_password",
            Effect::Pure,
            "Says whether a password fits a hash",
        )
    })
});

/// Says whether a password fits a hash.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct VerifyPassword;

#[async_trait]
impl Action for VerifyPassword {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let text = |name: &str| {
            input
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (password, hash) = (text("password"), text("hash"));
        let kept = Kept::parse(&hash)?;
        let algorithm = kept.algorithm();
        let valid = workers::work(move || kept.is_of(&password)).await??;
        Ok(json!({ "valid": valid, "algorithm": algorithm }))
    }
}

/// A hash that is not too expensive to compare with.
enum Kept {
    Bcrypt(String),
    Argon2(Box<PasswordHash>),
}

impl Kept {
    fn parse(hash: &str) -> Result<Self, ActionError> {
        let too_expensive = || {
            let message = "the password was not compared: the hash asks for more than is allowed";
            ActionError::new("too_expensive", message)
        };
        if ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|prefix| hash.starts_with(prefix))
        {
            let parts: HashParts = hash.parse().map_err(|_| invalid())?;
            if parts.get_cost() > *BCRYPT_COSTS.end() {
                return Err(too_expensive());
            }
            return Ok(Self::Bcrypt(hash.to_owned()));
        }
        let parsed = PasswordHash::new(hash).map_err(|_| invalid())?;
        if !parsed.algorithm.as_str().starts_with("argon2") || parsed.hash.is_none() {
            return Err(invalid());
        }
        let parameters = Params::try_from(&parsed).map_err(|_| invalid())?;
        if parameters.m_cost() > ARGON2_MOST_MEMORY
            || parameters.t_cost() > ARGON2_MOST_ITERATIONS
            || parameters.p_cost() > MOST_LANES
        {
            return Err(too_expensive());
        }
        Ok(Self::Argon2(Box::new(parsed)))
    }

    fn algorithm(&self) -> String {
        match self {
            Self::Bcrypt(_) => "bcrypt".to_owned(),
            Self::Argon2(parsed) => parsed.algorithm.as_str().to_owned(),
        }
    }

    fn is_of(&self, password: &str) -> Result<bool, ActionError> {
        match self {
            Self::Bcrypt(hash) => {
                let is_equal = bcrypt::verify(password, hash).map_err(|_| invalid())?;
                Ok(is_equal && fits_bcrypt(password))
            }
            Self::Argon2(parsed) => match Argon2::default().verify_password(password.as_bytes(), &**parsed) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(invalid()),
            },
        }
    }
}

fn invalid() -> ActionError {
    let message = "the password was not compared: the hash is neither bcrypt nor Argon2";
    ActionError::new("invalid_hash", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    async fn verify(password: &str, hash: &str) -> Result<Value, ActionError> {
        let step = LoneStep::on(TestClock::default());
        step.call(&VerifyPassword, json!({ "password": password, "hash": hash }))
            .await
    }

    /// From Auth0's documentation of the import, the reference implementation of Argon2, and of bcrypt.
    const HELLO: &str = "$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K";
    const ARGON2ID: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    const ARGON2I: &str =
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
    const OPENWALL: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    #[tokio::test]
    async fn known_hashes_fit_their_passwords_alone() {
        for (password, hash, algorithm) in [
            ("hello", HELLO, "bcrypt"),
            ("U*U", OPENWALL, "bcrypt"),
            ("password", ARGON2ID, "argon2id"),
            ("password", ARGON2I, "argon2i"),
        ] {
            let answer = |valid: bool| Ok(json!({ "valid": valid, "algorithm": algorithm }));
            assert_eq!(verify(password, hash).await, answer(true), "{hash}");
            assert_eq!(verify("Password", hash).await, answer(false), "{hash}");
            assert_eq!(verify("", hash).await, answer(false), "{hash}");
        }
    }

    #[tokio::test]
    async fn what_bcrypt_cut_off_does_not_count() {
        let password = "x".repeat(72);
        let hash = bcrypt::hash_with_salt(&password, 4, [1; 16]).unwrap().to_string();
        let valid = |valid: bool| Ok(json!({ "valid": valid, "algorithm": "bcrypt" }));
        assert_eq!(verify(&password, &hash).await, valid(true));
        assert_eq!(verify(&(password + "y"), &hash).await, valid(false));
        let as_y = hash.replacen("$2b$", "$2y$", 1);
        assert_eq!(verify(&"x".repeat(72), &as_y).await, valid(true));
    }

    #[tokio::test]
    async fn what_is_no_hash_is_an_error() {
        for hash in [
            "",
            "hello",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$10$short",
            "$2b$xx$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K",
            "$2b$02$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$pbkdf2-sha512$i=100000,l=64$KNyFsA2rWoE$I2CQGI9H0JxdDf3kERRI97kPCGxh0KWBIV3MxyaS191",
        ] {
            let error = verify("hello", hash).await.unwrap_err();
            assert_eq!(error.code, "invalid_hash", "{hash}");
            assert!(hash.is_empty() || !error.message.contains(hash));
        }
    }

    #[tokio::test]
    async fn a_hash_cannot_ask_for_the_whole_machine() {
        for hash in [
            HELLO.replace("$10$", "$31$"),
            HELLO.replace("$10$", "$16$"),
            ARGON2ID.replace("m=256", "m=4000000"),
            ARGON2ID.replace("t=2", "t=4000000"),
            ARGON2ID.replace("m=256,t=2,p=1", "m=256,t=2,p=17"),
        ] {
            assert_eq!(
                verify("hello", &hash).await.unwrap_err().code,
                "too_expensive",
                "{hash}"
            );
        }
    }
}
