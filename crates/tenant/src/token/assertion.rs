//! `private_key_jwt`: a client proves itself with a JWT that it has signed (RFC 7523, section 3; Auth0:
//! "Authenticate with Private Key JWT").

use std::collections::HashMap;
use std::sync::Mutex;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::lock::lock;

/// `client_assertion_type` of a JWT (RFC 7523, section 2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion must not live longer than this, in seconds.
const LONGEST_LIFE: i64 = 300;
/// How far the clocks of client and server may differ, in seconds.
const SKEW: i64 = 10;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    jti: String,
    iat: Option<i64>,
    nbf: Option<i64>,
}

/// Assertions that have been used: each is good for one token.
#[derive(Debug, Default)]
pub(crate) struct SeenAssertions(Mutex<HashMap<(String, String), i64>>);

/// The client that an assertion names, without believing it.
pub(crate) fn claimed_client(assertion: &str) -> Option<String> {
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(assertion).ok()?;
    Some(claims.sub)
}

impl SeenAssertions {
    /// Whether the assertion is the client's, for this tenant, in time, and new.
    /// (`now` in seconds since the Unix epoch.)
    pub(crate) fn accept(
        &self,
        assertion: &str,
        client_id: &str,
        key: &DecodingKey,
        issuer: &str,
        now: i64,
    ) -> bool {
        let Ok(header) = jsonwebtoken::decode_header(assertion) else {
            return false;
        };
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::RS384 | Algorithm::PS256) {
            return false;
        }
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[issuer]);
        validation.set_issuer(&[client_id]);
        // Times are checked here, where the skew of both ends is one number.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let Ok(data) = jsonwebtoken::decode::<Claims>(assertion, key, &validation) else {
            return false;
        };
        let claims = data.claims;
        let early = |time: Option<i64>| time.is_some_and(|time| time > now + SKEW);
        if claims.sub != client_id
            || claims.iss != client_id
            || claims.exp <= now - SKEW
            || claims.exp > now + LONGEST_LIFE + SKEW
            || early(claims.iat)
            || early(claims.nbf)
        {
            return false;
        }
        let mut seen = lock(&self.0);
        seen.retain(|_, expires_at| *expires_at > now - SKEW);
        seen.insert((client_id.to_owned(), claims.jti), claims.exp)
            .is_none()
    }
}
