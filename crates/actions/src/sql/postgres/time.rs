//! Dates and times: numbers counted from 1 January 2000 (`timestamp_send` and its kin), and text as RFC 3339 has it.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use super::decode::{Reader, Unreadable};

/// 2000-01-01T00:00:00Z in microseconds of Unix time.
const EPOCH: i64 = 946_684_800_000_000;

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn epoch_day() -> Date {
    date(2000, 1, 1)
}

/// The ends of time that PostgreSQL has.
fn infinity(value: i64, least: i64, greatest: i64) -> Option<String> {
    match value {
        _ if value == greatest => Some("infinity".to_owned()),
        _ if value == least => Some("-infinity".to_owned()),
        _ => None,
    }
}

pub(super) fn timestamp_tz(bytes: &[u8]) -> Result<String, Unreadable> {
    let micros = Reader(bytes).i64()?;
    if let Some(text) = infinity(micros, i64::MIN, i64::MAX) {
        return Ok(text);
    }
    let micros = micros.checked_add(EPOCH).ok_or(Unreadable)?;
    Ok(Timestamp::from_microsecond(micros)
        .map_err(|_| Unreadable)?
        .to_string())
}

pub(super) fn timestamp(bytes: &[u8]) -> Result<String, Unreadable> {
    let micros = Reader(bytes).i64()?;
    if let Some(text) = infinity(micros, i64::MIN, i64::MAX) {
        return Ok(text);
    }
    let begin = DateTime::from_parts(epoch_day(), Time::midnight());
    let span = Span::new().try_microseconds(micros).map_err(|_| Unreadable)?;
    Ok(begin.checked_add(span).map_err(|_| Unreadable)?.to_string())
}

pub(super) fn date_text(bytes: &[u8]) -> Result<String, Unreadable> {
    let days = Reader(bytes).i32()?;
    if let Some(text) = infinity(i64::from(days), i64::from(i32::MIN), i64::from(i32::MAX)) {
        return Ok(text);
    }
    let span = Span::new().try_days(days).map_err(|_| Unreadable)?;
    Ok(epoch_day().checked_add(span).map_err(|_| Unreadable)?.to_string())
}

/// PostgreSQL has a last moment of the day, `24:00:00`.
pub(super) fn time(bytes: &[u8]) -> Result<String, Unreadable> {
    let micros = Reader(bytes).i64()?;
    if !(0..=MICROS_PER_DAY).contains(&micros) {
        return Err(Unreadable);
    }
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let fraction = fraction(micros);
    Ok(format!(
        "{:02}:{:02}:{:02}{fraction}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

pub(super) fn time_tz(bytes: &[u8]) -> Result<String, Unreadable> {
    let (time_bytes, zone) = bytes.split_at_checked(8).ok_or(Unreadable)?;
    // Seconds to the west.
    let west = Reader(zone).i32()?;
    let (sign, seconds) = if west > 0 { ('-', west) } else { ('+', -west) };
    let zone = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    let rest = seconds % 60;
    let rest = if rest == 0 {
        String::new()
    } else {
        format!(":{rest:02}")
    };
    Ok(format!("{}{zone}{rest}", time(time_bytes)?))
}

/// ISO 8601, with a sign for each part, as PostgreSQL's style `iso_8601` writes it: months, days and seconds do not make up
/// for each other.
pub(super) fn interval(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut reader = Reader(bytes);
    let micros = reader.i64()?;
    let days = reader.i32()?;
    let months = reader.i32()?;
    // A string takes everything: writing to it does not fail.
    let mut text = "P".to_owned();
    for (number, unit) in [
        (i64::from(months / 12), 'Y'),
        (i64::from(months % 12), 'M'),
        (i64::from(days), 'D'),
    ] {
        if number != 0 {
            let _ = write!(text, "{number}{unit}");
        }
    }
    if micros != 0 {
        text.push('T');
        let seconds = micros / 1_000_000;
        for (number, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M')] {
            if number != 0 {
                let _ = write!(text, "{number}{unit}");
            }
        }
        let (whole, rest) = (seconds % 60, micros % 1_000_000);
        if whole != 0 || rest != 0 {
            let sign = if micros < 0 { "-" } else { "" };
            let _ = write!(text, "{sign}{}{}S", whole.abs(), fraction(rest.abs()));
        }
    }
    if text == "P" {
        text.push_str("T0S");
    }
    Ok(text)
}

/// `.5` for half a million; nothing for none.
fn fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    let digits = format!("{micros:06}");
    format!(".{}", digits.trim_end_matches('0'))
}

fn from_infinity(text: &str, least: i64, greatest: i64) -> Option<i64> {
    match text {
        "infinity" => Some(greatest),
        "-infinity" => Some(least),
        _ => None,
    }
}

pub(super) fn encode_timestamp_tz(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let micros = match from_infinity(text, i64::MIN, i64::MAX) {
        Some(micros) => micros,
        None => text
            .parse::<Timestamp>()
            .ok()?
            .as_microsecond()
            .checked_sub(EPOCH)?,
    };
    out.extend_from_slice(&micros.to_be_bytes());
    Some(())
}

/// A time with a zone is none of a `timestamp`: it would be dropped.
pub(super) fn encode_timestamp(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let micros = match from_infinity(text, i64::MIN, i64::MAX) {
        Some(micros) => micros,
        None if has_zone(text) => return None,
        None => {
            let moment = Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
            moment.as_microsecond().checked_sub(EPOCH)?
        }
    };
    out.extend_from_slice(&micros.to_be_bytes());
    Some(())
}

pub(super) fn encode_date(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let days = match from_infinity(text, i64::from(i32::MIN), i64::from(i32::MAX)) {
        Some(days) => i32::try_from(days).ok()?,
        // Not the day of a moment: which one that is depends on a zone.
        None if text.contains(['T', 't', ' ', ':']) => return None,
        None => epoch_day().until(text.parse::<Date>().ok()?).ok()?.get_days(),
    };
    out.extend_from_slice(&days.to_be_bytes());
    Some(())
}

pub(super) fn encode_time(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let micros = if text == "24:00:00" {
        MICROS_PER_DAY
    } else if has_zone(text) {
        return None;
    } else {
        micros_of(text.parse().ok()?)
    };
    out.extend_from_slice(&micros.to_be_bytes());
    Some(())
}

fn micros_of(time: Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    seconds * 1_000_000 + i64::from(time.subsec_nanosecond() / 1000)
}

fn has_zone(text: &str) -> bool {
    // A sign behind the time; those of a date stand before it.
    let time = text.split_once(['T', 't', ' ']).map_or(text, |(_, time)| time);
    text.ends_with(['Z', 'z', ']']) || (time.contains(':') && time.contains(['+', '-']))
}
