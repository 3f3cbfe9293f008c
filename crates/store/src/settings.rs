//! How a store is kept: `store:` in `lockgate.yaml`.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Where and how runs are kept.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The database file. Beside it: `…-wal` and `…-shm` of SQLite, `….key` and `….lock`.
    pub path: PathBuf,
    /// What a crash may take.
    pub durability: Durability,
    /// How long ended runs are kept.
    pub retention: Retention,
    /// 32 bytes in base64 that seal what is secret (`LOCKGATE_STORE_KEY`); without it, a key file is made beside the store.
    pub key: Option<SecretString>,
}

/// What a crash may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: what a run has recorded is on the disk before a `once` effect, and before an answer.
    Full,
    /// What happened in the last `every`: nobody waits for the disk.
    Batched {
        /// The longest time between two commits.
        every: Duration,
    },
}

/// How long ended runs are kept; whichever is over first. A run whose idempotency key still counts is kept anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Since their end.
    pub age: Option<Duration>,
    /// How many at most.
    pub count: Option<u64>,
}
