//! Checking the bearer token of a Management API request. A signature costs far more than the rest of a request,
//! so what a token allows is kept by its text.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use http::{HeaderMap, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::signing;
use crate::api_error::ApiError;
use crate::lock::{read, write};

/// Tokens kept before expired ones are swept out.
const SWEEP_AT: usize = 4096;

/// What a token allows.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) client_id: String,
    pub(crate) subject: String,
    scopes: Vec<String>,
    /// Seconds since the Unix epoch.
    expires_at: i64,
    /// Set by a test that does not want to wait.
    expired: AtomicBool,
}

impl Access {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    fn is_expired(&self, now: i64) -> bool {
        self.expired.load(Ordering::Relaxed) || self.expires_at <= now
    }
}

/// The tokens that the tenant has issued or seen.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    known: RwLock<HashMap<String, Arc<Access>>>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    azp: String,
    exp: i64,
    #[serde(default)]
    scope: String,
}

impl Tokens {
    /// Remembers a token that was just issued. (Times are seconds since the Unix epoch.)
    pub(crate) fn remember(&self, token: &str, client_id: &str, scope: &str, expires_at: i64, now: i64) {
        self.insert(
            token,
            client_id.to_owned(),
            format!("{client_id}@clients"),
            scope,
            expires_at,
            now,
        );
    }

    /// Makes every known token an expired one.
    pub(crate) fn expire_all(&self) {
        for access in read(&self.known).values() {
            access.expired.store(true, Ordering::Relaxed);
        }
    }

    /// What the request's token allows, in the order of the server's checks: missing 401, malformed 400, signature,
    /// expiry and audience 401.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        issuer: &str,
        audience: &str,
        now: i64,
    ) -> Result<Arc<Access>, ApiError> {
        let value = headers
            .get(header::AUTHORIZATION)
            .ok_or_else(ApiError::missing_authentication)?;
        let token = value
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or_else(ApiError::malformed_authentication)?;
        let known = read(&self.known).get(token).map(Arc::clone);
        let access = match known {
            Some(access) => access,
            None => self.verify(token, issuer, audience, now)?,
        };
        if access.is_expired(now) {
            return Err(ApiError::unauthorized(
                "Expired token received for JSON Web Token validation",
            ));
        }
        Ok(access)
    }

    fn verify(&self, token: &str, issuer: &str, audience: &str, now: i64) -> Result<Arc<Access>, ApiError> {
        let invalid = || ApiError::unauthorized("Invalid token");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.validate_exp = false; // the same check as for a known token, above
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        let key = signing::verifying_key().map_err(|_| invalid())?;
        let claims = match jsonwebtoken::decode::<Claims>(token, key, &validation) {
            Ok(data) => data.claims,
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {
                return Err(ApiError::unauthorized(
                    "Invalid signature received for JSON Web Token validation",
                ));
            }
            Err(_) => return Err(invalid()),
        };
        Ok(self.insert(token, claims.azp, claims.sub, &claims.scope, claims.exp, now))
    }

    fn insert(
        &self,
        token: &str,
        client_id: String,
        subject: String,
        scope: &str,
        expires_at: i64,
        now: i64,
    ) -> Arc<Access> {
        let scopes = scope.split_whitespace().map(str::to_owned).collect();
        let access = Arc::new(Access {
            client_id,
            subject,
            scopes,
            expires_at,
            expired: AtomicBool::new(false),
        });
        let mut known = write(&self.known);
        if known.len() >= SWEEP_AT && known.len().is_multiple_of(SWEEP_AT) {
            // Not those that a test has expired: their text would still verify.
            known.retain(|_, access| access.expires_at > now);
        }
        known.insert(token.to_owned(), Arc::clone(&access));
        access
    }
}

/// The token of `Bearer <three parts>`; nothing for any other header.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    let three_parts = token.split('.').count() == 3 && token.split('.').all(|part| !part.is_empty());
    (scheme.eq_ignore_ascii_case("bearer") && three_parts && !token.contains(' ')).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::token::signing::sign;

    const ISSUER: &str = "https://t.example/";
    const AUDIENCE: &str = "https://t.example/api/v2/";
    const NOW: i64 = 1_700_000_000;

    fn token(issuer: &str, audience: &str, expires_in: i64) -> String {
        sign(&signing::Claims {
            issuer,
            client_id: "abc",
            audience,
            issued_at: NOW,
            expires_at: NOW + expires_in,
            scope: "read:users",
        })
        .unwrap()
    }

    fn checked(tokens: &Tokens, header: Option<&str>) -> Result<Arc<Access>, String> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        tokens
            .check(&headers, ISSUER, AUDIENCE, NOW)
            .map_err(|error| error.message)
    }

    #[test]
    fn every_kind_of_bad_token_has_its_answer() {
        let tokens = Tokens::default();
        let good = token(ISSUER, AUDIENCE, 60);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("Bearer {message}.{flipped}{}", &signature[1..]);
        let bearer = |token: String| format!("Bearer {token}");
        for (header, expect) in [
            (None, "Missing authentication"),
            (
                Some("Bearer opaque".to_owned()),
                "Bad HTTP authentication header format",
            ),
            (
                Some("Bearer a..c".to_owned()),
                "Bad HTTP authentication header format",
            ),
            (
                Some("Basic a.b.c".to_owned()),
                "Bad HTTP authentication header format",
            ),
            (Some("Bearer".to_owned()), "Bad HTTP authentication header format"),
            (Some("Bearer a.b.c".to_owned()), "Invalid token"),
            (
                Some(forged),
                "Invalid signature received for JSON Web Token validation",
            ),
            (
                Some(bearer(token(ISSUER, AUDIENCE, -1))),
                "Expired token received for JSON Web Token validation",
            ),
            (
                Some(bearer(token("https://other.example/", AUDIENCE, 60))),
                "Invalid token",
            ),
            (
                Some(bearer(token(ISSUER, "https://other.example/", 60))),
                "Invalid token",
            ),
        ] {
            assert_eq!(
                checked(&tokens, header.as_deref()).unwrap_err(),
                expect,
                "{header:?}"
            );
        }
    }

    #[test]
    fn a_good_token_is_verified_once_and_can_be_expired() {
        let tokens = Tokens::default();
        let header = format!("bearer {}", token(ISSUER, AUDIENCE, 60));
        let access = checked(&tokens, Some(&header)).unwrap();
        assert!(access.has("read:users") && !access.has("create:users"));
        assert_eq!(
            (access.client_id.as_str(), access.subject.as_str()),
            ("abc", "abc@clients")
        );
        assert!(Arc::ptr_eq(&access, &checked(&tokens, Some(&header)).unwrap()));
        tokens.expire_all();
        assert_eq!(
            checked(&tokens, Some(&header)).unwrap_err(),
            "Expired token received for JSON Web Token validation"
        );
    }
}
