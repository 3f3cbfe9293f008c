//! Limits, of runs that come from the store as well.

use std::sync::atomic::Ordering;

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
