//! For this group's tests: connections, a clock that is moved by hand, steps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::{Opening, SettingsError};
use lockgate_engine::testing::LoneStep;
use serde_json::Value;

use super::connection::{JwtConnection, open};

/// When the clock begins: 22 March 2011, shortly before the tokens of RFC 7515 expire.
pub(super) const BEGAN: i64 = 1_300_819_000;

/// A clock that shows what it is told to. Sockets do not wait for it.
#[derive(Clone, Default)]
pub(super) struct HandClock(Arc<Mutex<Duration>>);

impl HandClock {
    pub(super) fn advance(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(BEGAN).unwrap() + SignedDuration::try_from(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        panic!("nothing here sleeps")
    }
}

/// A connection of these settings.
pub(super) fn try_connection(settings: &Value, clock: &HandClock) -> Result<JwtConnection, SettingsError> {
    open(&Opening {
        name: "jwt",
        settings: settings.as_object().unwrap(),
        clock: Arc::new(clock.clone()),
    })
}

/// A step with a connection of these settings, and its clock.
pub(super) fn step(settings: &Value) -> (LoneStep, HandClock) {
    let clock = HandClock::default();
    let connection = try_connection(settings, &clock).unwrap();
    (LoneStep::on(clock.clone()).with_connection(connection), clock)
}
