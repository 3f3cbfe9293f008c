//! Points in time. A time is text in RFC 3339, a date (midnight UTC), or a number of seconds since 1970.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::arguments::{Arguments, Fault, Outcome, within_limit};
use super::super::value::as_integer;
use super::table::{Function, Group, Parameter};
use crate::duration::parse_duration;
use crate::schema::TypeSet;

const STRING: TypeSet = TypeSet::STRING;
const WHEN: TypeSet = STRING.union(TypeSet::NUMBER);
const TIME: Parameter = Parameter::new("time", WHEN).checked(check_time);
const TIMES: &[Parameter] = &[
    Parameter::new("left", WHEN).checked(check_time),
    Parameter::new("right", WHEN).checked(check_time),
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Time,
        "now",
        "The time, in UTC, to the millisecond.",
        &[],
        STRING,
        &[("now", "\"2026-03-01T12:00:00.123Z\"")],
        |arguments| {
            let now = arguments.ambient.now();
            // Every millisecond of a time is a time; the other case keeps what there is.
            Ok(Timestamp::from_millisecond(now.as_millisecond())
                .unwrap_or(now)
                .to_string()
                .into())
        },
    )
    .impure(),
    Function::new(
        Group::Time,
        "timestamp",
        "Whole seconds since 1970 (UTC) of a time, or of now.",
        &[TIME.optional()],
        TypeSet::INTEGER,
        &[("timestamp", "1772366400"), ("timestamp \"1970-01-02\"", "86400")],
        |arguments| {
            let time = if arguments.len() == 0 {
                arguments.ambient.now()
            } else {
                time(arguments, 0)?
            };
            Ok(Value::from(time.as_second()).into())
        },
    )
    .impure(),
    Function::new(
        Group::Time,
        "format_time",
        "The time as text, by a format as `strftime` has it, in a time zone of the IANA database (UTC if not given).",
        &[
            TIME,
            Parameter::new("format", STRING).checked(|format| match format.as_str() {
                Some(format) => formatted(Timestamp::UNIX_EPOCH, format, TimeZone::UTC).map(|_| ()),
                None => Ok(()),
            }),
            Parameter::new("timezone", STRING).optional(),
        ],
        STRING,
        &[
            ("format_time input.born \"%d %B %Y\"", "\"10 December 1815\""),
            (
                "format_time \"2026-03-01T12:00:00Z\" \"%H:%M\" \"UTC\"",
                "\"12:00\"",
            ),
        ],
        format_time,
    ),
    Function::new(
        Group::Time,
        "add_time",
        "The time that is a duration later, or earlier with a minus in front. A day has 24 hours.",
        &[
            TIME,
            Parameter::new("duration", STRING).checked(|duration| match duration.as_str() {
                Some(duration) => signed_duration(duration).map(|_| ()),
                None => Ok(()),
            }),
        ],
        STRING,
        &[
            (
                "add_time \"2026-03-01T12:00:00Z\" \"36h\"",
                "\"2026-03-03T00:00:00Z\"",
            ),
            ("add_time \"2026-03-01\" \"-1d\"", "\"2026-02-28T00:00:00Z\""),
        ],
        add_time,
    ),
    Function::new(
        Group::Time,
        "before",
        "Whether the first time comes before the second.",
        TIMES,
        TypeSet::BOOLEAN,
        &[
            ("before input.born (now)", "true"),
            (
                "before \"2026-03-01T12:00:00+02:00\" \"2026-03-01T11:00:00Z\"",
                "true",
            ),
        ],
        |arguments| Ok((time(arguments, 0)? < time(arguments, 1)?).into()),
    ),
    Function::new(
        Group::Time,
        "after",
        "Whether the first time comes after the second.",
        TIMES,
        TypeSet::BOOLEAN,
        &[("after input.born (now)", "false")],
        |arguments| Ok((time(arguments, 0)? > time(arguments, 1)?).into()),
    ),
];

fn check_time(value: &Value) -> Result<(), String> {
    if matches!(value, Value::String(_) | Value::Number(_)) {
        read_time(value).map(|_| ())
    } else {
        Ok(())
    }
}

fn time(arguments: &mut Arguments<'_, '_>, position: usize) -> Result<Timestamp, Fault> {
    Ok(read_time(&*arguments.value(position)?)?)
}

fn read_time(value: &Value) -> Result<Timestamp, String> {
    const OUT_OF_RANGE: &str = "the time is out of range";
    match value {
        Value::String(text) => {
            let text = text.trim();
            if let Ok(time) = text.parse() {
                return Ok(time);
            }
            // Without an offset it means UTC.
            text.parse::<jiff::civil::DateTime>()
                .ok()
                .and_then(|time| TimeZone::UTC.to_timestamp(time).ok())
                .ok_or_else(|| "not a time; write one like `2026-03-01T12:00:00Z` or `2026-03-01`".to_owned())
        }
        Value::Number(number) => {
            if let Some(seconds) = as_integer(number) {
                let seconds = i64::try_from(seconds).map_err(|_| OUT_OF_RANGE)?;
                return Timestamp::from_second(seconds).map_err(|_| OUT_OF_RANGE.to_owned());
            }
            let seconds = number.as_f64().ok_or(OUT_OF_RANGE)?;
            let seconds = SignedDuration::try_from_secs_f64(seconds).map_err(|_| OUT_OF_RANGE)?;
            Timestamp::from_duration(seconds).map_err(|_| OUT_OF_RANGE.to_owned())
        }
        other => Err(format!("takes string or number, got {}", TypeSet::of(other))),
    }
}

fn formatted(time: Timestamp, format: &str, zone: TimeZone) -> Result<String, String> {
    jiff::fmt::strtime::format(format, &time.to_zoned(zone))
        .map_err(|error| format!("not a time format: {error}"))
}

fn format_time<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let time = time(arguments, 0)?;
    let format = arguments.text(1)?;
    within_limit(format.len())?;
    let zone = if arguments.len() > 2 {
        let name = arguments.text(2)?;
        TimeZone::get(&name).map_err(|_| "unknown time zone; write one like `Europe/Madrid`")?
    } else {
        TimeZone::UTC
    };
    let text = formatted(time, &format, zone)?;
    within_limit(text.len())?;
    Ok(text.into())
}

fn signed_duration(text: &str) -> Result<SignedDuration, String> {
    let (negative, length) = match text.trim().strip_prefix('-') {
        Some(length) => (true, length),
        None => (false, text),
    };
    let length = parse_duration(length).map_err(|error| error.to_string())?;
    let length = SignedDuration::try_from(length).map_err(|_| "the duration is too long")?;
    Ok(if negative { -length } else { length })
}

fn add_time<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let time = time(arguments, 0)?;
    let duration = signed_duration(&arguments.text(1)?)?;
    let time = time
        .checked_add(duration)
        .map_err(|_| "the time is out of range")?;
    Ok(time.to_string().into())
}
