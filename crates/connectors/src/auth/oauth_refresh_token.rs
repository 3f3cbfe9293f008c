//! `oauth_refresh_token`: a token that is refreshed (RFC 6749 §6).
//!
//! Providers may give another refresh token in the place of the one that was used, and take the old one no more
//! (RFC 9700 §4.14.2). So the latest is kept in what runs share, sealed; the settings hold the first. Another first one
//! in the settings begins anew.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lockgate_engine::action::{ActionError, Retry};
use lockgate_engine::state::{Entry, StateError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::grant::{ClientAuthentication, Grant};
use super::{Caller, Token};
use crate::read::Parameters;

/// What the key is for that seals refresh tokens.
const PURPOSE: &str = "connectors/refresh-token";

/// How long a refresh token is kept that nobody uses.
const KEPT: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// How often it is looked again whether another process has written.
const ATTEMPTS: u32 = 5;

/// `token_url`, `client_id`, `client_secret`, `refresh_token`, `scope`.
#[derive(Debug)]
pub(crate) struct RefreshToken {
    pub(crate) parameters: Parameters,
    pub(crate) client_authentication: ClientAuthentication,
}

impl RefreshToken {
    pub(super) async fn mint(&self, caller: Caller<'_>) -> Result<Token, ActionError> {
        let parameters = &self.parameters;
        let first = parameters.required("refresh_token", caller)?;
        let kept = Kept::new(&first, caller);
        let latest = kept.read().await?;
        let refresh_token = latest
            .as_ref()
            .map_or_else(|| first.clone(), |latest| latest.expose_secret().to_owned());
        let grant = Grant::new("refresh_token", parameters, caller)?
            .hiding(&refresh_token)
            .with("refresh_token", Some(refresh_token.clone()))
            .by_client(self.client_authentication, parameters, caller)?
            .with("scope", parameters.optional("scope", caller)?);
        let granted = grant.ask(caller).await?;
        if let Some(next) = granted.refresh_token
            && next.expose_secret() != refresh_token
        {
            kept.write(&next).await?;
        }
        Ok(granted.token)
    }
}

/// The place where the latest refresh token of a connection is kept.
struct Kept<'a> {
    caller: Caller<'a>,
    key: String,
}

impl<'a> Kept<'a> {
    fn new(first: &str, caller: Caller<'a>) -> Self {
        let mut hash = Sha256::new();
        hash.update(caller.connection.name().as_bytes());
        hash.update([0]);
        hash.update(first.as_bytes());
        let hash = hash.finalize()[..16]
            .iter()
            .fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
        Self {
            caller,
            key: format!("{PURPOSE}/{hash:032x}"),
        }
    }

    fn now(&self) -> Timestamp {
        self.caller.context.clock.now()
    }

    async fn entry(&self) -> Result<Option<Entry>, ActionError> {
        let state = self.caller.context.state;
        state
            .get(&self.key, self.now())
            .await
            .map_err(|error| unkept(&error))
    }

    async fn read(&self) -> Result<Option<SecretString>, ActionError> {
        let Some(entry) = self.entry().await? else {
            return Ok(None);
        };
        // One that cannot be opened was sealed with another key: the settings are all that is left.
        Ok(self.open(&entry.value))
    }

    async fn write(&self, token: &SecretString) -> Result<(), ActionError> {
        let sealed = self.seal(token)?;
        let state = self.caller.context.state;
        for _ in 0..ATTEMPTS {
            let version = self.entry().await?.map(|entry| entry.version);
            let now = self.now();
            let until = now.checked_add(KEPT).unwrap_or(Timestamp::MAX);
            let written = state.put(&self.key, version, &sealed, until, now).await;
            if written.map_err(|error| unkept(&error))? {
                return Ok(());
            }
        }
        Err(ActionError::new(
            "unavailable",
            "another process keeps changing the refresh token",
        ))
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, ActionError> {
        let key = self.caller.context.state.derive_key(PURPOSE);
        RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| unsealed())
    }

    fn seal(&self, token: &SecretString) -> Result<Value, ActionError> {
        let mut text = token.expose_secret().as_bytes().to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(self.key.as_bytes()), &mut text)
            .map_err(|_| unsealed())?;
        let sealed = [nonce.as_ref().as_slice(), text.as_slice()].concat();
        Ok(json!({ "sealed": STANDARD.encode(sealed) }))
    }

    fn open(&self, value: &Value) -> Option<SecretString> {
        let sealed = STANDARD.decode(value.get("sealed")?.as_str()?).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self
            .cipher()
            .ok()?
            .open_in_place(nonce, Aad::from(self.key.as_bytes()), &mut text)
            .ok()?;
        std::str::from_utf8(opened).ok().map(SecretString::from)
    }
}

fn unkept(error: &StateError) -> ActionError {
    ActionError::new("unavailable", error.to_string()).with_retry(Retry::NothingHappened { after: None })
}

fn unsealed() -> ActionError {
    ActionError::new("unavailable", "the refresh token could not be sealed")
}
