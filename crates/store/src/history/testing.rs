//! Stores for tests of reading: rows as they are wanted, damaged ones too.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::History;
use crate::id::RunId;
use crate::record::Record;
use crate::run::Status;

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

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(BEGAN + seconds * 1_000_000).unwrap()
}

impl TestStore {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let owner = Connection::open(&path).unwrap();
        owner.pragma_update(None, "journal_mode", "wal").unwrap();
        owner.execute_batch(include_str!("../schema/v1.sql")).unwrap();
        let definition = json!({
            "flow": "sign-up",
            "files": { "sign-up": { "path": "flows/sign-up.yaml", "text": "steps: []" } },
            "config": {},
            "connections": {},
            "version": 1,
        });
        owner
            .execute(
                "INSERT INTO definitions (id, digest, body) VALUES (1, 'd1', ?1)",
                [definition.to_string()],
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
        self.owner
            .execute("INSERT OR IGNORE INTO flows (name) VALUES (?1)", [run.flow])
            .unwrap();
        let status = Status::ALL.iter().position(|status| *status == run.status);
        let started_at = BEGAN + run.at * 1_000_000;
        let has_ended = !run.status.is_unfinished();
        let wakes = run.status == Status::Sleeping;
        self.owner
            .execute(
                "INSERT INTO runs (seq, id, flow, definition, status, trigger, attempt, started_at, finished_at, wake_at, \
                 active, input, output, error, begun_sum, state_sum) \
                 VALUES (?1, ?2, (SELECT id FROM flows WHERE name = ?3), 1, ?4, 0, 1, ?5, ?6, ?7, 1500, ?8, ?9, ?10, 0, 0)",
                params![
                    self.seq,
                    id.as_bytes(),
                    run.flow,
                    i64::try_from(status.unwrap()).unwrap(),
                    started_at,
                    has_ended.then_some(started_at + 2_000),
                    wakes.then_some(started_at + 60_000_000),
                    run.input.to_string(),
                    run.output.as_ref().map(Value::to_string),
                    run.error.as_ref().map(Value::to_string),
                ],
            )
            .unwrap();
        for (n, records) in (0_i64..).zip(&run.records) {
            self.owner
                .execute(
                    "INSERT INTO journal (id, records, sum) VALUES (?1, ?2, 0)",
                    params![self.seq << 20 | n, serde_json::to_string(records).unwrap()],
                )
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
