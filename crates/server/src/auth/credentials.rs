//! What callers must show, ready to be compared, and the check of a request's head.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use lockgate_engine::clock::Clock;
use lockgate_flow::syntax::AuthKind;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::authorization::Authorization;
use super::settings::{CredentialsError, Scheme, Settings};
use super::signature::Signature;
use crate::problem::Problem;

/// What callers must show. Made once; checking a request allocates nothing that counts.
pub struct Credentials {
    expected: Expected,
    /// `WWW-Authenticate` for who showed nothing (RFC 9110, section 11.6.1).
    challenge: HeaderValue,
}

pub(super) enum Expected {
    /// SHA-256 of each token.
    Bearer(Vec<[u8; 32]>),
    /// SHA-256 of `name:password`.
    Basic([u8; 32]),
    Hmac(Signed),
}

/// How requests are signed.
pub(super) struct Signed {
    /// One for each secret, with the secret already in it.
    pub(super) keys: Vec<Hmac<Sha256>>,
    pub(super) header: HeaderName,
    pub(super) tolerance: Duration,
}

impl Credentials {
    /// What a connection of this scheme's type holds; `settings` have their variables read.
    ///
    /// # Errors
    /// A setting is missing, too weak, or cannot be used. See [`CredentialsError`].
    pub fn from_settings(
        connection: &str,
        scheme: Scheme,
        settings: &Map<String, Value>,
    ) -> Result<Self, CredentialsError> {
        Settings::new(connection, settings).read(scheme)
    }

    /// Credentials that nobody knows yet, and the secret to tell: the token, `name:password`, or the secret to sign
    /// with. For development.
    pub fn generate(scheme: Scheme) -> (Self, String) {
        // 122 bits by chance.
        let secret = uuid::Uuid::new_v4().simple().to_string();
        match scheme {
            Scheme::Bearer => (Self::bearer([secret.as_str()]), secret),
            Scheme::Basic => (Self::basic("dev", &secret), format!("dev:{secret}")),
            Scheme::Hmac => {
                let header = HeaderName::from_static("lockgate-signature");
                let credentials = Self::hmac([secret.as_str()], header, Duration::from_mins(5));
                (credentials, secret)
            }
        }
    }

    pub(super) fn bearer<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        let digests = tokens.into_iter().map(|token| digest(token.as_bytes()));
        Self {
            expected: Expected::Bearer(digests.collect()),
            challenge: HeaderValue::from_static("Bearer realm=\"lockgate\""),
        }
    }

    /// The name has no colon in it, so the text of both together is theirs alone.
    pub(super) fn basic(username: &str, password: &str) -> Self {
        Self {
            expected: Expected::Basic(digest(format!("{username}:{password}").as_bytes())),
            challenge: HeaderValue::from_static("Basic realm=\"lockgate\", charset=\"UTF-8\""),
        }
    }

    pub(super) fn hmac<'a>(
        secrets: impl IntoIterator<Item = &'a str>,
        header: HeaderName,
        tolerance: Duration,
    ) -> Self {
        let keys = secrets
            .into_iter()
            // HMAC takes keys of any length: there is no error to have.
            .filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok())
            .collect();
        Self {
            expected: Expected::Hmac(Signed {
                keys,
                header,
                tolerance,
            }),
            challenge: HeaderValue::from_static("Lockgate-Signature realm=\"lockgate\""),
        }
    }

    pub(crate) fn kind(&self) -> AuthKind {
        match self.expected {
            Expected::Bearer(_) => AuthKind::Bearer,
            Expected::Basic(_) => AuthKind::Basic,
            Expected::Hmac(_) => AuthKind::Hmac,
        }
    }

    /// The header that callers show it in. Flows do not see it.
    pub(crate) fn header(&self) -> &HeaderName {
        match &self.expected {
            Expected::Bearer(_) | Expected::Basic(_) => &AUTHORIZATION,
            Expected::Hmac(signed) => &signed.header,
        }
    }

    /// Checks what can be checked before the body is there. A signature is left to be checked with the body; where there
    /// is none, the caller is known.
    ///
    /// # Errors
    /// [`Problem::Unauthorized`], whatever is wrong.
    pub(crate) fn check_head(
        &self,
        headers: &HeaderMap,
        clock: &dyn Clock,
    ) -> Result<Option<Signature<'_>>, Problem> {
        match &self.expected {
            Expected::Bearer(digests) => {
                let shown = self.authorization(headers)?.bearer();
                let token = shown.ok_or_else(|| self.refuse("a bearer token is needed"))?;
                let shown = digest(token);
                let fits = digests
                    .iter()
                    .fold(Choice::from(0), |fits, digest| fits | digest.ct_eq(&shown));
                if bool::from(fits) {
                    return Ok(None);
                }
                // RFC 6750, section 3.1.
                let challenge =
                    HeaderValue::from_static("Bearer realm=\"lockgate\", error=\"invalid_token\"");
                Err(Problem::Unauthorized("the bearer token is not known", challenge))
            }
            Expected::Basic(expected) => {
                let shown = self.authorization(headers)?.basic();
                let pair = shown.ok_or_else(|| self.refuse("a name and a password are needed"))?;
                if bool::from(expected.ct_eq(&digest(&pair))) {
                    return Ok(None);
                }
                Err(self.refuse("the name or the password is wrong"))
            }
            Expected::Hmac(signed) => Signature::read(signed, headers, clock.now())
                .map(Some)
                .map_err(|why| self.refuse(why)),
        }
    }

    /// Checks a signature with the rest of its request: the path and query as they came, and the raw body.
    ///
    /// # Errors
    /// [`Problem::Unauthorized`], whatever is wrong.
    pub(crate) fn check_body(
        &self,
        signature: &Signature<'_>,
        head: &http::request::Parts,
        body: &[u8],
    ) -> Result<(), Problem> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        if signature.is_of(&head.method, target, body) {
            return Ok(());
        }
        Err(self.refuse("the signature does not fit the request"))
    }

    fn authorization<'h>(&self, headers: &'h HeaderMap) -> Result<Authorization<'h>, Problem> {
        Authorization::read(headers).map_err(|why| self.refuse(why))
    }

    fn refuse(&self, why: &'static str) -> Problem {
        Problem::Unauthorized(why, self.challenge.clone())
    }
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
