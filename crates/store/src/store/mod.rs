//! The store, as its owner holds it.

mod begin;
mod check;
mod load;
mod look;
mod open;
mod prune;
mod readers;
mod reopen;
mod schedule;
mod state;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use rusqlite::Connection;
use serde_json::Value;

pub use self::check::check;
pub(crate) use self::load::records;
use self::readers::Readers;
pub use self::state::StoreState;
#[cfg(test)]
pub(crate) use self::{check::check_all, open::open_with};
use crate::claims::Claims;
use crate::error::StoreError;
use crate::history::History;
use crate::id::RunId;
use crate::journal::kept::{self, Shown};
use crate::journal::recorded::place;
use crate::names::Names;
use crate::owner::OwnerLock;
use crate::record::Record;
use crate::replay::Script;
use crate::rows::{self, RUN_COLUMNS, RunRow, StateRow, micros, status_number};
use crate::run::{Begun, IdempotencyKey, NewRun, Reopen, Settled, Status, StoredRun};
use crate::seal::Seal;
use crate::settings::{Durability, Retention, StoreSettings};
use crate::writer::{Writer, Written};

/// A store that this process owns. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

/// What the store and the journals of its runs share.
pub(crate) struct Shared {
    pub(crate) path: Arc<Path>,
    pub(crate) durability: Durability,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) seal: Arc<Seal>,
    names: Names,
    claims: Arc<Claims>,
    /// The `seq` of the run that begins next.
    next_seq: AtomicI64,
    readers: Arc<Readers>,
    /// Ends before the lock is given back: fields are dropped in their order.
    pub(crate) writer: Writer,
    lock: Mutex<Option<OwnerLock>>,
}

impl Shared {
    /// A value as it is kept: what is shown of it, and the whole of it, sealed, where that is more.
    pub(crate) fn keep(
        &self,
        run: RunId,
        shown: Shown,
        place: &str,
    ) -> Result<(String, Option<Vec<u8>>), StoreError> {
        match shown {
            Shown::Whole(json) => Ok((json, None)),
            Shown::Masked { shown, json } => Ok((shown, Some(self.sealed(run, place, &json)?))),
        }
    }

    fn sealed(&self, run: RunId, place: &str, json: &str) -> Result<Vec<u8>, StoreError> {
        let sealed = self.seal.seal(run, place, json.as_bytes());
        sealed.map_err(|error| StoreError::Key {
            what: error.to_string(),
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("path", &self.path)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store, or makes one; takes its lock, brings its tables up to date, starts its writer. Blocks on the disk.
    ///
    /// # Errors
    /// See [`StoreError`].
    #[expect(clippy::needless_pass_by_value, reason = "the store is what becomes of them")]
    pub fn open(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        open::open(&settings, clock)
    }

    /// Looks into a store, beside its owner if it has one: to load runs, with what is secret in them. What would write gives
    /// [`StoreError::Closed`]. Blocks on the disk.
    ///
    /// # Errors
    /// There is none, or it cannot be read; its key is another.
    #[expect(clippy::needless_pass_by_value, reason = "as for `open`")]
    pub fn look(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        look::look(&settings, clock)
    }

    /// Writes into the lock file where this process can be asked: `lockgate runs` of another process reads it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, admin_url: &str) -> Result<(), StoreError> {
        let mut lock = self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.as_mut().ok_or(StoreError::Closed)?.announce(Some(admin_url))
    }

    /// Begins a run, unless its key has begun one already.
    ///
    /// # Errors
    /// The store cannot take it; nothing has begun.
    pub async fn begin(&self, run: NewRun<'_>) -> Result<Begun, StoreError> {
        begin::begin(&self.shared, run).await
    }

    /// The run that a key of a flow has begun, if there is one, and whether it got the same input: what [`Self::begin`] would
    /// find.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known(
        &self,
        flow: &str,
        key: IdempotencyKey<'_>,
        input: &Value,
    ) -> Result<Option<(RunId, bool)>, StoreError> {
        begin::known(&self.shared, flow, key, input).await
    }

    /// A run with everything that it needs to go on, also what has been handed in but is not yet on the disk.
    ///
    /// # Errors
    /// It cannot be read; what is sealed cannot be opened.
    pub async fn load(&self, id: RunId) -> Result<Option<StoredRun>, StoreError> {
        load::load(&self.shared, id).await
    }

    /// Runs that are queued or running, oldest first, from `after` on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unfinished(&self, after: Option<RunId>, most: usize) -> Result<Vec<RunId>, StoreError> {
        // The terms about what is excluded let SQLite use the index of what has not succeeded.
        let query =
            "SELECT id FROM runs WHERE status IN (0, 1) AND status <> 3 AND id > ?1 ORDER BY id LIMIT ?2";
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        self.shared
            .read(move |connection, path| ids(connection, path, query, (after, bounded(most))))
            .await
    }

