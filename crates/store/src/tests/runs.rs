//! Runs, from their beginning to their deletion.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lockgate_engine::RunOptions;
use lockgate_engine::clock::Clock as _;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use serde_json::{Value, json};

use super::bed::{Bed, FOREVER, LAZY, Pinned, fresh};
use super::laboratory::{Laboratory, compile};
use crate::{Begun, Durability, IdempotencyKey, Retention, RunId, RunJournal, Status, Store};

/// A flow with all that its runs need, on the clock of a store.
struct Ran {
    pinned: Pinned,
    laboratory: Laboratory,
}

impl Ran {
    fn new(bed: &Bed, text: &str) -> Self {
        let flows = compile(&[text]);
        let laboratory = Laboratory::of(flows.clone());
        let executor = laboratory.executor.clone().with_clock(bed.clock());
        Self {
            pinned: Pinned::of(&flows[0]),
            laboratory: Laboratory {
                clock: Arc::clone(&bed.clock),
                executor,
                ..laboratory
            },
        }
    }

    async fn begin(&self, store: &Store, input: &Value) -> RunJournal {
        let now = self.laboratory.clock.now();
        fresh(store.begin(self.pinned.run(input, now)).await.unwrap())
    }

    /// A whole life of a run that begins.
    async fn run(&self, store: &Store, input: Value) -> (RunId, RunOutcome) {
        let journal = self.begin(store, &input).await;
        let outcome = self.laboratory.run_on(&journal, input).await;
        (journal.id(), outcome)
    }

