//! One key for one algorithm: it signs, or it verifies. What cannot do that never becomes a key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair, RsaParameters};
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Kind};
use super::jwk::Jwk;
use super::pem_key::PemKey;

/// Why something is no key for an algorithm. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyError {
    #[error("it is neither PEM nor a JSON Web Key")]
    Unreadable,
    #[error("it is encrypted")]
    Encrypted,
    #[error("it is a certificate, not a key")]
    Certificate,
    #[error("it is a `{label}`, not a key")]
    Label { label: String },
    #[error("it is a private key")]
    Private,
    #[error("it is a public key")]
    Public,
    #[error("the secret has {bytes} bytes, and {algorithm} needs {least} (RFC 7518 §3.2)")]
    ShortSecret {
        bytes: usize,
        algorithm: &'static str,
        least: usize,
    },
    #[error("it has {bits} bits, and {algorithm} needs 2048 to 8192 (RFC 7518 §3.3)")]
    Size { bits: u32, algorithm: &'static str },
    #[error("it is no {what} for {algorithm}")]
    Unfit {
        what: &'static str,
        algorithm: &'static str,
    },
    #[error("its `{member}` is missing or not base64url")]
    Member { member: &'static str },
    #[error("its `{member}` says that it is not for {what}")]
    NotMeant {
        member: &'static str,
        what: &'static str,
    },
}

impl KeyError {
    /// What to do about it.
    pub(super) const fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreadable | Self::Label { .. } => {
                "write the whole PEM text, from `-----BEGIN …` to `-----END …-----`, with its line breaks, or a JSON Web Key"
            }
            Self::Encrypted => "decrypt it: `openssl pkey -in key.pem -out plain.pem`",
            Self::Certificate => "take the key out of it: `openssl x509 -in certificate.pem -pubkey -noout`",
            Self::Private => "take the public half: `openssl pkey -in key.pem -pubout`",
            Self::Public => "write the private key here, and this one under `public_key`",
            Self::ShortSecret { .. } => "make one with `openssl rand -hex 32`, and give it to both sides",
            _ => return None,
        })
    }
}

/// A key that signs.
pub(super) struct SigningKey {
    algorithm: Algorithm,
    signer: Signer,
}

enum Signer {
    Secret(Arc<hmac::Key>),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// A key that verifies.
#[derive(Clone)]
pub(super) enum VerifyingKey {
    Secret(Arc<hmac::Key>),
    Public(ParsedPublicKey),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.algorithm.name())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(..)")
    }
}

/// An error of the library says nothing that helps an author: all of them are this one.
fn unfit(what: &'static str, algorithm: Algorithm) -> KeyError {
    KeyError::Unfit {
        what,
        algorithm: algorithm.name(),
    }
}