    /// Sleeping runs whose time has come, in its order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<RunId>, StoreError> {
        let query =
            "SELECT id FROM runs WHERE wake_at <= ?1 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT ?2";
        let now = micros(now);
        self.shared
            .read(move |connection, path| ids(connection, path, query, (now, bounded(most))))
            .await
    }

    /// When the next sleeping run is due.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = self
            .shared
            .read(|connection, path| {
                let query = "SELECT min(wake_at) FROM runs WHERE wake_at IS NOT NULL";
                let next = connection.query_row(query, [], |row| row.get(0));
                next.map_err(|error| StoreError::sqlite(path, &error))
            })
            .await?;
        next.map(|next| time(&self.shared.path, next)).transpose()
    }

    /// How many runs stand so.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn count(&self, status: Status) -> Result<u64, StoreError> {
        self.shared
            .read(move |connection, path| {
                let query = match status {
                    Status::Succeeded => "SELECT count(*) FROM runs WHERE status = ?1",
                    _ => "SELECT count(*) FROM runs WHERE status = ?1 AND status <> 3",
                };
                let count = connection.query_row(query, [status_number(status)], |row| row.get::<_, i64>(0));
                count
                    .map(i64::unsigned_abs)
                    .map_err(|error| StoreError::sqlite(path, &error))
            })
            .await
    }

    /// Notes that a run that no one runs at the moment (queued, sleeping, or left over) was called off. Whether it was
    /// unfinished. On the disk when this returns.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn cancel(&self, id: RunId) -> Result<bool, StoreError> {
        let now = micros(self.shared.clock.now());
        let path = Arc::clone(&self.shared.path);
        let cancel = move |connection: &rusqlite::Connection| {
            let Some(run) = row_of(connection, &path, id)? else {
                return Ok(false);
            };
            if !run.state.status.is_unfinished() {
                return Ok(false);
            }
            let state = StateRow {
                status: Status::Cancelled,
                finished_at: Some(now),
                wake_at: None,
                ..run.state
            };
            let updated = connection
                .prepare(rows::UPDATE_RUN)
                .and_then(|mut statement| state.update(&mut statement, run.begun.seq));
            updated
                .map(|_| true)
                .map_err(|error| StoreError::sqlite(&path, &error))
        };
        self.shared.transact(cancel).await
    }

    /// Makes an ended run unfinished again, to go on from the step that failed or is in doubt: what is recorded of it
    /// does not count any more. Its attempt is one more. `None`: there is no such run, or it has not ended so.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn reopen(&self, id: RunId, how: Reopen) -> Result<Option<StoredRun>, StoreError> {
        reopen::reopen(&self.shared, id, how).await
    }

    /// The last due time of a flow's schedule that has been dealt with.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_due(&self, flow: &str) -> Result<Option<Timestamp>, StoreError> {
        schedule::last_due(&self.shared, flow).await
    }

    /// Notes that a flow's schedule has been dealt with up to a time. On the disk when this returns. A run that is started
    /// for a due time has it as its key, so that none is started twice.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_last_due(&self, flow: &str, due: Timestamp) -> Result<(), StoreError> {
        schedule::set_last_due(&self.shared, flow, due).await
    }

    /// What runs share, kept here. It counts as a handle: it holds the store open, and is told when it has been closed.
    pub fn state(&self) -> StoreState {
        StoreState::new(Arc::clone(&self.shared))
    }

    /// Deletes ended runs that are past their retention, at most so many: one slice; and keys and entries whose time is
    /// over. How many runs it deleted.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn prune(&self, retention: Retention, most: usize) -> Result<usize, StoreError> {
        prune::prune(&self.shared, retention, most).await
    }

    /// Waits until everything that was handed in before is on the disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.shared.writer.flush().await
    }

    /// What keeps the store from being written at the moment. What is handed in meanwhile is kept in memory and tried
    /// again; new runs are refused.
    pub fn failing(&self) -> Option<StoreError> {
        self.shared.writer.failing()
    }

    /// What the writer has done since the store was opened.
    pub fn written(&self) -> Written {
        self.shared.writer.written()
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        self.shared.path.to_path_buf()
    }

    /// The runs, for reading.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history(&self) -> Result<History, StoreError> {
        History::open(&self.shared.path)
    }

    /// Commits what is left, puts the log into the database file, and gives the lock back.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn close(self) -> Result<(), StoreError> {
        let shared = self.shared;
        let closed = tokio::task::spawn_blocking(move || {
            shared.readers.close();
            let left = shared.writer.close();
            drop(shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
            left
        });
        match closed.await {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(error),
            Err(_) => Err(StoreError::Closed),
        }
    }
}

