//! Making access tokens, and publishing what checks them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Map, Value, json};

use crate::lock::lock;

/// The tenant's signing key. It is committed, so it is public, and it is meant to be: whoever has it can sign
/// tokens for an emulated tenant, which guards nothing, and a fixed key makes a start take no time. Nothing else
/// may ever trust it.
const PRIVATE_KEY: &[u8] = include_bytes!("../../keys/signing-key.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../../keys/signing-key.pub.pem");

/// 21 URL-safe characters, as newer tenants have them.
const KEY_ID: &str = "lockgate-tenant-key-1";

/// Signatures kept, by what was signed. RS256 (RFC 8017, section 8.2) gives the same signature for the same message,
/// and tenants on a test's clock all ask for the same one: a signature costs far more than all else that they do.
static SIGNED: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
const KEPT: usize = 64;

struct Keys {
    sign: EncodingKey,
    verify: DecodingKey,
    jwk: Value,
}

static KEYS: LazyLock<Result<Keys, jsonwebtoken::errors::Error>> = LazyLock::new(|| {
    let sign = EncodingKey::from_rsa_pem(PRIVATE_KEY)?;
    let mut jwk = Jwk::from_encoding_key(&sign, Algorithm::RS256)?;
    jwk.common.key_id = Some(KEY_ID.to_owned());
    let jwk = serde_json::to_value(jwk)?;
    Ok(Keys {
        sign,
        verify: DecodingKey::from_rsa_pem(PUBLIC_KEY)?,
        jwk,
    })
});

fn keys() -> Result<&'static Keys, jsonwebtoken::errors::Error> {
    KEYS.as_ref().map_err(Clone::clone)
}

/// Whether the keys can be used; asked once, at the start of a tenant.
pub(crate) fn check_keys() -> Result<(), jsonwebtoken::errors::Error> {
    keys().map(|_| ())
}

/// What a token says.
pub(crate) struct Claims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) audience: &'a str,
    /// Seconds since the Unix epoch.
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) scope: &'a str,
}

/// Signs a token with Auth0's header and claims, in Auth0's order (since about 2024 `gty` precedes `azp`).
pub(crate) fn sign(claims: &Claims<'_>) -> Result<String, jsonwebtoken::errors::Error> {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID});
    let mut payload = Map::new();
    payload.insert("iss".into(), claims.issuer.into());
    payload.insert("sub".into(), format!("{}@clients", claims.client_id).into());
    payload.insert("aud".into(), claims.audience.into());
    payload.insert("iat".into(), claims.issued_at.into());
    payload.insert("exp".into(), claims.expires_at.into());
    if !claims.scope.is_empty() {
        payload.insert("scope".into(), claims.scope.into());
    }
    // With a hyphen, unlike the grant type.
    payload.insert("gty".into(), "client-credentials".into());
    payload.insert("azp".into(), claims.client_id.into());
    let encoded = |value: String| URL_SAFE_NO_PAD.encode(value);
    let message = format!(
        "{}.{}",
        encoded(header.to_string()),
        encoded(Value::from(payload).to_string())
    );
    if let Some(signature) = lock(&SIGNED).get(&message) {
        return Ok(format!("{message}.{signature}"));
    }
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &keys()?.sign, Algorithm::RS256)?;
    let token = format!("{message}.{signature}");
    let mut signed = lock(&SIGNED);
    if signed.len() == KEPT {
        signed.clear();
    }
    signed.insert(message, signature);
    Ok(token)
}

pub(crate) fn verifying_key() -> Result<&'static DecodingKey, jsonwebtoken::errors::Error> {
    Ok(&keys()?.verify)
}

/// The body of `/.well-known/jwks.json`.
pub(crate) fn jwks() -> Value {
    match keys() {
        Ok(keys) => json!({"keys": [keys.jwk]}),
        Err(_) => json!({"keys": []}),
    }
}

/// The body of `/.well-known/openid-configuration`, as far as this tenant has what it names.
pub(crate) fn discovery(url: &str) -> Value {
    json!({
        "issuer": format!("{url}/"),
        "token_endpoint": format!("{url}/oauth/token"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(part: &str) -> String {
        String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn tokens_have_auth0s_header_and_claims_in_order() {
        let mut claims = Claims {
            issuer: "https://t.example/",
            client_id: "abc",
            audience: "https://t.example/api/v2/",
            issued_at: 100,
            expires_at: 200,
            scope: "read:users create:users",
        };
        let token = sign(&claims).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(
            decoded(parts[0]),
            r#"{"alg":"RS256","typ":"JWT","kid":"lockgate-tenant-key-1"}"#
        );
        assert_eq!(
            decoded(parts[1]),
            r#"{"iss":"https://t.example/","sub":"abc@clients","aud":"https://t.example/api/v2/","iat":100,"exp":200,"scope":"read:users create:users","gty":"client-credentials","azp":"abc"}"#
        );
        claims.scope = "";
        let token = sign(&claims).unwrap();
        assert!(!decoded(token.split('.').nth(1).unwrap()).contains("scope"));
    }

    #[test]
    fn the_published_key_checks_a_token() {
        let set = jwks();
        let jwk: Jwk = serde_json::from_value(set["keys"][0].clone()).unwrap();
        assert_eq!(jwk.common.key_id.as_deref(), Some(KEY_ID));
        assert_eq!(KEY_ID.len(), 21);
        let claims = Claims {
            issuer: "i",
            client_id: "c",
            audience: "a",
            issued_at: 0,
            expires_at: 1,
            scope: "",
        };
        let token = sign(&claims).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        assert!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::RS256).unwrap());
    }
}
