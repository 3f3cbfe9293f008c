//! Times as people read them: absolute where this machine is, and how long ago.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The clock on the wall: `2026-11-23 12:14:20`.
pub(crate) fn absolute(at: Timestamp) -> String {
    in_zone(at, TimeZone::system())
}

fn in_zone(at: Timestamp, zone: TimeZone) -> String {
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How far from now: `5 min ago`, `in 3 d`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let since = now.duration_since(at);
    let apart = rough(since.abs());
    if since < SignedDuration::ZERO {
        format!("in {apart}")
    } else if since < SignedDuration::from_secs(1) {
        "just now".to_owned()
    } else {
        format!("{apart} ago")
    }
}

/// The largest unit that is not zero.
fn rough(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 2 * 86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-11-23T12:00:00Z", "just now"),
            ("2026-11-23T11:59:59.2Z", "just now"),
            ("2026-11-23T11:59:30Z", "30 s ago"),
            ("2026-11-23T11:01:00Z", "59 min ago"),
            ("2026-11-21T13:00:00Z", "47 h ago"),
            ("2026-11-01T12:00:00Z", "22 d ago"),
            ("2026-11-23T12:00:00.5Z", "in 0 s"),
            ("2026-12-23T12:00:00Z", "in 30 d"),
        ] {
            assert_eq!(relative(at.parse().unwrap(), now), expected, "{at}");
        }
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(in_zone(now, zone), "2026-11-23 13:00:00");
    }
}
