//! Many runs: how long it takes, what it costs. The larger ones are to be asked for:
//! `cargo nextest run -p lockgate-runtime --run-ignored only --no-capture`.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use lockgate_store::Status;
use serde_json::json;

use crate::laboratory::{Laboratory, wish};

const FLOW: &str = r#"
input: { email: { type: string } }
steps:
  - { id: user, action: test.once, with: { email: "{{input.email}}" } }
  - { wait: 30d }
  - { action: test.note, with: { email: "{{steps.user.email}}" } }
"#;

/// This process's resident memory, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

async fn resumed(runs: usize) -> Duration {
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("it", FLOW)]);
    // Nobody lets them go on.
    let idle = laboratory.idle_process(&program).await;
    for n in 0..runs {
        let input = json!({ "email": format!("person-{n}@example.com") });
        let begun = idle.begin(wish(&program, "it", input, None)).await.unwrap();
        drop(begun);
    }
    idle.store().flush().await.unwrap();
    assert_eq!(idle.store().count(Status::Running).await.unwrap(), runs as u64);
    drop(idle);
    let runtime = laboratory.idle_process(&program).await;
    let began = Instant::now();
    runtime.start();
    laboratory
        .until("all asleep", || async {
            runtime.store().count(Status::Sleeping).await.unwrap() == runs as u64
        })
        .await;
    assert_eq!(runtime.stats().resumed, runs as u64);
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_unfinished_runs_go_on() {
    println!("1,000 unfinished runs: {:?}", resumed(1_000).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn ten_thousand_unfinished_runs_go_on_in_five_seconds() {
    let took = resumed(10_000).await;
    println!("10,000 unfinished runs: {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_hundred_thousand_asleep_cost_less_than_a_hundred_megabytes() {
    const RUNS: usize = 100_000;
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("it", FLOW)]);
    let runtime = laboratory.process(&program).await;
    let before = resident();
    for n in 0..RUNS {
        let input = json!({ "email": format!("person-{n}@example.com") });
        match runtime.begin(wish(&program, "it", input, None)).await.unwrap() {
            lockgate_runtime::Started::Fresh(run) => drop(run.go(None).await),
            known @ lockgate_runtime::Started::Known { .. } => panic!("{known:?}"),
        }
    }
    runtime.store().flush().await.unwrap();
    assert_eq!(
        runtime.store().count(Status::Sleeping).await.unwrap(),
        RUNS as u64
    );
    let cost = resident().saturating_sub(before);
    println!("{RUNS} asleep: {} kB", cost / 1024);
    assert!(cost < 100 * 1024 * 1024, "{cost}");
    let began = Instant::now();
    laboratory.clock.advance(Duration::from_hours(24 * 31));
    laboratory
        .until("all awake", || async {
            runtime.store().count(Status::Succeeded).await.unwrap() == RUNS as u64
        })
        .await;
    println!("{RUNS} woken in {:?}", began.elapsed());
}

/// A thousand fall due in each second, on a clock that goes as fast as ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_thousand_a_second_wake_within_a_second() {
    const RUNS: u32 = 5_000;
    let flow = "input: { ms: { type: integer } }\nsteps: [{ wait: \"{{input.ms}}ms\" }, { action: test.note, with: {} }]";
    let laboratory = Laboratory::batched();
    let program = laboratory.program(&[("it", flow)]);
    let runtime = laboratory.process(&program).await;
    for n in 0..RUNS {
        let input = json!({ "ms": 60_000 + n });
        match runtime.begin(wish(&program, "it", input, None)).await.unwrap() {
            lockgate_runtime::Started::Fresh(run) => drop(run.go(None).await),
            known @ lockgate_runtime::Started::Known { .. } => panic!("{known:?}"),
        }
    }
    runtime.store().flush().await.unwrap();
    // The clock has stood still up to here: run `n` is due at `n` milliseconds from the end of this minute.
    laboratory.clock.advance(Duration::from_mins(1));
    let began = Instant::now();
    let (mut passed, mut behind) = (Duration::ZERO, 0);
    while runtime.stats().woken < u64::from(RUNS) {
        let now = began.elapsed();
        laboratory.clock.advance(now.saturating_sub(passed));
        passed = now;
        let due_a_second_ago = u64::try_from(now.as_millis()).unwrap().saturating_sub(1_000);
        behind = behind.max(
            due_a_second_ago
                .min(u64::from(RUNS))
                .saturating_sub(runtime.stats().woken),
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("{RUNS} of 1,000 a second awake after {passed:?}; at most {behind} were later than a second");
    assert_eq!(behind, 0);
}
