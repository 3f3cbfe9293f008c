//! What runs share, kept in the store: the suite for all places, and what the disk adds to it.

use std::fs;
use std::sync::Arc;

use jiff::Timestamp;
use lockgate_engine::state::{SharedState as _, StateError};
use serde_json::json;
use tokio::task::JoinSet;

use super::bed::{Bed, FOREVER, LAZY, Pinned, fresh};
use super::states;
use crate::sqlite::beside;
use crate::{Durability, Status, Store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_893_456_000 + second).unwrap()
}

#[tokio::test]
async fn the_suite_in_one_thread() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    states::check(Arc::new(store.state())).await;
    store.close().await.unwrap();
    crate::check(&bed.settings.path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_suite_in_several_threads() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    states::check(Arc::new(store.state())).await;
    store.close().await.unwrap();
    crate::check(&bed.settings.path).unwrap();
}

/// The files are copied away as a crash would leave them, the moment a write is answered; whatever the durability.
#[tokio::test]
async fn what_was_answered_is_on_the_disk() {
    for durability in [Durability::Full, LAZY] {
        let bed = Bed::new(durability);
        let store = bed.open();
        let pinned = Pinned::new("steps: [{ set: { x: 1 } }]");
        let input = json!({});
        let before = fresh(store.begin(pinned.run(&input, at(0))).await.unwrap());
        let state = store.state();
        assert_eq!(state.put("a", None, &json!(1), at(60), at(0)).await, Ok(true));
        let seen = state.get("a", at(0)).await.unwrap().map(|entry| entry.version);
        assert_eq!(state.put("a", seen, &json!(2), at(60), at(0)).await, Ok(true));
        let mut left = bed.settings.clone();
        left.path = bed.path("left/runs.db");
        fs::create_dir(bed.path("left")).unwrap();
        for suffix in ["", "-wal"] {
            fs::copy(beside(&bed.settings.path, suffix), beside(&left.path, suffix)).unwrap();
        }
        let again = Store::open(left, bed.clock()).unwrap();
        let entry = again.state().get("a", at(0)).await.unwrap().unwrap();
        assert_eq!((entry.value, Some(entry.version) > seen), (json!(2), true));
        // And with it what had been handed in before.
        let run = again.load(before.id()).await.unwrap().unwrap();
        assert_eq!(run.status, Status::Running);
        // A version of before the crash is no version of after it.
        assert_eq!(
            again.state().put("a", seen, &json!(3), at(60), at(0)).await,
            Ok(false)
        );
        assert_eq!(
            again
                .state()
                .put("a", Some(entry.version), &json!(3), at(60), at(0))
                .await,
            Ok(true)
        );
        let newest = again.state().get("a", at(0)).await.unwrap().unwrap().version;
        assert!(newest > entry.version);
    }
}

#[tokio::test]
async fn derived_keys_are_the_stores() {
    let mut bed = Bed::new(Durability::Full);
    let store = bed.open();
    let key = store.state().derive_key("codes");
    store.close().await.unwrap();
    let store = bed.open();
    assert_eq!(store.state().derive_key("codes"), key);
    store.close().await.unwrap();
    bed.settings.path = bed.path("other.db");
    assert_eq!(
        bed.open().state().derive_key("codes"),
        key,
        "it goes by the key alone"
    );
    bed.settings.path = bed.path("another.db");
    bed.settings.key = None;
    assert_ne!(bed.open().state().derive_key("codes"), key);
}

#[tokio::test]
async fn neither_names_nor_values_can_be_read() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let state = store.state();
    let value = json!({ "a": "canary-in-a-value" });
    for name in ["canary-name-of-one", "canary-name-of-two"] {
        let put = state.put(name, None, &value, at(60), at(0));
        assert_eq!(put.await, Ok(true));
    }
    for suffix in ["", "-wal"] {
        let content = fs::read(beside(&bed.settings.path, suffix)).unwrap();
        let found = content.windows(6).any(|bytes| bytes == b"canary");
        assert!(!found, "a canary in the file {suffix}");
    }
    // Nor can a value be moved to another name.
    store
        .shared
        .writer
        .on_connection(|connection| {
            let moved = connection.execute(
                "UPDATE state SET value = (SELECT value FROM state AS other WHERE other.key <> state.key)",
                [],
            );
            assert_eq!(moved.unwrap(), 2);
        })
        .await;
    let refused = state.get("canary-name-of-one", at(0)).await;
    assert!(matches!(refused, Err(StateError { .. })), "{refused:?}");
    assert!(crate::check(&bed.settings.path).is_err());
}

#[tokio::test(start_paused = true)]
async fn those_whose_time_is_over_are_swept() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let state = store.state();
    let now = bed.clock().now();
    for n in 0..50 {
        let expires_at = if n < 45 { at(10) } else { at(100) };
        assert_eq!(
            state.put(&n.to_string(), None, &json!(n), expires_at, now).await,
            Ok(true)
        );
    }
    let count = async || {
        let read = |connection: &rusqlite::Connection, _: &std::path::Path| {
            Ok(connection
                .query_row("SELECT count(*) FROM state", [], |row| row.get::<_, i64>(0))
                .unwrap())
        };
        store.shared.read(read).await.unwrap()
    };
    tokio::time::advance(std::time::Duration::from_secs(9)).await;
    store.prune(FOREVER, 10).await.unwrap();
    assert_eq!(count().await, 50);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(store.prune(FOREVER, 10).await.unwrap(), 0, "no run was deleted");
    assert_eq!(count().await, 5);
    assert!(state.get("49", at(10)).await.unwrap().is_some());
}

