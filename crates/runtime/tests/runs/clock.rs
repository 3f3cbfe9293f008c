//! A clock that moves by hand: nothing happens by time unless a test says so.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lockgate_engine::clock::Clock;
use tokio::sync::oneshot;

pub(crate) struct ManualClock(Mutex<Times>);

struct Times {
    now: Timestamp,
    elapsed: Duration,
    timers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Times {
            now: "2030-01-01T00:00:00Z".parse().unwrap(),
            elapsed: Duration::ZERO,
            timers: Vec::new(),
        }))
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: Duration) {
        let mut times = self.0.lock().unwrap();
        times.now += by;
        times.elapsed += by;
        let elapsed = times.elapsed;
        let (due, left): (Vec<_>, Vec<_>) = std::mem::take(&mut times.timers)
            .into_iter()
            .filter(|(_, timer)| !timer.is_closed())
            .partition(|(at, _)| *at <= elapsed);
        times.timers = left;
        drop(times);
        for (_, timer) in due {
            let _ = timer.send(());
        }
    }

    /// The machine's clock is set: no time passes.
    pub(crate) fn set_by(&self, by: SignedDuration) {
        self.0.lock().unwrap().now += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (bell, over) = oneshot::channel();
        let mut times = self.0.lock().unwrap();
        let at = times.elapsed + duration;
        if !duration.is_zero() {
            times.timers.push((at, bell));
        }
        drop(times);
        Box::pin(async move {
            let _ = over.await;
        })
    }
}
