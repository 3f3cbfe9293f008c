//! A store that cannot be written for a while: runs stop cleanly, and go on when it can.

use std::time::Duration;

use lockgate_engine::outcome::RunStatus;
use lockgate_runtime::{Left, StartError};
use serde_json::json;

use crate::laboratory::{Laboratory, assert_output, begin, ended, wish};

const FLOW: &str = r#"
steps:
  - { id: made, action: test.once, with: { n: 1 } }
  - { action: test.gate }
  - { action: test.once, with: { n: 2 } }
  - return: "{{steps.made.n}}"
"#;

/// From here on the database refuses everything that runs record.
fn break_store(laboratory: &Laboratory) {
    for (n, what) in ["INSERT ON journal", "INSERT ON runs", "UPDATE ON runs"]
        .iter()
        .enumerate()
    {
        // An error that is nobody's fault: the result does not fit an integer.
        let refuse =
            format!("CREATE TRIGGER refuse{n} BEFORE {what} BEGIN SELECT abs(-9223372036854775807 - 1); END");
        execute(laboratory, &refuse);
    }
}

fn mend_store(laboratory: &Laboratory) {
    execute(
        laboratory,
        "DROP TRIGGER refuse0; DROP TRIGGER refuse1; DROP TRIGGER refuse2;",
    );
}

fn execute(laboratory: &Laboratory, sql: &str) {
    let connection = rusqlite::Connection::open(laboratory.store_path()).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_stop_where_the_store_fails_and_go_on_when_it_works() {
    for laboratory in [Laboratory::new(), Laboratory::batched()] {
        let program = laboratory.program(&[("it", FLOW)]);
        let runtime = laboratory.process(&program).await;
        let spawned = runtime
            .spawn(wish(&program, "it", json!({}), None))
            .await
            .unwrap()
            .id();
        let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
        let called = run.id();
        let breaks = async {
            laboratory.until_at_gate(2).await;
            runtime.store().flush().await.unwrap();
            break_store(&laboratory);
            // Something has to be written for it to be noticed.
            let unlucky = begin(&runtime, &program, "it", json!({})).await;
            laboratory
                .until("the store fails", || async {
                    let _ = runtime.store().flush().await;
                    runtime.store().failing().is_some()
                })
                .await;
            laboratory.open_gate();
            unlucky
        };
        let (outcome, unlucky) = tokio::join!(run.go(None), breaks);
        assert_eq!(outcome.status, RunStatus::Interrupted, "{outcome:?}");
        let refused = begin(&runtime, &program, "it", json!({})).await;
        assert!(matches!(refused, Err(StartError::Store(_))), "{refused:?}");
        assert!(runtime.answer(called).await.is_err());
        drop(unlucky);
        mend_store(&laboratory);
        laboratory
            .until("the store works", || async {
                runtime.store().failing().is_none()
            })
            .await;
        for id in [spawned, called] {
            assert_output(&ended(laboratory.answer(&runtime, id).await), &json!(1));
            let effects = laboratory.world.effects(id);
            assert_eq!(effects.into_values().collect::<Vec<_>>(), [1, 1]);
        }
        let run = begin(&runtime, &program, "it", json!({})).await.unwrap();
        assert_output(&run.go(None).await, &json!(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_ends_though_its_store_fails() {
    let laboratory = Laboratory::new();
    let program = laboratory.program(&[("it", FLOW)]);
    let runtime = laboratory.process(&program).await;
    let id = runtime
        .spawn(wish(&program, "it", json!({}), None))
        .await
        .unwrap()
        .id();
    laboratory.until_at_gate(1).await;
    runtime.store().flush().await.unwrap();
    break_store(&laboratory);
    laboratory.open_gate();
    let left = laboratory.soon(runtime.shutdown(Duration::from_secs(5))).await;
    assert_eq!(left.cut_off, 0, "{left:?}");
    drop(runtime);
    mend_store(&laboratory);
    let runtime = laboratory.process(&program).await;
    assert_output(&ended(laboratory.answer(&runtime, id).await), &json!(1));
    let effects = laboratory.world.effects(id);
    assert_eq!(effects.into_values().collect::<Vec<_>>(), [1, 1]);
    let left = laboratory.soon(runtime.shutdown(Duration::from_secs(5))).await;
    assert_eq!(left, Left::default());
}
