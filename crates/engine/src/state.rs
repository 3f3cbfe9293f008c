//! What one run leaves for another: a code that was sent, a token that was seen. Small, and short-lived.
//!
//! Not for results of steps (that is the [journal](crate::journal)), and not for data of the author's: an entry goes when
//! its time is over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Entries by key, each with a version: who writes says which version it has seen, so that of two who write at once one
/// hears of the other. A write that was answered is there after a crash, if anything of this state is.
#[async_trait]
pub trait SharedState: Send + Sync {
    /// The entry of a key, unless its time is over at `now`.
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError>;

    /// Writes an entry in the place of the version `expected` (`None`: of none, or of one whose time is over at `now`).
    /// False where another one is there by now: look again.
    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError>;

    /// A key for one purpose, the same for as long as the entries are kept: with it codes are hashed. It is never written.
    fn derive_key(&self, purpose: &str) -> [u8; 32];
}

/// A value and its version.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was written.
    pub value: Value,
    /// One more with each write of the key.
    pub version: u64,
    /// When its time is over.
    pub expires_at: Timestamp,
}

/// The state cannot be read or written now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what runs share cannot be kept: {reason}")]
pub struct StateError {
    /// What happened.
    pub reason: String,
}

/// Entries in memory: gone with the process.
pub struct MemoryState {
    entries: Mutex<HashMap<String, Entry>>,
    key: [u8; 32],
}

impl MemoryState {
    /// Nothing yet; codes are hashed with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            entries: Mutex::default(),
            key,
        }
    }

    /// Nothing yet, with a key that nobody knows.
    pub fn random() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key);
        Self::new(key)
    }
}

#[async_trait]
impl SharedState for MemoryState {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(entries.get(key).filter(|entry| entry.expires_at > now).cloned())
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Once in a while, those whose time is over make room.
        if entries.len().is_power_of_two() {
            entries.retain(|_, entry| entry.expires_at > now);
        }
        let there = entries.get(key).filter(|entry| entry.expires_at > now);
        if there.map(|entry| entry.version) != expected {
            return Ok(false);
        }
        let entry = Entry {
            value: value.clone(),
            version: expected.unwrap_or(0) + 1,
            expires_at,
        };
        entries.insert(key.to_owned(), entry);
        Ok(true)
    }

    fn derive_key(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }
}

impl std::fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryState").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn of_two_who_write_one_hears_of_the_other() {
        let state = MemoryState::new([0; 32]);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(state.put("a", None, &json!(1), at(10), at(0)).await, Ok(true));
        assert_eq!(state.put("a", None, &json!(2), at(10), at(0)).await, Ok(false));
        assert_eq!(state.put("a", Some(1), &json!(3), at(10), at(0)).await, Ok(true));
        assert_eq!(state.put("a", Some(1), &json!(4), at(10), at(0)).await, Ok(false));
        let entry = state.get("a", at(9)).await.unwrap().unwrap();
        assert_eq!((entry.value, entry.version), (json!(3), 2));
        assert_eq!(state.get("a", at(10)).await, Ok(None));
        assert_eq!(state.put("a", None, &json!(5), at(20), at(10)).await, Ok(true));
    }
}
