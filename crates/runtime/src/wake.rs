//! What sleeps goes on when its time has come.
//!
//! A sleeping run is a row in the store, and nothing in memory. This task asks the store for the next due time, and sleeps
//! until then, or until it hears of an earlier one. It looks again at least every second: the machine's clock may have been
//! set, or the machine itself may have slept.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::select;
use jiff::Timestamp;
use lockgate_store::{Status, StoreError};
use tokio::sync::Notify;

use crate::keeper::Keeper;

/// Where runs are due that cannot go on at the moment, the store is asked again after this time.
const PAUSE: Duration = Duration::from_millis(250);

/// Where so few more have room in memory, they are not looked for: those in memory stand before them.
const LEAST_ROOM: usize = 512;

/// When there may be room again.
const FULL_PAUSE: Duration = Duration::from_millis(25);

/// How often sleeping runs are counted.
const COUNT_EVERY: Duration = Duration::from_secs(15);

/// What the task that wakes runs is told by others.
#[derive(Debug)]
pub(crate) struct Wake {
    /// The earliest time that was noted and has not come yet, in microseconds; what has just been noted may not be in
    /// the store's tables yet.
    soonest: AtomicI64,
    changed: Notify,
}

impl Default for Wake {
    fn default() -> Self {
        Self {
            soonest: AtomicI64::new(i64::MAX),
            changed: Notify::new(),
        }
    }
}

impl Wake {
    /// A run sleeps until this time.
    pub(crate) fn note(&self, at: Timestamp) {
        let at = at.as_microsecond();
        if at < self.soonest.fetch_min(at, Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    /// Something else may be due.
    pub(crate) fn look(&self) {
        self.changed.notify_one();
    }

    /// The earliest time that was noted; forgets it if it has come.
    fn soonest(&self, now: Timestamp) -> Option<Timestamp> {
        let soonest = self.soonest.load(Ordering::SeqCst);
        if soonest <= now.as_microsecond() {
            // One that is noted in between stays.
            let _ = self
                .soonest
                .compare_exchange(soonest, i64::MAX, Ordering::SeqCst, Ordering::SeqCst);
        }
        (soonest != i64::MAX).then(|| Timestamp::from_microsecond(soonest).unwrap_or(Timestamp::MAX))
    }
}

impl Keeper {
    /// Wakes what is due; a task.
    pub(crate) async fn wake_due(self: Arc<Self>) {
        let clock = self.clock();
        let mut counted_at = None;
        loop {
            let now = clock.elapsed();
            if counted_at.is_none_or(|at| now.saturating_sub(at) >= COUNT_EVERY) {
                counted_at = Some(now);
                if let Ok(sleeping) = self.store.count(Status::Sleeping).await {
                    self.counters.sleeping.store(sleeping, Ordering::Relaxed);
                }
            }
            let pause = match self.wake_slice(clock.now()).await {
                Ok(pause) => pause.min(self.options.look_every),
                Err(error) => {
                    self.trouble(&error);
                    self.options.look_every
                }
            };
            if !pause.is_zero() {
                select(clock.sleep(pause), std::pin::pin!(self.wake.changed.notified())).await;
            }
        }
    }

    /// Lets a slice of what is due go on. How long nothing else is due.
    async fn wake_slice(&self, now: Timestamp) -> Result<Duration, StoreError> {
        let room = self.ready.room();
        if room < LEAST_ROOM {
            return Ok(FULL_PAUSE);
        }
        // Those that are awake already, and those that are stuck, may stand before the others.
        let most = room + self.registry.claimed() + self.stuck.len();
        let due = self.store.due(now, most).await?;
        let mut woken = 0;
        for id in due {
            if woken == room {
                break;
            }
            if self.stuck.contains(id) {
                continue;
            }
            if let Some(claim) = self.registry.claim(id) {
                self.ready.push(claim);
                woken += 1;
            }
        }
        if woken == room {
            return Ok(Duration::ZERO);
        }
        let left = |at: Timestamp| match at.duration_since(now) {
            left if left.is_positive() => left.unsigned_abs(),
            _ => PAUSE,
        };
        let in_store = self.store.next_due().await?.map_or(Duration::MAX, left);
        let noted = self.wake.soonest(now).map_or(Duration::MAX, left);
        Ok(in_store.min(noted))
    }
}
