//! Durations as authors write them: `200ms`, `30s`, `5m`, `2h`, `3d`, together as `1h30m`, or ISO 8601 (`PT5M`).
//!
//! A day has 24 hours here: a duration is a length of time, not a way through a calendar.

use std::time::Duration;

/// The longest duration: a hundred years of 365 days. What is longer is a slip, and would overflow dates.
pub const MAX_DURATION: Duration = Duration::from_hours(100 * 365 * 24);

/// Units, the longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing is written.
    #[error("a duration is missing; write one like `30s`")]
    Empty,
    /// `30`
    #[error("`{number}` has no unit; write `{number}s` for seconds, or use ms, m, h, d")]
    NoUnit {
        /// As written.
        number: String,
    },
    /// `30sec`
    #[error("unknown unit `{unit}`; units are ms, s, m, h, d")]
    UnknownUnit {
        /// As written.
        unit: String,
    },
    /// `30m1h`, `1h1h`
    #[error("`{unit}` stands after a unit that is not longer; write the longest first, like `1h30m`")]
    Order {
        /// The unit that is out of order.
        unit: String,
    },
    /// `1.5h`
    #[error("a duration has whole numbers; write `1h30m` for one and a half hours")]
    Fraction,
    /// `-5m`
    #[error("a duration cannot be negative")]
    Negative,
    /// `P1M`: months and years have no fixed length.
    #[error("months and years have no fixed length; write days, like `30d`")]
    Calendar,
    /// Past [`MAX_DURATION`].
    #[error("the duration is longer than 100 years")]
    TooLong,
    /// Anything else.
    #[error("`{text}` is no duration; write one like `200ms`, `30s`, `5m`, `2h`, `3d` or `PT5M`")]
    Malformed {
        /// As written, cut if it is long.
        text: String,
    },
}

/// Reads a duration.
///
/// # Errors
/// Says in one line what is wrong and what to write instead.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    if text.starts_with('-') {
        return Err(DurationError::Negative);
    }
    let duration = if text.starts_with(['P', 'p']) {
        parse_iso(text)?
    } else {
        parse_units(text)?
    };
    if duration > MAX_DURATION {
        Err(DurationError::TooLong)
    } else {
        Ok(duration)
    }
}

fn parse_units(text: &str) -> Result<Duration, DurationError> {
    let mut milliseconds = 0_u64;
    let mut shorter_than = usize::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|next: char| next.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(malformed(text));
        }
        if after.starts_with(['.', ',']) {
            return Err(DurationError::Fraction);
        }
        let letters = after.len() - after.trim_start_matches(char::is_alphabetic).len();
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            let is_number = after.is_empty() && shorter_than == usize::MAX;
            return Err(if is_number {
                DurationError::NoUnit {
                    number: short(number),
                }
            } else {
                malformed(text)
            });
        }
        let Some(position) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit { unit: short(unit) });
        };
        if shorter_than != usize::MAX && position <= shorter_than {
            return Err(DurationError::Order {
                unit: unit.to_owned(),
            });
        }
        shorter_than = position;
        milliseconds = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(UNITS[position].1))
            .and_then(|more| milliseconds.checked_add(more))
            .ok_or(DurationError::TooLong)?;
        rest = after;
    }
    Ok(Duration::from_millis(milliseconds))
}

fn parse_iso(text: &str) -> Result<Duration, DurationError> {
    let span: jiff::Span = text.parse().map_err(|_| malformed(text))?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(DurationError::Calendar);
    }
    if span.is_negative() {
        return Err(DurationError::Negative);
    }
    // A span's fields are bounded so that none of these products leaves an i128.
    let days = i128::from(span.get_weeks()) * 7 + i128::from(span.get_days());
    let hours = days * 24 + i128::from(span.get_hours());
    let seconds = (hours * 60 + i128::from(span.get_minutes())) * 60 + i128::from(span.get_seconds());
    let nanoseconds = seconds * 1_000_000_000
        + i128::from(span.get_milliseconds()) * 1_000_000
        + i128::from(span.get_microseconds()) * 1000
        + i128::from(span.get_nanoseconds());
    let nanoseconds = u128::try_from(nanoseconds).map_err(|_| DurationError::Negative)?;
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).map_err(|_| DurationError::TooLong)?;
    let rest = u32::try_from(nanoseconds % 1_000_000_000).map_err(|_| DurationError::TooLong)?;
    Ok(Duration::new(seconds, rest))
}

fn malformed(text: &str) -> DurationError {
    DurationError::Malformed { text: short(text) }
}

/// Enough of a text to recognise it by.
fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("200ms", 200),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("3d", 259_200_000),
            ("1h30m", 5_400_000),
            ("1d2h3m4s5ms", 93_784_005),
            (" 1s ", 1000),
            ("0s", 0),
            ("PT5M", 300_000),
            ("P1DT2H", 93_600_000),
            ("PT0.5S", 500),
            ("P1W", 604_800_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            ("", DurationError::Empty),
            ("30", DurationError::NoUnit { number: "30".into() }),
            ("30sec", DurationError::UnknownUnit { unit: "sec".into() }),
            ("30S", DurationError::UnknownUnit { unit: "S".into() }),
            ("1h1h", DurationError::Order { unit: "h".into() }),
            ("30m1h", DurationError::Order { unit: "h".into() }),
            ("1.5h", DurationError::Fraction),
            ("-5m", DurationError::Negative),
            ("P1M", DurationError::Calendar),
            ("P1Y", DurationError::Calendar),
            ("40000d", DurationError::TooLong),
            ("99999999999999999999d", DurationError::TooLong),
            ("999999999999999999h", DurationError::TooLong),
            ("soon", DurationError::Malformed { text: "soon".into() }),
            ("5 m", DurationError::Malformed { text: "5 m".into() }),
            ("1h30", DurationError::Malformed { text: "1h30".into() }),
            ("PT", DurationError::Malformed { text: "PT".into() }),
        ] {
            assert_eq!(parse_duration(text), Err(expected), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn never_panics_on_look_alikes(text in "[-+]?[Pp]?[0-9.,TdhmsSMHDWY]{0,30}") {
            let _ = parse_duration(&text);
        }
    }
}
