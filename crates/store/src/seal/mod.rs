//! What seals secrets in the store, and makes digests of them that nobody can make without the key.
//!
//! Sealed is with AES-256-GCM-SIV (RFC 8452) under a random nonce. What is sealed is bound to its place (the run and where in it),
//! so that it cannot be moved to another, or to the key of an entry that runs share. Digests are HMAC-SHA256. All keys are derived (HKDF, RFC 5869) from one of 32 bytes.

mod key;

use std::fmt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

pub(crate) use key::find_key;

use crate::error::StoreError;
use crate::id::RunId;

/// What is sealed, or a digest, cannot be made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed cannot be opened: it is damaged, or was sealed with another key")]
pub(crate) struct Unsealable;

/// The keys of a store.
pub(crate) struct Seal {
    sealing: RandomizedNonceKey,
    digests: hmac::Key,
    /// From which actions get keys of their own.
    derived: hmac::Key,
    /// Tells this key from others, and says nothing of it.
    check: [u8; 32],
}

impl Seal {
    /// From a key of 32 bytes.
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Unsealable> {
        let derived = |purpose: &'static str| {
            let mut derived = [0; 32];
            let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"lockgate store");
            let expanded = salt.extract(key);
            let purpose = [purpose.as_bytes()];
            let filled = expanded.expand(&purpose, hkdf::HKDF_SHA256);
            filled
                .and_then(|output| output.fill(&mut derived))
                .map(|()| derived)
                .map_err(|_| Unsealable)
        };
        Ok(Self {
            sealing: RandomizedNonceKey::new(&AES_256_GCM_SIV, &derived("seal")?).map_err(|_| Unsealable)?,
            digests: hmac::Key::new(hmac::HMAC_SHA256, &derived("digest")?),
            derived: hmac::Key::new(hmac::HMAC_SHA256, &derived("state")?),
            check: derived("check")?,
        })
    }

    /// Tells this key from others: kept in the store.
    pub(crate) fn check(&self) -> &[u8; 32] {
        &self.check
    }

    /// Whether a store with this check is sealed with this key.
    pub(crate) fn fits(&self, check: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.check, check).is_ok()
    }

    /// Seals bytes for a place in a run: the nonce, what is sealed, its tag.
    pub(crate) fn seal(&self, run: RunId, place: &str, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        self.seal_bound(&bound_to(run, place), plain)
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(&self, run: RunId, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        self.open_bound(&bound_to(run, place), sealed)
    }

    /// Seals the value of an entry that runs share; `key` is its digest ([`Self::digest_entry`]).
    pub(crate) fn seal_entry(&self, key: &[u8; 32], plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        self.seal_bound(&bound_to_entry(key), plain)
    }

    /// Opens what [`Self::seal_entry`] made.
    pub(crate) fn open_entry(&self, key: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        self.open_bound(&bound_to_entry(key), sealed)
    }

    fn seal_bound(&self, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (head, text) = sealed.split_at_mut(NONCE_LEN);
        let (nonce, tag) = self
            .sealing
            .seal_in_place_separate_tag(Aad::from(bound_to), text)
            .map_err(|_| Unsealable)?;
        head.copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    fn open_bound(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut text = text.to_vec();
        let length = self
            .sealing
            .open_in_place(nonce, Aad::from(bound_to), &mut text)
            .map_err(|_| Unsealable)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// [`Self::seal`], as text.
    pub(crate) fn seal_text(&self, run: RunId, place: &str, plain: &str) -> Result<String, Unsealable> {
        let sealed = self.seal(run, place, plain.as_bytes())?;
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    /// Opens what [`Self::seal_text`] made.
    pub(crate) fn open_text(&self, run: RunId, place: &str, sealed: &str) -> Result<String, Unsealable> {
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| Unsealable)?;
        String::from_utf8(self.open(run, place, &sealed)?).map_err(|_| Unsealable)
    }

    /// The digest of a step's input, as its record has it: half of an HMAC, in hex.
    pub(crate) fn digest_input(&self, json: &str) -> String {
        let tag = self.digest("input", &[json.as_bytes()]);
        tag[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
            hex.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
            hex
        })
    }

    /// The digest of an idempotency key of a flow.
    pub(crate) fn digest_key(&self, flow: &str, key: &str) -> [u8; 32] {
        self.digest("key", &[flow.as_bytes(), key.as_bytes()])
    }

    /// The digest of the name of an entry that runs share.
    pub(crate) fn digest_entry(&self, name: &str) -> [u8; 32] {
        self.digest("entry", &[name.as_bytes()])
    }

    /// A key for one purpose of an action's.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(hmac::sign(&self.derived, purpose.as_bytes()).as_ref());
        key
    }

    /// Equal for inputs that are equal, whatever the order of their fields.
    pub(crate) fn fingerprint(&self, input: &Value) -> [u8; 32] {
        let mut text = Vec::with_capacity(256);
        canonical(input, &mut text);
        self.digest("fingerprint", &[&text])
    }

    fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.digests);
        context.update(purpose.as_bytes());
        for part in parts {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

fn bound_to(run: RunId, place: &str) -> Vec<u8> {
    [run.as_bytes().as_slice(), place.as_bytes()].concat()
}

/// What no run's place looks like: those begin with the id, in which these bytes would be a time far away.
fn bound_to_entry(key: &[u8; 32]) -> Vec<u8> {
    [b"entry of the state ".as_slice(), key].concat()
}

/// JSON with the fields of each object sorted.
fn canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            text.push(b'[');
            for item in items {
                canonical(item, text);
                text.push(b',');
            }
            text.push(b']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            text.push(b'{');
            for (name, field) in sorted {
                scalar(&Value::from(name.as_str()), text);
                text.push(b':');
                canonical(field, text);
                text.push(b',');
            }
            text.push(b'}');
        }
        leaf => scalar(leaf, text),
    }
}

