//! Old runs are deleted by and by.

use std::time::Duration;

use lockgate_engine::clock::Clock as _;
use lockgate_engine::state::SharedState as _;
use lockgate_store::{Retention, Status};
use serde_json::json;

use crate::laboratory::{Laboratory, begin};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_past_its_time_goes_and_what_sleeps_stays() {
    let mut laboratory = Laboratory::batched();
    laboratory.options.retention = Retention {
        age: Some(Duration::from_hours(48)),
        count: None,
    };
    let program = laboratory.program(&[
        ("short", "steps: [{ return: 1 }]"),
        ("long", "steps: [{ wait: 30d }, { return: 1 }]"),
    ]);
    let runtime = laboratory.process(&program).await;
    for _ in 0..450 {
        begin(&runtime, &program, "short", json!({}))
            .await
            .unwrap()
            .go(None)
            .await;
    }
    begin(&runtime, &program, "long", json!({}))
        .await
        .unwrap()
        .go(None)
        .await;
    laboratory.clock.advance(Duration::from_hours(24));
    begin(&runtime, &program, "short", json!({}))
        .await
        .unwrap()
        .go(None)
        .await;
    assert_eq!(runtime.stats().pruned, 0);
    laboratory.clock.advance(Duration::from_hours(25));
    laboratory
        .until("they are gone", || async { runtime.stats().pruned == 450 })
        .await;
    let count = async |status| runtime.store().count(status).await.unwrap();
    assert_eq!(count(Status::Succeeded).await, 1);
    assert_eq!(count(Status::Sleeping).await, 1);
}

/// Also where runs are kept for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_share_goes_when_its_time_is_over() {
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("short", "steps: [{ return: 1 }]")]);
    let runtime = laboratory.process(&program).await;
    let state = runtime.store().state();
    let now = laboratory.clock.now();
    for (key, hours) in [("early", 1), ("late", 100)] {
        let expires_at = now + Duration::from_hours(hours);
        assert_eq!(state.put(key, None, &json!(1), expires_at, now).await, Ok(true));
    }
    laboratory.clock.advance(Duration::from_hours(2));
    // Seen with the eyes of back then, it is there until it is swept.
    laboratory
        .until("it is gone", || async {
            state.get("early", now).await.unwrap().is_none()
        })
        .await;
    assert!(state.get("late", now).await.unwrap().is_some());
}
