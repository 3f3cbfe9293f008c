//! Each verb does what the language says.

use lockgate_engine::RunOptions;
use lockgate_engine::journal::{MemoryJournal, NoJournal};
use lockgate_engine::outcome::{Response, RunStatus};
use serde_json::{Value, json};

use crate::laboratory::{Laboratory, gist};

/// Runs each flow and compares what it returned; once with a journal, once without.
async fn check(cases: &[(&str, Value, Value)]) {
    for (text, input, expected) in cases {
        for durable in [false, true] {
            let laboratory = Laboratory::new(text);
            let outcome = if durable {
                laboratory.run_on(&MemoryJournal::new(), input.clone()).await
            } else {
                laboratory.run_on(&NoJournal, input.clone()).await
            };
            assert_eq!(
                outcome.status,
                RunStatus::Succeeded,
                "{text}\n{:?}",
                outcome.error
            );
            assert_eq!(outcome.output.as_ref(), Some(expected), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn verbs_give_what_the_language_says() {
    check(&[
        ("steps: [{ return: 1 }]", json!({}), json!(1)),
        ("steps: [{ id: a, action: test.echo, with: { x: 1 } }, { return: '{{steps.a}}' }]", json!({}), json!({ "x": 1 })),
        (
            "input: { n: { type: integer } }\nsteps:\n  - if: gt input.n 3\n    then: [{ return: many }]\n    else: [{ return: few }]",
            json!({ "n": 4 }),
            json!("many"),
        ),
        (
            "input: { n: { type: integer } }\nsteps:\n  - if: gt input.n 3\n    then: [{ return: many }]\n  - return: few",
            json!({ "n": 3 }),
            json!("few"),
        ),
        (
            "input: { n: { type: integer } }\nsteps:\n  - { id: a, if: gt input.n 3, action: test.echo, with: { x: 1 } }\n  - return: '{{default steps.a.x 0}}'",
            json!({ "n": 3 }),
            json!(0),
        ),
        (
            "input: { p: {} }\nsteps:\n  - switch: input.p\n    cases:\n      1: [{ return: one }]\n      pro: [{ return: text }]\n    default: [{ return: other }]",
            json!({ "p": 1.0 }),
            json!("one"),
        ),
        (
            "input: { p: {} }\nsteps:\n  - switch: input.p\n    cases:\n      1: [{ return: one }]\n      pro: [{ return: text }]\n    default: [{ return: other }]",
            json!({ "p": "1" }),
            json!("other"),
        ),
        (
            "input: { p: {} }\nsteps:\n  - switch: input.p\n    cases:\n      1: [{ return: one }]\n  - return: after",
            json!({ "p": 2 }),
            json!("after"),
        ),
        (
            "steps:\n  - parallel:\n      left: [{ id: a, action: test.echo, with: { x: 1 } }, { set: { l: 1 } }]\n      right: [{ id: b, action: test.echo, with: { x: 2 } }, { set: { r: 2 } }]\n  - return: ['{{steps.a.x}}', '{{steps.b.x}}', '{{vars.l}}', '{{vars.r}}']",
            json!({}),
            json!([1, 2, 1, 2]),
        ),
        (
            "input: { list: { type: array } }\nsteps:\n  - id: all\n    for_each: input.list\n    as: one\n    steps:\n      - { id: inner, action: test.echo, with: { v: '{{one}}', i: '{{index}}' } }\n    yield: '{{steps.inner}}'\n  - return: '{{steps.all}}'",
            json!({ "list": ["a", "b"] }),
            json!([{ "v": "a", "i": 0 }, { "v": "b", "i": 1 }]),
        ),
        (
            "steps:\n  - id: all\n    for_each: input.list\n    steps: [{ action: test.echo }]\n  - return: '{{steps.all}}'\ninput: { list: { type: array } }",
            json!({ "list": [1, 2] }),
            json!([null, null]),
        ),
        (
            "input: { rows: { type: array } }\nsteps:\n  - id: out\n    for_each: input.rows\n    as: row\n    at_once: 3\n    steps:\n      - id: in\n        for_each: row\n        as: cell\n        steps: [{ set: { sum: '{{add cell index}}' } }]\n        yield: '{{vars.sum}}'\n    yield: { at: '{{index}}', row: '{{steps.in}}' }\n  - return: '{{steps.out}}'",
            json!({ "rows": [[1, 1], [], [5]] }),
            json!([{ "at": 0, "row": [1, 2] }, { "at": 1, "row": [] }, { "at": 2, "row": [5] }]),
        ),
        ("steps: [{ set: { a: 1, b: '{{add vars.a 1}}' } }, { set: { a: 5 } }, { return: ['{{vars.a}}', '{{vars.b}}'] }]", json!({}), json!([5, 2])),
        ("steps: [{ return: '{{config.greeting}} {{run.id}} {{run.flow}} {{run.attempt}} {{run.started_at}}' }]", json!({}), json!("hello run-1 flow-0 1 2030-01-01T00:00:00Z")),
        ("steps: [{ if: true, timeout: 5s, then: [{ set: { a: 1 } }, { id: e, action: test.echo, with: { x: 2 } }] }, { return: ['{{default vars.a 0}}', '{{default steps.e.x 0}}'] }]", json!({}), json!([1, 2])),
        ("steps: [{ action: test.echo, with: { a: '{{omit_if_missing input.x}}', b: 1 }, id: e }, { return: '{{steps.e}}' }]\ninput: { x: { required: false } }", json!({}), json!({ "b": 1 })),
        ("steps: [{ if: true, then: [{ return: 1 }] }, { fail: { code: never, message: no } }]", json!({}), json!(1)),
        ("steps: [{ parallel: { a: [{ return: 1 }], b: [{ action: test.sleep, with: { ms: 9, name: b } }] } }, { return: 2 }]", json!({}), json!(1)),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_caller_gets_its_answer_when_it_is_reached() {
    let laboratory = Laboratory::new(
        "steps:\n  - respond: { status: 201, headers: { x-a: 1, set-cookie: [a, b] }, body: { ok: true } }\n  - { action: test.sleep, with: { ms: 500, name: later } }",
    );
    let seen = std::sync::Mutex::new(Vec::new());
    let responder = |response: &Response| {
        let begun = laboratory.book.lines();
        seen.lock()
            .unwrap()
            .push((response.clone(), laboratory.elapsed_ms(), begun));
    };
    let options = RunOptions {
        responder: Some(&responder),
        ..RunOptions::new("run-1")
    };
    let outcome = laboratory.run_with(&NoJournal, json!({}), options).await;
    let headers = [("x-a", "1"), ("set-cookie", "a"), ("set-cookie", "b")];
    let response = Response {
        status: 201,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: Some(json!({ "ok": true })),
    };
    assert_eq!(*seen.lock().unwrap(), [(response.clone(), 0, Vec::new())]);
    assert_eq!(outcome.response, Some(response));
    assert_eq!(laboratory.elapsed_ms(), 500);
}

#[tokio::test(start_paused = true)]
async fn answers_over_http() {
    let problem = json!({
        "type": "about:blank", "status": 409, "code": "taken", "message": "x is taken", "run_id": "run-1",
        "step": "steps/0", "details": { "field": "x" },
    });
    for (text, status, body) in [
        (
            "steps: [{ respond: { body: 1 } }, { return: 2 }]",
            200,
            Some(json!(1)),
        ),
        ("steps: [{ respond: {} }]", 200, None),
        ("steps: [{ return: { a: 1 } }]", 200, Some(json!({ "a": 1 }))),
        ("steps: [{ set: { a: 1 } }]", 204, None),
        (
            "steps: [{ redirect: 'https://example.com/{{run.id}}' }]",
            303,
            None,
        ),
        ("steps: [{ redirect: { to: /x, status: 307 } }]", 307, None),
        (
            "steps: [{ fail: { code: taken, status: 409, message: x is taken, details: { field: x } } }]",
            409,
            Some(problem),
        ),
    ] {
        let outcome = Laboratory::new(text).run(json!({})).await;
        let answer = outcome.answer();
        assert_eq!((answer.status, answer.body), (status, body), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_sleep_for_as_long_as_they_say() {
    for (wait, milliseconds) in [
        ("3s", 3000),
        ("'{{input.time}}'", 2000),
        ("{ until: '2030-01-01T00:01:00Z' }", 60_000),
        ("{ until: '{{input.until}}' }", 30 * 86_400_000),
        ("{ until: '2029-01-01T00:00:00Z' }", 0),
    ] {
        let text = format!(
            "input: {{ time: {{ type: string }}, until: {{ type: string }} }}\nsteps: [{{ wait: {wait} }}]"
        );
        let laboratory = Laboratory::new(&text);
        let outcome = laboratory
            .run(json!({ "time": "2s", "until": "2030-01-31T00:00:00Z" }))
            .await;
        assert_eq!(gist(&outcome), json!({ "status": "succeeded" }));
        // A timer of tokio's has a resolution of a millisecond.
        assert!(
            laboratory.elapsed_ms().abs_diff(milliseconds) <= 50,
            "{wait}: {}",
            laboratory.elapsed_ms()
        );
    }
}
