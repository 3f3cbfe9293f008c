//! Session tokens: what Auth0 and a site that it redirects to tell each other in the middle of a log-in.
//!
//! An Action signs a token with a secret that both sides know and sends the person away with it
//! (`api.redirect.encodeToken`, `sendUserTo`); the site signs an answer and sends the person back to `/continue`
//! (`api.redirect.validateToken`). Both are JWTs with HS256 (Auth0 docs, "Redirect with Actions").
//!
//! Here is what the settings say of them, and the signing and reading of tokens. What is asked of one is the actions'.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;

use crate::domain::Host;

/// The least length of a secret, in bytes: that of the hash (RFC 7518 §3.2).
pub(crate) const LEAST_SECRET: usize = 32;

/// Longer tokens are not read, in bytes. Auth0 sends them in URLs.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// The ids of answers begin like this. One secret signs both ways (RFC 8725 §3.12): without a mark, whoever is sent back
/// with an answer could come in with it again.
pub(crate) const ANSWER: &str = "answer-";

/// What a connection's settings say of session tokens.
#[derive(Debug)]
pub(crate) struct SessionTokens {
    pub(crate) secret: Option<SecretString>,
    /// Where people log in; never empty. The first is meant where a step names none.
    pub(crate) hosts: Vec<LoginHost>,
}

/// A host on which people log in: the custom domain, the tenant domain, or an emulated tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginHost {
    /// With its scheme, without a slash at the end.
    origin: String,
}

impl LoginHost {
    /// A domain, over https.
    pub(crate) fn of(host: &Host) -> Self {
        Self {
            origin: format!("https://{}", host.name),
        }
    }

    /// The base URL of an emulated tenant or a gateway.
    pub(crate) fn of_base(base: &Url) -> Self {
        Self {
            origin: base.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// Without the scheme: `login.acme.com`.
    pub(crate) fn name(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or(&*self.origin, |(_, name)| name)
    }

    /// The issuer of tokens: with scheme and slash.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/", self.origin)
    }

    /// Whether a token's `iss` is this host. `encodeToken` writes the host name alone, unless its payload says otherwise;
    /// Auth0's rules and the published examples write the URL with its slash. Both are compared to the letter.
    pub(crate) fn has_issued(&self, issuer: &str) -> bool {
        issuer == self.name() || issuer == self.issuer()
    }

    /// Where the log-in goes on.
    pub(crate) fn continue_url(&self) -> String {
        format!("{}/continue", self.origin)
    }
}

impl fmt::Display for LoginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a token cannot be believed, before anything of it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    TooLarge,
    Malformed,
    /// Another algorithm than HS256, or none.
    Algorithm,
    /// The header names something critical (RFC 7515 §4.1.11): nothing of it is understood here.
    Critical,
    Signature,
}

/// Signs claims.
pub(crate) fn sign(secret: &SecretString, claims: &Value) -> Option<String> {
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).ok()
}

/// The claims of a token that was signed with the secret.
pub(crate) fn read(secret: &SecretString, token: &str) -> Result<Map<String, Value>, Unreadable> {
    if token.len() > MAX_TOKEN {
        return Err(Unreadable::TooLarge);
    }
    let header = token
        .split('.')
        .next()
        .and_then(object)
        .ok_or(Unreadable::Malformed)?;
    match header.get("alg").and_then(Value::as_str) {
        None => return Err(Unreadable::Malformed),
        Some("HS256") => {}
        Some(_) => return Err(Unreadable::Algorithm),
    }
    if header.contains_key("crit") {
        return Err(Unreadable::Critical);
    }
    let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    // Times are looked at by the clock of the run, not by the library's.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    match jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation) {
        Ok(read) => Ok(read.claims),
        Err(error) => Err(match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Unreadable::Signature,
            _ => Unreadable::Malformed,
        }),
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn secret() -> SecretString {
        SecretString::from("0123456789abcdef0123456789abcdef")
    }

    #[test]
    fn only_what_the_secret_has_signed_is_read() {
        let claims = json!({ "sub": "auth0|1", "n": 1.5 });
        let token = sign(&secret(), &claims).unwrap();
        assert_eq!(read(&secret(), &token).map(Value::Object), Ok(claims.clone()));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let with_header = |value: Value| {
            let signed = format!("{}.{payload}", part(value));
            let key = EncodingKey::from_secret(secret().expose_secret().as_bytes());
            let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
            format!("{signed}.{signature}")
        };
        let other = sign(&SecretString::from("another secret of some length, too"), &claims).unwrap();
        for (token, expected) in [
            (String::new(), Unreadable::Malformed),
            ("a.b.c".to_owned(), Unreadable::Malformed),
            (signed.to_owned(), Unreadable::Malformed),
            (format!("{token}.{signature}"), Unreadable::Malformed),
            (format!("{signed}."), Unreadable::Signature),
            (
                format!("{header}.{}.{signature}", part(json!({ "sub": "eve" }))),
                Unreadable::Signature,
            ),
            (other, Unreadable::Signature),
            (
                format!("{}.{payload}.", part(json!({ "alg": "none" }))),
                Unreadable::Algorithm,
            ),
            (with_header(json!({ "alg": "none" })), Unreadable::Algorithm),
            (with_header(json!({ "alg": "HS512" })), Unreadable::Algorithm),
            (with_header(json!({ "alg": "RS256" })), Unreadable::Algorithm),
            (with_header(json!({})), Unreadable::Malformed),
            (
                with_header(json!({ "alg": "HS256", "crit": ["x"], "x": 1 })),
                Unreadable::Critical,
            ),
            ("a".repeat(MAX_TOKEN + 1), Unreadable::TooLarge),
        ] {
            assert_eq!(read(&secret(), &token), Err(expected), "{token}");
        }
        // A header of the sender's own changes nothing.
        assert!(
            read(
                &secret(),
                &with_header(json!({ "alg": "HS256", "kid": "x", "jku": "https://evil.example" }))
            )
            .is_ok()
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_is_read(name in "\\PC{1,20}", text in "\\PC*", number: i64) {
            let claims = json!({ name: [text, number] });
            let token = sign(&secret(), &claims).unwrap();
            prop_assert_eq!(read(&secret(), &token).map(Value::Object), Ok(claims));
        }

        #[test]
        fn no_changed_token_is_read(at in 0usize..200, to in "[A-Za-z0-9_.=-]") {
            let token = sign(&secret(), &json!({ "sub": "auth0|1" })).unwrap();
            let at = at % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(read(&secret(), &changed).is_ok(), changed == token);
        }
    }

    #[test]
    fn hosts_and_their_names() {
        let custom = LoginHost::of(&Host::parse("Login.Acme.com").unwrap());
        assert_eq!(custom.continue_url(), "https://login.acme.com/continue");
        for (issuer, expected) in [
            ("https://login.acme.com/", true),
            ("login.acme.com", true),
            ("https://login.acme.com", false),
            ("http://login.acme.com/", false),
            ("login.acme.com/", false),
            ("LOGIN.acme.com", false),
            ("https://login.acme.com.evil.example/", false),
            ("", false),
        ] {
            assert_eq!(custom.has_issued(issuer), expected, "{issuer}");
        }
        let emulated = LoginHost::of_base(&Url::parse("http://127.0.0.1:4010").unwrap());
        assert_eq!(emulated.continue_url(), "http://127.0.0.1:4010/continue");
        assert!(emulated.has_issued("http://127.0.0.1:4010/") && emulated.has_issued("127.0.0.1:4010"));
    }
}
