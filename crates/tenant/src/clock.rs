//! The tenant's clock. A real tenant lives in real time (a client checks `exp` and `x-ratelimit-reset` against
//! its own clock), so this reads the wall clock; it is the only file of the crate that does.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// A moment in milliseconds since the Unix epoch, the precision that Auth0 stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) i64);

impl Millis {
    #[allow(clippy::disallowed_methods)] // a server of its own, beside the engine: see above
    pub(crate) fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

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
