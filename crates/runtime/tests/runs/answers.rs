//! Answers: recorded before they are sent, given to whoever asks, once for each key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use lockgate_engine::outcome::{Response, RunStatus};
use lockgate_runtime::{RunAnswer, Spawned, Started};
use lockgate_store::RunId;
use lockgate_store::history::History;
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, wish};

const RESPONDS: &str = r#"
input: { n: { type: integer, default: 0 } }
steps:
  - { id: made, action: test.once, with: { n: "{{input.n}}" } }
  - respond: { status: 201, body: { n: "{{steps.made.n}}" } }
  - { action: test.gate }
"#;

fn responded(answer: Option<RunAnswer>) -> Response {
    match answer {
        Some(RunAnswer::Responded(response)) => response,
        other => panic!("not a response: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_on_the_disk_before_anyone_hears_of_it() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", RESPONDS)]);
    let runtime = laboratory.process(&program).await;
    laboratory.open_gate();
    let run = begin(&runtime, &program, "it", json!({ "n": 7 })).await.unwrap();
    let id = run.id();
    let path = laboratory.store_path();
    let was_recorded = AtomicBool::new(false);
    let responder = |_: &Response| {
        // Another connection sees what is committed only.
        let detail = History::open(&path).unwrap().run(id).unwrap().unwrap();
        let is_recorded = serde_json::to_string(&detail.records)
            .unwrap()
            .contains("\"respond\"");
        was_recorded.store(is_recorded, Ordering::SeqCst);
    };
    run.go(Some(&responder)).await;
    assert!(was_recorded.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_starts_one_run_over_restarts() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", RESPONDS), ("other", RESPONDS)]);
    let runtime = laboratory.process(&program).await;
    laboratory.open_gate();
    let start = |flow: &'static str, n: i64| wish(&program, flow, json!({ "n": n }), Some("key-1"));
    let Started::Fresh(run) = runtime.begin(start("it", 1)).await.unwrap() else {
        panic!("the key is new");
    };
    let first = run.id();
    run.go(None).await;
    for (flow, n, known) in [("it", 1, Some(true)), ("it", 2, Some(false)), ("other", 1, None)] {
        match (runtime.begin(start(flow, n)).await.unwrap(), known) {
            (Started::Known { id, same_input }, Some(same)) => {
                assert_eq!((id, same_input), (first, same));
            }
            (Started::Fresh(_), None) => {}
            other => panic!("{other:?}"),
        }
    }
    runtime.shutdown(Duration::from_secs(5)).await;
    drop(runtime);
    let runtime = laboratory.process(&program).await;
    match runtime.spawn(start("it", 1)).await.unwrap() {
        Spawned::Known { id, same_input } => assert_eq!((id, same_input), (first, true)),
        other @ Spawned::Fresh(_) => panic!("{other:?}"),
    }
    let answer = responded(runtime.answer(first).await.unwrap());
    assert_eq!((answer.status, answer.body), (201, Some(json!({ "n": 1 }))));
    assert_eq!(laboratory.world.effects(first).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_wait_for_one_run() {
    let flow = "steps: [{ action: test.gate }, { respond: { body: { done: true } } }, { wait: 30d }]";
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    let callers = (0..3_000).map(|_| async {
        match runtime
            .begin(wish(&program, "it", json!({}), Some("the key")))
            .await
            .unwrap()
        {
            Started::Fresh(run) => {
                let id = run.id();
                let outcome = run.go(None).await;
                assert_eq!(outcome.status, RunStatus::Suspended);
                (id, outcome.response.unwrap())
            }
            Started::Known { id, same_input } => {
                assert!(same_input);
                (id, responded(runtime.answer(id).await.unwrap()))
            }
        }
    });
    let opener = async {
        laboratory.until_at_gate(1).await;
        laboratory.open_gate();
    };
    let (answers, ()) = tokio::join!(join_all(callers), opener);
    let first = &answers[0];
    assert_eq!(first.1.body, Some(json!({ "done": true })));
    assert!(answers.iter().all(|answer| answer == first));
    assert_eq!(laboratory.world.at_gate.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_is_missed_however_late_one_asks() {
    let flow = "steps: [{ id: made, action: test.note, with: { n: 1 } }, { return: \"{{steps.made.n}}\" }]";
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    for round in 0..300_u32 {
        let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
        let id = run.id();
        let late = async {
            for _ in 0..round % 40 {
                tokio::task::yield_now().await;
            }
            ended(runtime.answer(id).await.unwrap())
        };
        let (own, heard) = tokio::join!(run.go(None), late);
        assert_output(&own, &json!(1));
        assert_eq!(heard.output, own.output);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_can_be_looked_for_without_waiting() {
    let flow = "steps: [{ wait: 1d }, { return: late }]";
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    let unknown = RunId::new();
    assert_eq!(runtime.answer(unknown).await.unwrap(), None);
    assert_eq!(runtime.answer_now(unknown).await.unwrap(), None);
    let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
    let id = run.id();
    assert_eq!(runtime.answer_now(id).await.unwrap(), Some(None));
    assert_eq!(run.go(None).await.status, RunStatus::Suspended);
    assert_eq!(runtime.answer_now(id).await.unwrap(), Some(None));
    // Some wait from before it wakes, some look again.
    let waits = join_all((0..20).map(|_| runtime.answer(id)));
    let wakes = async {
        laboratory.clock.advance(Duration::from_hours(25));
        laboratory
            .until("answered", || async {
                matches!(runtime.answer_now(id).await, Ok(Some(Some(_))))
            })
            .await;
    };
    let (heard, ()) = tokio::join!(waits, wakes);
    for answer in heard {
        assert_output(&ended(answer.unwrap()), &json!("late"));
    }
}
