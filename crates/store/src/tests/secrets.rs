//! Secrets never reach the files of a store in clear, nor in a form that hides nothing.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use lockgate_engine::outcome::RunStatus;
use serde_json::json;

use super::bed::{Bed, Pinned, fresh};
use super::laboratory::{Laboratory, compile};
use crate::{Durability, IdempotencyKey, Reopen};

/// The forms in which a text could lie somewhere.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![canary.as_bytes().to_vec(), canary.to_uppercase().into_bytes()];
    for shift in 0..3 {
        let shifted = ["x".repeat(shift).as_bytes(), canary.as_bytes()].concat();
        for base64 in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = base64.encode(&shifted);
            forms.push(text.as_bytes()[4..text.len() - 4].to_vec());
        }
    }
    forms.push(
        canary
            .bytes()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    );
    forms
}

#[tokio::test(start_paused = true)]
async fn no_file_holds_a_secret() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let flow = "name: secret
input:
  password: { type: string, secret: true }
  list: { type: array, items: { type: object, properties: { key: { type: string, secret: true } } } }
  open: { type: string }
steps:
  - { id: a, action: test.once, with: { value: 'the password is {{input.password}}' } }
  - { id: b, action: test.secret, with: { key: '{{input.password}}' } }
  - { id: c, secret: true, action: test.echo, with: { x: 'canary-step-secret' } }
  - { set: { m: '{{mask \"canary-masked-text\"}} {{uuid}}' } }
  - { action: test.fail, with: { code: refused, message: 'it said {{input.password}}', provider: { echo: '{{steps.b.token}}', list: '{{input.list}}' } }, on_error: continue }
  - respond: { headers: { x-token: '{{steps.b.token}}' }, body: '{{steps.c.x}}' }
  - { fail: { code: mine, message: 'not with {{input.password}}', details: { t: '{{steps.b.token}}' } } }";
    let flows = compile(&[flow]);
    let pinned = Pinned::of(&flows[0]);
    let laboratory = Laboratory::of(flows);
    let input = json!({
        "password": "canary-input-password",
        "list": [{ "key": "canary-in-a-list" }],
        "open": "quite-open-text and canary-input-password",
    });
    let request = json!({ "headers": { "authorization": "canary-request-header" } });
    let mut run = pinned.run(&input, bed.clock().now());
    run.request = Some(&request);
    run.key = Some(IdempotencyKey {
        key: "canary-idempotency-key",
        lives: Duration::from_hours(24),
    });
    let journal = fresh(store.begin(run).await.unwrap());
    let id = journal.id();
    let outcome = laboratory.run_on(&journal, input.clone()).await;
    assert_eq!(outcome.status, RunStatus::Failed, "{outcome:?}");
    // What a resume needs is there.
    let run = store.load(id).await.unwrap().unwrap();
    assert_eq!((&run.input, &run.request), (&input, &Some(request)));
    let response = run.response.unwrap();
    assert_eq!(response.headers[0].1, "canary-output");
    assert_eq!(response.body, Some(json!("canary-step-secret")));
    // What callers are told once more is what they were told.
    assert_eq!(run.error.unwrap().message, "not with ••••");
    let how = Reopen {
        definition: None,
        doubt: None,
    };
    let run = store.reopen(id, how).await.unwrap().unwrap();
    let again = Laboratory {
        book: Arc::clone(&laboratory.book),
        ..Laboratory::new(flow)
    };
    again.run_on(&run.journal, run.input).await;
    store.flush().await.unwrap();

    let mut searched = 0;
    let mut shown = false;
    for file in fs::read_dir(bed.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let content = fs::read(&path).unwrap();
        searched += content.len();
        shown |= content.windows(15).any(|bytes| bytes == b"quite-open-text");
        // `canary-step-secret` and `canary-masked-text` stand in the flow's own text, and so in its definition.
        for canary in [
            "canary-input-password",
            "canary-in-a-list",
            "canary-output",
            "canary-request-header",
            "canary-idempotency-key",
        ] {
            for form in forms(canary) {
                let found = content.windows(form.len()).position(|bytes| bytes == form);
                assert_eq!(
                    found,
                    None,
                    "{canary} in {} as {}",
                    path.display(),
                    String::from_utf8_lossy(&form)
                );
            }
        }
        for canary in ["canary-step-secret", "canary-masked-text"] {
            let all = content
                .windows(canary.len())
                .filter(|bytes| *bytes == canary.as_bytes())
                .count();
            let defined = content
                .windows(14)
                .filter(|bytes| *bytes == b"  - { id: c, s")
                .count();
            assert!(all <= defined, "{canary}: {all} times in {}", path.display());
        }
    }
    assert!(shown && searched > 50_000, "what is open is there to be read");
}
