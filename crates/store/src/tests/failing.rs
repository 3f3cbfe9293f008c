//! A store that cannot be written for a while: nothing is lost, nothing new begins, what was announced is withdrawn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockgate_engine::outcome::RunStatus;
use serde_json::json;

use super::bed::{Bed, LAZY, Pinned, fresh};
use super::laboratory::Laboratory;
use crate::{Durability, Record, RunId, Status, Store, StoreError};

/// How the disk fails, and how it is mended.
#[derive(Clone, Copy, Debug)]
struct Failure {
    breaks: &'static str,
    mends: &'static str,
}

/// No page more than there are.
const FULL: Failure = Failure {
    breaks: "PRAGMA max_page_count = 1",
    mends: "PRAGMA max_page_count = 1000000",
};

const READ_ONLY: Failure = Failure {
    breaks: "PRAGMA query_only = 1",
    mends: "PRAGMA query_only = 0",
};

/// On the connection of the writer.
async fn pragma(store: &Store, pragma: &'static str) -> Result<(), StoreError> {
    // Work is given the connection also where the store is failing.
    store
        .shared
        .writer
        .on_connection(move |connection| connection.execute_batch(pragma).unwrap())
        .await;
    Ok(())
}

async fn wait_until_mended(store: &Store) {
    let began = Instant::now();
    while store.failing().is_some() {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not tried again");
        tokio::task::spawn_blocking(std::thread::yield_now).await.unwrap();
    }
}

/// Enough to need pages.
fn bulk() -> serde_json::Value {
    json!({ "x": "y".repeat(100_000) })
}

const FLOW: &str = "input: { x: { type: string, default: '' } }\nsteps: [{ action: test.once, with: { value: 1 } }, { action: test.echo, with: { x: 1 } }, { action: test.once, with: { value: 2 } }, { return: 1 }]";

async fn records(store: &Store, id: RunId) -> Vec<Record> {
    let read = move |connection: &rusqlite::Connection, path: &std::path::Path| {
        let row = crate::store::row_of(connection, path, id)?.unwrap();
        Ok(crate::store::records(connection, path, row.begun.seq, id)?.0)
    };
    store.shared.read(read).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_what_was_announced_is_withdrawn() {
    for failure in [FULL, READ_ONLY] {
        let bed = Bed::new(Durability::Full);
        let store = bed.open();
        let pinned = Pinned::new(FLOW);
        let laboratory = Laboratory::of(vec![Arc::clone(&pinned.flow)]);
        let input = bulk();
        let journal = fresh(store.begin(pinned.run(&input, bed.clock().now())).await.unwrap());
        let id = journal.id();
        pragma(&store, failure.breaks).await.unwrap();
        let outcome = laboratory.run_on(&journal, input.clone()).await;
        assert_eq!(outcome.status, RunStatus::Interrupted, "{failure:?}");
        let message = outcome.error.unwrap().message;
        assert!(message.contains("runs.db"), "{message}");
        assert!(
            laboratory.book.effects.lock().unwrap().is_empty(),
            "nothing happened"
        );
        let error = store.failing().unwrap();
        match failure.breaks {
            breaks if breaks == FULL.breaks => assert!(matches!(error, StoreError::Full { .. }), "{error:?}"),
            _ => assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}"),
        }
        assert!(error.help().is_some());
        // New runs are refused, and so is whatever has to be safe.
        let refused = store.begin(pinned.run(&input, bed.clock().now())).await;
        assert!(refused.is_err());
        assert!(store.flush().await.is_err());
        assert!(store.cancel(id).await.is_err());
        assert!(store.load(id).await.is_err());
        assert!(store.written().waiting > 0 && store.written().failed > 0);

        pragma(&store, failure.mends).await.unwrap();
        wait_until_mended(&store).await;
        let kept = records(&store, id).await;
        assert!(
            matches!(&kept[..], [Record::Started { .. }, Record::Withdrawn { .. }]),
            "{kept:#?}"
        );
        let run = store.load(id).await.unwrap().unwrap();
        assert_eq!((run.status, &run.input), (Status::Running, &input));
        let outcome = laboratory.run_on(&run.journal, run.input).await;
        assert_eq!(outcome.output, Some(json!(1)));
        assert_eq!(laboratory.book.effects.lock().unwrap().values().sum::<u32>(), 2);
        assert_eq!(store.written().waiting, 0);
        store.close().await.unwrap();
        crate::check(&bed.settings.path).unwrap();
    }
}

/// Nobody waits for the disk, and still runs do not go on as if nothing were.
#[tokio::test(start_paused = true)]
async fn runs_stop_also_where_nobody_waits() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let pinned = Pinned::new(FLOW);
    let laboratory = Laboratory::of(vec![Arc::clone(&pinned.flow)]);
    let input = bulk();
    let first = fresh(store.begin(pinned.run(&input, bed.clock().now())).await.unwrap());
    let second = fresh(store.begin(pinned.run(&input, bed.clock().now())).await.unwrap());
    assert_eq!(
        laboratory.run_on(&first, input.clone()).await.status,
        RunStatus::Succeeded
    );
    pragma(&store, FULL.breaks).await.unwrap();
    assert!(matches!(store.flush().await, Err(StoreError::Full { .. })));
    assert_eq!(
        laboratory.run_on(&second, input.clone()).await.status,
        RunStatus::Interrupted
    );
    pragma(&store, FULL.mends).await.unwrap();
    wait_until_mended(&store).await;
    let run = store.load(first.id()).await.unwrap().unwrap();
    assert_eq!((run.status, run.output), (Status::Succeeded, Some(json!(1))));
    assert_eq!(store.unfinished(None, 10).await.unwrap(), [second.id()]);
}

/// What cannot be written when the store is closed is told.
#[tokio::test(start_paused = true)]
async fn to_close_tells_what_is_lost() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let pinned = Pinned::new(FLOW);
    let input = bulk();
    let journal = fresh(store.begin(pinned.run(&input, bed.clock().now())).await.unwrap());
    pragma(&store, FULL.breaks).await.unwrap();
    assert!(matches!(store.close().await, Err(StoreError::Full { .. })));
    drop(journal);
    let again = bed.open();
    assert_eq!(again.unfinished(None, 10).await.unwrap(), []);
}

/// A run that cannot be written (a bug) does not keep the others from it.
#[tokio::test(start_paused = true)]
async fn one_run_does_not_stop_the_others() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let pinned = Pinned::new(FLOW);
    let laboratory = Laboratory::of(vec![Arc::clone(&pinned.flow)]);
    let input = json!({});
    let first = pinned.run(&input, bed.clock().now());
    let mut twice = pinned.run(&input, bed.clock().now());
    twice.id = first.id;
    let first = fresh(store.begin(first).await.unwrap());
    let twice = fresh(store.begin(twice).await.unwrap());
    let outcome = laboratory.run_on(&twice, json!({})).await;
    assert_eq!(outcome.status, RunStatus::Interrupted, "its id is another run's");
    assert!(store.failing().is_none());
    let outcome = laboratory.run_on(&first, json!({})).await;
    assert_eq!(outcome.status, RunStatus::Succeeded);
    store.close().await.unwrap();
    crate::check(&bed.settings.path).unwrap();
}
