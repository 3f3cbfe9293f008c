//! For tests of flows and actions: a clock on virtual time.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// A clock whose time of day moves with tokio's timer. Under `#[tokio::test(start_paused = true)]` time stands still
/// while anything is to do and jumps to the next timer when nothing is: a wait of a month takes no time, and every
/// run of a test sees the same times.
#[derive(Debug)]
pub struct TestClock {
    began: Timestamp,
    started: tokio::time::Instant,
}

impl TestClock {
    /// A clock that shows this time now.
    pub fn at(began: Timestamp) -> Self {
        Self {
            began,
            started: tokio::time::Instant::now(),
        }
    }
}

impl Default for TestClock {
    /// Begins on 1 January 2030 at midnight, UTC.
    fn default() -> Self {
        const BEGAN: i64 = 1_893_456_000;
        Self::at(Timestamp::from_second(BEGAN).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.began.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