fn scalar(value: &Value, text: &mut Vec<u8>) {
    text.extend_from_slice(value.to_string().as_bytes());
}

/// The key of a store: found, checked against what the store says, made for a new store.
pub(crate) fn seal_of(path: &Path, key: &[u8; 32]) -> Result<Seal, StoreError> {
    Seal::new(key).map_err(|_| StoreError::Key {
        what: format!("the key of {} cannot be used", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sealed_comes_back_at_its_place_only() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let (run, other) = (RunId::new(), RunId::new());
        let sealed = seal.seal_text(run, "input", "a secret").unwrap();
        assert_eq!(seal.open_text(run, "input", &sealed).unwrap(), "a secret");
        assert_ne!(
            seal.seal_text(run, "input", "a secret").unwrap(),
            sealed,
            "a nonce is used once"
        );
        for (run, place) in [(other, "input"), (run, "output")] {
            assert_eq!(seal.open_text(run, place, &sealed), Err(Unsealable));
        }
        assert_eq!(
            Seal::new(&[8; 32]).unwrap().open_text(run, "input", &sealed),
            Err(Unsealable)
        );
        let mut bytes = seal.seal(run, "input", b"a secret").unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(run, "input", &bytes), Err(Unsealable), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for short in 0..bytes.len() {
            assert_eq!(
                seal.open(run, "input", &bytes[..short]),
                Err(Unsealable),
                "{short} bytes"
            );
        }
        assert_eq!(seal.open_text(run, "input", "no base64!"), Err(Unsealable));
    }

    #[test]
    fn fingerprints_go_by_content() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let of = |value: Value| seal.fingerprint(&value);
        assert_eq!(
            of(json!({ "a": [1, { "x": 1, "y": null }], "b": "t" })),
            of(json!({ "b": "t", "a": [1, { "y": null, "x": 1 }] }))
        );
        let different = [
            json!({ "a": 1 }),
            json!({ "a": "1" }),
            json!({ "a": 1.0 }),
            json!({ "a": [1] }),
            json!([1, 2]),
            json!([[1], 2]),
            json!([12]),
            json!({ "a\":1,\"b": 1 }),
        ];
        let distinct: std::collections::BTreeSet<_> =
            different.iter().map(|value| of(value.clone())).collect();
        assert_eq!(distinct.len(), different.len());
        assert_ne!(Seal::new(&[8; 32]).unwrap().fingerprint(&json!(1)), of(json!(1)));
        assert_ne!(seal.digest_key("a", "bc"), seal.digest_key("ab", "c"));
    }
}
