//! The end of a process that is asked to end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lockgate_engine::outcome::RunStatus;
use lockgate_runtime::{Left, StartError};
use lockgate_store::{Status, StoreError};
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, wish};

const GATE: &str =
    "steps: [{ action: test.gate }, { action: test.once, with: { n: 2 } }, { return: through }]";
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_answers_someone_finishes_and_the_rest_stops_at_its_next_step() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[
        ("it", GATE),
        ("asleep", "steps: [{ wait: 1d }, { return: late }]"),
    ]);
    let runtime = laboratory.process(&program).await;
    let alone = runtime
        .spawn(wish(&program, "it", json!({}), None))
        .await
        .unwrap()
        .id();
    let waited_for = runtime
        .spawn(wish(&program, "it", json!({}), None))
        .await
        .unwrap()
        .id();
    let asleep = runtime
        .spawn(wish(&program, "asleep", json!({}), None))
        .await
        .unwrap()
        .id();
    laboratory.until_status(&runtime, asleep, Status::Sleeping).await;
    let called = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let sleeper = runtime.answer(asleep);
    let stop = async {
        laboratory.until_at_gate(3).await;
        let stopped = runtime.shutdown(LIMIT);
        let opened = async {
            laboratory
                .until("it refuses", || async {
                    let refused = runtime.begin(wish(&program, "it", json!({}), None)).await;
                    matches!(refused, Err(StartError::Stopping))
                })
                .await;
            laboratory.open_gate();
        };
        tokio::join!(stopped, opened).0
    };
    let (outcome, heard, unheard, left) =
        tokio::join!(called.go(None), runtime.answer(waited_for), sleeper, stop);
    assert_output(&outcome, &json!("through"));
    assert_output(&ended(heard.unwrap()), &json!("through"));
    assert!(matches!(unheard, Err(StoreError::Closed)), "{unheard:?}");
    assert_eq!(
        left,
        Left {
            to_resume: 2,
            cut_off: 0
        }
    );
    assert_eq!(laboratory.world.effects(alone).len(), 0, "it went no further");
    drop(runtime);
    let runtime = laboratory.process(&program).await;
    assert_output(
        &ended(laboratory.answer(&runtime, alone).await),
        &json!("through"),
    );
    assert_eq!(runtime.stats().resumed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_limit_runs_are_cut_off_and_go_on_later() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", GATE)]);
    let runtime = laboratory.process(&program).await;
    let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let id = run.id();
    let stop = async {
        laboratory.until_at_gate(1).await;
        let limit = async {
            while runtime.store().flush().await.is_ok() {
                laboratory.clock.advance(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::join!(runtime.shutdown(LIMIT), limit).0
    };
    let (outcome, left) = tokio::join!(run.go(None), stop);
    assert_eq!(outcome.status, RunStatus::Interrupted);
    assert_eq!(
        left,
        Left {
            to_resume: 0,
            cut_off: 1
        }
    );
    assert_eq!(laboratory.world.gates_dropped.load(Ordering::SeqCst), 1);
    drop(runtime);
    laboratory.open_gate();
    let runtime = laboratory.process(&program).await;
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("through"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_turn_when_the_process_ends() {
    let laboratory = Laboratory::new();
    let flow = format!("concurrency: 1\n{GATE}");
    let program = laboratory.program(&[("it", &flow)]);
    let runtime = laboratory.process(&program).await;
    let first = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let second = begin(&runtime, &program, "it", json!({}));
    let stop = async {
        laboratory.until_at_gate(1).await;
        laboratory
            .until("it waits", || async { runtime.stats().queued == 1 })
            .await;
        laboratory.open_gate();
        runtime.shutdown(LIMIT).await
    };
    let (outcome, second, left) = tokio::join!(first.go(None), second, stop);
    assert_output(&outcome, &json!("through"));
    // It had its turn before the stop, or was sent away.
    match second {
        Err(StartError::Stopping) => assert_eq!(left, Left::default()),
        Ok(run) => drop(run),
        Err(error) => panic!("{error}"),
    }
}
