//! Due times against tables of days on which clocks change, and against a model that goes minute by minute.

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::Schedule;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn utc(line: &str) -> Schedule {
    Schedule::of(line, TimeZone::UTC).unwrap()
}

/// The due times of a day and what surrounds it, as the clocks on the wall show them.
#[track_caller]
fn check(name: &str, line: &str, after: &str, expected: &[&str]) {
    let shown = zone(name);
    let schedule = Schedule::of(line, shown.clone()).unwrap();
    let mut last = at(after);
    let mut found = Vec::new();
    for _ in expected {
        last = schedule.next(last).unwrap();
        let zoned = last.to_zoned(shown.clone());
        found.push(zoned.strftime("%m-%d %H:%M %:z").to_string());
    }
    assert_eq!(found, expected, "`{line}` in {name}");
}

#[test]
fn times_of_day_on_days_when_the_clocks_change() {
    let berlin = "Europe/Berlin";
    // 29 March 2026: 02:00 to 03:00 is left out.
    check(
        berlin,
        "30 2 * * *",
        "2026-03-27T12:00:00Z",
        &["03-28 02:30 +01:00", "03-29 03:00 +02:00", "03-30 02:30 +02:00"],
    );
    // Several left out are one, also with one that is due then anyway.
    check(
        berlin,
        "*/20 2,3 * * *",
        "2026-03-28T23:00:00Z",
        &[
            "03-29 03:00 +02:00",
            "03-29 03:20 +02:00",
            "03-29 03:40 +02:00",
            "03-30 02:00 +02:00",
        ],
    );
    // 25 October 2026: 02:00 to 03:00 comes twice.
    check(
        berlin,
        "30 2 * * *",
        "2026-10-24T12:00:00Z",
        &["10-25 02:30 +02:00", "10-26 02:30 +01:00"],
    );
    check(
        berlin,
        "0 */2 * * *",
        "2026-10-24T21:00:00Z",
        &["10-25 00:00 +02:00", "10-25 02:00 +02:00", "10-25 04:00 +01:00"],
    );
    // Asked while the second 02:15 goes on: 02:30 has been.
    check(
        berlin,
        "30 2 * * *",
        "2026-10-25T01:15:00Z",
        &["10-26 02:30 +01:00"],
    );
    check(
        "America/New_York",
        "15 2 * * *",
        "2026-03-07T12:00:00Z",
        &["03-08 03:00 -04:00", "03-09 02:15 -04:00"],
    );
    check(
        "America/New_York",
        "15 1 * * *",
        "2026-10-31T12:00:00Z",
        &["11-01 01:15 -04:00", "11-02 01:15 -05:00"],
    );
    // Half an hour: on 4 October 2026 02:00 to 02:30 is left out, on 5 April 01:30 to 02:00 comes twice.
    check(
        "Australia/Lord_Howe",
        "15 2 * * *",
        "2026-10-02T18:00:00Z",
        &["10-04 02:30 +11:00", "10-05 02:15 +11:00"],
    );
    check(
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2026-04-03T18:00:00Z",
        &["04-05 01:45 +11:00", "04-06 01:45 +10:30"],
    );
    check(
        "Asia/Kathmandu",
        "0 6 * * *",
        "2026-03-28T00:14:00Z",
        &["03-28 06:00 +05:45", "03-29 06:00 +05:45"],
    );
    check(
        "UTC",
        "0 6 * * *",
        "2026-03-28T06:00:00Z",
        &["03-29 06:00 +00:00", "03-30 06:00 +00:00"],
    );
}

/// The rows of the table in the manual: line, zone, due times.
#[test]
fn the_manual_says_what_is_so() {
    let manual = include_str!("../../../../docs/schedules.md");
    let mut rows = 0;
    for row in manual
        .lines()
        .filter(|row| row.starts_with("| `") && row.contains("T0"))
    {
        let cells: Vec<Vec<&str>> = row
            .split('|')
            .map(|cell| cell.split('`').skip(1).step_by(2).collect())
            .collect();
        let (line, name) = (cells[1][0], cells[2][0]);
        let schedule = Schedule::of(line, zone(name)).unwrap();
        let due: Vec<Timestamp> = cells[3].iter().map(|due| at(due)).collect();
        let mut last = due[0] - SignedDuration::from_mins(1);
        for (due, written) in due.iter().zip(&cells[3]) {
            last = schedule.next(last).unwrap();
            assert_eq!(last, *due, "`{line}` in {name}");
            let shown = last
                .to_zoned(zone(name))
                .strftime("%Y-%m-%dT%H:%M%:z")
                .to_string();
            assert_eq!(shown, *written, "`{line}` in {name}");
        }
        rows += 1;
    }
    assert_eq!(rows, 7);
}

