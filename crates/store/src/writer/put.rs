//! An entry that runs share is written if it is still the one that its writer has seen.
//!
//! All that have come while the disk was busy go into one transaction, one after the other: each sees what those before it
//! have written, and all wait for the same `fsync`. Unlike records they are not kept where that fails: who asked is told.

use std::path::Path;

use rusqlite::{Connection, Statement};
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::rows::{ENTRY_COLUMNS, EntryRow, PUT_ENTRY};

/// An entry that is to be written.
pub(crate) struct NewEntry {
    /// The digest of its name.
    pub(crate) key: [u8; 32],
    /// Which version its writer has seen.
    pub(crate) expected: Option<i64>,
    /// Sealed.
    pub(crate) value: Vec<u8>,
    /// Microseconds.
    pub(crate) expires_at: i64,
    /// An entry whose time was over by then is none.
    pub(crate) now: i64,
}

/// Told whether it has been written.
pub(super) type Answer = oneshot::Sender<Result<bool, StoreError>>;

/// An entry, and who waits.
pub(super) type Put = (NewEntry, Answer);

/// The statements, prepared once; and the version that was given last.
pub(super) struct Puts<'c> {
    find: Statement<'c>,
    put: Statement<'c>,
    version: i64,
}

impl<'c> Puts<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let find = format!("SELECT {ENTRY_COLUMNS} FROM state WHERE key = ?1");
        Ok(Self {
            find: connection.prepare(&find)?,
            put: connection.prepare(PUT_ENTRY)?,
            // Whoever has seen a version lives in this process: those that have gone before it began do not matter.
            version: connection
                .query_row("SELECT ifnull(max(version), 0) FROM state", [], |row| row.get(0))?,
        })
    }

    /// Within a transaction. The outer error: nothing can be written; the inner one: this one cannot.
    pub(super) fn put(
        &mut self,
        entry: &NewEntry,
        path: &Path,
    ) -> rusqlite::Result<Result<bool, StoreError>> {
        let there = {
            let mut rows = self.find.query([entry.key])?;
            match rows.next()?.map(|row| EntryRow::read(row, path)).transpose() {
                Ok(there) => there.filter(|there| there.expires_at > entry.now),
                Err(error) => return Ok(Err(error)),
            }
        };
        if there.map(|there| there.version) != entry.expected {
            return Ok(Ok(false));
        }
        self.version += 1;
        let row = EntryRow {
            key: entry.key,
            version: self.version,
            value: entry.value.clone(),
            expires_at: entry.expires_at,
        };
        row.put(&mut self.put)?;
        Ok(Ok(true))
    }
}
