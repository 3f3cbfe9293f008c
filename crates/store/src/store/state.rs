//! What runs share, in the store: see [`SharedState`].

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::state::{Entry, SharedState, StateError};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Shared, time};
use crate::error::StoreError;
use crate::rows::{ENTRY_COLUMNS, EntryRow, micros, micros_after};
use crate::writer::NewEntry;

/// So many entries are read at once: as many as there are connections for it, however many ask.
const READS: usize = 4;

/// What runs share, kept in a store: a write that was answered is on the disk, also under
/// [`Durability::Batched`](crate::Durability::Batched). Names are kept as keyed digests, values are sealed; those whose time is
/// over are deleted with what is past its retention ([`Store::prune`](super::Store::prune)).
pub struct StoreState {
    shared: Arc<Shared>,
    reads: Semaphore,
}

impl StoreState {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            reads: Semaphore::new(READS),
        }
    }

    /// See [`SharedState::get`].
    pub(crate) async fn entry(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StoreError> {
        let row = self.read(self.shared.seal.digest_entry(key)).await?;
        let row = row.filter(|row| row.expires_at > micros(now));
        row.map(|row| self.open(&row)).transpose()
    }

    /// The entry as it lies in the store. One that was written before this was called is seen: writes are answered when they
    /// are on the disk.
    async fn read(&self, key: [u8; 32]) -> Result<Option<EntryRow>, StoreError> {
        let _turn = self.reads.acquire().await.map_err(|_| StoreError::Closed)?;
        let query = format!("SELECT {ENTRY_COLUMNS} FROM state WHERE key = ?1");
        self.shared
            .readers
            .read(move |connection, path| {
                let failed = |error| StoreError::sqlite(path, &error);
                let mut statement = connection.prepare(&query).map_err(failed)?;
                let mut rows = statement.query([key]).map_err(failed)?;
                let row = rows.next().map_err(failed)?;
                row.map(|row| EntryRow::read(row, path)).transpose()
            })
            .await
    }

    fn open(&self, row: &EntryRow) -> Result<Entry, StoreError> {
        let damaged =
            |what| StoreError::damaged(&self.shared.path, format!("an entry that runs share {what}"));
        let opened = self.shared.seal.open_entry(&row.key, &row.value);
        let opened = opened.map_err(|_| damaged("cannot be opened"))?;
        Ok(Entry {
            value: serde_json::from_slice(&opened).map_err(|_| damaged("is no JSON"))?,
            version: row.version.cast_unsigned(),
            expires_at: time(&self.shared.path, row.expires_at)?,
        })
    }
}

#[async_trait]
impl SharedState for StoreState {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError> {
        self.entry(key, now).await.map_err(|error| told(&error))
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let key = self.shared.seal.digest_entry(key);
        let sealed = self.shared.seal.seal_entry(&key, value.to_string().as_bytes());
        let entry = NewEntry {
            key,
            expected: expected.map(u64::cast_signed),
            value: sealed.map_err(|_| StateError {
                reason: "it cannot be sealed".to_owned(),
            })?,
            expires_at: micros_after(expires_at).min(Timestamp::MAX.as_second() * 1_000_000),
            now: micros(now),
        };
        let put = self.shared.writer.put(entry).await;
        put.map_err(|error| told(&error))
    }

    fn derive_key(&self, purpose: &str) -> [u8; 32] {
        self.shared.seal.derive(purpose)
    }
}

/// What a run is told: the log has the rest, and the place.
fn told(error: &StoreError) -> StateError {
    tracing::warn!(%error, help = error.help(), "what runs share cannot be read or written");
    let reason = match error {
        StoreError::Full { .. } => "the disk is full",
        StoreError::ReadOnly { .. } => "the store cannot be written",
        StoreError::Corrupt { .. } => "the store is damaged",
        StoreError::Closed => "the store is closed",
        _ => "the store does not answer",
    };
    StateError {
        reason: reason.to_owned(),
    }
}

/// Whether there are entries whose time is over.
pub(super) fn has_expired(connection: &Connection, now: i64) -> rusqlite::Result<bool> {
    let found = connection
        .query_row(
            "SELECT 1 FROM state WHERE expires_at <= ?1 LIMIT 1",
            [now],
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    Ok(found.is_some())
}

/// Deletes entries whose time is over, at most so many. How many it deleted.
pub(super) fn sweep(connection: &Connection, now: i64, most: i64) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM state WHERE key IN \
         (SELECT key FROM state WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        (now, most),
    )
}

impl fmt::Debug for StoreState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreState")
            .field("store", &self.shared)
            .finish_non_exhaustive()
    }
}
