//! `parallel` and `for_each`: what runs at once, in which order results come, and how promptly the rest is dropped.

use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use serde_json::json;

use crate::laboratory::{Laboratory, gist};

fn list(at_once: u32, steps: &str) -> Laboratory {
    Laboratory::new(&format!(
        "input: {{ list: {{ type: array }} }}\nsteps:\n  - id: all\n    for_each: input.list\n    at_once: {at_once}\n    steps: [{steps}]\n    yield: '{{{{steps.one}}}}'\n  - return: '{{{{steps.all}}}}'"
    ))
}

#[tokio::test(start_paused = true)]
async fn at_most_so_many_at_once_and_results_in_order() {
    let step =
        "{ id: one, action: test.sleep, with: { ms: '{{item}}', name: '{{index}}', value: '{{item}}' } }";
    for (at_once, milliseconds, begun_first) in [(1, 1000, 1), (2, 600, 2), (4, 400, 4), (99, 400, 4)] {
        let laboratory = list(at_once, step);
        let outcome = laboratory.run(json!({ "list": [400, 100, 300, 200] })).await;
        assert_eq!(
            outcome.output,
            Some(json!([400, 100, 300, 200])),
            "{:?}",
            outcome.error
        );
        assert!(
            laboratory.elapsed_ms().abs_diff(milliseconds) <= 5,
            "{at_once}: {}",
            laboratory.elapsed_ms()
        );
        let lines = laboratory.book.lines();
        assert_eq!(
            lines.iter().take_while(|line| line.starts_with("begin")).count(),
            begun_first
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_error_drops_the_others_at_once() {
    let laboratory = Laboratory::new(
        "steps: [{ parallel: { a: [{ action: test.sleep, with: { ms: 9000, name: a } }], b: [{ action: test.sleep, with: { ms: 100, name: b } }, { action: test.fail, with: { code: refused } }] } }]",
    );
    let outcome = laboratory.run(json!({})).await;
    assert_eq!(gist(&outcome), json!({ "status": "failed", "error": "refused" }));
    assert_eq!(
        laboratory.book.lines(),
        ["begin a", "begin b", "end b", "fail 1", "dropped a"]
    );
    assert_eq!(laboratory.elapsed_ms() / 10, 10);

    let laboratory = list(
        2,
        "{ id: one, action: test.sleep, with: { ms: '{{item}}', name: 't{{index}}' } }, { if: eq index 0, action: test.fail, with: { code: refused } }",
    );
    let outcome = laboratory.run(json!({ "list": [100, 9000, 1] })).await;
    assert_eq!(gist(&outcome), json!({ "status": "failed", "error": "refused" }));
    assert_eq!(
        laboratory.book.lines(),
        ["begin t0", "begin t1", "end t0", "fail 1", "dropped t1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_return_ends_the_other_branches() {
    let laboratory = Laboratory::new(
        "steps: [{ parallel: { a: [{ action: test.sleep, with: { ms: 9000, name: a } }], b: [{ return: b }] } }]",
    );
    assert_eq!(
        gist(&laboratory.run(json!({})).await),
        json!({ "status": "succeeded", "output": "b" })
    );
    assert_eq!(laboratory.book.lines(), ["begin a", "dropped a"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_called_off() {
    let laboratory = Laboratory::new(
        "steps: [{ action: test.sleep, with: { ms: 9000, name: a } }]\non_error: [{ return: no }]",
    );
    let cancel = Box::pin(tokio::time::sleep(std::time::Duration::from_secs(1)));
    let options = RunOptions {
        cancel: Some(cancel),
        ..RunOptions::new("run-1")
    };
    let outcome = laboratory.run_with(&NoJournal, json!({}), options).await;
    assert_eq!(gist(&outcome), json!({ "status": "cancelled" }));
    assert_eq!(laboratory.book.lines(), ["begin a", "dropped a"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_drops_everything() {
    let laboratory = Laboratory::new(
        "steps: [{ parallel: { a: [{ action: test.sleep, with: { ms: 9000, name: a } }], b: [{ for_each: 'split \"x,y\" \",\"', at_once: 2, steps: [{ action: test.sleep, with: { ms: 9000, name: '{{item}}' } }] }] } }]",
    );
    let limited = tokio::time::timeout(std::time::Duration::from_secs(1), laboratory.run(json!({}))).await;
    assert!(limited.is_err());
    let mut lines = laboratory.book.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "begin a",
            "begin x",
            "begin y",
            "dropped a",
            "dropped x",
            "dropped y"
        ]
    );
}

#[tokio::test]
async fn a_run_can_move_between_threads() {
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    let laboratory = Laboratory::new("steps: [{ return: 1 }]");
    let outcome = assert_send(laboratory.run(json!({}))).await;
    assert_eq!(outcome.output, Some(json!(1)));
}
