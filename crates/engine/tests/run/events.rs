//! What a run tells.

use std::sync::{Arc, Mutex};

use lockgate_engine::event::{Event, Observer, Way};
use lockgate_engine::journal::{Journal, MemoryJournal};
use serde_json::{Value, json};

use crate::laboratory::Laboratory;

struct Listener {
    wants_values: bool,
    events: Mutex<Vec<Value>>,
}

impl Observer for Listener {
    fn on_event(&self, event: &Event<'_>) {
        let event = serde_json::to_value(event).unwrap();
        self.events.lock().unwrap().push(event);
    }

    fn wants_values(&self) -> bool {
        self.wants_values
    }
}

async fn told<J: Journal>(text: &str, journal: &J) -> Vec<Value> {
    told_to(true, text, journal, json!({})).await
}

async fn told_to<J: Journal>(wants_values: bool, text: &str, journal: &J, input: Value) -> Vec<Value> {
    let mut laboratory = Laboratory::new(text);
    let listener = Arc::new(Listener {
        wants_values,
        events: Mutex::default(),
    });
    let observer = Arc::clone(&listener) as Arc<dyn Observer>;
    laboratory.executor = laboratory.executor.with_observer(observer);
    laboratory.run_on(journal, input).await;
    listener.events.lock().unwrap().split_off(0)
}

