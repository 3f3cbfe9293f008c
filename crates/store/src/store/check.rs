//! Whether a store is sound: the pages by SQLite's own check, what stands in them by its checksums.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::load::records;
use crate::error::StoreError;
use crate::names::parse;
use crate::rows::{
    CHUNKS_OF_A_RUN, ENTRY_COLUMNS, EntryRow, KEY_COLUMNS, KeyRow, RUN_COLUMNS, RunRow, schedule_sum,
};
use crate::sqlite::{beside, open_reader};

/// Up to this size a store is checked as a whole whenever it is opened: some 50 ms.
const SMALL: u64 = 8 * 1024 * 1024;

/// Checks a store as a whole, beside its owner if it has one. Reads all of it (some 100 MB/s).
///
/// # Errors
/// It cannot be read; what is damaged.
pub fn check(path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Err(StoreError::Absent {
            path: path.to_owned(),
        });
    }
    let connection = open_reader(path)?;
    let moment = connection.unchecked_transaction();
    let _moment = moment.map_err(|error| StoreError::sqlite(path, &error))?;
    check_all(&connection, path)
}

/// The check of a store that is being opened. A large one is checked where it is read.
pub(super) fn check_small(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    if size(path) + size(&beside(path, "-wal")) > SMALL {
        return Ok(());
    }
    check_all(connection, path)
}

/// All of it.
pub(crate) fn check_all(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    check_pages(connection, path)?;
    check_runs(connection, path)?;
    check_journal(connection, path)?;
    check_others(connection, path)
}

/// How the pages hang together, and that each index agrees with its table.
fn check_pages(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::damaged(path, found.replace('\n', ": ")))
}

fn check_runs(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let query = format!("SELECT {RUN_COLUMNS} FROM runs");
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        RunRow::read(row, path)?;
    }
    for (what, query) in [
        (
            "a flow",
            "SELECT seq FROM runs WHERE flow NOT IN (SELECT id FROM flows) LIMIT 1",
        ),
        (
            "a definition",
            "SELECT seq FROM runs WHERE definition NOT IN (SELECT id FROM definitions) LIMIT 1",
        ),
    ] {
        let mut statement = connection.prepare(query).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        if let Some(row) = rows.next().map_err(failed)? {
            let seq: i64 = row.get(0).map_err(failed)?;
            return Err(StoreError::damaged(
                path,
                format!("{what} of the run number {seq} is not there"),
            ));
        }
    }
    Ok(())
}

fn check_journal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mut statement = connection
        .prepare("SELECT seq, id FROM runs ORDER BY seq")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut chunks = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq: i64 = row.get(0).map_err(failed)?;
        let id = crate::RunId::from_bytes(row.get(1).map_err(failed)?);
        chunks += records(connection, path, seq, id)?.1;
    }
    let all: i64 = connection
        .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
        .map_err(failed)?;
    if all == chunks {
        return Ok(());
    }
    let query = "SELECT id / ?1 FROM journal WHERE id / ?1 NOT IN (SELECT seq FROM runs) LIMIT 1";
    let seq: i64 = connection
        .query_row(query, [CHUNKS_OF_A_RUN], |row| row.get(0))
        .map_err(failed)?;
    Err(StoreError::damaged(
        path,
        format!("there are records of the run number {seq}, which is not there"),
    ))
}

fn check_others(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let query = format!("SELECT {KEY_COLUMNS} FROM idempotency");
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        KeyRow::read(row, path)?;
    }
    let query = format!("SELECT {ENTRY_COLUMNS} FROM state");
    let mut statement = connection.prepare(&query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        EntryRow::read(row, path)?;
    }
    let mut statement = connection
        .prepare("SELECT flow, last_due, sum FROM schedules")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let read = || Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?));
        let (flow, last_due, sum) = read().map_err(failed)?;
        if schedule_sum(&flow, last_due) != sum {
            return Err(StoreError::damaged(
                path,
                format!("the schedule of `{flow}` is damaged"),
            ));
        }
    }
    let mut statement = connection
        .prepare("SELECT digest, body FROM definitions")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let read = || Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let (digest, body) = read().map_err(failed)?;
        if parse(&body, &digest).is_none() {
            return Err(StoreError::damaged(
                path,
                format!("the definition {digest} is damaged"),
            ));
        }
    }
    Ok(())
}
