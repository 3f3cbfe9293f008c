//! The suite for all places that keep journals, on files.

use std::time::Duration;

use super::bed::{Bed, Pinned};
use super::journals::{self, Line, Place};
use crate::journal::kept::json;
use crate::rows::{self, CHUNKS_OF_A_RUN, StateRow, chunk_sum};
use crate::{Durability, Record, RunId, RunJournal, Status, Store};

/// One run in a store. A crash is made by taking its last records away.
struct Kept {
    store: Store,
    pinned: Pinned,
    id: std::sync::Mutex<Option<RunId>>,
    _bed: Bed,
}

impl Kept {
    fn new(durability: Durability) -> Self {
        let bed = Bed::new(durability);
        Self {
            store: bed.open(),
            pinned: Pinned::new("steps: [{ set: { x: 1 } }]"),
            id: std::sync::Mutex::default(),
            _bed: bed,
        }
    }

    async fn read(&self, id: RunId) -> Vec<Record> {
        let read = move |connection: &rusqlite::Connection, path: &std::path::Path| {
            let row = crate::store::row_of(connection, path, id)?.unwrap();
            Ok(crate::store::records(connection, path, row.begun.seq, id)?.0)
        };
        self.store.shared.read(read).await.unwrap()
    }
}

impl Place for Kept {
    type Journal = RunJournal;
    type Record = Record;

    async fn begin(&self) -> RunJournal {
        let journal = self.pinned.begin(&self.store).await;
        *self.id.lock().unwrap() = Some(journal.id());
        journal.suspending(Duration::MAX)
    }

    async fn records(&self, journal: &RunJournal) -> Vec<Record> {
        self.read(journal.id()).await
    }

    async fn resume(&self, records: &[Record]) -> RunJournal {
        let id = self.id.lock().unwrap().unwrap();
        // Each in a chunk of its own.
        let chunks: Vec<String> = records.iter().map(|record| json(&[record])).collect();
        let path = std::sync::Arc::clone(&self.store.shared.path);
        let rewrite = move |connection: &rusqlite::Connection| {
            let row = crate::store::row_of(connection, &path, id)?.unwrap();
            let seq = row.begun.seq;
            let first = seq * CHUNKS_OF_A_RUN;
            let next = first + CHUNKS_OF_A_RUN;
            connection
                .execute("DELETE FROM journal WHERE id >= ?1 AND id < ?2", (first, next))
                .unwrap();
            for (chunk, text) in (first..).zip(&chunks) {
                connection
                    .execute(rows::INSERT_CHUNK, (chunk, text, chunk_sum(chunk, text)))
                    .unwrap();
            }
            let state = StateRow::going(row.state.definition, Status::Running, 1);
            state
                .update(&mut connection.prepare(rows::UPDATE_RUN).unwrap(), seq)
                .unwrap();
            Ok(())
        };
        self.store.shared.transact(rewrite).await.unwrap();
        let run = self.store.load(id).await.unwrap().unwrap();
        run.journal.suspending(Duration::MAX)
    }

    fn suspending(&self, journal: RunJournal, longer_than: Duration) -> RunJournal {
        journal.suspending(longer_than)
    }

    fn line(&self, record: &Record) -> Line {
        match record {
            Record::Started { key, action, .. } => Line::Started {
                key: key.clone(),
                action: action.clone(),
            },
            Record::Finished { key, outcome, .. } => Line::Finished {
                key: key.clone(),
                is_ok: outcome.is_ok(),
            },
            _ => Line::Other,
        }
    }
}

/// Each of the suite's tests, with a store that waits for the disk and one that does not.
macro_rules! suite {
    ($($name:ident)*) => {
        mod full {
            $(
                #[tokio::test(start_paused = true)]
                async fn $name() {
                    super::journals::$name(&super::Kept::new(crate::Durability::Full)).await;
                }
            )*
        }
        mod batched {
            $(
                #[tokio::test(start_paused = true)]
                async fn $name() {
                    super::journals::$name(&super::Kept::new(super::super::bed::LAZY)).await;
                }
            )*
        }
    };
}

suite! {
    a_cut_off_run_ends_the_same
    values_of_impure_functions_stay
    a_cancelled_branch_stays_cancelled_after_a_long_pause
    what_cannot_be_settled_is_in_doubt
    a_sleeping_run_leaves_the_memory
    another_flow_does_not_go_on_with_the_journal
    outcomes_come_back_exactly
}