fn brief(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let fields = [
                "event", "key", "attempt", "outcome", "status", "handled", "replayed",
            ];
            let values = fields
                .iter()
                .filter_map(|field| event.get(field))
                .map(|value| match value {
                    Value::String(text) => text.clone(),
                    Value::Object(outcome) => outcome["outcome"].as_str().unwrap().to_owned(),
                    value => value.to_string(),
                });
            values.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

const FLOW: &str = "steps:
  - { id: a, action: test.flaky, with: { name: x, fails: 1 } }
  - { if: false, action: test.echo }
  - { if: true, action: test.echo }
  - { for_each: 'split \"x\" \",\"', steps: [{ action: test.fail, with: { code: refused }, on_error: continue }] }
  - respond: { status: 202 }
  - fail: { code: mine, message: x }";

#[tokio::test(start_paused = true)]
async fn every_step_is_told_with_its_outcome() {
    let journal = MemoryJournal::new();
    let events = told(FLOW, &journal).await;
    let expected = [
        "run_started 1",
        "step_started steps/0 1",
        "step_retrying steps/0 1",
        "step_finished steps/0 2 succeeded false",
        "step_finished steps/1 1 skipped false",
        "step_started steps/2 1",
        "step_finished steps/2 1 succeeded false",
        "step_started steps/3 1",
        "step_started steps/3/each/0/steps/0 1",
        "step_finished steps/3/each/0/steps/0 1 failed false",
        "step_finished steps/3 1 succeeded false",
        "step_started steps/4 1",
        "run_responded 202",
        "step_finished steps/4 1 succeeded false",
        "step_started steps/5 1",
        "step_finished steps/5 1 failed false",
        "run_finished failed",
    ];
    assert_eq!(brief(&events), expected);
    let again = told(FLOW, &journal.prefix(usize::MAX)).await;
    assert_eq!(brief(&again)[3], "step_finished steps/0 2 succeeded true");
}

#[tokio::test(start_paused = true)]
async fn an_event_says_what_people_want_to_see() {
    let events = told(
        "steps: [{ id: a, name: The first, action: test.sleep, with: { ms: 250, name: x, value: 7 } }]",
        &MemoryJournal::new(),
    )
    .await;
    assert_eq!(
        events[2],
        json!({
            "run_id": "run-1", "flow": "flow-0", "at": "2030-01-01T00:00:00.25Z", "event": "step_finished",
            "key": "steps/0", "id": "a", "title": "The first", "verb": "action", "action": "test.sleep", "attempt": 1,
            "outcome": { "outcome": "succeeded", "output": 7 }, "duration_ms": 250.0, "replayed": false,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn who_does_not_look_at_values_gets_none() {
    let text = "input: { name: { type: string }, key: { type: string, secret: true } }
steps:
  - { id: a, action: test.echo, with: { x: 'canary {{input.name}} {{input.key}}' } }
  - { id: b, secret: true, action: test.echo, with: { x: canary-step } }
  - { id: c, action: test.flaky, with: { name: canary, fails: 1 } }
  - { action: test.fail, with: { code: refused, message: canary, provider: { body: canary } }, on_error: continue }
  - return: canary";
    let input = json!({ "name": "canary", "key": "canary-key" });
    let blind = told_to(false, text, &MemoryJournal::new(), input.clone()).await;
    let seeing = told_to(true, text, &MemoryJournal::new(), input).await;
    // The same happens at the same times …
    let times = |events: &[Value]| events.iter().map(|event| event["at"].clone()).collect::<Vec<_>>();
    assert_eq!((brief(&blind), times(&blind)), (brief(&seeing), times(&seeing)));
    // … and what is needed to count it is there, but no value.
    let failed = json!({ "code": "refused", "message": "", "status": 409, "step": "" });
    let of_failed = |events: &[Value]| {
        events
            .iter()
            .find_map(|event| event["outcome"].get("error").cloned())
    };
    assert_eq!(of_failed(&blind), Some(failed));
    let text = Value::Array(blind).to_string();
    assert!(!text.contains("canary") && !text.contains("\u{2022}"), "{text}");
    assert!(Value::Array(seeing).to_string().matches("canary").count() > 4);
}

/// Hears of ways, and sees secrets.
#[derive(Default)]
struct Tester {
    ways: Mutex<Vec<String>>,
    events: Mutex<String>,
}

impl Observer for Tester {
    fn on_event(&self, event: &Event<'_>) {
        let event = serde_json::to_string(event).unwrap();
        self.events.lock().unwrap().push_str(&event);
    }

    fn sees_secrets(&self) -> bool {
        true
    }

    fn on_way(&self, way: &Way<'_>) {
        let way = format!("{} {} {:?}", way.flow.name, way.node.path, way.edge);
        self.ways.lock().unwrap().push(way);
    }
}

async fn tested(text: &str, input: Value) -> Arc<Tester> {
    let mut laboratory = Laboratory::new(text);
    let tester = Arc::new(Tester::default());
    laboratory.executor = laboratory
        .executor
        .with_observer(Arc::clone(&tester) as Arc<dyn Observer>);
    laboratory.run_on(&MemoryJournal::new(), input).await;
    tester
}

#[tokio::test(start_paused = true)]
async fn each_way_that_is_taken_is_told() {
    let text = "
steps:
  - { if: true, set: { a: 1 } }
  - { if: false, set: { b: 1 } }
  - { if: false, then: [{ set: { c: 1 } }] }
  - { switch: 1, cases: { 0: [], 1: [] } }
  - { switch: 2, cases: { 0: [], 1: [] } }
  - { action: test.fail, with: { code: refused }, on_error: { timeout: continue, '*': continue } }
  - if: true
    then: [{ action: test.fail, with: { code: refused } }]
    on_error: [{ return: 1 }]
";
    let tester = tested(text, json!({})).await;
    assert_eq!(
        *tester.ways.lock().unwrap(),
        [
            "flow-0 steps/0 Then",
            "flow-0 steps/1 Else",
            "flow-0 steps/2 Else",
            "flow-0 steps/3 Case(1)",
            "flow-0 steps/4 Default",
            "flow-0 steps/5 Error(1)",
            "flow-0 steps/6 Then",
            "flow-0 steps/6 Error(0)",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn tests_see_secrets_as_they_are() {
    let text = "input: { key: { type: string, secret: true } }
steps:
  - { id: a, secret: true, action: test.echo, with: { x: 'canary-{{input.key}}' } }
  - return: '{{input.key}}'";
    let events = tested(text, json!({ "key": "made-up" })).await;
    let text = events.events.lock().unwrap().clone();
    assert!(
        text.contains("canary-made-up") && !text.contains("\u{2022}"),
        "{text}"
    );
}
