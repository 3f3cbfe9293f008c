//! Reads `trigger.schedule`: the cron line and the time zone are understood here, with the parser and the database that
//! due times are worked out with, so that what was checked is what runs.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::ast::{Missed, ScheduleTrigger};
use super::reader::Reader;
use crate::diagnostic::{Code, nearest, suggestion};
use crate::yaml::{Node, Spanned};

const KEYS: &[&str] = &["cron", "timezone", "missed", "overlap"];

/// The years from which a line is looked for, as far as the library looks by itself: four years each. After 28 years each
/// day of a year has been each day of the week, also a 29 February. Fixed, so that a check says the same every year.
const LEAP_YEARS: [i16; 7] = [2024, 2028, 2032, 2036, 2040, 2044, 2048];

pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<ScheduleTrigger> {
    let schedule = if node.as_str().is_some() {
        ScheduleTrigger {
            cron: reader.text(node, "`schedule`")?,
            timezone: None,
            missed: Missed::default(),
            overlap: false,
        }
    } else {
        let mut fields = reader.fields(node, "`schedule`")?;
        let cron = fields
            .need(reader, "cron")
            .and_then(|node| reader.text(node, "`cron`"));
        let timezone = fields
            .take("timezone")
            .and_then(|node| reader.text(node, "`timezone`"));
        let missed = fields.take("missed").and_then(|node| read_missed(reader, node));
        let overlap = fields
            .take("overlap")
            .and_then(|node| reader.boolean(node, "`overlap`"));
        fields.finish(reader, KEYS);
        if let Some(timezone) = &timezone {
            check_zone(reader, timezone);
        }
        ScheduleTrigger {
            cron: cron?,
            timezone,
            missed: missed.unwrap_or_default(),
            overlap: overlap.unwrap_or_default(),
        }
    };
    let line = &schedule.cron;
    if let Err((message, help)) = check_cron(&line.value) {
        reader.report_help(Code::InvalidTrigger, line.span, message, help);
    }
    Some(schedule)
}

fn read_missed(reader: &mut Reader, node: &Node) -> Option<Missed> {
    let text = reader.text(node, "`missed`")?;
    let known = Missed::ALL.into_iter().find(|missed| missed.name() == text.value);
    if known.is_none() {
        let help = suggestion(&text.value, Missed::ALL.iter().map(|missed| missed.name()));
        let message = format!("`missed` cannot be `{}`", text.value);
        reader.report_help(Code::InvalidTrigger, text.span, message, help.unwrap_or_default());
    }
    known
}

impl ScheduleTrigger {
    /// The time zone in which the cron line is read: UTC where none is given. `None` where the name stands for none, which
    /// a checked flow does not have. From the database in the binary: what the machine has installed could be without the
    /// name, or older.
    pub fn zone(&self) -> Option<TimeZone> {
        match &self.timezone {
            None => Some(TimeZone::UTC),
            Some(name) => TimeZoneDatabase::bundled().get(&name.value).ok(),
        }
    }
}

fn check_zone(reader: &mut Reader, name: &Spanned<String>) {
    let database = TimeZoneDatabase::bundled();
    if database.get(&name.value).is_ok() {
        return;
    }
    let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
    let help = zone_like(&name.value, &names).map_or_else(
        || "write a name of the IANA database, like `Europe/Berlin`; it knows summer time".to_owned(),
        |zone| format!("did you mean `{zone}`?"),
    );
    let message = format!("there is no time zone `{}`", name.value);
    reader.report_help(Code::InvalidTrigger, name.span, message, help);
}

/// The zone that is meant: of that city, or with a name like that.
fn zone_like<'a>(text: &str, names: &'a [String]) -> Option<&'a str> {
    let text = text.trim().replace(' ', "_");
    let names = || names.iter().map(String::as_str);
    let city = |name: &'a str| name.rsplit_once('/').map(|(_, city)| city);
    names()
        .find(|name| city(name).is_some_and(|city| city.eq_ignore_ascii_case(&text)))
        .or_else(|| nearest(&text, names().filter(|name| name.contains('/'))))
        .or_else(|| {
            let near = nearest(&text, names().filter_map(city))?;
            names().find(|name| city(name) == Some(near))
        })
}

/// The fields of a cron line: what they are, their bounds, and the names that stand for numbers from the lower bound on.
const CRON_FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of week",
        0,
        7,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

const CRON_HELP: &str =
    "five fields: minute, hour, day of month, month, day of week; `0 6 * * *` is six every morning";

/// Checks a cron line as crontab(5) describes it: `*`, numbers, names, ranges, steps and lists. The library that works out
/// due times takes more (`L`, `W`, `#`, a time zone); what stands in a flow is what every cron understands.
fn check_cron(line: &str) -> Result<(), (String, &'static str)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if fields.len() != CRON_FIELDS.len() {
        let message = format!("`{line}` is no cron line: it has {} fields", fields.len());
        return Err((message, CRON_HELP));
    }
    for (field, known) in fields.iter().zip(CRON_FIELDS) {
        if !field.split(',').all(|part| is_cron_part(part, known)) {
            let (what, low, high, _) = known;
            let message = format!("`{field}` is no {what} of a cron line ({low} to {high})");
            return Err((message, CRON_HELP));
        }
    }
    let line = fields.join(" ");
    let Ok(crontab) = cronexpr::parse_crontab(&format!("{line} UTC")) else {
        return Err((format!("`{line}` is no cron line"), CRON_HELP));
    };
    let is_due = LEAP_YEARS.iter().any(|year| {
        crontab
            .find_next(format!("{year}-01-01T00:00:00Z").as_str())
            .is_ok()
    });
    if !is_due {
        let help = "no month, or none that is named, has such a day";
        return Err((format!("`{line}` is never due"), help));
    }
    Ok(())
}