#[test]
fn the_day_that_did_not_exist() {
    // Samoa went over the date line: 29 December 2011 was followed by the 31st.
    check(
        "Pacific/Apia",
        "0 8 * * *",
        "2011-12-29T00:00:00Z",
        &["12-29 08:00 -10:00", "12-31 00:00 +14:00", "12-31 08:00 +14:00"],
    );
    check(
        "Pacific/Apia",
        "0 8 30 * *",
        "2011-12-01T00:00:00Z",
        &["12-31 00:00 +14:00", "01-30 08:00 +14:00"],
    );
    check(
        "Pacific/Apia",
        "0 */1 * * *",
        "2011-12-30T08:00:00Z",
        &["12-29 23:00 -10:00", "12-31 00:00 +14:00", "12-31 01:00 +14:00"],
    );
}

#[test]
fn every_hour_goes_with_real_time() {
    for line in ["30 * * * *", "30 */1 * * *", "30 0-23 * * *"] {
        check(
            "Europe/Berlin",
            line,
            "2026-03-28T23:40:00Z",
            &["03-29 01:30 +01:00", "03-29 03:30 +02:00", "03-29 04:30 +02:00"],
        );
        check(
            "Europe/Berlin",
            line,
            "2026-10-24T23:40:00Z",
            &["10-25 02:30 +02:00", "10-25 02:30 +01:00", "10-25 03:30 +01:00"],
        );
    }
    check(
        "Australia/Lord_Howe",
        "*/15 * * * *",
        "2026-04-04T14:30:00Z",
        &[
            "04-05 01:45 +11:00",
            "04-05 01:30 +10:30",
            "04-05 01:45 +10:30",
            "04-05 02:00 +10:30",
        ],
    );
    check(
        "Australia/Lord_Howe",
        "*/15 * * * *",
        "2026-10-03T15:15:00Z",
        &["10-04 02:30 +11:00", "10-04 02:45 +11:00"],
    );
    // At the moment at which 2:00 would have been, the clocks show 2:30.
    check(
        "Australia/Lord_Howe",
        "0 * * * *",
        "2026-10-03T14:00:00Z",
        &["10-04 01:00 +10:30", "10-04 03:00 +11:00"],
    );
    check(
        "America/New_York",
        "*/30 * * * *",
        "2026-11-01T05:00:00Z",
        &["11-01 01:30 -04:00", "11-01 01:00 -05:00", "11-01 01:30 -05:00"],
    );
}

#[test]
fn rare_days() {
    let leap = utc("0 0 29 2 *");
    assert_eq!(
        leap.next(at("2096-03-01T00:00:00Z")),
        Some(at("2104-02-29T00:00:00Z"))
    );
    // Both must fit where one begins with `*`: a leap day that is a Sunday.
    let sunday = utc("0 0 29 2 */7");
    assert_eq!(
        sunday.next(at("2032-03-01T00:00:00Z")),
        Some(at("2060-02-29T00:00:00Z"))
    );
    assert_eq!(
        sunday.next(at("2088-03-01T00:00:00Z")),
        Some(at("2128-02-29T00:00:00Z"))
    );
    let never = Schedule::of("0 0 30 2 *", zone("Europe/Berlin")).unwrap();
    assert_eq!(never.next(at("2026-01-01T00:00:00Z")), None);
    let never = Schedule::of("* * 30 2 *", zone("Europe/Berlin")).unwrap();
    assert_eq!(never.next(at("2026-01-01T00:00:00Z")), None);
    let end = utc("* * * * *");
    assert_eq!(end.next(Timestamp::MAX), None);
    assert_eq!(
        end.next(at("9994-12-31T23:58:59Z")),
        Some(at("9994-12-31T23:59:00Z"))
    );
}

#[test]
fn the_last_of_many() {
    let check = |line: &str, after: &str, until: &str, expected: Option<&str>| {
        let schedule = utc(line);
        assert_eq!(schedule.last(at(after), at(until)), expected.map(at), "{line}");
    };
    let (after, until) = ("2020-01-01T00:00:00Z", "2026-11-23T12:34:56Z");
    check("* * * * *", after, until, Some("2026-11-23T12:34:00Z"));
    check("0 6 * * *", after, until, Some("2026-11-23T06:00:00Z"));
    check("0 6 1 1 *", after, until, Some("2026-01-01T06:00:00Z"));
    check("0 6 29 2 *", after, until, Some("2024-02-29T06:00:00Z"));
    check("0 6 29 2 *", "2024-02-29T06:00:00Z", until, None);
    check(
        "34 12 * * *",
        "2026-11-23T12:33:59Z",
        "2026-11-23T12:34:00Z",
        Some("2026-11-23T12:34:00Z"),
    );
    check(
        "34 12 * * *",
        "2026-11-23T12:34:00Z",
        "2026-11-23T12:35:00Z",
        None,
    );
    check("* * * * *", until, after, None);
}

#[test]
fn what_is_no_schedule() {
    for line in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 * * 5L",
        "0 0 * * FRIL",
        "0 0 * * 5#3",
        "H * * * *",
        "@daily",
        "0 0 * * * Europe/Berlin",
        "0 x * * *",
    ] {
        assert!(Schedule::of(line, TimeZone::UTC).is_err(), "{line}");
    }
    for line in [
        "0 0 * jul wed",
        "0 0 * JAN-MAR Mon,7",
        "5/10 * * * *",
        "0\t0  * * *",
    ] {
        assert!(Schedule::of(line, TimeZone::UTC).is_ok(), "{line}");
    }
}

