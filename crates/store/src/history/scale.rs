//! History of a million runs: each question within 50 ms (of an optimised build). Takes a minute or two, and so is asked for:
//! `cargo nextest run -p lockgate-store a_million_runs --run-ignored only --no-capture`.

use std::time::{Duration, Instant};

use rusqlite::params;
use serde_json::json;

use super::testing::{BEGAN, TestStore};
use super::{Filter, History};
use crate::id::RunId;
use crate::rows::{BegunRow, CHUNKS_OF_A_RUN, INSERT_CHUNK, INSERT_RUN, StateRow, chunk_sum, insert_run};
use crate::run::{Status, Trigger};

const RUNS: i64 = 1_000_000;

/// Flows, all with about as many runs.
const FLOWS: i64 = 20;

/// Microseconds between two runs.
const APART: i64 = 100_000;

/// What one question may take. SQLite and what reads its rows are five to eight times slower in a build that is not optimised.
const GOAL: Duration = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 50 });

/// Gives how many were found.
type Question = Box<dyn Fn(&History) -> usize>;

/// 5% failed, 0.1% cancelled, a few in doubt, a few that go on; 30 are in doubt long ago.
fn status(n: i64) -> Status {
    match n {
        n if n > RUNS - 50 => Status::Running,
        n if n % 30_011 == 7 => Status::InDoubt,
        n if n % 1_009 == 3 => Status::Cancelled,
        n if n % 20 == 11 => Status::Failed,
        n if n % 9_973 == 5 => Status::Sleeping,
        _ => Status::Succeeded,
    }
}

fn fill(store: &TestStore) {
    let records = json!([
        { "record": "started", "key": "steps/0", "attempt": 1, "at": "2030-01-01T00:00:00Z", "action": "auth0.create_user",
          "effect": "once", "input": [{ "connection": "Username-Password-Authentication", "email": "person@example.com",
          "password": "••••" }, "0123456789abcdef0123456789abcdef"] },
        { "record": "finished", "key": "steps/0", "attempt": 1, "at": "2030-01-01T00:00:00Z", "verb": "action",
          "outcome": { "Ok": { "shown": { "user_id": "auth0|0123456789abcdef01234567", "email": "person@example.com" } } } },
        { "record": "finished", "key": "steps/2", "attempt": 1, "at": "2030-01-01T00:00:00Z", "verb": "respond",
          "outcome": { "Ok": { "shown": { "value": { "status": 201, "headers": [], "body": { "user_id": "auth0|0123" } } } } } },
    ])
    .to_string();
    let owner = &store.owner;
    owner.pragma_update(None, "synchronous", "off").unwrap();
    owner.execute_batch("BEGIN").unwrap();
    for flow in 1..=FLOWS {
        let name = format!("flow-{flow}");
        owner
            .execute(
                "INSERT INTO flows (id, name) VALUES (?1, ?2)",
                params![flow, name],
            )
            .unwrap();
    }
    {
        let mut runs = owner.prepare(INSERT_RUN).unwrap();
        let mut chunks = owner.prepare(INSERT_CHUNK).unwrap();
        for n in 1..=RUNS {
            // An id of its time, as runs have.
            let started_at = BEGAN + n * APART;
            let mut id = [0; 16];
            id[..6].copy_from_slice(&(started_at / 1000).to_be_bytes()[2..]);
            id[6..14].copy_from_slice(
                &n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())
                    .to_be_bytes(),
            );
            let status = status(n);
            let begun = BegunRow {
                seq: n,
                id: RunId::from_bytes(id),
                flow: n * 7 % FLOWS + 1,
                trigger: Trigger::Http,
                started_at,
                input: format!(
                    "{{\"email\":\"person-{n}@example.com\",\"password\":\"••••\",\"plan\":\"pro\",\"locale\":\"de\"}}"
                ),
                input_sealed: Some(vec![7; 120]),
                request_sealed: None,
            };
            let state = StateRow {
                finished_at: (!status.is_unfinished()).then_some(started_at + 40_000),
                wake_at: (status == Status::Sleeping).then_some(started_at + 3_600_000_000),
                active: 40_000,
                output: (status == Status::Succeeded).then(|| format!("{{\"user_id\":\"auth0|{n:024x}\"}}")),
                error: (status == Status::Failed).then(|| {
                    "{\"code\":\"user_exists\",\"message\":\"the user is there already\",\"status\":409,\"step\":\"user\"}".to_owned()
                }),
                ..StateRow::going(1, status, 1)
            };
            insert_run(&mut runs, &begun, &state).unwrap();
            let chunk = n * CHUNKS_OF_A_RUN;
            chunks
                .execute(params![chunk, records, chunk_sum(chunk, &records)])
                .unwrap();
        }
    }
    owner.execute_batch("COMMIT").unwrap();
    owner
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}

/// The best of some, on connections that are warm and on one that is not. Others use the machine, too.
fn measure(history: &History, what: &str, question: &dyn Fn(&History) -> usize) -> bool {
    let began = Instant::now();
    let found = question(&History::open(&history.path).unwrap());
    let cold = began.elapsed();
    let best = (0..5)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(question(history), found);
            began.elapsed()
        })
        .min()
        .unwrap();
    #[expect(clippy::print_stderr, reason = "figures are what the test is run for")]
    {
        eprintln!("{what:44} {found:6} found, {best:>10.2?}; {cold:>10.2?} with opening");
    }
    best < GOAL
}

