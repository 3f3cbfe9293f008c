//! Retries, in virtual time.

use lockgate_engine::journal::{MemoryJournal, NoJournal, Record};
use serde_json::{Value, json};

use crate::laboratory::{Laboratory, gist};

async fn attempts(step: &str) -> (Value, Vec<String>, u128) {
    let laboratory = Laboratory::new(&format!(
        "steps: [{{ id: a, {step} }}, {{ return: '{{{{steps.a}}}}' }}]"
    ));
    let outcome = laboratory.run(json!({})).await;
    (gist(&outcome), laboratory.book.lines(), laboratory.elapsed_ms())
}

#[tokio::test(start_paused = true)]
async fn repeatable_steps_are_tried_again_by_themselves() {
    let (gist, log, _) = attempts("action: test.flaky, with: { name: x, fails: 2 }").await;
    assert_eq!(gist, json!({ "status": "succeeded", "output": { "calls": 3 } }));
    assert_eq!(log.len(), 3);
    let (gist, log, _) = attempts("action: test.flaky, with: { name: x, fails: 3 }").await;
    assert_eq!(gist, json!({ "status": "failed", "error": "busy" }));
    assert_eq!(log.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_are_not_even() {
    let step =
        "action: test.flaky, with: { name: x, fails: 3 }, retry: { attempts: 4, delay: 1s, max_delay: 3s }";
    let (_, log, _) = attempts(step).await;
    let times: Vec<u64> = log
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, longest) in pauses.iter().zip([1000, 2000, 3000]) {
        assert!((longest / 2..=longest + 1).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn once_steps_are_tried_again_only_where_nothing_happened() {
    for (step, expected) in [
        (
            "action: test.fail_once, with: { code: busy, retry: transient }, retry: { attempts: 3, codes: [busy] }",
            1,
        ),
        ("action: test.fail_once, with: { code: busy, retry: nothing }", 3),
        (
            "action: test.fail_once, with: { code: busy, retry: nothing }, retry: { attempts: 2 }",
            2,
        ),
        ("action: test.fail, with: { code: busy, retry: transient }", 3),
        (
            "action: test.fail, with: { code: busy, retry: transient }, retry: { attempts: 3, codes: [refused] }",
            1,
        ),
        (
            "action: test.fail, with: { code: busy }, retry: { attempts: 3, codes: [busy] }",
            3,
        ),
        ("action: test.fail, with: { code: busy }", 1),
    ] {
        let (_, log, _) = attempts(step).await;
        assert_eq!(log.len(), expected, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_remote_ends_word_is_honoured_within_the_time() {
    let step = "action: test.fail_once, with: { code: busy, retry: nothing, after_ms: 7000 }, retry: { attempts: 2 }";
    let (_, log, elapsed) = attempts(step).await;
    assert_eq!((log.len(), elapsed / 100), (2, 70));
    // The pause does not fit into the step's time, so the error comes at once.
    let (gist, log, elapsed) = attempts(&format!("{step}, timeout: 5s")).await;
    assert_eq!((log.len(), elapsed), (1, 0));
    assert_eq!(gist, json!({ "status": "failed", "error": "busy" }));
}

#[tokio::test(start_paused = true)]
async fn a_further_attempt_gets_the_same_input() {
    let text = "steps: [{ action: test.fail_once, with: { code: busy, retry: nothing, message: '{{uuid}}' }, on_error: [{ return: '{{error.message}}' }] }]";
    let laboratory = Laboratory::new(text);
    let journal = MemoryJournal::new();
    let outcome = laboratory.run_on(&journal, json!({})).await;
    let messages: Vec<_> = journal
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::Finished {
                outcome: Err(error), ..
            } => Some(error.message),
            _ => None,
        })
        .collect();
    assert_eq!(messages.len(), 3);
    assert!(
        messages
            .iter()
            .all(|message| Some(message.as_str()) == outcome.output.as_ref().unwrap().as_str())
    );
    assert!(
        laboratory.run_on(&NoJournal, json!({})).await.output != outcome.output,
        "another run, another uuid"
    );
}
