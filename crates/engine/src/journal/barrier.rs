//! Replaying branches in the order of their first life.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Holds back what is new until everything that is recorded has been replayed.
///
/// In a first life, the error of one branch may have cancelled another, which stopped in front of its next effect. In
/// a replay all branches come along at once; the cancelled one must not do that effect before the error has come
/// again. So whatever is not recorded waits until no branch gets any further by records alone.
#[derive(Debug)]
pub struct ReplayBarrier {
    /// Recorded outcomes that have not been given yet. Those of cancelled branches may never be.
    left: AtomicUsize,
}

impl ReplayBarrier {
    /// For a journal that begins with so many recorded outcomes.
    pub const fn new(outcomes: usize) -> Self {
        Self {
            left: AtomicUsize::new(outcomes),
        }
    }

    /// A recorded outcome is being given. It has to be given at once: without waiting for anything.
    pub fn given(&self) {
        // A journal that counts more than it announced does no harm: there is only less to wait for.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    }

    /// Completes when no branch gets any further by records alone; at once, where nothing recorded is left.
    pub async fn pass(&self) {
        loop {
            let left = self.left.load(Ordering::Relaxed);
            if left == 0 {
                return;
            }
            // Comes back when the run's task has been polled again: each of its branches has had its turn.
            tokio::task::yield_now().await;
            if self.left.load(Ordering::Relaxed) == left {
                return;
            }
        }
    }
}
