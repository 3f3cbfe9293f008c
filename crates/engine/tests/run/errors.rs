//! Errors: who takes them, what `error` is, and what the caller gets.

use serde_json::{Value, json};

use crate::laboratory::{Laboratory, gist};

/// Runs each flow and compares the gist of its outcome.
async fn check(cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        let outcome = Laboratory::new(text).run(json!({})).await;
        assert_eq!(gist(&outcome), *expected, "{text}\n{:?}", outcome.error);
    }
}

const REFUSED: &str = "action: test.fail, with: { code: refused, message: no }";

#[tokio::test(start_paused = true)]
async fn handlers_take_what_they_name() {
    let flow = |step: &str, after: &str| {
        let step = step.replace("REFUSED", REFUSED);
        format!("steps:\n  - {{ id: a, {step} }}\n  - return: {after}")
    };
    check(&[
        (&flow("REFUSED", "1"), json!({ "status": "failed", "error": "refused" })),
        (&flow("REFUSED, on_error: continue", "'{{default steps.a.error.code 0}} {{default steps.a.error.status 0}}'"), json!({ "status": "succeeded", "output": "refused 409" })),
        (&flow("REFUSED, on_error: [{ set: { x: '{{error.code}}: {{error.message}} at {{error.step}}' } }, { return: '{{vars.x}}' }]", "1"), json!({ "status": "succeeded", "output": "refused: no at a" })),
        (&flow("REFUSED, on_error: [{ set: { x: 1 } }]", "after"), json!({ "status": "succeeded", "output": "after" })),
        (&flow("REFUSED, on_error: { busy: [{ return: busy }], '*': [{ return: rest }] }", "1"), json!({ "status": "succeeded", "output": "rest" })),
        (&flow("REFUSED, on_error: { refused: [{ return: refused }], '*': [{ return: rest }] }", "1"), json!({ "status": "succeeded", "output": "refused" })),
        (&flow("REFUSED, on_error: { busy: [{ return: busy }] }", "1"), json!({ "status": "failed", "error": "refused" })),
        (&flow("REFUSED, on_error: continue", "['{{exists steps.a}}', '{{exists steps.a.error}}', '{{default steps.a \"none\"}}', '{{#if steps.a}}a{{else}}b{{/if}}']"), json!({ "status": "succeeded", "output": [false, true, "none", "b"] })),
        (&flow("action: test.echo, with: { error: mine }, on_error: continue", "'{{optional steps.a.error}}'"), json!({ "status": "succeeded", "output": "mine" })),
        (&flow("REFUSED, on_error: { refused: continue, '*': [{ return: rest }] }", "on"), json!({ "status": "succeeded", "output": "on" })),
        // An error in a handler is not the handler's.
        (&flow("REFUSED, on_error: [{ action: test.fail, with: { code: busy } }]", "1"), json!({ "status": "failed", "error": "busy" })),
        // An error is handed on as it is.
        (&flow("REFUSED, on_error: [{ fail: { code: '{{error.code}}', status: '{{error.status}}', message: '{{error.message}}' } }]", "1"), json!({ "status": "failed", "error": "refused" })),
        (&flow("REFUSED, on_error: [{ fail: { code: x, status: '{{length error.message}}', message: '' } }]", "1"), json!({ "status": "failed", "error": "invalid_expression" })),
        // `fail` in a handler ends the run.
        (&flow("REFUSED, on_error: [{ fail: { code: mine, message: x } }]", "1"), json!({ "status": "failed", "error": "mine" })),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_enclosing_step_takes_what_its_steps_leave() {
    let inner = "{ action: test.fail, with: { code: refused } }";
    check(&[
        (&format!("steps:\n  - {{ if: true, then: [{inner}], on_error: [{{ return: caught }}] }}"), json!({ "status": "succeeded", "output": "caught" })),
        (&format!("steps:\n  - {{ if: true, timeout: 5s, then: [{inner}], on_error: [{{ return: caught }}] }}"), json!({ "status": "succeeded", "output": "caught" })),
        (&format!("steps:\n  - {{ switch: 1, cases: {{ 1: [{{ if: true, then: [{inner}] }}] }}, on_error: [{{ return: caught }}] }}"), json!({ "status": "succeeded", "output": "caught" })),
        (&format!("steps:\n  - {{ parallel: {{ a: [{inner}] }}, on_error: [{{ return: '{{{{error.code}}}}' }}] }}"), json!({ "status": "succeeded", "output": "refused" })),
        (&format!("steps:\n  - {{ for_each: 'split \"a\" \",\"', steps: [{inner}], on_error: [{{ return: '{{{{error.code}}}}' }}] }}"), json!({ "status": "succeeded", "output": "refused" })),
        // `fail` ends the flow, whatever is around it.
        ("steps:\n  - { if: true, then: [{ fail: { code: mine, message: x } }], on_error: [{ return: caught }] }", json!({ "status": "failed", "error": "mine" })),
        ("steps:\n  - { parallel: { a: [{ fail: { code: mine, message: x } }] }, on_error: continue }", json!({ "status": "failed", "error": "mine" })),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn error_is_that_of_the_handler_around() {
    check(&[(
        "steps:
  - action: test.fail
    with: { code: refused }
    on_error:
      - action: test.fail
        with: { code: busy }
        on_error:
          - set: { inner: '{{error.code}}' }
      - return: ['{{default vars.inner 0}}', '{{error.code}}']",
        json!({ "status": "succeeded", "output": ["busy", "refused"] }),
    )])
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_flows_own_handler_is_the_last() {
    let flow = |handler: &str| format!("steps: [{{ id: a, {REFUSED} }}]\non_error:\n  {handler}");
    check(&[
        (&flow("- set: { x: 1 }"), json!({ "status": "failed", "error": "refused" })),
        (&flow("- return: '{{error.code}}'"), json!({ "status": "succeeded", "output": "refused" })),
        (&flow("- respond: { status: 418, body: '{{error.step}}' }"), json!({ "status": "succeeded", "response": [418, "a"] })),
        (&flow("- action: test.fail\n    with: { code: busy }"), json!({ "status": "failed", "error": "busy" })),
        ("steps: [{ fail: { code: mine, message: x } }]\non_error: [{ return: '{{error.code}}' }]", json!({ "status": "succeeded", "output": "mine" })),
        // Who has an answer already gets no other, and the run has failed.
        (
            "steps: [{ respond: { status: 202 } }, { fail: { code: mine, message: x } }]\non_error: [{ respond: { status: 500 } }]",
            json!({ "status": "failed", "response": [202, null], "error": "mine" }),
        ),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn errors_of_expressions_have_their_place() {
    for (text, code, place, message) in [
        (
            "input: { x: { type: object, default: {} } }\nsteps:\n  - id: a\n    action: test.echo\n    with: { deep: [1, '{{input.x.y}}'] }",
            "missing_value",
            (5, 26),
            "`input.x.y` is missing (in `deep.1`)",
        ),
        (
            "input: { x: { default: text } }\nsteps:\n  - return: '{{to_number input.x}}'",
            "invalid_expression",
            (3, 16),
            "to_number",
        ),
        (
            "input: { x: { default: text } }\nsteps:\n  - for_each: input.x\n    steps: [{ set: { nothing: 1 } }]",
            "invalid_expression",
            (3, 5),
            "`for_each` goes over a list, got string",
        ),
        (
            "input: { x: { default: later } }\nsteps:\n  - wait: '{{input.x}}'",
            "invalid_expression",
            (3, 5),
            "`wait` takes a duration such as `5m`, got \"later\"",
        ),
        (
            "input: { x: { default: 99 } }\nsteps:\n  - respond: { status: '{{input.x}}' }",
            "invalid_expression",
            (3, 5),
            "`status` is a whole number from 200 to 599, got 99",
        ),
        (
            "input: { x: { default: \"a\\r\\nset-cookie: b\" } }\nsteps:\n  - respond: { headers: { x: '{{input.x}}' } }",
            "invalid_expression",
            (3, 5),
            "a header must not hold a line break",
        ),
    ] {
        let outcome = Laboratory::new(text).run(json!({})).await;
        let error = outcome.error.expect(text);
        let found = error.place.expect(text);
        assert_eq!(
            (&*error.code, (found.line, found.column)),
            (code, place),
            "{text}\n{}",
            error.message
        );
        assert!(error.message.contains(message), "{}", error.message);
        assert_eq!(found.file, "flows/flow-0.yaml");
    }
}

#[tokio::test(start_paused = true)]
async fn every_problem_of_an_input_is_listed() {
    let laboratory = Laboratory::new(
        "input: { x: { default: many }, y: { default: z } }\nsteps: [{ action: test.typed, with: { count: '{{input.x}}', name: '{{input.y}}' } }]",
    );
    let error = laboratory.run(json!({})).await.error.unwrap();
    assert_eq!((&*error.code, error.status), ("invalid_input", 500));
    let pointers: Vec<_> = error
        .details
        .as_ref()
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/count", "/name"]);
    assert!(
        error.message.contains("/count: ") && error.message.contains("/name: "),
        "{}",
        error.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_the_step_only() {
    let laboratory = Laboratory::new(
        "steps: [{ id: a, action: test.panic, with: { message: boom }, on_error: continue }, { return: '{{default steps.a.error.code 0}}' }]",
    );
    let outcome = laboratory.run(json!({})).await;
    assert_eq!(
        gist(&outcome),
        json!({ "status": "succeeded", "output": "action_panicked" })
    );
}

#[tokio::test(start_paused = true)]
async fn statuses_come_from_the_declaration_or_the_kind() {
    for (with, status) in [
        ("{ code: refused }", 409),
        ("{ code: unheard_of }", 500),
        ("{ code: unheard_of, provider: { status: 400 } }", 502),
    ] {
        let text = format!("steps: [{{ action: test.fail, with: {with} }}]");
        assert_eq!(
            Laboratory::new(&text).run(json!({})).await.error.unwrap().status,
            status,
            "{with}"
        );
    }
}
