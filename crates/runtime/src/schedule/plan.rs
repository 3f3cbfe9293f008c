//! What a look at the clock gives for one schedule: which due time starts a run, and which have gone by. Pure.

use jiff::{SignedDuration, Timestamp};
use lockgate_flow::syntax::Missed;

use super::Schedule;

/// A due time that was longer ago than this when it was looked at is a missed one.
pub(super) const LATE: SignedDuration = SignedDuration::from_mins(1);

/// Missed due times are counted up to here: a schedule of every minute is not gone through for a year.
const COUNTED: u64 = 1_000;

/// What is to be done at a moment at which something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The due time that starts a run.
    pub(super) start: Option<Timestamp>,
    /// How many due times went by without one; more than so many are so many.
    pub(super) missed: u64,
    /// The last due time that is dealt with by this.
    pub(super) upto: Timestamp,
}

impl Plan {
    /// Deals with the due times after `since`, up to now. `None` where there are none; so also where the clock has been
    /// put back before `since`.
    ///
    /// Of several due times only the last one can start a run: those before it were missed, whatever the reason.
    pub(super) fn new(schedule: &Schedule, missed: Missed, since: Timestamp, now: Timestamp) -> Option<Self> {
        let upto = schedule.last(since, now)?;
        let starts = missed == Missed::Once || now.duration_since(upto) <= LATE;
        let due = std::iter::successors(schedule.next(since), |due| schedule.next(*due))
            .take_while(|due| *due <= now)
            .zip(0..COUNTED)
            .count() as u64;
        Some(Self {
            start: starts.then_some(upto),
            missed: due.saturating_sub(u64::from(starts)),
            upto,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[track_caller]
    fn check(line: &str, since: &str, now: &str, skip: Option<(bool, u64)>, once: Option<(bool, u64)>) {
        let schedule = Schedule::of(line, TimeZone::UTC).unwrap();
        for (missed, expected) in [(Missed::Skip, skip), (Missed::Once, once)] {
            let plan = Plan::new(&schedule, missed, since.parse().unwrap(), now.parse().unwrap());
            let found = plan.map(|plan| (plan.start.is_some(), plan.missed));
            assert_eq!(found, expected, "{missed:?}: {plan:?}");
            if let Some(plan) = plan {
                assert!(plan.start.is_none_or(|start| start == plan.upto));
            }
        }
    }

    #[test]
    fn what_is_due_and_what_was_missed() {
        let (started, missed) = (Some((true, 0)), Some((false, 1)));
        let hourly = "0 * * * *";
        // Nothing yet.
        check(
            hourly,
            "2026-11-23T08:00:00Z",
            "2026-11-23T08:59:59.9Z",
            None,
            None,
        );
        // On time, a little late, too late.
        check(
            hourly,
            "2026-11-23T08:00:00Z",
            "2026-11-23T09:00:00Z",
            started,
            started,
        );
        check(
            hourly,
            "2026-11-23T08:00:00Z",
            "2026-11-23T09:01:00Z",
            started,
            started,
        );
        check(
            hourly,
            "2026-11-23T08:00:00Z",
            "2026-11-23T09:01:00.1Z",
            missed,
            started,
        );
        // Several.
        let (none, last) = (Some((false, 3)), Some((true, 2)));
        check(hourly, "2026-11-23T08:00:00Z", "2026-11-23T11:30:00Z", none, last);
        check(hourly, "2026-11-23T08:00:00Z", "2026-11-23T11:00:30Z", last, last);
        // The clock was put back.
        check(hourly, "2026-11-23T08:00:00Z", "2026-11-23T06:30:00Z", None, None);
        // A year of minutes is not counted through.
        let (none, last) = (Some((false, COUNTED)), Some((true, COUNTED - 1)));
        check(
            "*/2 * * * *",
            "2025-11-23T08:00:00Z",
            "2026-11-23T08:01:30Z",
            none,
            last,
        );
    }
}
