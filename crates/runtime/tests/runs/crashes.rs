//! The process dies; another one finishes what it began.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_runtime::Program;
use lockgate_store::{RunId, Status};
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, or_crash};

const SIGN_UP: &str = r#"
input: { email: { type: string } }
steps:
  - { id: user, action: test.once, with: { email: "{{input.email}}" } }
  - { id: noted, action: test.note, with: { at: "{{now}}" } }
  - parallel:
      a: [{ id: a, action: test.once, with: { n: 1 } }]
      b: [{ id: b, action: test.once, with: { n: 2 } }]
  - return: { email: "{{steps.user.email}}", sum: "{{add steps.a.n steps.b.n}}" }
"#;

const BLIND: &str = r#"
steps:
  - { id: first, action: test.once, with: { n: 1 } }
  - { id: mail, action: test.blind, with: { n: 2 } }
  - return: "{{steps.mail.n}}"
"#;

/// One run through lives that end at these points, and a last one that does not. `None` where a life never came to its point.
async fn live(
    laboratory: &Laboratory,
    program: &Arc<Program>,
    flow: &str,
    crashes: &[usize],
) -> (RunId, Option<RunOutcome>) {
    laboratory.world.crash_at(crashes[0]);
    let runtime = laboratory.process(program).await;
    let run = begin(&runtime, program, flow, json!({ "email": "ada@example.com" }))
        .await
        .unwrap();
    let id = run.id();
    if or_crash(&laboratory.world, run.go(None)).await.is_some() {
        return (id, None);
    }
    drop(runtime);
    for crash in crashes[1..].iter().chain(&[0]) {
        laboratory.world.crash_at(*crash);
        let runtime = laboratory.process(program).await;
        if let Some(answer) = or_crash(&laboratory.world, runtime.answer(id)).await {
            let is_last = *crash == 0;
            return (id, is_last.then(|| ended(answer.unwrap())));
        }
    }
    unreachable!("the last life has no crash");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_effect_happens_once_wherever_the_process_dies() {
    let expected = json!({ "email": "ada@example.com", "sum": 3 });
    let mut crashed = 0;
    for first in 1.. {
        let laboratory = Laboratory::new();
        let program = laboratory.program(&[("sign-up", SIGN_UP)]);
        let (id, outcome) = live(&laboratory, &program, "sign-up", &[first]).await;
        let Some(outcome) = outcome else { break };
        assert_output(&outcome, &expected);
        let mut effects = laboratory.world.effects(id);
        // What is idempotent may happen again.
        effects.retain(|step, _| !step.contains("steps/1"));
        assert_eq!(
            effects.values().copied().collect::<Vec<_>>(),
            [1, 1, 1],
            "{first}"
        );
        crashed += 1;
    }
    assert_eq!(crashed, 8, "two points in each of four steps");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_dies_is_recovered() {
    let expected = json!({ "email": "ada@example.com", "sum": 3 });
    let mut seen = 0;
    for first in [1, 2, 6, 8] {
        for second in 1..=4 {
            let laboratory = Laboratory::batched();
            let program = laboratory.program(&[("sign-up", SIGN_UP)]);
            let (id, outcome) = live(&laboratory, &program, "sign-up", &[first, second, second]).await;
            let Some(outcome) = outcome else { continue };
            assert_output(&outcome, &expected);
            let effects: BTreeMap<_, _> = laboratory.world.effects(id);
            assert!(
                effects
                    .iter()
                    .all(|(step, times)| *times == 1 || step.contains("steps/1")),
                "{first}, {second}: {effects:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 6, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_tell_is_in_doubt_and_never_done_twice() {
    let mut statuses = Vec::new();
    for first in 1.. {
        let laboratory = Laboratory::new();
        let program = laboratory.program(&[("mail", BLIND)]);
        let (id, outcome) = live(&laboratory, &program, "mail", &[first]).await;
        let Some(outcome) = outcome else { break };
        assert!(laboratory.world.effects(id).values().all(|times| *times == 1));
        if outcome.status == RunStatus::InDoubt {
            assert_eq!(outcome.error.unwrap().step, "mail");
            let runtime = laboratory.process(&program).await;
            assert_eq!(
                runtime.store().load(id).await.unwrap().unwrap().status,
                Status::InDoubt
            );
        }
        statuses.push(outcome.status);
    }
    let expected = [
        RunStatus::Succeeded,
        RunStatus::Succeeded,
        RunStatus::InDoubt,
        RunStatus::InDoubt,
    ];
    assert_eq!(statuses, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_task_is_dropped_goes_on_in_this_process() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("sign-up", SIGN_UP)]);
    let runtime = laboratory.process(&program).await;
    laboratory.world.crash_at(2);
    let run = begin(
        &runtime,
        &program,
        "sign-up",
        json!({ "email": "ada@example.com" }),
    )
    .await
    .unwrap();
    let id = run.id();
    let mut going = Box::pin(run.go(None));
    tokio::select! {
        _ = &mut going => panic!("it does not crash"),
        () = laboratory.world.crashed() => {}
    }
    // Before the task is gone: what goes on in the run's place begins at once, on another thread.
    laboratory.world.crash_at(0);
    drop(going);
    let outcome = ended(laboratory.answer(&runtime, id).await);
    assert_output(&outcome, &json!({ "email": "ada@example.com", "sum": 3 }));
    assert!(
        laboratory
            .world
            .effects(id)
            .iter()
            .all(|(step, times)| *times == 1 || step.contains("steps/1"))
    );
    // One that was never polled goes on, too.
    let run = begin(
        &runtime,
        &program,
        "sign-up",
        json!({ "email": "bob@example.com" }),
    )
    .await
    .unwrap();
    let id = run.id();
    drop(run);
    let outcome = ended(laboratory.answer(&runtime, id).await);
    assert_output(&outcome, &json!({ "email": "bob@example.com", "sum": 3 }));
    assert_eq!(runtime.stats().active, 0);
}
