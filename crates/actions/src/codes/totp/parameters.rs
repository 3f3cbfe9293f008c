//! How codes come about: algorithm, digits, period, and the secret.

use serde::Deserialize;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// The shortest secret that is taken: what older services give (RFC 4226 asks for 128 bits of its own).
const LEAST_BYTES: usize = 10;

/// The longest: no hash gains by more.
const MOST_BYTES: usize = 128;

/// The hash function, under the names of `otpauth` URIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Hash {
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
    #[serde(rename = "SHA512")]
    Sha512,
}

impl Hash {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// How long a new secret is: as long as the hash (RFC 6238, section 5.1 and appendix A).
    pub(super) const fn secret_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::SHA1,
            Self::Sha256 => Algorithm::SHA256,
            Self::Sha512 => Algorithm::SHA512,
        }
    }
}

/// How codes come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) algorithm: Hash,
    pub(super) digits: u8,
    /// Seconds.
    pub(super) period: u64,
}

impl Parameters {
    /// Six digits.
    pub(super) const DIGITS: u8 = 6;
    /// Half a minute.
    pub(super) const PERIOD: u64 = 30;

    /// Their schemas: for the input, or as they are given.
    pub(super) fn schemas() -> [(&'static str, Value); 3] {
        [
            (
                "algorithm",
                json!({
                    "enum": ["SHA1", "SHA256", "SHA512"],
                    "default": "SHA1",
                    "description": "The hash function. Several apps take every secret for one of `SHA1`."
                }),
            ),
            (
                "digits",
                json!({
                    "type": "integer",
                    "minimum": 6,
                    "maximum": 8,
                    "default": Self::DIGITS,
                    "description": "How many digits a code has."
                }),
            ),
            (
                "period",
                json!({
                    "type": "integer",
                    "minimum": 15,
                    "maximum": 300,
                    "default": Self::PERIOD,
                    "description": "How long a time step is, in seconds. Several apps know 30 alone."
                }),
            ),
        ]
    }

    pub(super) fn builder(self, secret: &[u8]) -> Builder {
        Builder::new()
            .with_algorithm(self.algorithm.algorithm())
            .with_digits(self.digits)
            .with_step_duration(self.period)
            .with_secret(secret.to_vec())
    }

    /// What makes codes of a secret. Its length is not asked about: those that there are have to be verified.
    pub(super) fn totp(self, secret: &[u8]) -> Totp {
        self.builder(secret).build_noncompliant()
    }
}

/// The code of a time step.
pub(super) fn code(totp: &Totp, step: u64) -> String {
    totp.generate(step.saturating_mul(totp.step())).to_string()
}

/// The bytes of a secret in base32, as people copy it: with spaces, dashes, small letters, with or without padding.
pub(super) fn parse_secret(text: &str) -> Result<Vec<u8>, String> {
    let plain: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '-' | '='))
        .map(|char| char.to_ascii_uppercase())
        .collect();
    let secret = Secret::try_from_base32(&plain).map_err(|_| "the secret is not base32".to_owned())?;
    let bytes = secret.as_bytes();
    if (LEAST_BYTES..=MOST_BYTES).contains(&bytes.len()) {
        Ok(bytes.to_vec())
    } else {
        Err(format!(
            "the secret has {} bytes; it needs {LEAST_BYTES} at least, and {MOST_BYTES} at most",
            bytes.len()
        ))
    }
}
