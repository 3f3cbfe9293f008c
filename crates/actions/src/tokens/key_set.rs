//! The keys that a connection verifies with, by their ids.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::jwk::Jwk;
use super::keys::{KeyError, VerifyingKey, as_json};

/// More keys than these of a set are not looked at: nobody rotates through more.
const MOST_KEYS: usize = 64;

/// Keys by id. All are for the connection's algorithm.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet(Vec<NamedKey>);

#[derive(Clone, Debug)]
struct NamedKey {
    id: Option<String>,
    key: VerifyingKey,
}

impl KeySet {
    /// One key.
    pub(super) fn of(id: Option<String>, key: VerifyingKey) -> Self {
        Self(vec![NamedKey { id, key }])
    }

    /// A JSON Web Key Set. Keys that cannot be used with the algorithm are none of it (RFC 7517 §5): sets hold keys for
    /// encryption, and for other algorithms. `None` where it is no set.
    pub(super) fn from_json(algorithm: Algorithm, set: &Map<String, Value>) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?.iter().take(MOST_KEYS);
        let fit = keys.filter_map(|key| {
            let jwk = Jwk::new(key.as_object()?);
            let key = VerifyingKey::from_jwk(algorithm, &jwk).ok()?;
            Some(NamedKey {
                id: jwk.id().map(str::to_owned),
                key,
            })
        });
        Some(Self(fit.collect()))
    }

    /// A public key in PEM, a JSON Web Key, or a set of them, as text. `id` names a single key.
    pub(super) fn from_text(algorithm: Algorithm, text: &str, id: Option<&str>) -> Result<Self, KeyError> {
        let Some(json) = as_json(text) else {
            let key = VerifyingKey::from_pem(algorithm, text)?;
            return Ok(Self::of(id.map(str::to_owned), key));
        };
        if let Some(set) = Self::from_json(algorithm, &json) {
            if set.0.is_empty() {
                return Err(KeyError::Unfit {
                    what: "set with a key",
                    algorithm: algorithm.name(),
                });
            }
            return Ok(set);
        }
        if json.contains_key("d") {
            return Err(KeyError::Private);
        }
        let jwk = Jwk::new(&json);
        let key = VerifyingKey::from_jwk(algorithm, &jwk)?;
        Ok(Self::of(id.or_else(|| jwk.id()).map(str::to_owned), key))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a key has this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The keys that may have signed a token which names this key: those of that id, and those without one; for a token
    /// that names none, all.
    pub(super) fn candidates(&self, id: Option<&str>) -> impl Iterator<Item = &VerifyingKey> {
        self.0
            .iter()
            .filter(move |key| match (key.id.as_deref(), id) {
                (Some(known), Some(named)) => known == named,
                _ => true,
            })
            .map(|key| &key.key)
    }
}
