//! What every place that keeps journals has to show: a run is cut off after every record of its journal and run again; it ends
//! the same, and no `once` effect happens twice.
//!
//! The tests of a place call these functions; `replay.rs` does so for the journal in memory.
#![allow(
    dead_code,
    reason = "each place that runs the suite has its own tests beside it"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use lockgate_engine::journal::Journal;
use lockgate_engine::outcome::RunOutcome;
use serde_json::{Value, json};

use super::laboratory::{Laboratory, compile, gist};

/// A place that keeps the journal of one run.
pub(crate) trait Place {
    type Journal: Journal;
    type Record: Clone + std::fmt::Debug + PartialEq;

    /// The journal of a run that begins. It does not suspend the run.
    async fn begin(&self) -> Self::Journal;

    /// What it has recorded.
    async fn records(&self, journal: &Self::Journal) -> Vec<Self::Record>;

    /// The journal of the run after a crash that left these records. It does not suspend the run.
    async fn resume(&self, records: &[Self::Record]) -> Self::Journal;

    /// Has it suspend the run at sleeps that are longer.
    fn suspending(&self, journal: Self::Journal, longer_than: Duration) -> Self::Journal;

    /// What a record says.
    fn line(&self, record: &Self::Record) -> Line;
}

/// What a record says, as far as the suite asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    Started { key: String, action: String },
    Finished { key: String, is_ok: bool },
    Other,
}

/// The keys of `test.once` steps that have ended well, and of those that were cut off.
fn once_steps<P: Place>(place: &P, records: &[P::Record]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut ended, mut started) = (BTreeSet::new(), BTreeSet::new());
    for record in records {
        match place.line(record) {
            Line::Started { key, action } if action == "test.once" => {
                started.insert(key);
            }
            Line::Finished { key, is_ok: true } if started.remove(&key) => {
                ended.insert(key);
            }
            _ => {}
        }
    }
    (ended, started)
}

/// Cuts the run off everywhere; where it was in the middle of an effect, both if that had happened and if not.
pub(crate) async fn check_every_prefix<P: Place>(place: &P, texts: &[&str], input: &Value) -> RunOutcome {
    let flows = compile(texts);
    let first = Laboratory::of(flows.clone());
    let journal = place.begin().await;
    let expected = first.run_on(&journal, input.clone()).await;
    let expected_effects = first.book.effects.lock().unwrap().clone();
    let records = place.records(&journal).await;
    for length in 0..=records.len() {
        let (ended, cut_off) = once_steps(place, &records[..length]);
        for happened in [true, false] {
            let again = Laboratory::of(flows.clone());
            let known = ended.iter().chain(cut_off.iter().filter(|_| happened));
            *again.book.effects.lock().unwrap() = known.map(|key| (key.clone(), 1)).collect();
            let resumed = place.resume(&records[..length]).await;
            let outcome = again.run_on(&resumed, input.clone()).await;
            let at = format!("after {length} of {records:#?}");
            assert_eq!(gist(&outcome), gist(&expected), "{at}\n{:?}", outcome.error);
            assert_eq!(*again.book.effects.lock().unwrap(), expected_effects, "{at}");
            // What was recorded stays, and the second life ends with the same journal.
            assert_eq!(place.records(&resumed).await[..length], records[..length], "{at}");
        }
    }
    expected
}

pub(crate) async fn a_cut_off_run_ends_the_same<P: Place>(place: &P) {
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
        check_every_prefix(place, &[flow], &json!({})).await;
    }
    let caller =
        "steps: [{ id: x, call: called }, { call: failing, on_error: continue }, { return: '{{steps.x}}' }]";
    let called =
        format!("name: called\nsteps: [{a}, {{ respond: {{}} }}, {{ return: '{{{{steps.a.id}}}}' }}]");
    let failing =
        format!("name: failing\nsteps: [{b}, {{ fail: {{ code: mine, message: x }} }}]\non_error: [{c}]");
    check_every_prefix(place, &[caller, &called, &failing], &json!({})).await;
}

