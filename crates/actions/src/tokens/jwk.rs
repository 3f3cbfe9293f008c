//! JSON Web Keys (RFC 7517, RFC 7518 §6): their members, as what the library takes.

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Curve};
use super::keys::{KeyError, check_size};

/// A JSON Web Key that has been read as JSON.
pub(super) struct Jwk<'a>(&'a Map<String, Value>);

impl<'a> Jwk<'a> {
    pub(super) const fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    fn text(&self, member: &str) -> Option<&'a str> {
        self.0.get(member).and_then(Value::as_str)
    }

    /// Its id (`kid`).
    pub(super) fn id(&self) -> Option<&'a str> {
        self.text("kid")
    }

    /// Whether it is meant for this algorithm and for this operation, `sign` or `verify` (RFC 7517 §4.2 to §4.4). What it
    /// does not say, it does not forbid.
    pub(super) fn check_purpose(
        &self,
        algorithm: Algorithm,
        operation: &'static str,
    ) -> Result<(), KeyError> {
        let not = |member, what| Err(KeyError::NotMeant { member, what });
        match self.0.get("use") {
            Some(purpose) if purpose != "sig" => return not("use", "signatures"),
            _ => {}
        }
        match self.0.get("key_ops") {
            Some(Value::Array(operations)) if !operations.iter().any(|known| known == operation) => {
                return not("key_ops", operation);
            }
            _ => {}
        }
        match self.0.get("alg") {
            Some(name) if name != algorithm.name() => not("alg", algorithm.name()),
            _ => Ok(()),
        }
    }

    fn check_type(&self, algorithm: Algorithm, expected: &str) -> Result<(), KeyError> {
        if self.text("kty") == Some(expected) {
            return Ok(());
        }
        Err(KeyError::Unfit {
            what: "key",
            algorithm: algorithm.name(),
        })
    }

    fn bytes(&self, member: &'static str) -> Result<Vec<u8>, KeyError> {
        self.text(member)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .filter(|bytes| !bytes.is_empty())
            .ok_or(KeyError::Member { member })
    }

    /// A number of the curve's size: RFC 7518 §6.2.1.2 wants all its bytes.
    fn number(&self, member: &'static str, curve: Curve) -> Result<Vec<u8>, KeyError> {
        self.bytes(member).and_then(|bytes| {
            Some(bytes)
                .filter(|bytes| bytes.len() == curve.bytes)
                .ok_or(KeyError::Member { member })
        })
    }

    /// The point of a key on a curve, uncompressed (SEC 1 §2.3.3).
    pub(super) fn point(&self, algorithm: Algorithm, curve: Curve) -> Result<Vec<u8>, KeyError> {
        self.check_type(algorithm, "EC")?;
        if self.text("crv") != Some(curve.name) {
            return Err(KeyError::Unfit {
                what: "key",
                algorithm: algorithm.name(),
            });
        }
        let mut point = vec![4];
        point.extend(self.number("x", curve)?);
        point.extend(self.number("y", curve)?);
        Ok(point)
    }

    /// The private half of a key on a curve.
    pub(super) fn private_number(&self, curve: Curve) -> Result<Vec<u8>, KeyError> {
        if self.0.get("d").is_none() {
            return Err(KeyError::Public);
        }
        self.number("d", curve)
    }

    /// The public half of an RSA key.
    pub(super) fn rsa_components(
        &self,
        algorithm: Algorithm,
    ) -> Result<PublicKeyComponents<Vec<u8>>, KeyError> {
        self.check_type(algorithm, "RSA")?;
        let (n, e) = (self.bytes("n")?, self.bytes("e")?);
        // Longer ones are cut off here: the library would look at all of them.
        let bits = u32::try_from(n.len() * 8).unwrap_or(u32::MAX) - n[0].leading_zeros();
        check_size(algorithm, bits)?;
        Ok(PublicKeyComponents { n, e })
    }

    /// Both halves of an RSA key, with what is known of its primes: RFC 7518 §6.3.2 lets them be left out, the library
    /// does not.
    pub(super) fn rsa_pair(&self, algorithm: Algorithm) -> Result<RsaKeyPair, KeyError> {
        let public_key = self.rsa_components(algorithm)?;
        if self.0.get("d").is_none() {
            return Err(KeyError::Public);
        }
        RsaKeyPair::from_components(&KeyPairComponents {
            public_key,
            d: self.bytes("d")?,
            p: self.bytes("p")?,
            q: self.bytes("q")?,
            dP: self.bytes("dp")?,
            dQ: self.bytes("dq")?,
            qInv: self.bytes("qi")?,
        })
        .map_err(|_| KeyError::Unfit {
            what: "private key",
            algorithm: algorithm.name(),
        })
    }
}
