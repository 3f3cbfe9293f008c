//! Deletes ended runs that are past their retention, and keys and entries whose time is over, in small slices, with a rest after
//! each: the writer has other things to do.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::keeper::Keeper;

/// So many runs are deleted at once.
const SLICE: usize = 200;

/// When nothing more is to delete.
const PAUSE: Duration = Duration::from_mins(1);

/// The rest after a slice, by the time that it took; and at least.
const REST: u32 = 9;
const LEAST_REST: Duration = Duration::from_millis(20);

impl Keeper {
    /// Deletes what is old; a task. Also where runs are kept for ever: what they share is not.
    pub(crate) async fn prune_old(self: Arc<Self>) {
        let retention = self.options.retention;
        let clock = self.clock();
        loop {
            let began = clock.elapsed();
            let rest = match self.store.prune(retention, SLICE).await {
                Ok(0) => PAUSE,
                Ok(pruned) => {
                    self.counters.pruned.fetch_add(pruned as u64, Ordering::Relaxed);
                    // A tenth of the time at most.
                    (clock.elapsed().saturating_sub(began) * REST).max(LEAST_REST)
                }
                Err(error) => {
                    self.trouble(&error);
                    PAUSE
                }
            };
            clock.sleep(rest).await;
        }
    }
}
