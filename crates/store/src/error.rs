//! What can go wrong with a store. Each error names the file and what to do.

use std::path::PathBuf;

/// A store cannot be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns it.
    #[error("{path} is in use by another process ({owner})")]
    InUse {
        /// The database file.
        path: PathBuf,
        /// Its process id, and where its admin port is, as far as it has said so.
        owner: String,
    },
    /// There is no such file.
    #[error("there is no store at {path}")]
    Absent {
        /// The database file.
        path: PathBuf,
    },
    /// The file is no store, or is damaged.
    #[error("{path} cannot be used as a store: {what}")]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// It was written by a newer version of this program.
    #[error("{path} was written by a newer version (format {found}; this one knows up to {known})")]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk of {path} is full")]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("{path} cannot be written: {what}")]
    ReadOnly {
        /// The database file.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// The key is not the one that sealed what is in it, or is no key.
    #[error("{what}")]
    Key {
        /// What was found, and where.
        what: String,
    },
    /// What was asked for cannot be: a cursor that is none, a beginning of an id that is too short.
    #[error("{what}")]
    Query {
        /// What was given, and what is wrong with it.
        what: String,
    },
    /// Anything else that the disk or SQLite said.
    #[error("{path}: {what}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was said.
        what: String,
    },
    /// The store has been closed: the process is about to end.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// What an operator can do about it.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::InUse { .. } => "stop the other process, or give this one a `store.path` of its own",
            Self::Absent { .. } => "it is made by the first run that is kept: start `lockgate serve`",
            Self::Corrupt { .. } => {
                "move it away (with its -wal and -shm files) and put a backup in its place, or start with a new one"
            }
            Self::Newer { .. } => "use that version, or the backup that was made before the upgrade",
            Self::Full { .. } => "make room; what has been recorded stays, and runs go on by themselves",
            Self::ReadOnly { .. } => "let the user of this process write the file and its folder",
            Self::Key { .. } => {
                "give the key that the store was made with (`LOCKGATE_STORE_KEY` or the key file)"
            }
            Self::Query { .. } | Self::Io { .. } | Self::Closed => return None,
        })
    }
}