impl SigningKey {
    /// A secret of both sides, if it is long enough.
    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let Kind::Secret(hash) = algorithm.kind() else {
            return Err(unfit("secret", algorithm));
        };
        let least = algorithm.least_secret();
        if secret.len() < least {
            return Err(KeyError::ShortSecret {
                bytes: secret.len(),
                algorithm: algorithm.name(),
                least,
            });
        }
        let signer = Signer::Secret(Arc::new(hmac::Key::new(hash, secret)));
        Ok(Self { algorithm, signer })
    }

    /// A private key: PEM, or a JSON Web Key as text; with its id, if it says one.
    pub(super) fn from_text(algorithm: Algorithm, text: &str) -> Result<(Self, Option<String>), KeyError> {
        let what = "private key";
        if let Some(json) = as_json(text) {
            let jwk = Jwk::new(&json);
            jwk.check_purpose(algorithm, "sign")?;
            let signer = match algorithm.kind() {
                Kind::Secret(_) => return Err(unfit(what, algorithm)),
                Kind::Rsa { .. } => Signer::Rsa(jwk.rsa_pair(algorithm)?),
                Kind::Ec { curve, sign, .. } => {
                    let point = jwk.point(algorithm, curve)?;
                    let private = jwk.private_number(curve)?;
                    let pair = EcdsaKeyPair::from_private_key_and_public_key(sign, &private, &point)
                        .map_err(|_| unfit(what, algorithm))?;
                    Signer::Ec(pair)
                }
            };
            return Ok((Self { algorithm, signer }, jwk.id().map(str::to_owned)));
        }
        let pem = PemKey::parse(text)?;
        let der = pem.private()?;
        let signer = match algorithm.kind() {
            Kind::Secret(_) => None,
            Kind::Rsa { .. } => RsaKeyPair::from_pkcs8(der)
                .or_else(|_| RsaKeyPair::from_der(der))
                .ok()
                .map(Signer::Rsa),
            Kind::Ec { sign, .. } => EcdsaKeyPair::from_private_key_der(sign, der).ok().map(Signer::Ec),
        };
        let signer = signer.ok_or_else(|| unfit(what, algorithm))?;
        Ok((Self { algorithm, signer }, None))
    }

    /// Its algorithm.
    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The other half: what verifies its signatures.
    pub(super) fn verifying(&self) -> Result<VerifyingKey, KeyError> {
        match (&self.signer, self.algorithm.kind()) {
            (Signer::Secret(key), _) => Ok(VerifyingKey::Secret(Arc::clone(key))),
            (Signer::Rsa(pair), _) => VerifyingKey::from_der(self.algorithm, pair.public_key().as_ref()),
            (Signer::Ec(pair), _) => VerifyingKey::from_der(self.algorithm, pair.public_key().as_ref()),
        }
    }

    /// Signs. `None` where the library cannot: it has refused the numbers, or the machine has no randomness.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Secret(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Signer::Rsa(pair) => {
                let Kind::Rsa { sign, .. } = self.algorithm.kind() else {
                    return None;
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(sign, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Signer::Ec(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}

impl VerifyingKey {
    /// A public key in PEM.
    pub(super) fn from_pem(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        Self::from_der(algorithm, PemKey::parse(text)?.public()?)
    }

    /// A public JSON Web Key. `oct` keys are none: a secret that is published is no secret.
    pub(super) fn from_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        jwk.check_purpose(algorithm, "verify")?;
        match algorithm.kind() {
            Kind::Secret(_) => Err(unfit("public key", algorithm)),
            Kind::Ec { curve, .. } => Self::from_der(algorithm, &jwk.point(algorithm, curve)?),
            Kind::Rsa { verify, .. } => jwk
                .rsa_components(algorithm)?
                .to_parsed_public_key(verify)
                .map(Self::Public)
                .map_err(|_| unfit("public key", algorithm)),
        }
    }

    /// DER of a public key (RFC 5280 or RFC 8017), or a point.
    fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let refused = || unfit("public key", algorithm);
        match algorithm.kind() {
            Kind::Secret(_) => Err(refused()),
            Kind::Rsa { verify, .. } => {
                // The library looks at the size with each signature; here it is looked at once, and with a word.
                let key = aws_lc_rs::rsa::PublicKey::from_der(der).map_err(|_| refused())?;
                let bits = RsaParameters::public_modulus_len(key.as_ref()).map_err(|_| refused())?;
                check_size(algorithm, bits)?;
                ParsedPublicKey::new(verify, der)
                    .map(Self::Public)
                    .map_err(|_| refused())
            }
            Kind::Ec { verify, .. } => ParsedPublicKey::new(verify, der)
                .map(Self::Public)
                .map_err(|_| refused()),
        }
    }

    /// Whether the signature holds. In constant time where the key is a secret.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// RFC 7518 §3.3 and §3.5.
pub(super) fn check_size(algorithm: Algorithm, bits: u32) -> Result<(), KeyError> {
    if (2048..=8192).contains(&bits) {
        return Ok(());
    }
    Err(KeyError::Size {
        bits,
        algorithm: algorithm.name(),
    })
}

/// A text that means to be JSON.
pub(super) fn as_json(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text.trim()).ok()
}