fn is_cron_part(part: &str, (_, low, high, names): (&str, u32, u32, &[&str])) -> bool {
    let digits = |text: &str| -> Option<u32> {
        let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| text.parse().ok()).flatten()
    };
    let number = |text: &str| {
        let found = names
            .iter()
            .zip(low..)
            .find(|(name, _)| text.eq_ignore_ascii_case(name));
        found
            .map(|(_, number)| number)
            .or_else(|| digits(text))
            .filter(|number| (low..=high).contains(number))
    };
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let step_fits = step.is_none_or(|step| digits(step).is_some_and(|step| (1..=high).contains(&step)));
    let range_fits = match range.split_once('-') {
        Some((from, to)) => {
            matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to)
        }
        None => range == "*" || number(range).is_some(),
    };
    step_fits && range_fits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cron_lines() {
        for line in [
            "* * * * *",
            "0 6 * * 1-5",
            " 0  6\t* * 1-5 ",
            "*/15 0-23/2 1,15 jan-MAR sun,3,7",
            "59 23 31 12 7",
            "5/10 * * * *",
            "0 0 29 2 *",
        ] {
            assert_eq!(check_cron(line), Ok(()), "{line}");
        }
        for line in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "+5 * * * *",
            "*/+5 * * * *",
            "a * * * *",
            ", * * * *",
            "1,,2 * * * *",
            "-1 * * * *",
            "* * mon * *",
            "* * L * *",
            "* * 15W * *",
            "* * * * 1#2",
            "* * * * * UTC",
            "H * * * *",
            "@daily",
        ] {
            assert!(check_cron(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_never_due_is_found() {
        for (line, due) in [
            ("0 0 30 2 *", false),
            ("0 0 31 4,6,9,11 *", false),
            ("0 0 29 2 *", true),
            ("0 0 31 4,5 *", true),
            // A day that has to be both, and is so once in 28 years.
            ("0 0 29 2 */6", true),
            ("0 0 30 2 */6", false),
            // Either day is enough where both are given.
            ("0 0 30 2 mon", true),
        ] {
            let found = check_cron(line);
            assert_eq!(found.is_ok(), due, "{line}");
            assert!(due || found.unwrap_err().0.ends_with("is never due"), "{line}");
        }
    }

    fn part(low: u32, high: u32) -> impl Strategy<Value = String> {
        let number = move || low.saturating_sub(1)..=high + 1;
        prop_oneof![
            4 => Just("*".to_owned()),
            4 => number().prop_map(|number| number.to_string()),
            2 => (number(), number()).prop_map(|(from, to)| format!("{from}-{to}")),
            1 => (number(), number(), 0..=high + 1).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
            1 => (0..=high + 1).prop_map(|step| format!("*/{step}")),
            1 => (number(), 0..=high + 1).prop_map(|(from, step)| format!("{from}/{step}")),
            1 => "(jan|FEB|sun|Sat|mon-fri|feb-jan|1,2|,|0?[0-9]|[+a-z/,*-]{0,3})",
        ]
    }

    fn line() -> impl Strategy<Value = String> {
        let field = |(_, low, high, _): (&str, u32, u32, &[&str])| {
            prop::collection::vec(part(low, high), 1..3).prop_map(|parts| parts.join(","))
        };
        let fields: Vec<_> = CRON_FIELDS.map(field).into();
        fields.prop_map(|fields| fields.join(" "))
    }

    proptest! {
        /// What is checked and what runs are one language: the library takes each line that we take, and of those that
        /// have none of its own additions, no other.
        #[test]
        fn the_library_reads_the_same_lines(line in line()) {
            let ours = check_cron(&line);
            let theirs = cronexpr::parse_crontab(&format!("{line} UTC"));
            match ours {
                Ok(()) => prop_assert!(theirs.is_ok(), "{}", line),
                Err((message, _)) if message.ends_with("is never due") => prop_assert!(theirs.is_ok(), "{}", line),
                Err(_) => prop_assert!(theirs.is_err(), "{}", line),
            }
        }
    }

    #[test]
    fn zones_are_suggested() {
        let names: Vec<String> = TimeZoneDatabase::bundled()
            .available()
            .map(|name| name.to_string())
            .collect();
        assert!(names.len() > 400, "only {}", names.len());
        for (text, zone) in [
            ("Berlin", Some("Europe/Berlin")),
            ("new york", Some("America/New_York")),
            ("Europe/Berln", Some("Europe/Berlin")),
            ("Europe/Kiew", Some("Europe/Kiev")),
            ("+02:00", None),
        ] {
            assert_eq!(zone_like(text, &names), zone, "{text}");
        }
    }
}
