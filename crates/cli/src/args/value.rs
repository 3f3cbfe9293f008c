//! Values that are typed: durations, times, counts, networks.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use lockgate_flow::duration::parse_duration;

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn parse_count(text: &str) -> Result<NonZeroUsize, String> {
    text.trim()
        .parse()
        .map_err(|_| "write a whole number from 1 on".to_owned())
}

/// A network, or one address.
pub(super) fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "write a network like `10.0.0.0/8`, or an address".to_owned())
}

/// A time that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl Moment {
    /// When that is.
    pub(crate) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
            Self::At(at) => at,
        }
    }
}

/// `2h`, which is that long ago; a time with its offset; or a date or time without one, which is meant where this
/// machine is.
pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    moment_in(text.trim(), TimeZone::system)
}

fn moment_in(text: &str, zone: impl FnOnce() -> TimeZone) -> Result<Moment, String> {
    if let Ok(at) = text.parse() {
        return Ok(Moment::At(at));
    }
    if let Ok(ago) = parse_duration(text) {
        return Ok(Moment::Ago(ago));
    }
    let local: DateTime = text
        .parse()
        .map_err(|_| "write `2h`, `2026-11-01`, `2026-11-01T09:30` or `2026-11-01T09:30Z`".to_owned())?;
    let at = zone().to_timestamp(local).map_err(|error| error.to_string())?;
    Ok(Moment::At(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let parse = |text| moment_in(text, || TimeZone::fixed(jiff::tz::offset(2)));
        let at = |text: &str| Ok(Moment::At(text.parse().unwrap()));
        assert_eq!(parse("2h"), Ok(Moment::Ago(Duration::from_hours(2))));
        assert_eq!(parse("2026-11-01"), at("2026-10-31T22:00:00Z"));
        assert_eq!(parse("2026-11-01T09:30"), at("2026-11-01T07:30:00Z"));
        assert_eq!(parse("2026-11-01T09:30:05+01:00"), at("2026-11-01T08:30:05Z"));
        for text in ["", "yesterday", "2026-13-01", "-2h"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let now: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
        assert_eq!(
            Moment::Ago(Duration::from_hours(2)).at(now),
            "2026-11-01T10:00:00Z".parse().unwrap()
        );
    }
}
