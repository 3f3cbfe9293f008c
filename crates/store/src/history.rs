//! The history of runs, for people and programs that read it: the command line, the admin port.
//!
//! Reading needs no lock: it works beside a process that owns the store, and sees what is committed.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::definition::Definition;
use serde::Serialize;
use serde_json::Value;

use crate::error::StoreError;
use crate::id::RunId;
use crate::record::Record;
use crate::run::{Status, Trigger};

/// The runs of a store, for reading. Its functions block on the disk.
#[derive(Debug)]
pub struct History {}

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of this flow.
    pub flow: Option<String>,
    /// That stand so; any, if empty.
    pub statuses: Vec<Status>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// With this text in the id, the input, the output or the error, as they are shown (without regard to case).
    pub text: Option<String>,
}

/// A page of runs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// Where the next page begins; `None` where nothing is left. A search for a text looks at a bounded number of runs a page,
    /// so that a page may have few runs, or none, and yet have a next.
    pub next: Option<String>,
}

/// A run in a list. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The flow's name.
    pub flow: String,
    /// How it stands.
    pub status: Status,
    /// Who started it.
    pub trigger: Trigger,
    /// `run.attempt`.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it goes on, if it sleeps.
    pub wake_at: Option<Timestamp>,
    /// How long it was active.
    pub active: Duration,
    /// The code of its error.
    pub error: Option<String>,
}

/// A run with everything that is kept of it. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetail {
    /// As in a list.
    pub summary: RunSummary,
    /// The digest of its definition.
    pub definition: String,
    /// Its input.
    pub input: Value,
    /// What it returned.
    pub output: Option<Value>,
    /// Why it failed or is in doubt.
    pub error: Option<Value>,
    /// Its records, in order.
    pub records: Vec<Record>,
}

impl History {
    /// Opens a store for reading.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let _ = path;
        unimplemented!()
    }

    /// A page of the runs that fit. `cursor` is the [`Page::next`] of the page before.
    ///
    /// # Errors
    /// The store cannot be read; the cursor is none.
    pub fn list(&self, filter: &Filter, cursor: Option<&str>, most: usize) -> Result<Page, StoreError> {
        let _ = (filter, cursor, most);
        unimplemented!()
    }

    /// One run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn run(&self, id: RunId) -> Result<Option<RunDetail>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// The runs whose ids begin so (as people type them), at most a few.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn find(&self, prefix: &str) -> Result<Vec<RunId>, StoreError> {
        let _ = prefix;
        unimplemented!()
    }

    /// A definition by its digest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn definition(&self, digest: &str) -> Result<Option<Definition>, StoreError> {
        let _ = digest;
        unimplemented!()
    }

    /// How many runs stand in each status.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn counts(&self) -> Result<Vec<(Status, u64)>, StoreError> {
        unimplemented!()
    }

    /// Changes whenever another connection has committed: follow a run by reading it again then.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn version(&self) -> Result<i64, StoreError> {
        unimplemented!()
    }
}