    /// A further life.
    async fn resume(&self, store: &Store, id: RunId) -> RunOutcome {
        let run = store.load(id).await.unwrap().unwrap();
        let mut options = RunOptions::new("run-1");
        options.active_before = run.active;
        options.attempt = run.attempt;
        self.laboratory.run_with(&run.journal, run.input, options).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_comes_back() {
    for durability in [Durability::Full, LAZY] {
        let bed = Bed::new(durability);
        let store = bed.open();
        let flow = "name: kept\ninput: { a: { type: number } }\nsteps: [{ respond: { status: 202, headers: { x-a: b }, body: null } }, { wait: 2h }, { return: '{{input.a}}' }]";
        let ran = Ran::new(&bed, flow);
        let input = json!({ "a": 0.1 });
        let now = "2030-01-01T00:00:00.123456789Z".parse().unwrap();
        let request = json!({ "headers": { "x": "y" } });
        let mut new = ran.pinned.run(&input, now);
        new.request = Some(&request);
        let journal = fresh(store.begin(new).await.unwrap());
        let id = journal.id();
        let run = store.load(id).await.unwrap().unwrap();
        assert_eq!(
            (run.status, run.attempt, run.active),
            (Status::Running, 1, Duration::ZERO)
        );
        assert_eq!((&run.input, &run.request), (&input, &Some(request)));
        assert_eq!(run.started_at.to_string(), "2030-01-01T00:00:00.123456Z");
        assert_eq!(run.started_at, journal.started_at());
        assert_eq!(*run.definition, *ran.pinned.definition);
        assert_eq!(run.digest, ran.pinned.digest);
        assert_eq!(run.response, None);
        assert_eq!(store.unfinished(None, 10).await.unwrap(), [id]);
        drop(run);

        let outcome = ran.laboratory.run_on(&journal, input.clone()).await;
        assert_eq!(outcome.status, RunStatus::Suspended);
        let wake_at = bed.clock.now() + SignedDuration::from_hours(2);
        assert_eq!(journal.wake_at(), Some(wake_at));
        assert_eq!(store.next_due().await.unwrap(), Some(wake_at));
        assert_eq!(store.due(wake_at, 10).await.unwrap(), [id]);
        let before = wake_at - SignedDuration::from_micros(1);
        assert_eq!(store.due(before, 10).await.unwrap(), []);
        assert_eq!(store.unfinished(None, 10).await.unwrap(), []);
        let run = store.load(id).await.unwrap().unwrap();
        assert_eq!((run.status, run.wake_at), (Status::Sleeping, Some(wake_at)));
        let response = run.response.unwrap();
        assert_eq!(response.headers, [("x-a".to_owned(), "b".to_owned())]);
        assert_eq!((response.status, response.body), (202, Some(Value::Null)));

        tokio::time::advance(Duration::from_hours(2)).await;
        let outcome = ran.resume(&store, id).await;
        assert_eq!(outcome.output, Some(json!(0.1)));
        let run = store.load(id).await.unwrap().unwrap();
        assert_eq!((run.status, run.output), (Status::Succeeded, Some(json!(0.1))));
        assert_eq!((run.wake_at, run.error), (None, None));
        assert_eq!(store.next_due().await.unwrap(), None);
        for (status, count) in [
            (Status::Succeeded, 1),
            (Status::Running, 0),
            (Status::Sleeping, 0),
        ] {
            assert_eq!(store.count(status).await.unwrap(), count);
        }
        assert!(store.load(RunId::new()).await.unwrap().is_none());
        assert!(store.failing().is_none());
        let written = store.written();
        assert_eq!((written.waiting, written.failed), (0, 0));
        assert!(written.commits >= 3 && written.records >= 4, "{written:?}");
    }
}

/// What nobody asked the disk for is not waited for; what is promised is.
#[tokio::test(start_paused = true)]
async fn full_waits_where_it_promises_to() {
    // The commits that a run of these steps has waited for; each of them makes one that waits nowhere else.
    for (steps, full) in [
        ("{ set: { x: '{{uuid}}' } }", 1),
        ("{ action: test.flaky, with: { fails: 0 } }", 1),
        ("{ action: test.once }", 2),
        ("{ action: test.once }, { action: test.once }", 3),
        ("{ respond: {} }", 1),
        ("{ action: test.once }, { respond: {} }", 2),
        ("{ wait: 2h }", 1),
        ("{ respond: {} }, { wait: 2h }", 2),
    ] {
        let every = Durability::Batched {
            every: Duration::from_hours(1),
        };
        for (durability, expected) in [(Durability::Full, full), (every, 0)] {
            let bed = Bed::new(durability);
            let store = bed.open();
            let ran = Ran::new(&bed, &format!("steps: [{steps}]"));
            ran.run(&store, json!({})).await;
            assert_eq!(store.written().commits, expected, "{steps} {durability:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_begins_one_run() {
    for durability in [Durability::Full, LAZY] {
        let bed = Bed::new(durability);
        let store = bed.open();
        let flows = compile(&[
            "name: a\ninput: { x: { type: integer } }\nsteps: [{ set: { y: 1 } }]",
            "name: b\ninput: { x: { type: integer } }\nsteps: [{ set: { y: 1 } }]",
        ]);
        let [a, b] = [&flows[0], &flows[1]].map(Pinned::of);
        let begin = async |store: &Store, pinned: &Pinned, x: i32, key: &str| {
            let input = json!({ "x": x });
            let mut run = pinned.run(&input, bed.clock.now());
            let lives = Duration::from_hours(24);
            run.key = Some(IdempotencyKey { key, lives });
            match store.begin(run).await.unwrap() {
                Begun::Fresh(journal) => (true, journal.id(), true),
                Begun::Known { id, same_input } => (false, id, same_input),
            }
        };
        let long = "k".repeat(10_000);
        let (is_fresh, first, _) = begin(&store, &a, 1, &long).await;
        assert!(is_fresh);
        assert_eq!(begin(&store, &a, 1, &long).await, (false, first, true));
        assert_eq!(begin(&store, &a, 2, &long).await, (false, first, false));
        assert!(begin(&store, &b, 1, &long).await.0, "a key counts for one flow");
        assert!(begin(&store, &a, 1, "another").await.0);
        store.flush().await.unwrap();
        assert_eq!(begin(&store, &a, 1, &long).await, (false, first, true));
        store.close().await.unwrap();
        let store = bed.open();
        assert_eq!(begin(&store, &a, 1, &long).await, (false, first, true));
        tokio::time::advance(Duration::from_secs(24 * 3600 - 1)).await;
        assert_eq!(begin(&store, &a, 1, &long).await, (false, first, true));
        tokio::time::advance(Duration::from_secs(1)).await;
        let (is_fresh, second, _) = begin(&store, &a, 3, &long).await;
        assert!(is_fresh, "a key that has expired begins another run");
        assert_eq!(begin(&store, &a, 3, &long).await, (false, second, true));
        store.flush().await.unwrap();
        assert_eq!(begin(&store, &a, 3, &long).await, (false, second, true));
        assert_eq!(store.unfinished(None, 10).await.unwrap().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_one_key_one_begins() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let pinned = Arc::new(Pinned::new("steps: [{ set: { y: 1 } }]"));
    for round in ["first", "again"] {
        let begin = |_| {
            let (store, pinned, now) = (store.clone(), Arc::clone(&pinned), bed.clock.now());
            #[expect(clippy::disallowed_methods, reason = "they are joined below")]
            tokio::spawn(async move {
                let input = json!({});
                let mut run = pinned.run(&input, now);
                run.key = Some(IdempotencyKey {
                    key: "the key",
                    lives: Duration::from_hours(24),
                });
                match store.begin(run).await.unwrap() {
                    Begun::Fresh(journal) => (true, journal.id()),
                    Begun::Known { id, same_input } => {
                        assert!(same_input);
                        (false, id)
                    }
                }
            })
        };
        let joined = join_all((0..1_000).map(begin)).await;
        let told: Vec<(bool, RunId)> = joined.into_iter().map(Result::unwrap).collect();
        assert!(
            told.iter().all(|(_, id)| *id == told[0].1),
            "all are told of one run"
        );
        let fresh = told.iter().filter(|(is_fresh, _)| *is_fresh).count();
        assert_eq!(fresh, usize::from(round == "first"));
        store.flush().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_runs_is_called_off() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let ran = Ran::new(&bed, "steps: [{ wait: 2h }, { return: 1 }]");
    let (sleeping, _) = ran.run(&store, json!({})).await;
    assert!(store.cancel(sleeping).await.unwrap());
    assert!(!store.cancel(sleeping).await.unwrap(), "it has ended");
    assert!(!store.cancel(RunId::new()).await.unwrap());
    let run = store.load(sleeping).await.unwrap().unwrap();
    assert_eq!((run.status, run.wake_at), (Status::Cancelled, None));
    assert_eq!(store.due(Timestamp::MAX, 10).await.unwrap(), []);
    let queued = ran.begin(&store, &json!({})).await;
    assert!(store.cancel(queued.id()).await.unwrap());
    assert_eq!(store.count(Status::Cancelled).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn unfinished_runs_come_in_pages() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let ran = Ran::new(&bed, "steps: [{ return: 1 }]");
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(ran.begin(&store, &json!({})).await.id());
        ran.run(&store, json!({})).await;
    }
    let mut found = Vec::new();
    while let Some(page) =
        Some(store.unfinished(found.last().copied(), 3).await.unwrap()).filter(|page| !page.is_empty())
    {
        assert!(page.len() <= 3);
        found.extend(page);
    }
    assert_eq!(found, ids);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_goes_on_later() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let ran = Ran::new(
        &bed,
        "steps: [{ action: test.once }, { action: test.sleep, with: { ms: 500, name: s } }, { wait: 1s }, { action: test.once }, { return: 1 }]",
    );
    for (after_ms, effects, lines) in [
        (100, 1, vec!["begin s", "end s"]),
        (900, 2, vec!["begin s", "end s"]),
    ] {
        let journal = ran.begin(&store, &json!({})).await;
        let (outcome, ()) = futures_util::future::join(ran.laboratory.run_on(&journal, json!({})), async {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            journal.stop();
        })
        .await;
        assert_eq!(outcome.status, RunStatus::Interrupted, "after {after_ms} ms");
        let now: u32 = ran.laboratory.book.effects.lock().unwrap().values().sum();
        assert_eq!(now, effects, "after {after_ms} ms");
        assert_eq!(
            ran.laboratory.book.lines(),
            lines,
            "the step under way came to its end"
        );
        ran.laboratory.book.log.lock().unwrap().clear();
        assert_eq!(store.unfinished(None, 10).await.unwrap(), [journal.id()]);
        ran.laboratory.book.effects.lock().unwrap().clear();
        let outcome = ran.resume(&store, journal.id()).await;
        assert_eq!(outcome.output, Some(json!(1)));
        assert_eq!(
            ran.laboratory.book.lines(),
            Vec::<String>::new(),
            "it is not done again"
        );
        assert_eq!(ran.laboratory.book.effects.lock().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_earliest_sleep_wakes_a_run() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let ran = Ran::new(
        &bed,
        "steps: [{ parallel: { x: [{ wait: 3h }], y: [{ wait: 1h }, { action: test.once }], z: [{ wait: 2h }] } }, { return: 1 }]",
    );
    let began = bed.clock.now();
    let (id, outcome) = ran.run(&store, json!({})).await;
    assert_eq!(outcome.status, RunStatus::Suspended);
    for hours in [1, 2, 3] {
        let wake_at = store.next_due().await.unwrap().unwrap();
        assert_eq!(wake_at, began + SignedDuration::from_hours(hours));
        tokio::time::advance(wake_at.duration_since(bed.clock.now()).unsigned_abs()).await;
        let outcome = ran.resume(&store, id).await;
        let expected = if hours == 3 {
            RunStatus::Succeeded
        } else {
            RunStatus::Suspended
        };
        assert_eq!(outcome.status, expected);
    }
    assert_eq!(ran.laboratory.book.effects.lock().unwrap().len(), 1);
    let run = store.load(id).await.unwrap().unwrap();
    assert_eq!(run.attempt, 1, "to wake is no new attempt");
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_gone_is_not_needed() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let ran = Ran::new(&bed, "name: old\nsteps: [{ wait: 2h }, { return: 1 }]");
    let (id, _) = ran.run(&store, json!({})).await;
    store.close().await.unwrap();
    let store = bed.open();
    let run = store.load(id).await.unwrap().unwrap();
    assert_eq!(*run.definition, *ran.pinned.definition);
    let mut catalog = lockgate_flow::catalog::Catalog::new();
    super::laboratory::actions(&Arc::default()).declare(&mut catalog);
    assert_eq!(run.definition.compile(&catalog).unwrap().flow.name, "old");
}

#[tokio::test(start_paused = true)]
async fn schedules_are_kept() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    assert_eq!(store.last_due("nightly").await.unwrap(), None);
    for due in ["2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"] {
        store.set_last_due("nightly", due.parse().unwrap()).await.unwrap();
        let known = store.last_due("nightly").await.unwrap();
        assert_eq!(known.map(|due| due.to_string()).as_deref(), Some(due));
    }
    assert_eq!(store.last_due("other").await.unwrap(), None);
}

/// How many rows a table has.
async fn rows(store: &Store, table: &'static str) -> i64 {
    store
        .shared
        .read(move |connection, _| {
            let query = format!("SELECT count(*) FROM {table}");
            Ok(connection.query_row(&query, [], |row| row.get(0)).unwrap())
        })
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_deleted_in_slices() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let old = Ran::new(&bed, "name: old\nsteps: [{ action: test.once }]");
    let sleeper = Ran::new(&bed, "name: sleeper\nsteps: [{ wait: 90d }]");
    let (sleeping, _) = sleeper.run(&store, json!({})).await;
    for _ in 0..5 {
        old.run(&store, json!({})).await;
    }
    let input = json!({});
    let mut keyed = old.pinned.run(&input, bed.clock.now());
    keyed.key = Some(IdempotencyKey {
        key: "k",
        lives: Duration::from_hours(72),
    });
    let keyed = fresh(store.begin(keyed).await.unwrap());
    old.laboratory.run_on(&keyed, json!({})).await;
    tokio::time::advance(Duration::from_hours(48)).await;
    let (young, _) = old.run(&store, json!({})).await;
    let day = Retention {
        age: Some(Duration::from_hours(24)),
        count: None,
    };
    assert_eq!(store.prune(FOREVER, 100).await.unwrap(), 0);
    assert_eq!(store.prune(day, 3).await.unwrap(), 3);
    assert_eq!(store.prune(day, 3).await.unwrap(), 2);
    assert_eq!(store.prune(day, 3).await.unwrap(), 0);
    for (id, is_there) in [(sleeping, true), (keyed.id(), true), (young, true)] {
        assert_eq!(store.load(id).await.unwrap().is_some(), is_there);
    }
    assert_eq!(
        (rows(&store, "runs").await, rows(&store, "journal").await),
        (3, 3)
    );
    // The key expires, and its run goes.
    tokio::time::advance(Duration::from_hours(24)).await;
    assert_eq!(store.prune(day, 100).await.unwrap(), 1);
    assert_eq!(rows(&store, "idempotency").await, 0);
    assert!(store.load(keyed.id()).await.unwrap().is_none());
    crate::check(&bed.settings.path).unwrap();

    // By count: the newest stay.
    let mut ids = vec![young];
    for _ in 0..4 {
        ids.push(old.run(&store, json!({})).await.0);
    }
    let two = Retention {
        age: None,
        count: Some(2),
    };
    assert_eq!(store.prune(two, 2).await.unwrap(), 2);
    assert_eq!(store.prune(two, 2).await.unwrap(), 1);
    assert_eq!(store.prune(two, 2).await.unwrap(), 0);
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(store.load(id).await.unwrap().is_some(), n >= 3, "run {n}");
    }
    assert!(store.load(sleeping).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn keys_expire_without_their_runs() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let ran = Ran::new(&bed, "steps: [{ return: 1 }]");
    let input = json!({});
    for key in ["a", "b", "c"] {
        let mut run = ran.pinned.run(&input, bed.clock.now());
        run.key = Some(IdempotencyKey {
            key,
            lives: Duration::from_hours(24),
        });
        fresh(store.begin(run).await.unwrap());
    }
    tokio::time::advance(Duration::from_hours(24)).await;
    for left in [1, 0, 0] {
        assert_eq!(store.prune(FOREVER, 2).await.unwrap(), 0);
        assert_eq!(rows(&store, "idempotency").await, left);
    }
    assert_eq!(rows(&store, "runs").await, 3);
}

#[tokio::test(start_paused = true)]
async fn definitions_go_with_their_last_run() {
    let bed = Bed::new(LAZY);
    let all = Retention {
        age: None,
        count: Some(0),
    };
    let version = |n: u32| format!("name: edited\nsteps: [{{ return: {n} }}]");
    let store = bed.open();
    for n in [1, 2] {
        Ran::new(&bed, &version(n)).run(&store, json!({})).await;
    }
    // A run of this process has begun with it, and others may.
    assert_eq!(store.prune(all, 1).await.unwrap(), 1);
    assert_eq!(rows(&store, "definitions").await, 2);
    store.close().await.unwrap();
    let store = bed.open();
    let third = Ran::new(&bed, &version(3));
    third.run(&store, json!({})).await;
    assert_eq!(rows(&store, "definitions").await, 3);
    assert_eq!(store.prune(all, 1).await.unwrap(), 1);
    assert_eq!(rows(&store, "definitions").await, 1, "only the third's is in use");
    // It may come again.
    let second = Ran::new(&bed, &version(2));
    let (id, _) = second.run(&store, json!({})).await;
    let run = store.load(id).await.unwrap().unwrap();
    assert_eq!(run.digest, second.pinned.digest);
    store.close().await.unwrap();
    crate::check(&bed.settings.path).unwrap();
}
