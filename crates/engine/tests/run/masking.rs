//! Canaries: secrets are planted everywhere, and looked for in everything that is written.

use std::sync::{Arc, Mutex};

use lockgate_engine::RunOptions;
use lockgate_engine::event::Event;
use lockgate_engine::journal::NoJournal;
use serde_json::{Value, json};

use crate::laboratory::Laboratory;

/// Everything that a run writes, as text.
async fn written(text: &str, input: Value) -> String {
    let mut laboratory = Laboratory::new(text);
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    laboratory.executor = laboratory
        .executor
        .with_observer(Arc::new(move |event: &Event<'_>| {
            let mut lines = sink.lock().unwrap();
            lines.push_str(&serde_json::to_string(event).unwrap());
            lines.push('\n');
        }));
    let outcome = laboratory
        .run_with(&NoJournal, input, RunOptions::new("run-1"))
        .await;
    let mut written = lines.lock().unwrap().clone();
    if let Some(error) = &outcome.error {
        written.push_str(&serde_json::to_string(error).unwrap());
        written.push_str(&error.to_string());
        written.push_str(&serde_json::to_string(&outcome.answer()).unwrap());
    }
    written
}

#[tokio::test(start_paused = true)]
async fn secrets_are_written_nowhere() {
    for (text, input) in [
        // A secret field of the input, plain and inside of other text.
        (
            "input: { p: { type: string, secret: true } }\nsteps: [{ action: test.echo, with: { x: 'a {{input.p}} b' } }, { return: '{{input.p}}' }]",
            json!({ "p": "canary-input" }),
        ),
        // One that stands deep.
        (
            "input: { card: { type: object, properties: { number: { type: string, secret: true } } } }\nsteps: [{ fail: { code: x, message: 'card {{to_json input.card}}', details: '{{input.card}}' } }]",
            json!({ "card": { "number": "canary\"deep" } }),
        ),
        // A field that an action's declaration calls secret, in and out.
        (
            "steps: [{ id: s, action: test.secret, with: { key: canary-key } }, { return: ['{{steps.s.token}}', '{{steps.s.open}}'] }]",
            json!({}),
        ),
        // What a provider says.
        (
            "input: { p: { type: string, secret: true } }\nsteps: [{ action: test.fail, with: { code: refused, message: 'bad {{input.p}}', provider: { body: ['{{input.p}}'] } } }]",
            json!({ "p": "canary-provider" }),
        ),
        // A step that is secret as a whole.
        (
            "steps: [{ id: s, action: test.echo, secret: true, with: { a: canary-step } }, { return: '{{steps.s}}' }]",
            json!({}),
        ),
        (
            "steps: [{ set: { x: canary-set }, secret: true }, { return: '{{vars.x}}' }]",
            json!({}),
        ),
        // `mask`.
        (
            "steps: [{ set: { x: '{{mask \"canary-masked\"}}' } }, { return: '{{vars.x}}' }]",
            json!({}),
        ),
        // An input that does not fit quotes no value.
        (
            "input: { p: { secret: true } }\nsteps: [{ action: test.typed, with: { count: '{{input.p}}' } }]",
            json!({ "p": "canary-typed" }),
        ),
        (
            "steps: [{ action: test.panic, secret: true, with: { message: canary-panic } }]",
            json!({}),
        ),
    ] {
        let written = written(text, input).await;
        assert!(written.contains("run_finished"));
        assert!(!written.contains("canary"), "{text}\n{written}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_secret_is_written() {
    let written = written(
        "steps: [{ action: test.echo, with: { x: in-the-open } }]",
        json!({}),
    )
    .await;
    assert!(written.contains("in-the-open"));
}

#[tokio::test(start_paused = true)]
async fn expressions_see_the_value_itself() {
    let laboratory = Laboratory::new(
        "input: { p: { type: string, secret: true } }\nsteps: [{ action: test.fail, with: { code: refused, message: 'bad {{input.p}}' }, on_error: [{ return: '{{error.message}}' }] }]",
    );
    assert_eq!(
        laboratory.run(json!({ "p": "open sesame" })).await.output,
        Some(json!("bad open sesame"))
    );
}
