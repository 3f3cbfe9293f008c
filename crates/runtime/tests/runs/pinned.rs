//! Runs go on with the flow that they began with, whatever becomes of the workspace meanwhile.

use std::time::Duration;

use lockgate_store::Status;
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, wish};

const DAY: Duration = Duration::from_hours(24);

const CALLS: &str = "steps: [{ wait: 1d }, { id: called, call: helper }, { return: \"{{steps.called}}\" }]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_keeps_its_flow_and_those_that_it_calls() {
    for (gone, is_restarted) in [(false, false), (true, false), (false, true), (true, true)] {
        let laboratory = Laboratory::new();
        let before = laboratory.program(&[("it", CALLS), ("helper", "steps: [{ return: old }]")]);
        let runtime = laboratory.process(&before).await;
        let run = begin(&runtime, &before, "it", json!({})).await.unwrap();
        let id = run.id();
        run.go(None).await;
        let after = if gone {
            laboratory.program(&[])
        } else {
            // Its own text has not changed, but what it calls has.
            laboratory.program(&[("it", CALLS), ("helper", "steps: [{ return: new }]")])
        };
        let runtime = if is_restarted {
            drop(runtime);
            laboratory.process(&after).await
        } else {
            runtime.publish(after);
            runtime
        };
        laboratory.clock.advance(DAY);
        laboratory.until_status(&runtime, id, Status::Succeeded).await;
        assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("old"));
        assert_eq!(runtime.stats().stuck, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_its_connection_or_action_stays_until_it_is_back() {
    let flow = "steps: [{ wait: 1d }, { action: test.linked, with: {} }, { return: done }]";
    let laboratory = Laboratory::new();
    let flows = [("it", flow)];
    let program = laboratory.program(&flows);
    let runtime = laboratory.process(&program).await;
    let id = runtime
        .spawn(wish(&program, "it", json!({}), None))
        .await
        .unwrap()
        .id();
    laboratory.until_status(&runtime, id, Status::Sleeping).await;
    let without_connection = laboratory.workspace(&[], "", |_| true);
    let without_action = laboratory.workspace(&[], "connections: { main: { type: demo } }", |name| {
        name != "test.linked"
    });
    runtime.publish(without_connection);
    laboratory.clock.advance(DAY);
    laboratory
        .until("stuck", || async { runtime.stats().stuck == 1 })
        .await;
    // Others go on meanwhile, also such as are due later.
    runtime.publish(without_action);
    laboratory
        .until("stuck again", || async { runtime.stats().stuck == 1 })
        .await;
    let other = laboratory.program(&[("other", "steps: [{ wait: 1d }, { return: other }]")]);
    let second = runtime
        .spawn(wish(&other, "other", json!({}), None))
        .await
        .unwrap()
        .id();
    laboratory.until_status(&runtime, second, Status::Sleeping).await;
    laboratory.clock.advance(DAY);
    laboratory.until_status(&runtime, second, Status::Succeeded).await;
    assert_eq!(
        runtime.store().load(id).await.unwrap().unwrap().status,
        Status::Sleeping
    );
    runtime.publish(program);
    laboratory.until_status(&runtime, id, Status::Succeeded).await;
    assert_eq!(runtime.stats().stuck, 0);
}
