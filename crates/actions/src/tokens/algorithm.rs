//! The signature algorithms of JWS (RFC 7518 §3.1), and what aws-lc calls them.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::RsaParameters;
use aws_lc_rs::signature::{
    self as aws, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, RsaSignatureEncoding,
};

/// An algorithm that tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
    Ps256,
    Ps384,
    Ps512,
}

/// What a key of an algorithm is, with the library's names.
pub(super) enum Kind {
    /// A secret that both sides know.
    Secret(hmac::Algorithm),
    /// A pair; the signature has no salt (RS) or one (PS).
    Rsa {
        sign: &'static RsaSignatureEncoding,
        verify: &'static RsaParameters,
    },
    /// A pair on a curve.
    Ec {
        curve: Curve,
        sign: &'static EcdsaSigningAlgorithm,
        verify: &'static EcdsaVerificationAlgorithm,
    },
}

/// A curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Curve {
    /// As in `crv`.
    pub(super) name: &'static str,
    /// Of a coordinate, and of the private key.
    pub(super) bytes: usize,
}

const P256: Curve = Curve {
    name: "P-256",
    bytes: 32,
};
const P384: Curve = Curve {
    name: "P-384",
    bytes: 48,
};
const P521: Curve = Curve {
    name: "P-521",
    bytes: 66,
};

/// Their names, in the order of documents.
pub(super) const NAMES: [&str; 12] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384",
    "PS512",
];

impl Algorithm {
    /// All, in the order of [`NAMES`].
    pub(super) const ALL: [Self; 12] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// By its name: exactly, as names are case-sensitive (RFC 7515 §4.1.1).
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// As in `alg`.
    pub(super) const fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// What its keys are.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Hs256 => Kind::Secret(hmac::HMAC_SHA256),
            Self::Hs384 => Kind::Secret(hmac::HMAC_SHA384),
            Self::Hs512 => Kind::Secret(hmac::HMAC_SHA512),
            Self::Rs256 => Kind::Rsa {
                sign: &aws::RSA_PKCS1_SHA256,
                verify: &aws::RSA_PKCS1_2048_8192_SHA256,
            },
            Self::Rs384 => Kind::Rsa {
                sign: &aws::RSA_PKCS1_SHA384,
                verify: &aws::RSA_PKCS1_2048_8192_SHA384,
            },
            Self::Rs512 => Kind::Rsa {
                sign: &aws::RSA_PKCS1_SHA512,
                verify: &aws::RSA_PKCS1_2048_8192_SHA512,
            },
            Self::Ps256 => Kind::Rsa {
                sign: &aws::RSA_PSS_SHA256,
                verify: &aws::RSA_PSS_2048_8192_SHA256,
            },
            Self::Ps384 => Kind::Rsa {
                sign: &aws::RSA_PSS_SHA384,
                verify: &aws::RSA_PSS_2048_8192_SHA384,
            },
            Self::Ps512 => Kind::Rsa {
                sign: &aws::RSA_PSS_SHA512,
                verify: &aws::RSA_PSS_2048_8192_SHA512,
            },
            Self::Es256 => Kind::Ec {
                curve: P256,
                sign: &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
                verify: &aws::ECDSA_P256_SHA256_FIXED,
            },
            Self::Es384 => Kind::Ec {
                curve: P384,
                sign: &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
                verify: &aws::ECDSA_P384_SHA384_FIXED,
            },
            Self::Es512 => Kind::Ec {
                curve: P521,
                sign: &aws::ECDSA_P521_SHA512_FIXED_SIGNING,
                verify: &aws::ECDSA_P521_SHA512_FIXED,
            },
        }
    }

    /// Whether signing and verifying take the same secret.
    pub(super) const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// The least length of a secret, in bytes: that of the hash (RFC 7518 §3.2).
    pub(super) const fn least_secret(self) -> usize {
        match self {
            Self::Hs384 => 48,
            Self::Hs512 => 64,
            _ => 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for (algorithm, name) in Algorithm::ALL.into_iter().zip(NAMES) {
            assert_eq!(
                (algorithm.name(), Algorithm::parse(name)),
                (name, Some(algorithm))
            );
            assert_eq!(Algorithm::parse(&name.to_lowercase()), None);
            assert_eq!(algorithm.is_symmetric(), name.starts_with("HS"));
        }
        for name in ["", "none", "None", "NONE", "EdDSA", "HS256 ", "ES256K"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
