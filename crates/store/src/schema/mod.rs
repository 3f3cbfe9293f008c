//! The tables, their version, and how those of an older version become those of this one.
//!
//! A format is a number in the file's header (`user_version`); `application_id` says that the file is ours. A released format is
//! never changed: a change is another file here, another line in [`MIGRATIONS`]. Each migration is one transaction, so that a
//! crash in the middle leaves the format before it.

use std::path::Path;

use rusqlite::Connection;

use crate::error::StoreError;

/// What the header of our files says: `LKGT`.
pub(crate) const APPLICATION_ID: i32 = 0x4c4b_4754;

/// From the format before to its own. The first makes the tables in an empty file.
pub(crate) type Migration = fn(&Connection) -> rusqlite::Result<()>;

/// In order: the n-th makes format n.
pub(crate) const MIGRATIONS: &[Migration] = &[
    |connection| connection.execute_batch(include_str!("v1.sql")),
    |connection| connection.execute_batch(include_str!("v2.sql")),
];

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is nothing in it yet.
    Empty,
    /// A store of this format.
    Format(usize),
}

/// Looks what kind of file it is. `known` is the newest format that we can read.
pub(crate) fn look(connection: &Connection, path: &Path, known: usize) -> Result<Found, StoreError> {
    let read = || {
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    let (application, version, tables) = read().map_err(|error| StoreError::sqlite(path, &error))?;
    match (application, usize::try_from(version)) {
        (0, Ok(0)) if tables == 0 => Ok(Found::Empty),
        (APPLICATION_ID, Ok(version)) if version > known => Err(StoreError::Newer {
            path: path.to_owned(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            known: u32::try_from(known).unwrap_or(u32::MAX),
        }),
        (APPLICATION_ID, Ok(version)) if version > 0 => Ok(Found::Format(version)),
        (APPLICATION_ID, _) => Err(StoreError::damaged(path, "its format is none")),
        _ => Err(StoreError::damaged(path, "it is a database of something else")),
    }
}

/// Makes the tables, or brings them up to date; then compares them with what they should be.
pub(crate) fn bring_up_to_date(
    connection: &Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<Found, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let found = look(connection, path, migrations.len())?;
    let done = match found {
        Found::Empty => 0,
        Found::Format(version) => version,
    };
    for (format, migrate) in (1..).zip(migrations).skip(done) {
        if done > 0 {
            tracing::info!(store = %path.display(), format, "the store is brought to another format");
        }
        step(connection, format, *migrate).map_err(failed)?;
    }
    let expected = Connection::open_in_memory().map_err(failed)?;
    for migrate in migrations {
        migrate(&expected).map_err(failed)?;
    }
    if tables(connection).map_err(failed)? != tables(&expected).map_err(failed)? {
        return Err(StoreError::damaged(
            path,
            "its tables are not those of its format",
        ));
    }
    Ok(found)
}

/// One migration, and the number that says that it is done: both or none.
fn step(connection: &Connection, format: i32, migrate: Migration) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let migrated = migrate(connection)
        .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| connection.pragma_update(None, "user_version", format))
        .and_then(|()| connection.execute_batch("COMMIT"));
    if migrated.is_err() && !connection.is_autocommit() {
        // What went wrong before counts.
        let _ = connection.execute_batch("ROLLBACK");
    }
    migrated
}

/// All tables and indexes, as their makers wrote them.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?
        .collect()
}
