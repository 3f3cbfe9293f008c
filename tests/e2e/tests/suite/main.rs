//! End-to-end tests: the real binary, real sockets; and tests of the repository as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// What the tests stand on.
mod binary;
mod emulated;
mod folder;
mod terminal;

// The tests.
mod checking;
mod connecting;
mod house;
mod listing;
mod readme;
mod running;
mod shipped;
mod tenant_command;

use std::path::PathBuf;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}