pub(crate) async fn values_of_impure_functions_stay<P: Place>(place: &P) {
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
    let other = Laboratory::of(flows.clone())
        .run_on(&place.begin().await, json!({}))
        .await;
    let journal = place.begin().await;
    let first = Laboratory::of(flows.clone()).run_on(&journal, json!({})).await;
    assert_eq!(
        first.output.as_ref().unwrap()[1],
        first.output.as_ref().unwrap()[2]
    );
    assert_ne!(
        other.output, first.output,
        "without its journal everything is new"
    );
    let records = place.records(&journal).await;
    for length in 0..=records.len() {
        let again = Laboratory::of(flows.clone());
        let keys = once_steps(place, &records[..length]);
        *again.book.effects.lock().unwrap() = keys.0.into_iter().chain(keys.1).map(|key| (key, 1)).collect();
        let second = place.resume(&records[..length]).await;
        let outcome = again.run_on(&second, json!({})).await;
        let kept = place.records(&second).await;
        assert_eq!(kept[..length], records[..length]);
        // A further life sees what the second saw.
        let third = Laboratory::of(flows.clone());
        let last = third.run_on(&place.resume(&kept).await, json!({})).await;
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
pub(crate) async fn a_cancelled_branch_stays_cancelled_after_a_long_pause<P: Place>(place: &P) {
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
        let journal = place.begin().await;
        let expected = json!({ "status": "succeeded", "output": "busy" });
        assert_eq!(gist(&laboratory.run_on(&journal, json!({})).await), expected);
        tokio::time::advance(Duration::from_hours(2)).await;
        let records = place.records(&journal).await;
        let failed = |record: &P::Record| matches!(place.line(record), Line::Finished { is_ok: false, .. });
        let first = records.iter().position(failed).unwrap() + 1;
        for length in first..=records.len() {
            let outcome = laboratory
                .run_on(&place.resume(&records[..length]).await, json!({}))
                .await;
            assert_eq!(gist(&outcome), expected, "{late} after {length} of {records:#?}");
            assert!(
                laboratory.book.effects.lock().unwrap().is_empty(),
                "{late} after {length}"
            );
        }
    }
}

pub(crate) async fn what_cannot_be_settled_is_in_doubt<P: Place>(place: &P) {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ id: blind, action: test.blind, on_error: continue }], y: [{ action: test.once }] } }]\non_error: [{ return: no }]",
    ]);
    let journal = place.begin().await;
    Laboratory::of(flows.clone()).run_on(&journal, json!({})).await;
    let records = place.records(&journal).await;
    let started = records
        .iter()
        .position(
            |record| matches!(place.line(record), Line::Started { action, .. } if action == "test.blind"),
        )
        .unwrap();
    let again = Laboratory::of(flows);
    let prefix = place.resume(&records[..=started]).await;
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
    let records = place.records(&prefix).await;
    let outcome = again.run_on(&place.resume(&records).await, json!({})).await;
    assert_eq!(
        gist(&outcome),
        json!({ "status": "in_doubt", "error": "in_doubt" })
    );
}

pub(crate) async fn a_sleeping_run_leaves_the_memory<P: Place>(place: &P) {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ action: test.once }, { wait: 2h }, { action: test.once }], y: [{ action: test.sleep, with: { ms: 500, name: y } }, { wait: 10s }] } }, { return: 1 }]",
    ]);
    let laboratory = Laboratory::of(flows);
    let journal = place.suspending(place.begin().await, Duration::from_mins(1));
    let outcome = laboratory.run_on(&journal, json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "suspended" }));
    // Before it leaves, the other branch comes to its end.
    assert_eq!(laboratory.elapsed_ms() / 100, 105);
    tokio::time::advance(Duration::from_hours(2)).await;
    let records = place.records(&journal).await;
    let outcome = laboratory.run_on(&place.resume(&records).await, json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "succeeded", "output": 1 }));
    assert_eq!(laboratory.book.effects.lock().unwrap().len(), 2);
    assert_eq!(laboratory.book.lines(), ["begin y", "end y"]);
}

pub(crate) async fn another_flow_does_not_go_on_with_the_journal<P: Place>(place: &P) {
    let journal = place.begin().await;
    Laboratory::new("steps: [{ action: test.once }]")
        .run_on(&journal, json!({}))
        .await;
    let records = place.records(&journal).await;
    let started = |record: &P::Record| matches!(place.line(record), Line::Started { .. });
    let started = records.iter().position(started).unwrap();
    for (text, found) in [
        (
            "steps: [{ action: test.blind }]",
            "recorded is `test.once`, the flow does `test.blind`",
        ),
        ("steps: [{ set: { x: '{{uuid}}' } }]", ""),
    ] {
        let other = Laboratory::new(text);
        let outcome = other
            .run_on(&place.resume(&records[..=started]).await, json!({}))
            .await;
        // The value has a key of its own: `steps/0@input`.
        let message = outcome.error.map_or_else(String::new, |error| error.message);
        assert!(message.contains(found), "{message}");
        assert_eq!(message.is_empty(), found.is_empty(), "{message}");
    }
}

/// What JSON can hold comes back as it was: to the last bit of a number, in its order.
pub(crate) async fn outcomes_come_back_exactly<P: Place>(place: &P) {
    let flow = "input: { x: { type: object, default: {} } }\nsteps: [{ id: a, action: test.once, with: { value: '{{input.x}}' } }, { return: '{{steps.a.value}}' }]";
    let x = json!({
        "z": [0.1 + 0.2, 1e300, -0.0, 5e-324, 2.225_073_858_507_201e-308, 1.797_693_134_862_315_7e308, 123_456_789.123_456_79],
        "a": [u64::MAX, i64::MIN, 0, 1.0, 1],
        "text": "\u{0}\u{1f}\"\\\u{7f}é\u{10ffff}\u{2028}",
        "": { "deep": [[], {}, null, true] },
        "m": "1",
    });
    let outcome = check_every_prefix(place, &[flow], &json!({ "x": x })).await;
    assert_eq!(outcome.output.unwrap().to_string(), x.to_string());
}