#[test]
#[ignore = "takes a minute or two"]
fn a_million_runs() {
    let store = TestStore::new();
    let began = Instant::now();
    fill(&store);
    let size = std::fs::metadata(&store.path).unwrap().len();
    #[expect(clippy::print_stderr, reason = "figures are what the test is run for")]
    {
        eprintln!(
            "{RUNS} runs in {:.1?}, {} bytes a run",
            began.elapsed(),
            size / RUNS.unsigned_abs()
        );
    }
    let history = store.history();
    let time = |n: i64| jiff::Timestamp::from_microsecond(BEGAN + n * APART).unwrap();
    let flow = |flow: &str| Some(flow.to_owned());
    let all = Filter::default();
    // A cursor deep in the list: that of a page that ends there.
    let deep = |filter: &Filter, n: i64| {
        let until = Filter {
            until: Some(time(n)),
            ..filter.clone()
        };
        history.list(&until, None, 50).unwrap().next
    };
    let of = |filter: Filter, cursor: Option<String>| {
        move |history: &History| history.list(&filter, cursor.as_deref(), 50).unwrap().runs.len()
    };
    let by_flow = Filter {
        flow: flow("flow-7"),
        ..all.clone()
    };
    let with = |statuses: &[Status], flow: Option<String>| Filter {
        statuses: statuses.to_vec(),
        flow,
        ..all.clone()
    };
    let text = |text: &str, filter: &Filter| Filter {
        text: Some(text.to_owned()),
        ..filter.clone()
    };
    let between = |filter: &Filter, from: i64, to: i64| Filter {
        since: Some(time(from)),
        until: Some(time(to)),
        ..filter.clone()
    };
    let doubt = with(&[Status::InDoubt], None);
    let questions: Vec<(&str, Question)> = vec![
        ("first page", Box::new(of(all.clone(), None))),
        ("page at 10", Box::new(of(all.clone(), deep(&all, 600)))),
        ("page at 500,000", Box::new(of(all.clone(), deep(&all, 500_000)))),
        ("by flow", Box::new(of(by_flow.clone(), None))),
        (
            "by flow, page at 500,000",
            Box::new(of(by_flow.clone(), deep(&by_flow, 500_000))),
        ),
        ("unknown flow", Box::new(of(with(&[], flow("unknown")), None))),
        ("failed", Box::new(of(with(&[Status::Failed], None), None))),
        ("succeeded", Box::new(of(with(&[Status::Succeeded], None), None))),
        ("in doubt", Box::new(of(doubt.clone(), None))),
        (
            "in doubt of a flow",
            Box::new(of(with(&[Status::InDoubt], flow("flow-8")), None)),
        ),
        (
            "failed of a flow that never fails",
            Box::new(of(with(&[Status::Failed], flow("flow-7")), None)),
        ),
        (
            "all but succeeded, of a flow",
            Box::new(of(
                with(
                    &[
                        Status::Failed,
                        Status::InDoubt,
                        Status::Cancelled,
                        Status::Running,
                        Status::Sleeping,
                        Status::Queued,
                    ],
                    flow("flow-18"),
                ),
                None,
            )),
        ),
        (
            "running of a flow or succeeded",
            Box::new(of(
                with(&[Status::Running, Status::Succeeded], flow("flow-3")),
                None,
            )),
        ),
        (
            "an hour in the middle",
            Box::new(of(between(&all, 400_000, 436_000), None)),
        ),
        (
            "an hour in the middle, by flow",
            Box::new(of(between(&by_flow, 400_000, 436_000), None)),
        ),
        (
            "an hour in the middle, failed",
            Box::new(of(
                between(&with(&[Status::Failed], None), 400_000, 436_000),
                None,
            )),
        ),
        (
            "before anything",
            Box::new(of(between(&all, -2_000, -1_000), None)),
        ),
        ("text, in each run", Box::new(of(text("EXAMPLE.com", &all), None))),
        (
            "text, one recent run",
            Box::new(of(text("person-999000@", &all), None)),
        ),
        (
            "text, nowhere (one page)",
            Box::new(of(text("nobody@", &all), None)),
        ),
        (
            "text, nowhere, of a flow (one page)",
            Box::new(of(text("nobody@", &by_flow), None)),
        ),
        (
            "text, nowhere, failed (one page)",
            Box::new(of(text("nobody@", &with(&[Status::Failed], None)), None)),
        ),
        (
            "find by 13 digits",
            Box::new(|history| history.find("01b8fca1-1e90").unwrap().len()),
        ),
        (
            "find by 4 digits",
            Box::new(|history| history.find("01b8").unwrap().len()),
        ),
        (
            "one run",
            Box::new(|history| {
                let id = history.find("01b8").unwrap()[0];
                history.run(id).unwrap().unwrap().records.len()
            }),
        ),
        ("counts", Box::new(|history| history.counts().unwrap().len())),
        (
            "version",
            Box::new(|history| usize::from(history.version().unwrap() > 0)),
        ),
    ];
    let slow: Vec<&str> = questions
        .iter()
        .filter(|(what, question)| !measure(&history, what, question))
        .map(|(what, _)| *what)
        .collect();
    assert!(slow.is_empty(), "more than {GOAL:?}: {slow:?}");
}
