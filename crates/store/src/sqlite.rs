//! Connections to the database file, and what SQLite says when something is wrong.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::error::StoreError;

/// How long a statement waits for a lock. We own the store; only programs that do not ask for the lock could hold one.
const BUSY: Duration = Duration::from_secs(5);

/// The path of a file that stands beside the database: `runs.db.lock`.
pub(crate) fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(suffix);
    name.into()
}

/// A connection that may write.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    let set = || {
        // The log is put into the database by hand, where nobody waits for it.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // The numbers of flows and definitions are given by us; to check them when a definition is deleted would read all runs.
        connection.pragma_update(None, "foreign_keys", false)?;
        connection.pragma_update(None, "cache_size", -4000)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)
    };
    set().map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let set = || {
        connection.busy_timeout(BUSY)?;
        // What a damaged file could make SQLite do is kept small.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "cell_size_check", true)
    };
    set().map_err(failed)?;
    Ok(connection)
}

impl StoreError {
    /// What SQLite said of the database.
    pub(crate) fn sqlite(path: &Path, error: &Error) -> Self {
        let path = path.to_owned();
        let what = match error {
            Error::SqliteFailure(_, Some(message)) => message.clone(),
            error => error.to_string(),
        };
        match (error, error.sqlite_error_code()) {
            (_, Some(ErrorCode::DiskFull)) => Self::Full { path },
            (_, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)) => {
                Self::ReadOnly { path, what }
            }
            (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            // A column that holds something else than its table says.
            | (
                Error::InvalidColumnType(..)
                | Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::Utf8Error(..),
                _,
            ) => Self::Corrupt { path, what },
            (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => Self::InUse {
                path,
                owner: "a program that did not ask for the lock".to_owned(),
            },
            _ => Self::Io { path, what },
        }
    }

    /// What the operating system said of a file.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly {
                path,
                what: error.to_string(),
            },
            _ => Self::Io {
                path,
                what: error.to_string(),
            },
        }
    }

    /// Something in the database cannot be what we wrote.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}
