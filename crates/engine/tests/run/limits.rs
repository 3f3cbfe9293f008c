//! Time limits of steps and runs, in virtual time.

use serde_json::{Value, json};

use crate::laboratory::{Laboratory, gist};

/// Runs each flow; compares the gist and the time that it took, in ms.
async fn check(cases: &[(&str, Value, u128)]) {
    for (text, expected, milliseconds) in cases {
        let laboratory = Laboratory::new(text);
        let outcome = laboratory.run(json!({})).await;
        assert_eq!(gist(&outcome), *expected, "{text}\n{:?}", outcome.error);
        assert!(
            laboratory.elapsed_ms().abs_diff(*milliseconds) <= 20,
            "{text}: {}",
            laboratory.elapsed_ms()
        );
    }
}

fn timed_out() -> Value {
    json!({ "status": "failed", "error": "timeout" })
}

#[tokio::test(start_paused = true)]
async fn a_steps_limit_covers_all_of_it() {
    check(&[
        ("steps: [{ action: test.sleep, timeout: 2s, with: { ms: 9000, name: x } }]", timed_out(), 2000),
        ("steps: [{ action: test.sleep, timeout: 2s, with: { ms: 1000, name: x } }]", json!({ "status": "succeeded" }), 1000),
        // The pauses between attempts too: one that does not fit is not begun.
        (
            "steps: [{ action: test.flaky, timeout: 2s, with: { name: x, fails: 99 }, retry: { attempts: 99, delay: 500ms, max_delay: 500ms } }]",
            json!({ "status": "failed", "error": "busy" }),
            1719,
        ),
        ("steps: [{ action: test.sleep, timeout: 2s, with: { ms: 9000, name: x }, on_error: { timeout: [{ return: late }] } }]", json!({ "status": "succeeded", "output": "late" }), 2000),
        // What is inside of a step.
        (
            "steps: [{ parallel: { a: [{ action: test.sleep, with: { ms: 9000, name: a } }], b: [{ wait: 20s }] }, timeout: 3s, on_error: { timeout: [{ return: '{{error.step}}' }] } }]",
            json!({ "status": "succeeded", "output": "steps/0" }),
            3000,
        ),
        (
            "steps: [{ if: true, timeout: 3s, then: [{ wait: 20s, on_error: [{ return: inside }] }], on_error: [{ return: outside }] }]",
            json!({ "status": "succeeded", "output": "outside" }),
            3000,
        ),
        // The tighter limit counts, whichever it is.
        ("steps: [{ if: true, timeout: 3s, then: [{ action: test.sleep, timeout: 1s, with: { ms: 9000, name: x } }], on_error: [{ return: '{{error.step}}' }] }]", json!({ "status": "succeeded", "output": "steps/0/then/0" }), 1000),
        ("steps: [{ if: true, timeout: 1s, then: [{ action: test.sleep, timeout: 3s, with: { ms: 9000, name: x } }], on_error: [{ return: '{{error.step}}' }] }]", json!({ "status": "succeeded", "output": "steps/0" }), 1000),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_actions_own_limit_is_for_one_attempt() {
    let laboratory = Laboratory::new(
        "timeout: 10m\nsteps: [{ action: test.sleep, with: { ms: 90000, name: x }, retry: { attempts: 2, delay: 1s } }]",
    );
    let outcome = laboratory.run(json!({})).await;
    assert_eq!(gist(&outcome), timed_out());
    assert_eq!(
        laboratory.book.lines(),
        ["begin x", "dropped x", "begin x", "dropped x"]
    );
    assert!((120_400..121_100).contains(&laboratory.elapsed_ms()));
}

#[tokio::test(start_paused = true)]
async fn a_runs_limit_counts_what_is_active() {
    check(&[
        ("steps: [{ action: test.sleep, with: { ms: 40000, name: x } }]", timed_out(), 30_000),
        ("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 40000, name: x } }]", timed_out(), 5000),
        ("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 3000, name: x } }, { wait: 1h }, { action: test.sleep, with: { ms: 3000, name: x } }]", timed_out(), 3_605_000),
        ("timeout: 5s\nsteps: [{ wait: 1h }, { action: test.sleep, with: { ms: 3000, name: x } }]", json!({ "status": "succeeded" }), 3_603_000),
        // Two that wait at once do not count double, and one that is active counts.
        ("timeout: 5s\nsteps: [{ parallel: { a: [{ wait: 1m }], b: [{ wait: 1m }] } }, { action: test.sleep, with: { ms: 6000, name: x } }]", timed_out(), 65_000),
        ("timeout: 5s\nsteps: [{ parallel: { a: [{ wait: 1m }], b: [{ action: test.sleep, with: { ms: 50000, name: x } }] } }]", timed_out(), 5000),
        ("timeout: 5s\nsteps: [{ for_each: 'split \"a,b,c\" \",\"', at_once: 3, steps: [{ wait: 1m }] }, { action: test.sleep, with: { ms: 4000, name: x } }]", json!({ "status": "succeeded" }), 64_000),
        // No step takes the run's limit, and the flow's handler has a little time.
        ("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 9000, name: x }, on_error: continue }]", timed_out(), 5000),
        ("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 9000, name: x } }]\non_error: [{ action: test.sleep, with: { ms: 2000, name: y } }, { return: '{{error.code}} {{error.status}}' }]", json!({ "status": "succeeded", "output": "timeout 504" }), 7000),
        ("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 9000, name: x } }]\non_error: [{ action: test.sleep, with: { ms: 9000, name: y } }]", timed_out(), 10_000),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn earlier_lives_count() {
    let laboratory =
        Laboratory::new("timeout: 5s\nsteps: [{ action: test.sleep, with: { ms: 2000, name: x } }]");
    let options = lockgate_engine::RunOptions {
        active_before: std::time::Duration::from_secs(4),
        ..lockgate_engine::RunOptions::new("run-1")
    };
    let outcome = laboratory
        .run_with(&lockgate_engine::journal::NoJournal, json!({}), options)
        .await;
    assert_eq!(gist(&outcome), timed_out());
    assert_eq!(outcome.active.as_millis() / 10, 100);
}
