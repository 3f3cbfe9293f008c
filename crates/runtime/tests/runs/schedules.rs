//! Schedules: one run for each due time, whatever crashes, restarts, reloads and clocks do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan as _, Unit};
use lockgate_engine::clock::Clock as _;
use lockgate_runtime::{Program, Runtime};
use lockgate_store::history::{Filter, History, RunSummary};
use lockgate_store::{Status, Trigger};

use crate::laboratory::Laboratory;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Time passes until then, at once.
fn go_to(laboratory: &Laboratory, time: Timestamp) {
    let left = time.duration_since(laboratory.clock.now());
    laboratory.clock.advance(left.unsigned_abs());
}

fn flow(schedule: &str, step: &str) -> String {
    format!(
        "timeout: 365d\ntrigger: {{ schedule: {schedule} }}\nsteps: [{{ action: {step}, with: {{ n: 1 }} }}]\n"
    )
}

/// Numbers that look random, the same in each run of a test.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A laboratory whose clock shows this time.
fn laboratory(now: &str) -> Laboratory {
    let laboratory = Laboratory::new();
    go_to(&laboratory, at(now));
    laboratory
}

fn scheduled(laboratory: &Laboratory, flow: &str) -> Vec<RunSummary> {
    let history = History::open(&laboratory.store_path()).unwrap();
    let filter = Filter {
        flow: Some(flow.to_owned()),
        ..Filter::default()
    };
    let (mut runs, mut cursor) = (Vec::new(), None);
    loop {
        let page = history.list(&filter, cursor.as_deref(), 500).unwrap();
        runs.extend(page.runs);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(runs.iter().all(|run| run.trigger == Trigger::Schedule));
    runs.reverse();
    runs
}

/// The minutes in which runs began.
fn minutes(laboratory: &Laboratory, flow: &str) -> Vec<String> {
    scheduled(laboratory, flow)
        .iter()
        .map(|run| run.started_at.strftime("%m-%d %H:%M").to_string())
        .collect()
}

/// Polls until a schedule has been dealt with up to a time.
async fn until_dealt(laboratory: &Laboratory, runtime: &Runtime, flow: &str, upto: Timestamp) {
    laboratory
        .until("dealt with", || async {
            let found = runtime.store().last_due(flow).await.unwrap();
            found.is_some_and(|found| found >= upto)
        })
        .await;
}

/// A process that has seen the flow.
async fn watching(laboratory: &Laboratory, program: &Arc<Program>, flow: &str) -> Runtime {
    let runtime = laboratory.process(program).await;
    until_dealt(laboratory, &runtime, flow, Timestamp::MIN).await;
    runtime
}

async fn until_ended(laboratory: &Laboratory, runtime: &Runtime) {
    laboratory
        .until("ended", || async {
            for status in [Status::Queued, Status::Running, Status::Sleeping] {
                if runtime.store().count(status).await.unwrap() > 0 {
                    return false;
                }
            }
            true
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_due_time_starts_one_run_whatever_crashes() {
    const MINUTES: i64 = 1_000;
    let laboratory = Laboratory::batched();
    go_to(&laboratory, at("2030-01-01T00:00:30Z"));
    let flow = flow("{ cron: \"* * * * *\", overlap: true }", "test.once");
    let program = laboratory.program(&[("it", &flow)]);
    let mut runtime = watching(&laboratory, &program, "it").await;
    let mut chance = Chance(7);
    let mut crashes = 0;
    let first = at("2030-01-01T00:01:00Z");
    for minute in 0..MINUTES {
        let due = first + SignedDuration::from_mins(minute);
        go_to(&laboratory, due);
        // Up to three crashes before it is dealt with, each somewhere in what is being done, and some seconds of nobody.
        for _ in 0..chance.below(20).saturating_sub(16) {
            for _ in 0..chance.below(60) {
                tokio::task::yield_now().await;
            }
            drop(runtime);
            laboratory
                .clock
                .advance(Duration::from_millis(chance.below(15_000)));
            runtime = laboratory.process(&program).await;
            crashes += 1;
        }
        until_dealt(&laboratory, &runtime, "it", due).await;
    }
    until_ended(&laboratory, &runtime).await;
    let mut started: BTreeMap<Timestamp, u32> = BTreeMap::new();
    for run in scheduled(&laboratory, "it") {
        assert_eq!(run.status, Status::Succeeded, "{run:?}");
        assert!(laboratory.world.effects(run.id).values().all(|times| *times == 1));
        // Seconds count from the due time, whichever process started it.
        let due = run.started_at - (run.started_at.as_second() % 60).seconds();
        *started.entry(due.round(Unit::Second).unwrap()).or_default() += 1;
    }
    assert!(started.values().all(|runs| *runs == 1), "started twice");
    assert_eq!(started.len(), 1_000, "after {crashes} crashes");
    assert!(crashes > 200, "{crashes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_due_time_that_was_not_noted_starts_nothing_again() {
    const DAY: Duration = Duration::from_hours(24);
    // Also when its idempotency key has been forgotten (after a day), and while its run still goes on.
    for (away, step) in [
        (MINUTE, "test.note"),
        (9 * DAY, "test.note"),
        (9 * DAY, "test.gate"),
    ] {
        let laboratory = laboratory("2030-01-31T23:59:30Z");
        let flow = flow("{ cron: \"0 0 1 * *\", missed: once }", step);
        let program = laboratory.program(&[("it", &flow)]);
        let runtime = watching(&laboratory, &program, "it").await;
        let seen = runtime.store().last_due("it").await.unwrap().unwrap();
        laboratory.clock.advance(MINUTE);
        let due = at("2030-02-01T00:00:00Z");
        until_dealt(&laboratory, &runtime, "it", due).await;
        // As if the process had died just before.
        runtime.store().set_last_due("it", seen).await.unwrap();
        drop(runtime);
        laboratory.clock.advance(away);
        let runtime = laboratory.process(&program).await;
        until_dealt(&laboratory, &runtime, "it", due).await;
        assert_eq!(minutes(&laboratory, "it"), ["02-01 00:00"], "{away:?}, {step}");
        let stats = runtime.stats();
        assert_eq!((stats.scheduled, stats.skipped), (0, 0), "{away:?}, {step}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_goes_by_the_policy() {
    let laboratory = laboratory("2030-01-01T08:30:00Z");
    let skip = flow("{ cron: \"0 * * * *\" }", "test.note");
    let once = flow("{ cron: \"0 * * * *\", missed: once }", "test.note");
    let program = laboratory.program(&[("once", &once), ("skip", &skip)]);
    // At first sight nothing is started for the past.
    let runtime = watching(&laboratory, &program, "once").await;
    until_dealt(&laboratory, &runtime, "skip", at("2030-01-01T08:30:00Z")).await;
    assert_eq!(minutes(&laboratory, "once"), [""; 0]);
    drop(runtime);
    // Nobody is there at 9, 10 and 11.
    laboratory.clock.advance(3 * HOUR);
    let runtime = laboratory.process(&program).await;
    for name in ["once", "skip"] {
        until_dealt(&laboratory, &runtime, name, at("2030-01-01T11:00:00Z")).await;
    }
    assert_eq!(minutes(&laboratory, "once"), ["01-01 11:30"]);
    assert_eq!(minutes(&laboratory, "skip"), [""; 0]);
    until_ended(&laboratory, &runtime).await;
    // The machine sleeps from 11:30 to 13:30, in the middle of it.
    laboratory.clock.set_by(SignedDuration::from_hours(2));
    for name in ["once", "skip"] {
        until_dealt(&laboratory, &runtime, name, at("2030-01-01T13:00:00Z")).await;
    }
    assert_eq!(minutes(&laboratory, "once"), ["01-01 11:30", "01-01 13:30"]);
    assert_eq!(minutes(&laboratory, "skip"), [""; 0]);
    laboratory
        .until("counted", || async { runtime.stats().skipped == 8 })
        .await;
    assert_eq!(runtime.stats().scheduled, 2);
    until_ended(&laboratory, &runtime).await;
    // On time again.
    go_to(&laboratory, at("2030-01-01T14:00:00Z"));
    for name in ["once", "skip"] {
        until_dealt(&laboratory, &runtime, name, at("2030-01-01T14:00:00Z")).await;
    }
    assert_eq!(scheduled(&laboratory, "once").len(), 3);
    assert_eq!(scheduled(&laboratory, "skip").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_put_back_starts_nothing_twice() {
    let laboratory = laboratory("2030-01-01T08:59:30Z");
    let program = laboratory.program(&[("it", &flow("\"0 * * * *\"", "test.note"))]);
    let runtime = watching(&laboratory, &program, "it").await;
    laboratory.clock.advance(MINUTE);
    until_dealt(&laboratory, &runtime, "it", at("2030-01-01T09:00:00Z")).await;
    until_ended(&laboratory, &runtime).await;
    laboratory.clock.set_by(SignedDuration::from_mins(-90));
    // Nine o'clock comes again, also for another process.
    laboratory.clock.advance(80 * MINUTE);
    drop(runtime);
    let runtime = watching(&laboratory, &program, "it").await;
    laboratory.clock.advance(30 * MINUTE);
    assert_eq!(
        runtime.store().last_due("it").await.unwrap(),
        Some(at("2030-01-01T09:00:00Z"))
    );
    go_to(&laboratory, at("2030-01-01T10:00:30Z"));
    until_dealt(&laboratory, &runtime, "it", at("2030-01-01T10:00:00Z")).await;
    assert_eq!(minutes(&laboratory, "it"), ["01-01 09:00", "01-01 10:00"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_overlap_only_where_they_may() {
    let laboratory = laboratory("2030-01-01T08:59:30Z");
    let alone = flow("\"0 * * * *\"", "test.gate");
    let together = flow("{ cron: \"0 * * * *\", overlap: true }", "test.gate");
    let program = laboratory.program(&[("alone", &alone), ("together", &together)]);
    let mut runtime = watching(&laboratory, &program, "alone").await;
    until_dealt(&laboratory, &runtime, "together", Timestamp::MIN).await;
    for (hour, at_gate) in [(9, 2), (10, 3), (11, 4)] {
        if hour == 11 {
            // Another process comes upon the runs of this one.
            drop(runtime);
            laboratory.world.at_gate.store(0, Ordering::SeqCst);
            runtime = laboratory.process(&program).await;
            laboratory.until_at_gate(3).await;
        }
        let due = at(&format!("2030-01-01T{hour:02}:00:00Z"));
        go_to(&laboratory, due);
        for name in ["alone", "together"] {
            until_dealt(&laboratory, &runtime, name, due).await;
        }
        laboratory.until_at_gate(at_gate).await;
    }
    assert_eq!(scheduled(&laboratory, "alone").len(), 1);
    assert_eq!(scheduled(&laboratory, "together").len(), 3);
    assert_eq!(runtime.stats().skipped, 1, "of this process");
    laboratory.open_gate();
    until_ended(&laboratory, &runtime).await;
    laboratory.clock.advance(HOUR);
    for name in ["alone", "together"] {
        until_dealt(&laboratory, &runtime, name, at("2030-01-01T12:00:00Z")).await;
    }
    assert_eq!(scheduled(&laboratory, "alone").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_line_counts_from_the_reload_on() {
    let laboratory = laboratory("2030-01-01T08:30:00Z");
    let program = |schedule: &str| laboratory.program(&[("it", &flow(schedule, "test.note"))]);
    let before = program("{ cron: \"0 8 * * *\", missed: once }");
    let runtime = watching(&laboratory, &before, "it").await;
    laboratory.clock.advance(HOUR);
    // Due at 9:00, if it had been so then; from now on at 10:00.
    let reloaded = laboratory.clock.now();
    runtime.publish(program("{ cron: \"0 9,10 * * *\", missed: once }"));
    until_dealt(&laboratory, &runtime, "it", reloaded).await;
    assert_eq!(minutes(&laboratory, "it"), [""; 0]);
    laboratory.clock.advance(31 * MINUTE);
    until_dealt(&laboratory, &runtime, "it", at("2030-01-01T10:00:00Z")).await;
    // Ten o'clock comes again in another zone.
    runtime.publish(program(
        "{ cron: \"0 9,10 * * *\", missed: once, timezone: Atlantic/Azores }",
    ));
    let reloaded = laboratory.clock.now();
    until_dealt(&laboratory, &runtime, "it", reloaded).await;
    laboratory.clock.advance(HOUR);
    until_dealt(&laboratory, &runtime, "it", at("2030-01-01T11:00:00Z")).await;
    until_ended(&laboratory, &runtime).await;
    // Without the flow nothing is due; what comes back as it was has missed what was due meanwhile.
    runtime.publish(laboratory.program(&[]));
    laboratory.clock.advance(24 * HOUR);
    runtime.publish(program(
        "{ cron: \"0 9,10 * * *\", missed: once, timezone: Atlantic/Azores }",
    ));
    until_dealt(&laboratory, &runtime, "it", at("2030-01-02T11:00:00Z")).await;
    assert_eq!(
        minutes(&laboratory, "it"),
        ["01-01 10:01", "01-01 11:01", "01-02 11:01"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_when_the_clocks_change() {
    for (begin, expected) in [
        (
            "2030-03-30T00:00:00Z",
            ["03-30 01:30", "03-31 01:00", "04-01 00:30"],
        ),
        (
            "2030-10-26T00:00:00Z",
            ["10-26 00:30", "10-27 00:30", "10-28 01:30"],
        ),
    ] {
        let laboratory = laboratory(begin);
        let daily = flow("{ cron: \"30 2 * * *\", timezone: Europe/Berlin }", "test.note");
        let often = flow("{ cron: \"*/30 * * * *\", timezone: Europe/Berlin }", "test.note");
        let program = laboratory.program(&[("daily", &daily), ("often", &often)]);
        let runtime = watching(&laboratory, &program, "daily").await;
        until_dealt(&laboratory, &runtime, "often", Timestamp::MIN).await;
        let halves = 3 * 48;
        for half in 1..=halves {
            let due = at(begin) + SignedDuration::from_mins(30 * half);
            go_to(&laboratory, due);
            until_dealt(&laboratory, &runtime, "often", due).await;
            until_ended(&laboratory, &runtime).await;
        }
        let last = at(&format!("2030-{}:00Z", expected[2].replace(' ', "T")));
        until_dealt(&laboratory, &runtime, "daily", last).await;
        assert_eq!(minutes(&laboratory, "daily"), expected);
        assert_eq!(
            scheduled(&laboratory, "often").len(),
            3 * 48,
            "each real half hour"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_is_not_kept_is_started_and_waits_for_itself() {
    let laboratory = laboratory("2030-01-01T08:59:30Z");
    let flow = format!("durable: false\n{}", flow("\"0 * * * *\"", "test.gate"));
    let program = laboratory.program(&[("it", &flow)]);
    let runtime = watching(&laboratory, &program, "it").await;
    laboratory.clock.advance(MINUTE);
    laboratory.until_at_gate(1).await;
    laboratory.clock.advance(HOUR);
    until_dealt(&laboratory, &runtime, "it", at("2030-01-01T10:00:00Z")).await;
    laboratory
        .until("skipped", || async { runtime.stats().skipped == 1 })
        .await;
    assert_eq!(laboratory.world.at_gate.load(Ordering::SeqCst), 1);
    laboratory.open_gate();
    // Nothing tells when a run that is not kept has ended, but that another one starts: at the next due time, or a later one.
    let mut due = at("2030-01-01T10:00:00Z");
    while runtime.stats().scheduled < 2 {
        due += HOUR;
        laboratory.clock.advance(HOUR);
        until_dealt(&laboratory, &runtime, "it", due).await;
    }
    laboratory.until_at_gate(2).await;
    assert_eq!(scheduled(&laboratory, "it").len(), 0);
    assert_eq!(runtime.stats().scheduled, 2);
}

fn execute(laboratory: &Laboratory, sql: &str) {
    let connection = rusqlite::Connection::open(laboratory.store_path()).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_for_a_while_starts_one_run() {
    // The first is what a store says that cannot be written, the second what concerns one statement only.
    for (table, refusal) in [
        ("runs", "INSERT INTO nowhere VALUES (1)"),
        ("schedules", "SELECT RAISE(ABORT, 'refused')"),
    ] {
        let laboratory = laboratory("2030-01-01T08:59:59Z");
        let flow = flow(
            "{ cron: \"0 * * * *\", overlap: true, missed: once }",
            "test.once",
        );
        let program = laboratory.program(&[("it", &flow)]);
        let runtime = watching(&laboratory, &program, "it").await;
        let refuse = format!("CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN {refusal}; END;");
        execute(&laboratory, &refuse);
        let due = at("2030-01-01T09:00:00Z");
        go_to(&laboratory, due);
        // Tries again and again: each second of the clock.
        let until = due + SignedDuration::from_secs(20);
        laboratory
            .until("some seconds", || async { laboratory.clock.now() > until })
            .await;
        let dealt = runtime.store().last_due("it").await;
        assert!(!dealt.is_ok_and(|upto| upto >= Some(due)), "{table}");
        execute(&laboratory, "DROP TRIGGER refuse;");
        laboratory
            .until("the store works", || async {
                runtime.store().failing().is_none()
            })
            .await;
        until_dealt(&laboratory, &runtime, "it", due).await;
        until_ended(&laboratory, &runtime).await;
        let runs = scheduled(&laboratory, "it");
        assert_eq!(runs.len(), 1, "{table}");
        assert_eq!(runs[0].status, Status::Succeeded, "{table}");
    }
}
