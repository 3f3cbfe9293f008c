//! Stores for tests of reading: rows as they are wanted, damaged ones too.

use std::path::PathBuf;

use jiff::Timestamp;
use lockgate_flow::definition::{Definition, DefinitionFile};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::History;
use crate::id::RunId;
use crate::record::Record;
use crate::rows::{BegunRow, CHUNKS_OF_A_RUN, INSERT_CHUNK, INSERT_RUN, StateRow, chunk_sum, insert_run};
use crate::run::{Status, Trigger};
use crate::schema::{MIGRATIONS, bring_up_to_date};

/// When the first run of a test began.
pub(super) const BEGAN: i64 = 1_893_456_000_000_000;

pub(super) struct TestStore {
    _folder: TempDir,
    pub(super) path: PathBuf,
    /// As the owner has it: it writes.
    pub(super) owner: Connection,
    seq: i64,
}

/// A run that is put into a store.
pub(super) struct TestRun<'a> {
    pub(super) flow: &'a str,
    pub(super) status: Status,
    /// Seconds after [`BEGAN`].
    pub(super) at: i64,
    pub(super) input: Value,
    pub(super) output: Option<Value>,
    pub(super) error: Option<Value>,
    pub(super) records: Vec<Vec<Record>>,
}

impl Default for TestRun<'_> {
    fn default() -> Self {
        Self {
            flow: "sign-up",
            status: Status::Succeeded,
            at: 0,
            input: json!({}),
            output: None,
            error: None,
            records: Vec::new(),
        }
    }
}

/// What all runs are pinned to.
pub(super) fn definition() -> Definition {
    let file = DefinitionFile {
        path: "flows/sign-up.yaml".to_owned(),
        text: "steps: []".to_owned(),
    };
    Definition {
        flow: "sign-up".to_owned(),
        files: [("sign-up".to_owned(), file)].into(),
        config: json!({}),
        connections: [].into(),
        version: 1,
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(BEGAN + seconds * 1_000_000).unwrap()
}

impl TestStore {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let owner = Connection::open(&path).unwrap();
        owner.pragma_update(None, "journal_mode", "wal").unwrap();
        bring_up_to_date(&owner, &path, MIGRATIONS).unwrap();
        let definition = definition();
        owner
            .execute(
                "INSERT INTO definitions (id, digest, body) VALUES (1, ?1, ?2)",
                [definition.digest(), serde_json::to_string(&definition).unwrap()],
            )
            .unwrap();
        Self {
            _folder: folder,
            path,
            owner,
            seq: 0,
        }
    }

    pub(super) fn history(&self) -> History {
        History::open(&self.path).unwrap()
    }

    pub(super) fn put(&mut self, run: &TestRun<'_>) -> RunId {
        let id = RunId::new();
        self.seq += 1;
        let flow: i64 = self
            .owner
            .query_row(
                "INSERT INTO flows (name) VALUES (?1) ON CONFLICT DO UPDATE SET name = name RETURNING id",
                [run.flow],
                |row| row.get(0),
            )
            .unwrap();
        let started_at = BEGAN + run.at * 1_000_000;
        let begun = BegunRow {
            seq: self.seq,
            id,
            flow,
            trigger: Trigger::Http,
            started_at,
            input: run.input.to_string(),
            input_sealed: None,
            request_sealed: None,
        };
        let state = StateRow {
            finished_at: (!run.status.is_unfinished()).then_some(started_at + 2_000),
            wake_at: (run.status == Status::Sleeping).then_some(started_at + 60_000_000),
            active: 1_500,
            output: run.output.as_ref().map(Value::to_string),
            error: run.error.as_ref().map(Value::to_string),
            ..StateRow::going(1, run.status, 1)
        };
        let mut insert = self.owner.prepare(INSERT_RUN).unwrap();
        insert_run(&mut insert, &begun, &state).unwrap();
        for (n, records) in (0_i64..).zip(&run.records) {
            let chunk = self.seq * CHUNKS_OF_A_RUN + n;
            let text = serde_json::to_string(records).unwrap();
            self.owner
                .execute(INSERT_CHUNK, params![chunk, text, chunk_sum(chunk, &text)])
                .unwrap();
        }
        id
    }

    /// Changes a row behind everyone's back.
    pub(super) fn damage(&self, sql: &str) {
        self.owner
            .execute_batch(&format!("PRAGMA foreign_keys = off; {sql}"))
            .unwrap();
    }
}
