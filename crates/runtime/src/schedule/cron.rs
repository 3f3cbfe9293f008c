//! A cron line in a time zone: the times at which a flow is due.
//!
//! The library knows which *local* times a line names; which moments those are when the clocks change is decided here, as
//! the manual of Vixie's cron has it (`cron(8)`, "Daylight Saving Time and other time changes"): it tells jobs "that run
//! at a specific time" and those of "a granularity greater than one hour" from those that run more frequently.
//!
//! - A line for *some* hours names times of day. Each counts once: one that the clocks leave out is due at the moment at
//!   which they have jumped (several then are one), one that comes twice is due the first time.
//! - A line for *every* hour (`*`, `*/1`, `0-23`) goes with real time: it is due whenever the clocks show a matching time, so
//!   twice where they show it twice, and not at a time that they leave out.
//!
//! Where this differs from Vixie's cron: that one looks at whether the hour or the minute begins with `*`, so that
//! `*/20 2 * * *` would be left out for a whole day; and it takes a change of three hours or more for a correction of the
//! clock. Here only the hours decide, and a change of the zone is a change of the zone however long it is.

use cronexpr::Crontab;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use lockgate_flow::syntax::ScheduleTrigger;

/// A cron line in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The line, read as one of UTC: it is asked for local times only.
    line: Crontab,
    zone: TimeZone,
    /// Whether the line is for every hour.
    every_hour: bool,
}

/// A schedule cannot be read. The checker reports it; here it means that the flow was not checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSchedule(pub String);

impl Schedule {
    /// Reads a trigger.
    ///
    /// # Errors
    /// The line or the zone cannot be read.
    pub fn parse(trigger: &ScheduleTrigger) -> Result<Self, InvalidSchedule> {
        let zone = trigger.zone().ok_or_else(|| {
            let name = trigger.timezone.as_ref().map_or("", |name| name.value.as_str());
            InvalidSchedule(format!("there is no time zone `{name}`"))
        })?;
        Self::of(&trigger.cron.value, zone)
    }

    /// Reads a line of five fields.
    pub(super) fn of(line: &str, zone: TimeZone) -> Result<Self, InvalidSchedule> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, hour, _, _, _] = fields.as_slice() else {
            return Err(InvalidSchedule(format!(
                "`{line}` is no cron line: it has {} fields, not five",
                fields.len()
            )));
        };
        if let Some(field) = fields.iter().find(|field| is_extended(field)) {
            return Err(InvalidSchedule(format!(
                "`{field}` is no field of a cron line: `L`, `W`, `H` and `#` are not known"
            )));
        }
        Ok(Self {
            line: crontab(&fields.join(" "), line)?,
            every_hour: names_every_hour(hour)?,
            zone,
        })
    }

    /// The first due time after a time. A time that the clock leaves out (spring) is due when the clock has jumped; one
    /// that comes twice (autumn) is due once. Except for lines that are for every hour: those go with real time.
    ///
    /// `None` where there is none: the line names a day that there never is, or the calendar ends (year 9995).
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        if self.every_hour {
            self.next_shown(after)
        } else {
            self.next_time_of_day(after)
        }
    }

    /// The last due time in a stretch of time: after `after`, and not after `until`.
    pub fn last(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        const HOUR: i64 = 3_600;
        // Looks back further and further, so that a schedule of every minute is not gone through for a year.
        for back in [HOUR, 24 * HOUR, 32 * 24 * HOUR, 366 * 24 * HOUR, i64::MAX] {
            let from = until
                .checked_sub(SignedDuration::from_secs(back))
                .map_or(after, |from| from.max(after));
            let mut last = self.next(from).filter(|due| *due <= until);
            while let Some(due) = last.and_then(|last| self.next(last)).filter(|due| *due <= until) {
                last = Some(due);
            }
            if last.is_some() || from == after {
                return last;
            }
        }
        None
    }

    /// Times of day, each once. Local times become moments without changing their order, so that the first local time
    /// whose moment is later than `after` is the one.
    fn next_time_of_day(&self, after: Timestamp) -> Option<Timestamp> {
        let mut local = self.zone.to_datetime(after);
        loop {
            local = self.named_after(local)?;
            // A local time that comes twice may have been for the first time before `after`.
            let due = self.moment(local)?;
            if due > after {
                return Some(due);
            }
        }
    }

    /// When the clocks show a local time for the first time, or leave it out.
    fn moment(&self, local: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(local).ok()
            }
            AmbiguousOffset::Gap { before, .. } => {
                // By the clock that was not put forward, the jump has just been.
                let as_if = before.to_timestamp(local).ok()?;
                let jump = self
                    .zone
                    .preceding(as_if.checked_add(SignedDuration::from_nanos(1)).ok()?)
                    .next()?;
                Some(jump.timestamp())
            }
        }
    }

    /// Whenever the clocks show a matching time: looks at each stretch between two changes of them by itself.
    fn next_shown(&self, after: Timestamp) -> Option<Timestamp> {
        let mut changes = self.zone.following(after);
        let mut since = after;
        let mut offset = self.zone.to_offset(after);
        loop {
            let local = self.named_after(offset.to_datetime(since))?;
            let due = offset.to_timestamp(local).ok()?;
            match changes.next() {
                Some(change) if change.timestamp() <= due => {
                    // The moment of the change counts already.
                    since = change
                        .timestamp()
                        .checked_sub(SignedDuration::from_nanos(1))
                        .ok()?;
                    offset = change.offset();
                }
                _ => return Some(due),
            }
        }
    }

    /// The first local time after another that the line names.
    fn named_after(&self, local: DateTime) -> Option<DateTime> {
        // The library looks four years ahead. Longest between two days that a line can name is 40 years: a 29 February
        // that has to be one day of the week, where a year that could have been a leap year (2100) is none.
        const STRETCHES: usize = 11;
        // The library adds the four years without a check.
        const LAST_YEAR: i16 = 9999 - 4;
        let mut from = Offset::UTC.to_timestamp(local).ok()?;
        for _ in 0..STRETCHES {
            if Offset::UTC.to_datetime(from).year() >= LAST_YEAR {
                return None;
            }
            if let Ok(named) = self.line.find_next(from) {
                return Some(named.datetime());
            }
            let looked_until = from.to_zoned(TimeZone::UTC).checked_add(4.years()).ok()?;
            from = looked_until.timestamp();
        }
        None
    }
}

/// Whether a field has what the library knows beyond `crontab(5)`. Names of months and days have three letters.
fn is_extended(field: &str) -> bool {
    field.contains('#')
        || field
            .split(|c: char| !c.is_ascii_alphabetic())
            .any(|letters| !matches!(letters.len(), 0 | 3))
}

/// Whether a line with this hour field is for every hour.
fn names_every_hour(hour: &str) -> Result<bool, InvalidSchedule> {
    let line = crontab(&format!("0 {hour} * * *"), hour)?;
    Ok((0..24).all(|hour| {
        let moment = Timestamp::from_second(hour * 3_600).unwrap_or_default();
        line.matches(moment).unwrap_or(false)
    }))
}

fn crontab(line: &str, written: &str) -> Result<Crontab, InvalidSchedule> {
    cronexpr::parse_crontab(&format!("{line} UTC"))
        .map_err(|_| InvalidSchedule(format!("`{written}` cannot be read as a cron line")))
}
