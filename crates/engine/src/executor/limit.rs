//! Time: the run's limit counts the time that it is active, a step's the time that passes.
//!
//! A limit ends what takes time (an attempt, a pause), and the error travels out from there to the step whose limit
//! it is. So a time-out is an outcome that the journal has, and a replay takes the same way without a clock.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::clock::Clock;

/// The limits around a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// How many limits are around; the run's is 0.
    pub(super) level: u32,
    /// The earliest of the steps' limits: [`Clock::elapsed`] at which it ends, and its level.
    pub(super) step: Option<(Duration, u32)>,
}

impl Limit {
    /// Only the run's.
    pub(super) const RUN: Self = Self { level: 0, step: None };

    /// One more around what is inside.
    pub(super) fn narrowed(self, timeout: Option<Duration>, clock: &dyn Clock) -> Self {
        let Some(timeout) = timeout else { return self };
        let level = self.level + 1;
        let ends = clock.elapsed().saturating_add(timeout);
        let step = match self.step {
            Some(outer) if outer.0 <= ends => outer,
            _ => (ends, level),
        };
        Self {
            level,
            step: Some(step),
        }
    }

    /// Which limit comes first, and how much is left of it.
    pub(super) fn left(self, active: &ActiveTime, clock: &dyn Clock) -> (Duration, u32) {
        let now = clock.elapsed();
        let run = active.left(now);
        match self.step.map(|(ends, level)| (ends.saturating_sub(now), level)) {
            Some(step) if step.0 < run => step,
            _ => (run, 0),
        }
    }
}

/// How long a run has been active: the time in which at least one of its branches was not in `wait`.
///
/// Touched by one task at a time; the atomics are for moving the run between threads.
#[derive(Debug)]
pub(super) struct ActiveTime {
    /// Branches that are not waiting.
    branches: AtomicU32,
    /// When the first of them began, in nanoseconds of [`Clock::elapsed`].
    since: AtomicU64,
    /// What is over, in nanoseconds.
    over: AtomicU64,
    /// The limit, in nanoseconds.
    limit: AtomicU64,
}

impl ActiveTime {
    /// Begins with one branch that is active.
    pub(super) fn begin(limit: Duration, before: Duration, now: Duration) -> Self {
        Self {
            branches: AtomicU32::new(1),
            since: nanoseconds(now).into(),
            over: nanoseconds(before).into(),
            limit: nanoseconds(limit).into(),
        }
    }

    /// How long the run has been active.
    pub(super) fn spent(&self, now: Duration) -> Duration {
        let mut spent = self.over.load(Ordering::Relaxed);
        if self.branches.load(Ordering::Relaxed) > 0 {
            spent += nanoseconds(now).saturating_sub(self.since.load(Ordering::Relaxed));
        }
        Duration::from_nanos(spent)
    }

    /// How long it still may be.
    pub(super) fn left(&self, now: Duration) -> Duration {
        Duration::from_nanos(self.limit.load(Ordering::Relaxed)).saturating_sub(self.spent(now))
    }

    /// Sees to it that at least this much is left.
    pub(super) fn grant(&self, grace: Duration, now: Duration) {
        let needed = nanoseconds(self.spent(now).saturating_add(grace));
        self.limit.fetch_max(needed, Ordering::Relaxed);
    }

    fn enter(&self, now: Duration) {
        if self.branches.fetch_add(1, Ordering::Relaxed) == 0 {
            self.since.store(nanoseconds(now), Ordering::Relaxed);
        }
    }

    fn leave(&self, now: Duration) {
        if self.branches.fetch_sub(1, Ordering::Relaxed) == 1 {
            let active = nanoseconds(now).saturating_sub(self.since.load(Ordering::Relaxed));
            self.over.fetch_add(active, Ordering::Relaxed);
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A branch that counts as active, or one that does not, as long as this lives.
pub(super) struct Counted<'a> {
    active: &'a ActiveTime,
    clock: &'a dyn Clock,
    waits: bool,
}

impl<'a> Counted<'a> {
    /// One more branch is active.
    pub(super) fn branch(active: &'a ActiveTime, clock: &'a dyn Clock) -> Self {
        active.enter(clock.elapsed());
        Self {
            active,
            clock,
            waits: false,
        }
    }

    /// A branch waits: for the time, or for branches of its own.
    pub(super) fn waiting(active: &'a ActiveTime, clock: &'a dyn Clock) -> Self {
        active.leave(clock.elapsed());
        Self {
            active,
            clock,
            waits: true,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let now = self.clock.elapsed();
        if self.waits {
            self.active.enter(now);
        } else {
            self.active.leave(now);
        }
    }
}

/// The output of the work, or `None` when its time is over. `left` is asked, and a timer made, only if the work is
/// not done at once.
pub(super) async fn within<F: Future>(
    clock: &dyn Clock,
    left: impl FnOnce() -> Duration + Send,
    work: F,
) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = Some(left);
    let mut timer = None;
    std::future::poll_fn(move |context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if let Some(left) = left.take() {
            timer = Some(clock.sleep(left()));
        }
        match &mut timer {
            Some(timer) => timer.as_mut().poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn time_counts_while_any_branch_is_active() {
        let active = ActiveTime::begin(seconds(30), seconds(1), seconds(100));
        assert_eq!(active.spent(seconds(102)), seconds(3));
        // Two branches inside a parallel: the parent waits for them.
        active.enter(seconds(102));
        active.enter(seconds(102));
        active.leave(seconds(102));
        active.leave(seconds(104));
        assert_eq!(active.spent(seconds(106)), seconds(7));
        // Both wait: nothing counts.
        active.leave(seconds(106));
        assert_eq!(active.spent(seconds(1000)), seconds(7));
        active.enter(seconds(1000));
        assert_eq!(active.left(seconds(1001)), seconds(22));
    }

    #[test]
    fn grace_never_shortens() {
        let active = ActiveTime::begin(seconds(30), seconds(0), seconds(0));
        active.grant(seconds(5), seconds(10));
        assert_eq!(active.left(seconds(10)), seconds(20));
        active.grant(seconds(5), seconds(31));
        assert_eq!(active.left(seconds(31)), seconds(5));
    }
}
