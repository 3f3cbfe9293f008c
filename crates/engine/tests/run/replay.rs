//! Replay: a run is cut off after every record of its journal and run again; it ends the same, and no `once` effect
//! happens twice.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{
    Journal, JournalError, MemoryJournal, Outcome, Prior, Record, Slept, StepInfo,
};
use lockgate_engine::outcome::RunOutcome;
use lockgate_engine::step_key::StepKey;
use serde_json::{Value, json};

use crate::laboratory::{Laboratory, compile, gist};

/// The keys of `test.once` steps that have ended well, and of those that were cut off.
fn once_steps(records: &[Record]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut ended, mut started) = (BTreeSet::new(), BTreeSet::new());
    for record in records {
        match record {
            Record::Started { key, action, .. } if action == "test.once" => {
                started.insert(key.clone());
            }
            Record::Finished {
                key, outcome: Ok(_), ..
            } if started.remove(key) => {
                ended.insert(key.clone());
            }
            _ => {}
        }
    }
    (ended, started)
}

/// Cuts the run off everywhere; where it was in the middle of an effect, both if that had happened and if not.
async fn check_every_prefix(texts: &[&str], input: &Value) -> RunOutcome {
    let flows = compile(texts);
    let first = Laboratory::of(flows.clone());
    let journal = MemoryJournal::new();
    let expected = first.run_on(&journal, input.clone()).await;
    let expected_effects = first.book.effects.lock().unwrap().clone();
    let records = journal.records();
    for length in 0..=records.len() {
        let (ended, cut_off) = once_steps(&records[..length]);
        for happened in [true, false] {
            let again = Laboratory::of(flows.clone());
            let known = ended.iter().chain(cut_off.iter().filter(|_| happened));
            *again.book.effects.lock().unwrap() = known.map(|key| (key.clone(), 1)).collect();
            let prefix = journal.prefix(length);
            let outcome = again.run_on(&prefix, input.clone()).await;
            let at = format!("after {length} of {records:#?}");
            assert_eq!(gist(&outcome), gist(&expected), "{at}\n{:?}", outcome.error);
            assert_eq!(*again.book.effects.lock().unwrap(), expected_effects, "{at}");
            // What was recorded stays, and the second life ends with the same journal.
            assert_eq!(prefix.records()[..length], records[..length], "{at}");
        }
    }
    expected
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_run_ends_the_same() {
    let once = |name: &str| format!("{{ id: {name}, action: test.once, with: {{ value: {name} }} }}");
    let (a, b, c) = (once("a"), once("b"), once("c"));
    let flows = [
        format!("steps: [{a}, {b}, {{ respond: {{ body: '{{{{steps.b.id}}}}' }} }}, {c}, {{ return: '{{{{steps.a.id}}}}' }}]"),
        format!("steps: [{{ wait: 2h }}, {a}, {{ wait: {{ until: '2030-01-03T00:00:00Z' }} }}, {b}]"),
        "steps: [{ id: f, action: test.flaky, with: { name: x, fails: 2 } }, { return: '{{steps.f}}' }]".to_owned(),
        format!("steps: [{{ for_each: 'split \"x,y,z\" \",\"', at_once: 2, steps: [{a}, {{ action: test.sleep, with: {{ ms: 10, name: s }} }}], id: all, yield: '{{{{steps.a.id}}}}' }}, {{ return: '{{{{steps.all}}}}' }}]"),
        format!("steps: [{{ parallel: {{ x: [{a}, {b}], y: [{{ action: test.sleep, with: {{ ms: 5, name: s }} }}, {c}] }} }}, {{ return: ['{{{{steps.b.id}}}}', '{{{{steps.c.id}}}}'] }}]"),
        // The error of one branch drops the other; the other must not go on in a later life.
        format!("steps: [{{ parallel: {{ x: [{{ action: test.sleep_once, with: {{ ms: 100, name: s }}, on_error: continue }}, {a}], y: [{{ action: test.sleep, with: {{ ms: 50, name: t }} }}, {{ action: test.fail, with: {{ code: refused }} }}] }}, on_error: {{ refused: [{b}] }} }}]"),
        // Both fail at the same moment; the handler tells which counted.
        "steps: [{ parallel: { x: [{ action: test.sleep, with: { ms: 50, name: s } }, { action: test.fail, with: { code: refused } }], y: [{ action: test.sleep, with: { ms: 50, name: t } }, { action: test.fail, with: { code: busy } }] }, on_error: [{ return: '{{error.code}}' }] }]".to_owned(),
        format!("steps: [{{ parallel: {{ x: [{{ action: test.sleep, with: {{ ms: 100, name: s }} }}, {a}], y: [{{ action: test.sleep, with: {{ ms: 50, name: t }} }}, {{ return: y }}] }} }}]"),
        // Time limits: of an action, of what is around it, of the run.
        format!("steps: [{{ action: test.sleep, timeout: 1s, with: {{ ms: 5000, name: s }}, on_error: {{ timeout: [{a}] }} }}, {b}]"),
        format!("steps: [{{ if: true, timeout: 1s, then: [{a}, {{ wait: 5s }}, {b}], on_error: {{ timeout: [{c}] }} }}]"),
        format!("steps: [{{ if: true, timeout: 9s, then: [{a}, {{ wait: 5s }}, {b}] }}, {c}]"),
        format!("timeout: 5s\nsteps: [{a}, {{ action: test.sleep, with: {{ ms: 9000, name: s }} }}, {b}]\non_error: [{c}, {{ respond: {{ status: 503, body: '{{{{error.code}}}}' }} }}]"),
    ];
    for flow in &flows {
        check_every_prefix(&[flow], &json!({})).await;
    }
    let caller =
        "steps: [{ id: x, call: called }, { call: failing, on_error: continue }, { return: '{{steps.x}}' }]";
    let called =
        format!("name: called\nsteps: [{a}, {{ respond: {{}} }}, {{ return: '{{{{steps.a.id}}}}' }}]");
    let failing =
        format!("name: failing\nsteps: [{b}, {{ fail: {{ code: mine, message: x }} }}]\non_error: [{c}]");
    check_every_prefix(&[caller, &called, &failing], &json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn values_of_impure_functions_stay() {
    let flows = compile(&["steps:
  - id: a
    action: test.once
    with: { value: '{{uuid}} {{mask \"a-secret\"}}' }
  - set: { id: '{{uuid}}', same: '{{vars.id}}' }
  - { if: 'lt (to_number (random 1 \"digits\")) 5', then: [{ set: { way: low } }], else: [{ set: { way: high } }] }
  - { id: l, for_each: 'split (uuid) \"-\"', steps: [{ set: { x: 1 } }], yield: '{{random 9 \"digits\"}} {{item}}' }
  - respond: { body: '{{uuid}}', headers: { x-now: '{{now}}' } }
  - return: ['{{steps.a}}', '{{vars}}', '{{steps.l}}']"
        .replace("'{{vars}}'", "'{{vars.id}}', '{{vars.same}}', '{{default vars.way 0}}'")
        .as_str()]);
    let journal = MemoryJournal::new();
    let first = Laboratory::of(flows.clone()).run_on(&journal, json!({})).await;
    assert_eq!(
        first.output.as_ref().unwrap()[1],
        first.output.as_ref().unwrap()[2]
    );
    let fresh = Laboratory::of(flows.clone())
        .run_on(&MemoryJournal::new(), json!({}))
        .await;
    assert_ne!(fresh.output, first.output, "without a journal everything is new");
    let records = journal.records();
    for length in 0..=records.len() {
        let again = Laboratory::of(flows.clone());
        let keys = once_steps(&records[..length]);
        *again.book.effects.lock().unwrap() = keys.0.into_iter().chain(keys.1).map(|key| (key, 1)).collect();
        let second = journal.prefix(length);
        let outcome = again.run_on(&second, json!({})).await;
        assert_eq!(second.records()[..length], records[..length]);
        // A further life sees what the second saw.
        let third = Laboratory::of(flows.clone());
        let last = third.run_on(&second.prefix(usize::MAX), json!({})).await;
        assert_eq!(
            (&last.output, &last.response),
            (&outcome.output, &outcome.response)
        );
        assert!(third.book.effects.lock().unwrap().is_empty());
        if length == records.len() {
            assert_eq!(
                (&outcome.output, &outcome.response),
                (&first.output, &first.response)
            );
        }
    }
}

/// While the process was down the time went on, and a branch that an error had cancelled could now go on.
#[tokio::test(start_paused = true)]
async fn a_cancelled_branch_stays_cancelled_after_a_long_pause() {
    let failing =
        "y: [{ action: test.sleep, with: { ms: 50, name: y } }, { action: test.fail, with: { code: busy } }]";
    for late in [
        "{ action: test.once }",
        "{ return: x }",
        "{ action: test.echo, with: { x: '{{input.x.y}}' } }",
    ] {
        let text = format!(
            "input: {{ x: {{ type: object, default: {{}} }} }}\nsteps: [{{ parallel: {{ x: [{{ wait: 1h }}, {late}], {failing} }}, on_error: [{{ return: '{{{{error.code}}}}' }}] }}]"
        );
        let laboratory = Laboratory::new(&text);
        let journal = MemoryJournal::new();
        let expected = json!({ "status": "succeeded", "output": "busy" });
        assert_eq!(gist(&laboratory.run_on(&journal, json!({})).await), expected);
        tokio::time::advance(Duration::from_hours(2)).await;
        let failed = |record: &Record| matches!(record, Record::Finished { outcome: Err(_), .. });
        let first = journal.records().iter().position(failed).unwrap() + 1;
        for length in first..=journal.records().len() {
            let outcome = laboratory.run_on(&journal.prefix(length), json!({})).await;
            assert_eq!(
                gist(&outcome),
                expected,
                "{late} after {length} of {:#?}",
                journal.records()
            );
            assert!(
                laboratory.book.effects.lock().unwrap().is_empty(),
                "{late} after {length}"
            );
        }
    }
}

/// A journal that answers late, as one that writes to a disk: both branches have failed before either is told.
struct Late(MemoryJournal);

impl Journal for Late {
    const READS_INPUT: bool = false;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        let outcome = self.0.step(key, info, effect).await;
        // The first branch is answered last.
        let late = if key.path.contains("parallel/x") { 20 } else { 10 };
        tokio::time::sleep(Duration::from_millis(late)).await;
        outcome
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.0.sleep(key, info, until, clock).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_branch_that_ended_the_others_is_recorded() {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ action: test.fail, with: { code: refused } }], y: [{ action: test.fail, with: { code: busy } }] }, on_error: [{ return: '{{error.code}}' }] }]",
    ]);
    let journal = Late(MemoryJournal::new());
    let expected = json!({ "status": "succeeded", "output": "busy" });
    assert_eq!(
        gist(&Laboratory::of(flows.clone()).run_on(&journal, json!({})).await),
        expected
    );
    let again = Laboratory::of(flows);
    assert_eq!(
        gist(&again.run_on(&journal.0.prefix(usize::MAX), json!({})).await),
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn records_survive_serialisation() {
    let flows = compile(&[
        "steps: [{ action: test.flaky, with: { name: x, fails: 1 } }, { action: test.fail, with: { code: refused, provider: { a: 1 } }, on_error: continue }, { wait: 1s }]",
    ]);
    let journal = MemoryJournal::new();
    let laboratory = Laboratory::of(flows);
    laboratory.run_on(&journal, json!({})).await;
    let (lines, elapsed) = (laboratory.book.lines(), laboratory.elapsed_ms());
    let text = serde_json::to_string(&journal.records()).unwrap();
    let read: Vec<Record> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, journal.records());
    let again = laboratory
        .run_on(&MemoryJournal::from_records(read), json!({}))
        .await;
    assert_eq!(gist(&again), json!({ "status": "succeeded" }));
    let now = (laboratory.book.lines(), laboratory.elapsed_ms());
    assert_eq!(now, (lines, elapsed), "a replay does nothing and does not wait");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_settled_is_in_doubt() {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ id: blind, action: test.blind, on_error: continue }], y: [{ action: test.once }] } }]\non_error: [{ return: no }]",
    ]);
    let journal = MemoryJournal::new();
    Laboratory::of(flows.clone()).run_on(&journal, json!({})).await;
    let started = journal
        .records()
        .iter()
        .position(|record| matches!(record, Record::Started { action, .. } if action == "test.blind"))
        .unwrap();
    let again = Laboratory::of(flows);
    let prefix = journal.prefix(started + 1);
    let outcome = again.run_on(&prefix, json!({})).await;
    assert_eq!(
        gist(&outcome),
        json!({ "status": "in_doubt", "error": "in_doubt" })
    );
    assert_eq!(outcome.error.unwrap().step, "blind");
    // The other branch was not dropped in the middle of its effect, and nothing was done twice.
    let effects = again.book.effects.lock().unwrap().clone();
    assert_eq!(
        effects.into_iter().collect::<Vec<_>>(),
        [("steps/0/parallel/y/0".to_owned(), 1)]
    );
    // It stays in doubt until someone settles it.
    let outcome = again.run_on(&prefix.prefix(usize::MAX), json!({})).await;
    assert_eq!(
        gist(&outcome),
        json!({ "status": "in_doubt", "error": "in_doubt" })
    );
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_run_leaves_the_memory() {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ action: test.once }, { wait: 2h }, { action: test.once }], y: [{ action: test.sleep, with: { ms: 500, name: y } }, { wait: 10s }] } }, { return: 1 }]",
    ]);
    let laboratory = Laboratory::of(flows);
    let journal = MemoryJournal::new().suspending(Duration::from_mins(1));
    let outcome = laboratory.run_on(&journal, json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "suspended" }));
    // Before it leaves, the other branch comes to its end.
    assert_eq!(laboratory.elapsed_ms() / 100, 105);
    tokio::time::advance(Duration::from_hours(2)).await;
    let outcome = laboratory.run_on(&journal.prefix(usize::MAX), json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "succeeded", "output": 1 }));
    assert_eq!(laboratory.book.effects.lock().unwrap().len(), 2);
    assert_eq!(laboratory.book.lines(), ["begin y", "end y"]);
}

