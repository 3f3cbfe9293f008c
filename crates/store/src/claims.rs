//! Idempotency keys: one run for each, however many ask at the same time.
//!
//! A key that has been claimed is on the disk, or is held here until the run's row is: both are written in one
//! transaction. Whoever claims a key first says so here, then looks on the disk; the others wait for what it finds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::StoreError;
use crate::id::RunId;
use crate::rows::KeyRow;

/// A key of a flow.
pub(crate) type Key = (i64, [u8; 32]);

/// The keys that are not, or not surely, on the disk.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: Mutex<HashMap<Key, Held>>,
}

#[derive(Debug)]
enum Held {
    /// Someone looks on the disk.
    Looking(Arc<Notify>),
    /// A run of this process has it.
    Claimed {
        seq: i64,
        run: RunId,
        fingerprint: [u8; 32],
    },
}

/// What a key stands for.
#[derive(Debug)]
pub(crate) enum Claim<'a> {
    /// Nothing yet: the run may begin with it. Dropping this gives the key back.
    Free(Free<'a>),
    /// A run.
    Taken { run: RunId, fingerprint: [u8; 32] },
}

/// A key that is ours if we say so.
#[derive(Debug)]
pub(crate) struct Free<'a> {
    claims: &'a Claims,
    key: Key,
}

impl Claims {
    /// Claims a key. `look` finds it on the disk.
    pub(crate) async fn claim<Looked>(
        &self,
        key: Key,
        look: impl FnOnce() -> Looked,
    ) -> Result<Claim<'_>, StoreError>
    where
        Looked: Future<Output = Result<Option<(RunId, [u8; 32])>, StoreError>>,
    {
        loop {
            let waiting = {
                let mut held = self.lock();
                match held.get(&key) {
                    None => {
                        held.insert(key, Held::Looking(Arc::default()));
                        break;
                    }
                    Some(Held::Claimed { run, fingerprint, .. }) => {
                        return Ok(Claim::Taken {
                            run: *run,
                            fingerprint: *fingerprint,
                        });
                    }
                    Some(Held::Looking(found)) => Arc::clone(found).notified_owned(),
                }
            };
            waiting.await;
        }
        let free = Free { claims: self, key };
        Ok(match look().await? {
            Some((run, fingerprint)) => Claim::Taken { run, fingerprint },
            None => Claim::Free(free),
        })
    }

    /// The run's row and its key are on the disk.
    pub(crate) fn is_on_disk(&self, row: &KeyRow) {
        let mut held = self.lock();
        let key = (row.flow, row.key);
        if matches!(held.get(&key), Some(Held::Claimed { seq, .. }) if *seq == row.run) {
            held.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a look.
    fn settle(&self, key: Key, claimed: Option<Held>) {
        let mut held = self.lock();
        let looking = match claimed {
            Some(claimed) => held.insert(key, claimed),
            // What is claimed stays.
            None if matches!(held.get(&key), Some(Held::Looking(_))) => held.remove(&key),
            None => None,
        };
        drop(held);
        if let Some(Held::Looking(found)) = looking {
            found.notify_waiters();
        }
    }
}

impl Free<'_> {
    /// The digest of the key.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.key.1
    }

    /// The run begins: the key is its.
    pub(crate) fn take(self, row: &KeyRow, run: RunId) {
        let claimed = Held::Claimed {
            seq: row.run,
            run,
            fingerprint: row.fingerprint,
        };
        self.claims.settle(self.key, Some(claimed));
    }
}

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.claims.settle(self.key, None);
    }
}
