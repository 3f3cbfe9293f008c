//! What is kept in the place of references, codes and secrets: hashes with keys that are derived from the state's, one for each
//! purpose. Nobody can try a list of addresses or all codes against them without the key.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockgate_engine::state::SharedState;
use serde::{Deserialize, Serialize};

/// The hash of something for one purpose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hash(String);

impl Hash {
    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that says nothing of where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

/// The hash of several parts for a purpose.
pub(super) fn hash(state: &dyn SharedState, purpose: &str, parts: &[&[u8]]) -> Hash {
    Hash(URL_SAFE_NO_PAD.encode(digest(state, purpose, parts)))
}

/// The same, as bytes.
pub(super) fn digest(state: &dyn SharedState, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let key = state.derive_key(&format!("lockgate codes: {purpose}"));
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.sign().as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use lockgate_engine::state::MemoryState;

    use super::*;

    #[test]
    fn what_differs_in_key_purpose_or_parts_differs() {
        let (state, other) = (MemoryState::new([1; 32]), MemoryState::new([2; 32]));
        let hashes = [
            hash(&state, "a", &[b"x", b"y"]),
            hash(&other, "a", &[b"x", b"y"]),
            hash(&state, "b", &[b"x", b"y"]),
            hash(&state, "a", &[b"xy", b""]),
            hash(&state, "a", &[b"xy"]),
            hash(&state, "a", &[b"y", b"x"]),
        ];
        for (n, one) in hashes.iter().enumerate() {
            for (m, another) in hashes.iter().enumerate() {
                assert_eq!(one.is(another), n == m, "{n} {m}");
            }
        }
        assert!(hash(&state, "a", &[b"x", b"y"]).is(&hashes[0]));
        assert_eq!(format!("{:?}", hashes[0]), "Hash");
    }
}
