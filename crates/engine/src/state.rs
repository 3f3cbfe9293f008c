//! What one run leaves for another: a code that was sent, a token that was seen. Small, and short-lived.
//!
//! Not for results of steps (that is the [journal](crate::journal)), and not for data of the author's: an entry goes when
//! its time is over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_flow::catalog::ErrorSpec;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::action::{ActionError, Retry};

/// Entries by key, each with a version: who writes says which version it has seen, so that of two who write at once one
/// hears of the other. A write that was answered is there after a crash, if anything of this state is.
///
/// Keys and values stay short, and say nothing of people that can be read: what is secret or personal is hashed with a
/// [derived key](Self::derive_key) first. Entries are not data of a run: a replay without effects calls no action, and so
/// sees none of them.
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
    /// Another with each write, also where an entry has gone meanwhile: whoever is slow never takes a later entry for the
    /// one that it has seen.
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

/// What actions that use the state declare beside their own errors.
pub const UNAVAILABLE: ErrorSpec = ErrorSpec::new(
    "state_unavailable",
    503,
    "what runs share cannot be read or written now",
);

impl From<StateError> for ActionError {
    /// [`UNAVAILABLE`]; it may pass.
    fn from(error: StateError) -> Self {
        Self::new("state_unavailable", error.to_string()).with_retry(Retry::Transient)
    }
}

/// Entries in memory: gone with the process.
pub struct MemoryState {
    inner: Mutex<Inner>,
    key: [u8; 32],
}

#[derive(Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    /// Of the last write.
    version: u64,
    /// With so many entries, those whose time is over make room.
    crowded: usize,
}

/// Fewer entries are not worth looking through.
const FEW: usize = 1_000;

impl MemoryState {
    /// Nothing yet; codes are hashed with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            inner: Mutex::default(),
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
        Ok(self.lock().there(key, now).cloned())
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let mut inner = self.lock();
        if inner.there(key, now).map(|entry| entry.version) != expected {
            return Ok(false);
        }
        inner.make_room(now);
        inner.version += 1;
        let entry = Entry {
            value: value.clone(),
            version: inner.version,
            expires_at,
        };
        inner.entries.insert(key.to_owned(), entry);
        Ok(true)
    }

    fn derive_key(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }
}

impl MemoryState {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn there(&self, key: &str, now: Timestamp) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.expires_at > now)
    }

    /// Once in a while, those whose time is over go.
    fn make_room(&mut self, now: Timestamp) {
        if self.entries.len() < self.crowded.max(FEW) {
            return;
        }
        self.entries.retain(|_, entry| entry.expires_at > now);
        self.crowded = self.entries.len() * 2;
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
    async fn those_whose_time_is_over_make_room() {
        let state = MemoryState::new([0; 32]);
        let at = |second| Timestamp::from_second(second).unwrap();
        for second in 0..100_000 {
            let key = second.to_string();
            let put = state
                .put(&key, None, &json!(1), at(second + 10), at(second))
                .await;
            assert_eq!(put, Ok(true));
        }
        let kept = state.lock().entries.len();
        assert!(kept <= FEW, "{kept} are kept");
    }
}