/// What a line names, read in the plainest way: `crontab(5)` without names.
struct Fields([Vec<i8>; 5], [bool; 2]);

impl Fields {
    fn of(line: &str) -> Self {
        let texts: Vec<&str> = line.split(' ').collect();
        let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
        let fields = std::array::from_fn(|at| {
            let (low, high) = bounds[at];
            let mut named = Vec::new();
            for part in texts[at].split(',') {
                let (range, step) = part.split_once('/').unwrap_or((part, "1"));
                let (from, to) = match range.split_once('-') {
                    Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
                    None if range == "*" => (low, high),
                    None if part.contains('/') => (range.parse().unwrap(), high),
                    None => (range.parse().unwrap(), range.parse().unwrap()),
                };
                named.extend((from..=to).step_by(step.parse().unwrap()));
            }
            if at == 4 {
                for day in &mut named {
                    *day %= 7;
                }
            }
            named
        });
        Self(fields, [texts[2].starts_with('*'), texts[4].starts_with('*')])
    }

    fn name(&self, local: DateTime) -> bool {
        let Self([minutes, hours, days, months, weekdays], stars) = self;
        let day = days.contains(&local.day());
        let weekday = weekdays.contains(&local.date().weekday().to_sunday_zero_offset());
        let day = if stars.contains(&true) {
            day && weekday
        } else {
            day || weekday
        };
        minutes.contains(&local.minute())
            && hours.contains(&local.hour())
            && months.contains(&local.month())
            && day
    }

    fn every_hour(&self) -> bool {
        (0..24).all(|hour| self.0[1].contains(&hour))
    }
}

/// The due times in a stretch, by going through it minute by minute.
fn model(line: &str, zone: &TimeZone, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    let fields = Fields::of(line);
    let mut due = Vec::new();
    let mut highest = zone.to_datetime(after);
    let mut now = after;
    while now < until {
        now += MINUTE;
        let shown = zone.to_datetime(now);
        if fields.every_hour() {
            if fields.name(shown) {
                due.push(now);
            }
            continue;
        }
        // What the clocks have shown once does not count again; what they left out counts now.
        let mut counts = false;
        while highest < shown {
            highest += MINUTE;
            counts |= fields.name(highest);
        }
        if counts {
            due.push(now);
        }
    }
    due
}

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Chatham",
];

fn check_against_model(line: &str, zone: &TimeZone, after: Timestamp, days: i64) {
    let schedule = Schedule::of(line, zone.clone()).unwrap();
    let until = after + SignedDuration::from_hours(24 * days);
    let mut found = Vec::new();
    let mut last = after;
    while let Some(due) = schedule.next(last).filter(|due| *due <= until) {
        assert!(due > last, "not after");
        found.push(due);
        last = due;
    }
    let expected = model(line, zone, after, until);
    assert_eq!(found, expected, "`{line}` in {zone:?} after {after}");
    assert_eq!(schedule.last(after, until), expected.last().copied());
}

#[test]
fn months_are_as_the_model_has_them() {
    for zone in ZONES.map(zone) {
        for line in ["17 2 * * *", "*/30 1-3 * * *", "0 * * * *", "30 1 1,15 * 0"] {
            check_against_model(line, &zone, at("2026-02-20T00:00:00Z"), 60);
            check_against_model(line, &zone, at("2026-09-20T00:00:00Z"), 50);
        }
    }
}

fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
    let range = move || (low..=high, low..=high).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let part = prop_oneof![
        3 => (low..=high).prop_map(|one| one.to_string()),
        2 => range().prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (range(), 1..5_u8).prop_map(|((from, to), step)| format!("{from}-{to}/{step}")),
        1 => (low..=high, 1..5_u8).prop_map(|(from, step)| format!("{from}/{step}")),
        1 => (1..6_u8).prop_map(|step| format!("*/{step}")),
    ];
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => prop::collection::vec(part, 1..3).prop_map(|parts| parts.join(",")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_line_is_as_the_model_has_it(
        minute in field(0, 59),
        hour in field(0, 23),
        // Else most lines would name no day at all in a week.
        day in prop_oneof![Just("*".to_owned()), field(1, 31)],
        weekday in prop_oneof![Just("*".to_owned()), field(0, 7)],
        zone in prop::sample::select(&ZONES[..]),
        year in 2008..2040_i16,
        change in 0..2_usize,
        seconds in 0..60_i64,
    ) {
        let line = format!("{minute} {hour} {day} * {weekday}");
        let new_year = jiff::civil::date(year, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let zone = self::zone(zone);
        let around = zone.following(new_year).nth(change).map_or(new_year, |change| change.timestamp());
        // Some databases mark the end of 32-bit time (03:14:07) as a change.
        let around = around.round(jiff::Unit::Minute).unwrap();
        let after = around - SignedDuration::from_hours(50);
        check_against_model(&line, &zone, after, 5);
        // Where `after` stands within a minute makes no difference.
        let schedule = Schedule::of(&line, zone).unwrap();
        prop_assert_eq!(
            schedule.next(around + SignedDuration::from_secs(seconds)),
            schedule.next(around)
        );
    }
}
