//! Why a token is not valid: what `jwt.verify` answers instead of failing.

use serde_json::{Value, json};

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Malformed,
    TokenTooLarge,
    UnsupportedHeader,
    KeyInHeader,
    AlgorithmMismatch,
    UnknownKey,
    InvalidSignature,
    TokenExpired,
    TokenNotActive,
    InvalidIssuer,
    InvalidAudience,
    InvalidSubject,
    MissingClaim,
}

impl Cause {
    /// All, in the order in which they are looked for, with what they mean.
    pub(super) const ALL: [(Self, &'static str); 13] = [
        (Self::TokenTooLarge, "it is longer than 16 KiB"),
        (
            Self::Malformed,
            "it is no signed token, or a registered claim has the wrong type",
        ),
        (
            Self::UnsupportedHeader,
            "its header names something critical (`crit`) that is not known here",
        ),
        (
            Self::KeyInHeader,
            "its header brings a key along, or says where one is",
        ),
        (
            Self::AlgorithmMismatch,
            "its algorithm is not the connection's; `none` never is",
        ),
        (
            Self::UnknownKey,
            "the connection has no key of the id that it names",
        ),
        (Self::InvalidSignature, "no key of the connection has signed it"),
        (Self::TokenExpired, "its time (`exp`) is over"),
        (Self::TokenNotActive, "its time (`nbf`) has not come"),
        (Self::InvalidIssuer, "it comes from another issuer, or names none"),
        (Self::InvalidAudience, "it is meant for others, or names nobody"),
        (Self::InvalidSubject, "it is about another subject, or names none"),
        (Self::MissingClaim, "it lacks a claim of `required_claims`"),
    ];

    /// As it is answered.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "MALFORMED",
            Self::TokenTooLarge => "TOKEN_TOO_LARGE",
            Self::UnsupportedHeader => "UNSUPPORTED_HEADER",
            Self::KeyInHeader => "KEY_IN_HEADER",
            Self::AlgorithmMismatch => "ALGORITHM_MISMATCH",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenNotActive => "TOKEN_NOT_ACTIVE",
            Self::InvalidIssuer => "INVALID_ISSUER",
            Self::InvalidAudience => "INVALID_AUDIENCE",
            Self::InvalidSubject => "INVALID_SUBJECT",
            Self::MissingClaim => "MISSING_CLAIM",
        }
    }
}

/// A token that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) cause: Cause,
    /// For who looks for the mistake. Quotes nothing of the token: nobody has vouched for it.
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self {
            cause,
            detail: detail.into(),
        }
    }

    /// As `jwt.verify` answers it.
    pub(super) fn answer(&self) -> Value {
        json!({ "valid": false, "cause": self.cause.name(), "detail": self.detail })
    }
}
