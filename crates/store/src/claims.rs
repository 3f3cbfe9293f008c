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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const KEY: Key = (1, [1; 32]);

    /// Polls once.
    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Whoever claims a key and goes away gives it back.
    #[test]
    fn a_claim_that_is_dropped_is_given_back() {
        let claims = Claims::default();
        let mut second = pin!(claims.claim(KEY, || ready(Ok(None))));
        {
            let mut first = pin!(claims.claim(KEY, pending));
            assert!(poll(first.as_mut()).is_pending(), "it looks on the disk");
            assert!(poll(second.as_mut()).is_pending(), "it waits for the first");
        }
        let Poll::Ready(Ok(Claim::Free(free))) = poll(second.as_mut()) else {
            panic!("it is not free");
        };
        let mut third = pin!(claims.claim(KEY, || ready(Ok(None))));
        assert!(poll(third.as_mut()).is_pending(), "it waits for the second");
        let row = KeyRow {
            flow: KEY.0,
            key: KEY.1,
            run: 7,
            fingerprint: [2; 32],
            expires_at: 0,
        };
        let id = RunId::new();
        free.take(&row, id);
        let Poll::Ready(Ok(Claim::Taken { run, fingerprint })) = poll(third.as_mut()) else {
            panic!("it is not taken");
        };
        assert_eq!((run, fingerprint), (id, [2; 32]));
        // On the disk it is found by whoever looks there.
        claims.is_on_disk(&KeyRow {
            run: 8,
            ..row.clone()
        });
        assert_eq!(claims.lock().len(), 1, "that was another run");
        claims.is_on_disk(&row);
        assert!(claims.lock().is_empty());
        let mut fourth = pin!(claims.claim(KEY, || ready(Err(StoreError::Closed))));
        assert!(matches!(
            poll(fourth.as_mut()),
            Poll::Ready(Err(StoreError::Closed))
        ));
        assert!(claims.lock().is_empty(), "a look that failed holds nothing");
    }
}
