//! What operators do with runs: calling them off, letting them go on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockgate_engine::outcome::RunStatus;
use lockgate_runtime::{Program, ResumeRun, RunError, Runtime};
use lockgate_store::{RunId, Settled, Status};
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, or_crash, wish};

const GATE: &str = "steps: [{ action: test.once, with: { n: 1 } }, { action: test.gate }, { action: test.once, with: { n: 2 } }, { return: through }]";

async fn spawn(runtime: &Runtime, program: &Arc<Program>, flow: &str) -> RunId {
    runtime
        .spawn(wish(program, flow, json!({}), None))
        .await
        .unwrap()
        .id()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_run_is_called_off_where_it_stands() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", GATE)]);
    let runtime = laboratory.process(&program).await;
    let id = spawn(&runtime, &program, "it").await;
    laboratory.until_at_gate(1).await;
    let (heard, ()) = tokio::join!(runtime.answer(id), async {
        runtime.cancel(id).await.unwrap();
    });
    assert_eq!(ended(heard.unwrap()).status, RunStatus::Cancelled);
    assert_eq!(laboratory.world.gates_dropped.load(Ordering::SeqCst), 1);
    let stored = runtime.store().load(id).await.unwrap().unwrap();
    assert_eq!(stored.status, Status::Cancelled);
    assert!(matches!(
        runtime.cancel(id).await,
        Err(RunError::Status {
            status: "cancelled",
            ..
        })
    ));
    let unknown = RunId::new();
    assert!(matches!(runtime.cancel(unknown).await, Err(RunError::Unknown(id)) if id == unknown));
    // And goes on where it stood.
    laboratory.open_gate();
    runtime.resume(id, ResumeRun::default()).await.unwrap();
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("through"));
    assert!(laboratory.world.effects(id).values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeping_run_that_is_called_off_never_wakes() {
    let flow = "steps: [{ wait: 1d }, { action: test.once, with: {} }]";
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    let id = spawn(&runtime, &program, "it").await;
    laboratory.until_status(&runtime, id, Status::Sleeping).await;
    let (heard, ()) = tokio::join!(runtime.answer(id), async {
        tokio::task::yield_now().await;
        runtime.cancel(id).await.unwrap();
    });
    assert_eq!(ended(heard.unwrap()).status, RunStatus::Cancelled);
    let other = spawn(&runtime, &program, "it").await;
    laboratory.until_status(&runtime, other, Status::Sleeping).await;
    laboratory.clock.advance(Duration::from_hours(30));
    ended(laboratory.answer(&runtime, other).await);
    assert_eq!(laboratory.world.effects(id).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_run_that_is_called_off_never_begins() {
    let flow = format!("concurrency: 1\n{GATE}");
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", &flow)]);
    let runtime = laboratory.process(&program).await;
    let first = spawn(&runtime, &program, "it").await;
    laboratory.until_at_gate(1).await;
    let second = spawn(&runtime, &program, "it").await;
    laboratory
        .until("it waits", || async { runtime.stats().queued == 1 })
        .await;
    assert_eq!(
        runtime.store().load(second).await.unwrap().unwrap().status,
        Status::Queued
    );
    runtime.cancel(second).await.unwrap();
    laboratory.open_gate();
    assert_output(
        &ended(laboratory.answer(&runtime, first).await),
        &json!("through"),
    );
    assert_eq!(
        ended(laboratory.answer(&runtime, second).await).status,
        RunStatus::Cancelled
    );
    assert_eq!(laboratory.world.effects(second).len(), 0);
    // The turn is free again.
    let third = spawn(&runtime, &program, "it").await;
    assert_output(
        &ended(laboratory.answer(&runtime, third).await),
        &json!("through"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_run_goes_on_from_the_step_that_failed() {
    let flow = r#"
steps:
  - { id: made, action: test.once, with: { n: 1 } }
  - { action: test.down, with: {} }
  - return: { n: "{{steps.made.n}}", attempt: "{{run.attempt}}" }
"#;
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    laboratory.world.is_down.store(true, Ordering::SeqCst);
    let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let id = run.id();
    assert!(matches!(
        runtime.resume(id, ResumeRun::default()).await,
        Err(RunError::Status { .. })
    ));
    assert_eq!(run.go(None).await.status, RunStatus::Failed);
    // Still down: fails again. Then not.
    runtime.resume(id, ResumeRun::default()).await.unwrap();
    laboratory.until_status(&runtime, id, Status::Failed).await;
    laboratory.world.is_down.store(false, Ordering::SeqCst);
    laboratory
        .until("it can be resumed", || async {
            runtime.resume(id, ResumeRun::default()).await.is_ok()
        })
        .await;
    laboratory.until_status(&runtime, id, Status::Succeeded).await;
    assert_output(
        &ended(laboratory.answer(&runtime, id).await),
        &json!({ "n": 1, "attempt": 3 }),
    );
    assert_eq!(
        laboratory.world.effects(id).values().copied().collect::<Vec<_>>(),
        [1]
    );
    assert!(matches!(
        runtime.resume(id, ResumeRun::default()).await,
        Err(RunError::Status {
            status: "succeeded",
            ..
        })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_settles_a_doubt() {
    let flow = "steps: [{ id: mail, action: test.blind, with: { n: 2 } }, { return: \"{{steps.mail.n}}\" }]";
    for (doubt, expected, effects) in [
        (Some(Settled::Happened(json!({ "n": 5 }))), Some(5), 1),
        (Some(Settled::DidNotHappen), Some(2), 2),
        (None, None, 1),
    ] {
        let laboratory = Laboratory::new();
        let program = laboratory.program(&[("it", flow)]);
        let runtime = laboratory.process(&program).await;
        laboratory.world.crash_at(2);
        let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
        let id = run.id();
        assert!(or_crash(&laboratory.world, run.go(None)).await.is_none());
        laboratory.world.crash_at(0);
        let outcome = ended(laboratory.answer(&runtime, id).await);
        assert_eq!(outcome.status, RunStatus::InDoubt);
        assert_eq!(runtime.stats().in_doubt, 1);
        let how = ResumeRun {
            doubt,
            ..ResumeRun::default()
        };
        laboratory
            .until("it can be resumed", || async {
                runtime.resume(id, how.clone()).await.is_ok()
            })
            .await;
        let expected_status = expected.map_or(Status::InDoubt, |_| Status::Succeeded);
        laboratory.until_status(&runtime, id, expected_status).await;
        let outcome = ended(laboratory.answer(&runtime, id).await);
        match expected {
            Some(output) => assert_output(&outcome, &json!(output)),
            None => assert_eq!(outcome.status, RunStatus::InDoubt),
        }
        assert_eq!(
            laboratory.world.effects(id).values().copied().collect::<Vec<_>>(),
            [effects]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_run_goes_on_with_the_flow_as_it_is_now_if_it_fits() {
    let before = "steps: [{ id: made, action: test.once, with: { n: 1 } }, { action: test.down, with: {} }, { return: before }]";
    let after =
        "steps: [{ id: made, action: test.once, with: { n: 1 } }, { return: \"after {{steps.made.n}}\" }]";
    let other = "steps: [{ id: made, action: test.note, with: { n: 1 } }, { return: other }]";
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", before)]);
    let runtime = laboratory.process(&program).await;
    laboratory.world.is_down.store(true, Ordering::SeqCst);
    let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let id = run.id();
    assert_eq!(run.go(None).await.status, RunStatus::Failed);
    let with_current = ResumeRun {
        with_current: true,
        doubt: None,
    };
    runtime.publish(laboratory.program(&[]));
    assert!(matches!(
        runtime.resume(id, with_current.clone()).await,
        Err(RunError::NoFlow { .. })
    ));
    runtime.publish(laboratory.program(&[("it", other)]));
    match runtime.resume(id, with_current.clone()).await {
        Err(RunError::Departs { departure, .. }) => assert_eq!(
            departure,
            "at steps/0 stands test.note, and recorded is test.once"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        runtime.store().load(id).await.unwrap().unwrap().status,
        Status::Failed
    );
    runtime.publish(laboratory.program(&[("it", after)]));
    runtime.resume(id, with_current).await.unwrap();
    laboratory.until_status(&runtime, id, Status::Succeeded).await;
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("after 1"));
    assert_eq!(laboratory.world.effects(id).len(), 1);
}