/// Those that come while the disk is busy go together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writes_share_their_commits() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let state = Arc::new(store.state());
    let other = store.clone();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    // The writer is held up while they are handed in.
    let hold = async move {
        let wait = move |_: &rusqlite::Connection| wait.recv().unwrap();
        other.shared.writer.on_connection(wait).await;
        false
    };
    let before = store.written().commits;
    let mut tasks = JoinSet::new();
    tasks.spawn(hold);
    for n in 0..100 {
        let state = Arc::clone(&state);
        tasks.spawn(async move {
            let name = (n % 50).to_string();
            state.put(&name, None, &json!(n), at(10), at(0)).await.unwrap()
        });
    }
    tokio::task::spawn_blocking(move || go.send(()).unwrap())
        .await
        .unwrap();
    let mut written = 0;
    while let Some(task) = tasks.join_next().await {
        written += usize::from(task.unwrap());
    }
    assert_eq!(written, 50, "one of each two");
    let commits = store.written().commits - before;
    assert!(commits < 50, "{commits} commits");
}

#[tokio::test]
async fn what_cannot_be_written_is_told_and_not_tried_again() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let state = store.state();
    let bulk = json!("x".repeat(100_000));
    let pragma = async |pragma: &'static str| {
        let set = move |connection: &rusqlite::Connection| connection.execute_batch(pragma).unwrap();
        store.shared.writer.on_connection(set).await;
    };
    assert_eq!(state.put("a", None, &json!(1), at(60), at(0)).await, Ok(true));
    let seen = state.get("a", at(0)).await.unwrap().map(|entry| entry.version);
    pragma("PRAGMA max_page_count = 1").await;
    let refused = state.put("a", seen, &bulk, at(60), at(0)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "what runs share cannot be kept: the disk is full"
    );
    assert_eq!(
        store.failing().map(|error| error.to_string()),
        None,
        "runs are told by themselves"
    );
    pragma("PRAGMA max_page_count = 1000000").await;
    store.flush().await.unwrap();
    let entry = state.get("a", at(0)).await.unwrap().unwrap();
    assert_eq!(
        (entry.value, Some(entry.version)),
        (json!(1), seen),
        "nothing of it was kept"
    );
    assert_eq!(state.put("a", seen, &bulk, at(60), at(0)).await, Ok(true));
    store.close().await.unwrap();
    for gone in [
        state.get("a", at(0)).await.map(drop),
        state.put("a", None, &json!(1), at(60), at(0)).await.map(drop),
    ] {
        assert_eq!(
            gone.unwrap_err().to_string(),
            "what runs share cannot be kept: the store is closed"
        );
    }
}

/// A run that cannot be recorded for a while, and an entry: the entry's writer is told, the run is kept and written later.
#[tokio::test]
async fn a_failing_store_takes_no_entries_and_keeps_the_runs() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let pinned = Pinned::new("input: { x: { type: string } }\nsteps: [{ set: { x: 1 } }]");
    let input = json!({ "x": "y".repeat(100_000) });
    let pragma = async |pragma: &'static str| {
        let set = move |connection: &rusqlite::Connection| connection.execute_batch(pragma).unwrap();
        store.shared.writer.on_connection(set).await;
    };
    pragma("PRAGMA max_page_count = 1").await;
    let run = fresh(store.begin(pinned.run(&input, at(0))).await.unwrap());
    let state = store.state();
    assert!(state.put("a", None, &json!(1), at(60), at(0)).await.is_err());
    assert!(store.failing().is_some());
    assert!(state.put("a", None, &json!(1), at(60), at(0)).await.is_err());
    pragma("PRAGMA max_page_count = 1000000").await;
    while store.failing().is_some() {
        tokio::task::spawn_blocking(std::thread::yield_now).await.unwrap();
    }
    assert_eq!(state.put("a", None, &json!(1), at(60), at(0)).await, Ok(true));
    assert_eq!(store.load(run.id()).await.unwrap().unwrap().input, input);
}

#[tokio::test]
async fn who_only_looks_writes_nothing() {
    let bed = Bed::new(Durability::Full);
    let owner = bed.open();
    assert_eq!(
        owner.state().put("a", None, &json!(1), at(60), at(0)).await,
        Ok(true)
    );
    let looked = Store::look(bed.settings.clone(), bed.clock()).unwrap();
    let entry = looked.state().get("a", at(0)).await.unwrap().unwrap();
    assert_eq!(entry.value, json!(1));
    let refused = looked.state().put("b", None, &json!(1), at(60), at(0)).await;
    assert!(refused.is_err());
    assert_eq!(owner.state().get("b", at(0)).await, Ok(None));
}
