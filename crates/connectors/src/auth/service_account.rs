//! `service_account`: a token for an assertion that the account signs (RFC 7523 §2.1), as Google's service accounts do.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lockgate_engine::action::ActionError;
use serde_json::json;

use super::grant::{Grant, token_url};
use super::{Caller, Token};
use crate::read::Parameters;

/// How long an assertion is good for, in seconds: the longest that Google takes.
const ASSERTION_LIFE: i64 = 3600;

/// `token_url`, `email`, `private_key`, `scope`, `subject`, `audience`, `key_id`.
#[derive(Debug)]
pub(crate) struct ServiceAccount {
    pub(crate) parameters: Parameters,
}

impl ServiceAccount {
    pub(super) async fn mint(&self, caller: Caller<'_>) -> Result<Token, ActionError> {
        let assertion = self.assertion(caller)?;
        let grant = Grant::new(
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            &self.parameters,
            caller,
        )?
        .hiding(&assertion)
        .with("assertion", Some(assertion));
        Ok(grant.ask(caller).await?.token)
    }

    fn assertion(&self, caller: Caller<'_>) -> Result<String, ActionError> {
        let parameters = &self.parameters;
        let email = parameters.required("email", caller)?;
        let audience = match parameters.optional("audience", caller)? {
            Some(audience) => audience,
            None => token_url(parameters, caller)?.into(),
        };
        let now = caller.context.clock.now().as_second();
        let mut claims = json!({ "iss": email, "aud": audience, "iat": now, "exp": now + ASSERTION_LIFE });
        for (claim, name) in [("scope", "scope"), ("sub", "subject")] {
            if let Some(text) = parameters.optional(name, caller)? {
                claims[claim] = text.into();
            }
        }
        let mut header = Header::new(Algorithm::RS256);
        header.kid = parameters.optional("key_id", caller)?;
        // In a variable of the environment the lines of a key are often written as `\n`.
        let key = parameters.required("private_key", caller)?.replace("\\n", "\n");
        let unusable = |problem: &str| {
            let name = caller.connection.name();
            ActionError::new(
                "unauthorized",
                format!("the `private_key` of the connection `{name}` {problem}"),
            )
        };
        let key =
            EncodingKey::from_rsa_pem(key.as_bytes()).map_err(|_| unusable("is no RSA key in PEM form"))?;
        jsonwebtoken::encode(&header, &claims, &key).map_err(|_| unusable("cannot sign"))
    }
}
