//! The store, as its owner holds it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;

use crate::error::StoreError;
use crate::history::History;
use crate::id::RunId;
use crate::run::{Begun, NewRun, Reopen, Status, StoredRun};
use crate::settings::{Retention, StoreSettings};

/// A store that this process owns. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Opens a store, or makes one; takes its lock, brings its tables up to date, starts its writer. Blocks on the disk.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let _ = (settings, clock);
        unimplemented!()
    }

    /// Writes into the lock file where this process can be asked: `lockgate runs` of another process reads it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, admin_url: &str) -> Result<(), StoreError> {
        let _ = admin_url;
        unimplemented!()
    }

    /// Begins a run, unless its key has begun one already.
    ///
    /// # Errors
    /// The store cannot take it; nothing has begun.
    pub async fn begin(&self, run: NewRun<'_>) -> Result<Begun, StoreError> {
        let _ = run;
        unimplemented!()
    }

    /// A run with everything that it needs to go on, also what has been handed in but is not yet on the disk.
    ///
    /// # Errors
    /// It cannot be read; what is sealed cannot be opened.
    pub async fn load(&self, id: RunId) -> Result<Option<StoredRun>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Runs that are queued or running, oldest first, from `after` on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unfinished(&self, after: Option<RunId>, most: usize) -> Result<Vec<RunId>, StoreError> {
        let _ = (after, most);
        unimplemented!()
    }

    /// Sleeping runs whose time has come, in its order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<RunId>, StoreError> {
        let _ = (now, most);
        unimplemented!()
    }

    /// When the next sleeping run is due.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        unimplemented!()
    }

    /// How many runs stand so.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn count(&self, status: Status) -> Result<u64, StoreError> {
        let _ = status;
        unimplemented!()
    }

    /// Notes that a run that no one runs at the moment (queued, sleeping, or left over) was called off. Whether it was
    /// unfinished. On the disk when this returns.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn cancel(&self, id: RunId) -> Result<bool, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Makes an ended run unfinished again, to go on from the step that failed or is in doubt: what is recorded of it
    /// does not count any more. Its attempt is one more. `None`: there is no such run, or it has not ended so.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn reopen(&self, id: RunId, how: Reopen) -> Result<Option<StoredRun>, StoreError> {
        let _ = (id, how);
        unimplemented!()
    }

    /// The last due time of a flow's schedule that has been dealt with.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_due(&self, flow: &str) -> Result<Option<Timestamp>, StoreError> {
        let _ = flow;
        unimplemented!()
    }

    /// Notes that a flow's schedule has been dealt with up to a time. On the disk when this returns. A run that is started
    /// for a due time has it as its key, so that none is started twice.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_last_due(&self, flow: &str, due: Timestamp) -> Result<(), StoreError> {
        let _ = (flow, due);
        unimplemented!()
    }

    /// Deletes ended runs that are past their retention, at most so many: one slice. How many it deleted.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn prune(&self, retention: Retention, most: usize) -> Result<usize, StoreError> {
        let _ = (retention, most);
        unimplemented!()
    }

    /// Waits until everything that was handed in before is on the disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn flush(&self) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// What keeps the store from being written at the moment. What is handed in meanwhile is kept in memory and tried
    /// again; new runs are refused.
    pub fn failing(&self) -> Option<StoreError> {
        unimplemented!()
    }

    /// What the writer has done since the store was opened.
    pub fn written(&self) -> Written {
        unimplemented!()
    }

    /// The runs, for reading.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history(&self) -> Result<History, StoreError> {
        unimplemented!()
    }

    /// Commits what is left, puts the log into the database file, and gives the lock back.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn close(self) -> Result<(), StoreError> {
        unimplemented!()
    }
}

/// What the writer has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Commits.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Records that wait for their commit.
    pub waiting: u64,
    /// Commits that failed.
    pub failed: u64,
    /// How many commits took at most so long ([`Self::BOUNDS`]); the last counts all that took longer.
    pub durations: [u64; 12],
    /// What they took together.
    pub total: Duration,
}

impl Written {
    /// The bounds of [`Self::durations`], in microseconds.
    pub const BOUNDS: [u64; 11] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000,
    ];
}