/// Fails from a call on.
struct Failing {
    inner: MemoryJournal,
    calls_left: AtomicUsize,
}

impl Failing {
    fn count(&self) -> Result<(), JournalError> {
        let left = self
            .calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(|_| ())
            .map_err(|_| JournalError::Unavailable("the disk is full".into()))
    }
}

impl Journal for Failing {
    const READS_INPUT: bool = false;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        self.count()?;
        self.inner.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.count()?;
        self.inner.sleep(key, info, until, clock).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_where_its_journal_fails_and_goes_on_later() {
    let flows = compile(&[
        "steps: [{ action: test.once, on_error: continue }, { wait: 1s }, { parallel: { x: [{ action: test.once }] }, on_error: continue }, { respond: {} }, { return: 1 }]\non_error: [{ return: no }]",
    ]);
    let laboratory = Laboratory::of(flows);
    let mut inner = MemoryJournal::new();
    for calls in 0.. {
        let journal = Failing {
            inner,
            calls_left: calls.into(),
        };
        let outcome = laboratory.run_on(&journal, json!({})).await;
        inner = journal.inner.prefix(usize::MAX);
        if outcome.output.is_some() {
            assert_eq!(calls, 4);
            break;
        }
        assert_eq!(
            gist(&outcome),
            json!({ "status": "interrupted", "error": "journal_unavailable" })
        );
    }
    let effects = laboratory.book.effects.lock().unwrap();
    assert_eq!(effects.values().copied().collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn another_flow_does_not_go_on_with_the_journal() {
    let journal = MemoryJournal::new();
    Laboratory::new("steps: [{ action: test.once }]")
        .run_on(&journal, json!({}))
        .await;
    let other = Laboratory::new("steps: [{ action: test.blind }]");
    let outcome = other.run_on(&journal.prefix(1), json!({})).await;
    let message = outcome.error.unwrap().message;
    assert!(
        message.contains("departs from its journal at steps/0: recorded is `test.once`"),
        "{message}"
    );
}