impl Shared {
    /// The records of a run, as a replay without effects takes them. Blocks on the disk.
    pub(crate) fn script(&self, id: RunId) -> Result<Script, StoreError> {
        self.script_of(id, |connection, path| {
            let Some(run) = row_of(connection, path, id)? else {
                return Err(StoreError::damaged(
                    path,
                    format!("the run {id} is not there any more"),
                ));
            };
            Ok(load::records(connection, path, run.begun.seq, id)?.0)
        })
    }

    /// The same, as the records would be once the run is reopened with this word on its step in doubt. Blocks on the disk.
    pub(crate) fn script_reopened(&self, id: RunId, doubt: Option<Settled>) -> Result<Script, StoreError> {
        self.script_of(id, |connection, _| reopen::reopened(self, connection, id, doubt))
    }

    fn script_of(
        &self,
        id: RunId,
        records: impl FnOnce(&Connection, &Path) -> Result<Vec<Record>, StoreError>,
    ) -> Result<Script, StoreError> {
        self.readers.read_now(|connection, path| {
            let script = Script::of(&records(connection, path)?, |key, attempt, outcome| {
                kept::outcome(outcome.clone(), &self.seal, id, &place(key, attempt))
            });
            script.map_err(|what| StoreError::damaged(path, format!("the run {id} is damaged: {what}")))
        })
    }

    /// Reads, beside the writer, when everything that was handed in before is on the disk. All of it is of one moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection, &Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.settle().await?;
        self.readers.read(read).await
    }

    /// Writes, after everything that was handed in before; on the disk when this returns.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.transact(Arc::clone(&self.path), work).await
    }
}

/// The ids that a query gives.
fn ids(
    connection: &rusqlite::Connection,
    path: &Path,
    query: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<RunId>, StoreError> {
    let read = || {
        connection
            .prepare(query)?
            .query_map(parameters, |row| Ok(RunId::from_bytes(row.get(0)?)))?
            .collect::<rusqlite::Result<_>>()
    };
    read().map_err(|error| StoreError::sqlite(path, &error))
}

/// The row of a run.
pub(crate) fn row_of(
    connection: &rusqlite::Connection,
    path: &Path,
    id: RunId,
) -> Result<Option<RunRow>, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let query = format!("SELECT {RUN_COLUMNS} FROM runs WHERE id = ?1");
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([id.as_bytes()]).map_err(failed)?;
    let row = rows.next().map_err(failed)?;
    row.map(|row| RunRow::read(row, path)).transpose()
}

/// A time from the store.
fn time(path: &Path, microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| StoreError::damaged(path, format!("a time is damaged: {error}")))
}

fn bounded(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
