//! Runs that sleep: out of memory, over restarts, whatever the clock does.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use lockgate_engine::clock::Clock as _;
use lockgate_engine::outcome::RunStatus;
use lockgate_runtime::Runtime;
use lockgate_store::{RunId, Status};
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, wish};

const DAY: Duration = Duration::from_hours(24);

/// Sleeps as long as it is told.
const SLEEPS: &str = r#"
input: { for: { type: string } }
steps:
  - { action: test.once, with: { n: 1 } }
  - { wait: "{{input.for}}" }
  - { action: test.once, with: { n: 2 } }
  - return: awake
"#;

async fn fall_asleep(laboratory: &Laboratory, runtime: &Runtime, time: &str) -> RunId {
    let program = laboratory.program(&[("it", SLEEPS)]);
    let run = begin(runtime, &program, "it", json!({ "for": time }))
        .await
        .unwrap();
    let id = run.id();
    assert_eq!(run.go(None).await.status, RunStatus::Suspended);
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_of_ninety_days_outlives_three_processes() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", SLEEPS)]);
    let runtime = laboratory.process(&program).await;
    let id = fall_asleep(&laboratory, &runtime, "90d").await;
    drop(runtime);
    for _ in 0..3 {
        let runtime = laboratory.process(&program).await;
        laboratory.clock.advance(DAY * 22);
        laboratory.until_status(&runtime, id, Status::Sleeping).await;
        assert_eq!(runtime.stats().active, 0);
        drop(runtime);
    }
    // Awake while no process was there.
    laboratory.clock.advance(DAY * 30);
    let runtime = laboratory.process(&program).await;
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("awake"));
    assert_eq!(
        laboratory.world.effects(id).values().copied().collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(runtime.stats().woken, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_wake_together() {
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("it", SLEEPS)]);
    let runtime = laboratory.process(&program).await;
    let runs = join_all((0..1_000).map(|_| fall_asleep(&laboratory, &runtime, "30d"))).await;
    runtime.store().flush().await.unwrap();
    assert_eq!(runtime.store().count(Status::Sleeping).await.unwrap(), 1_000);
    laboratory.clock.advance(DAY * 30);
    laboratory
        .until("awake", || async { runtime.stats().woken == 1_000 })
        .await;
    for id in runs {
        assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("awake"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shorter_sleep_is_noticed_while_a_longer_one_is_waited_for() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", SLEEPS)]);
    let mut options = laboratory.options.clone();
    // Without a look at the clock in between, so that only being told helps.
    options.look_every = DAY;
    let runtime = Runtime::new(laboratory.store().await, program, options);
    runtime.start();
    let long = fall_asleep(&laboratory, &runtime, "20h").await;
    let short = fall_asleep(&laboratory, &runtime, "10s").await;
    laboratory.clock.advance(Duration::from_secs(10));
    assert_output(&ended(laboratory.answer(&runtime, short).await), &json!("awake"));
    laboratory.until_status(&runtime, long, Status::Sleeping).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_is_noticed() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", SLEEPS)]);
    let runtime = laboratory.process(&program).await;
    let id = fall_asleep(&laboratory, &runtime, "10d").await;
    // Back: it sleeps until the clock shows the time.
    laboratory.clock.set_by(SignedDuration::from_hours(-48));
    laboratory.clock.advance(DAY * 10);
    laboratory.until_status(&runtime, id, Status::Sleeping).await;
    // Forward: it wakes at the next look.
    laboratory.clock.set_by(SignedDuration::from_hours(48));
    let began = laboratory.clock.elapsed();
    laboratory
        .until("awake", || async { runtime.stats().woken == 1 })
        .await;
    let late = laboratory.clock.elapsed().saturating_sub(began);
    assert!(late < Duration::from_secs(2), "{late:?}");
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("awake"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_may_sleep_again_and_again() {
    let flow = r#"
steps:
  - for_each: "{{split \"a b c d\" \" \"}}"
    as: item
    steps:
      - { action: test.once, with: { n: "{{item}}" } }
      - { wait: 30d }
  - return: done
"#;
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    let id = runtime
        .spawn(wish(&program, "it", json!({}), None))
        .await
        .unwrap()
        .id();
    for night in 1..=4 {
        laboratory
            .until("its step", || async {
                laboratory.world.effects(id).len() == night
            })
            .await;
        laboratory.until_status(&runtime, id, Status::Sleeping).await;
        laboratory.clock.advance(DAY * 30);
    }
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!("done"));
    assert!(laboratory.world.effects(id).values().all(|times| *times == 1));
}
