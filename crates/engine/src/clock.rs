//! Time comes in from outside, so that tests run on virtual time and never sleep.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// The engine's only source of time.
pub trait Clock: Send + Sync {
    /// The current time, in UTC.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary fixed moment; never goes back. For durations and deadlines.
    fn elapsed(&self) -> Duration;

    /// Completes after the duration.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Longest sleep without a look at the clock: a machine that slept, or whose clock was set, notices after this time.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Completes when the time has come, also where the clock is set while it waits.
pub async fn sleep_until(clock: &dyn Clock, until: Timestamp) {
    loop {
        let left = until.duration_since(clock.now());
        if !left.is_positive() {
            return;
        }
        clock.sleep(left.unsigned_abs().min(LONGEST_SLEEP)).await;
    }
}

/// The machine's clock with tokio's timer. Follows `tokio::time::pause` for sleeping and [`Clock::elapsed`].
#[derive(Debug)]
pub struct SystemClock {
    started: tokio::time::Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] starts at zero now.
    pub fn new() -> Self {
        Self {
            started: tokio::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the wall clock comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
