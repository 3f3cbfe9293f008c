//! Limits, of runs that come from the store as well.

use std::pin::pin;
use std::sync::atomic::Ordering;

use futures_util::future::{Either, join_all, select};
use lockgate_runtime::Started;
use lockgate_store::Status;
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, ended, wish};

const GATE: &str = "concurrency: { limit: 2, queue: 3 }\nsteps: [{ action: test.gate }, { return: through }]";

/// More wait than the queue of the flow takes, and than go on at once: none is lost, nobody else is kept back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawned_runs_take_their_turn_however_many_they_are() {
    let mut laboratory = Laboratory::new();
    laboratory.options.at_once = 3;
    let program = laboratory.program(&[("it", GATE), ("free", "steps: [{ return: free }]")]);
    let runtime = laboratory.process(&program).await;
    let mut runs = Vec::new();
    for _ in 0..30 {
        let spawned = runtime.spawn(wish(&program, "it", json!({}), None)).await;
        runs.push(spawned.unwrap().id());
    }
    laboratory.until_at_gate(2).await;
    let free = runtime
        .spawn(wish(&program, "free", json!({}), None))
        .await
        .unwrap()
        .id();
    assert_output(&ended(laboratory.answer(&runtime, free).await), &json!("free"));
    assert_eq!(laboratory.world.at_gate.load(Ordering::SeqCst), 2);
    assert_eq!(runtime.stats().active, 2);
    // And over a restart.
    drop(runtime);
    laboratory.world.at_gate.store(0, Ordering::SeqCst);
    let runtime = laboratory.process(&program).await;
    laboratory.until_at_gate(2).await;
    laboratory.open_gate();
    laboratory
        .until("all ended", || async {
            for status in [Status::Queued, Status::Running] {
                if runtime.store().count(status).await.unwrap() > 0 {
                    return false;
                }
            }
            true
        })
        .await;
    for id in runs {
        assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("through"));
    }
}

/// The queue takes three; yet hundreds may come with one key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_with_one_key_take_one_place_in_the_queue() {
    let laboratory = Laboratory::new();
    let flow = "concurrency: { limit: 1, queue: 3 }\nsteps: [{ action: test.gate }, { return: through }]";
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    let begin = |key| {
        let (runtime, program) = (&runtime, &program);
        async move {
            let id = match runtime.begin(wish(program, "it", json!({}), Some(key))).await {
                Ok(Started::Fresh(run)) => {
                    let id = run.id();
                    run.go(None).await;
                    id
                }
                Ok(Started::Known { id, same_input }) => {
                    assert!(same_input);
                    id
                }
                Err(error) => panic!("{error}"),
            };
            assert_output(&ended(runtime.answer(id).await.unwrap()), &json!("through"));
            id
        }
    };
    let first = join_all((0..300).map(|_| begin("a")));
    let second = join_all((0..300).map(|_| begin("b")));
    let opened = async {
        laboratory
            .until("one goes on, one waits", || async {
                laboratory.world.at_gate.load(Ordering::SeqCst) == 1 && runtime.stats().queued == 1
            })
            .await;
        // The key of the one that goes on is known without a turn.
        let going = runtime.stats().active;
        let again = runtime.begin(wish(&program, "it", json!({}), Some("a")));
        let other = runtime.begin(wish(&program, "it", json!({}), Some("b")));
        // One of the two goes on, the other has no run yet.
        let known = match laboratory.soon(select(pin!(again), pin!(other))).await {
            Either::Left((first, _)) | Either::Right((first, _)) => {
                matches!(first, Ok(Started::Known { .. }))
            }
        };
        laboratory.open_gate();
        (going, known)
    };
    let (first, second, opened) = tokio::join!(first, second, opened);
    assert!(first.iter().all(|id| *id == first[0]) && second.iter().all(|id| *id == second[0]));
    assert_eq!(opened, (1, true));
}
