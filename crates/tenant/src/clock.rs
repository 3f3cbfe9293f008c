//! The tenant's clock. A server that others talk to lives in real time (a client checks `exp` and
//! `x-ratelimit-reset` against its own clock), so it reads the wall clock, in this file alone; a tenant within a
//! test is given the test's time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Where a tenant reads the time. Clones are the same clock.
#[derive(Clone)]
pub(crate) struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The machine's: what it shows can be set, what has passed since the start cannot.
    Machine(Instant),
    /// Milliseconds since the Unix epoch.
    Given(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl Default for Clock {
    fn default() -> Self {
        Self(Source::Machine(Instant::now()))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

impl Clock {
    pub(crate) fn given(read: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(read)))
    }

    #[allow(clippy::disallowed_methods)] // a server of its own, beside the engine: see above
    pub(crate) fn now(&self) -> Millis {
        match &self.0 {
            Source::Machine(_) => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Given(read) => Millis(read()),
        }
    }

    /// Time since a fixed moment: what rates and lags are measured with.
    pub(crate) fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::Machine(started) => started.elapsed(),
            Source::Given(read) => Duration::from_millis(u64::try_from(read()).unwrap_or_default()),
        }
    }
}

/// A moment in milliseconds since the Unix epoch, the precision that Auth0 stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) i64);

impl Millis {
    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub(crate) fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// RFC 3339 in UTC with exactly three decimals and `Z`, as every recorded timestamp has it.
    pub(crate) fn rfc3339(self) -> String {
        let timestamp = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        format!("{timestamp:.3}")
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>()
            .ok()
            .map(|timestamp| Self(timestamp.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::Millis;

    #[test]
    fn timestamps_have_three_decimals_and_round_trip() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_674_673_226_500, "2023-01-25T19:00:26.500Z"),
            (1_674_673_226_007, "2023-01-25T19:00:26.007Z"),
        ] {
            assert_eq!(Millis(millis).rfc3339(), text);
            assert_eq!(Millis::parse(text), Some(Millis(millis)));
        }
    }
}
