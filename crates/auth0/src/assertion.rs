//! Client authentication with a Private Key JWT (RFC 7523 §2.2): a signed assertion instead of the secret.

use std::fmt;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

/// RFC 7523 §2.2.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Auth0 accepts up to five minutes and advises one ("Authenticate with Private Key JWT").
const LIFETIME_SECONDS: i64 = 60;

/// A private RSA key that signs assertions.
pub(crate) struct AssertionKey {
    key: EncodingKey,
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionKey(..)")
    }
}

/// Why a key or an assertion could not be made. Never holds the key's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssertionError {
    #[error("the private key is not an RSA private key in PEM")]
    Key,
    #[error("the client assertion could not be signed")]
    Sign,
}

impl AssertionKey {
    pub(crate) fn from_pem(pem: &str) -> Result<Self, AssertionError> {
        // A key from an environment variable often has its line breaks written as `\n`.
        let pem = pem.replace("\\n", "\n");
        let key = EncodingKey::from_rsa_pem(pem.trim().as_bytes()).map_err(|_| AssertionError::Key)?;
        let made = Self { key };
        // The PEM reader takes any RSA-labelled bytes: only signing shows whether there is a key in it.
        made.sign("probe", "probe", Timestamp::UNIX_EPOCH)
            .map_err(|_| AssertionError::Key)?;
        Ok(made)
    }

    /// An assertion for one token request. `audience` is the tenant's issuer, `https://DOMAIN/`.
    pub(crate) fn sign(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<SecretString, AssertionError> {
        let now = now.as_second();
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": Uuid::new_v4().to_string(),
        });
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(SecretString::from)
            .map_err(|_| AssertionError::Sign)
    }
}
