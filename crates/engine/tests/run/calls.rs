//! `call`.

use lockgate_engine::journal::MemoryJournal;
use serde_json::{Value, json};

use crate::laboratory::{Laboratory, gist};

const CALLER: &str = "name: caller
input: { x: { default: 2 } }
steps:
  - { id: c, call: called, with: { n: '{{input.x}}' } }
  - return: '{{steps.c}}'";

async fn call(called: &str) -> Value {
    let called = format!(
        "name: called\ninput: {{ n: {{ type: integer, maximum: 9 }}, d: {{ default: dee }} }}\n{called}"
    );
    let outcome = Laboratory::with_others(&[CALLER, &called]).run(json!({})).await;
    gist(&outcome)
}

#[tokio::test(start_paused = true)]
async fn a_call_gives_what_the_flow_returns() {
    for (called, expected) in [
        (
            "steps: [{ return: ['{{input.n}}', '{{input.d}}'] }]",
            json!({ "status": "succeeded", "output": [2, "dee"] }),
        ),
        (
            "steps: [{ set: { a: 1 } }]",
            json!({ "status": "succeeded", "output": null }),
        ),
        (
            "steps: [{ fail: { code: mine, message: x } }]",
            json!({ "status": "failed", "error": "mine" }),
        ),
        (
            "steps: [{ fail: { code: mine, message: x } }]\non_error: [{ return: own }]",
            json!({ "status": "succeeded", "output": "own" }),
        ),
        // The answer belongs to the flow that was called from outside.
        (
            "steps: [{ respond: { status: 500 } }, { return: 1 }]",
            json!({ "status": "succeeded", "output": 1 }),
        ),
    ] {
        assert_eq!(call(called).await, expected, "{called}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_flow_is_one_of_the_step() {
    let caller = CALLER.replace(
        "}' } }",
        "}' }, on_error: [{ return: '{{error.code}} at {{error.step}}' }] }",
    );
    let called = "name: called\ninput: { n: { type: integer } }\nsteps: [{ id: inner, fail: { code: mine, message: x } }]";
    let outcome = Laboratory::with_others(&[&caller, called]).run(json!({})).await;
    assert_eq!(
        gist(&outcome),
        json!({ "status": "succeeded", "output": "mine at c" })
    );
}

#[tokio::test(start_paused = true)]
async fn the_input_is_validated() {
    let called = "name: called\ninput: { n: { type: integer, maximum: 9 } }\nsteps: []";
    let called = called.replace("steps: []", "steps: [{ return: 1 }]");
    let outcome = Laboratory::with_others(&[CALLER, &called])
        .run(json!({ "x": 10 }))
        .await;
    let error = outcome.error.unwrap();
    assert_eq!((&*error.code, error.step.as_str()), ("invalid_input", "c"));
    assert_eq!(error.details.unwrap()[0]["field"], "n");
}

#[tokio::test(start_paused = true)]
async fn keys_of_called_steps_hang_below_the_call() {
    let caller = "name: caller\nsteps: [{ for_each: 'split \"a,b\" \",\"', steps: [{ call: called }] }]";
    let called = "name: called\nsteps: [{ action: test.once }]";
    let laboratory = Laboratory::with_others(&[caller, called]);
    let outcome = laboratory.run_on(&MemoryJournal::new(), json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "succeeded" }));
    let keys: Vec<_> = laboratory
        .book
        .effects
        .lock()
        .unwrap()
        .clone()
        .into_iter()
        .collect();
    let key = |turn| format!("steps/0/each/{turn}/steps/0/call/steps/0");
    assert_eq!(keys, [(key(0), 1), (key(1), 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_runs_limit_counts_inside() {
    let caller = "name: caller\ntimeout: 5s\nsteps: [{ call: called, on_error: continue }]";
    let called = "name: called\nsteps: [{ action: test.sleep, with: { ms: 9000, name: x } }]\non_error: [{ return: no }]";
    let laboratory = Laboratory::with_others(&[caller, called]);
    let outcome = laboratory.run(json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "failed", "error": "timeout" }));
    assert_eq!(laboratory.elapsed_ms() / 100, 50);
}
