//! End-to-end tests: the real binary, real sockets; and tests of the repository as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

// What the tests stand on.
mod binary;
mod callers;
mod collector;
mod emulated;
mod folder;
mod served;
mod stand_in;
mod studio_asked;
mod terminal;

// The tests.
mod canaries;
mod checking;
mod codes;
mod connecting;
mod connectors;
mod crashes;
mod developing;
mod examples;
mod faults;
mod flow_tests;
mod house;
mod interrupted;
mod kept;
mod listing;
mod prefixes;
mod readme;
mod renewal;
mod running;
mod runs_command;
mod runs_doctor;
mod served_canaries;
mod served_faults;
mod serving;
mod shipped;
mod statuses;
mod stores;
mod studio_files;
mod studio_operations;
mod studio_runs;
mod sync_profile;
mod telemetry;
mod tenant_command;
mod testing;

use std::path::PathBuf;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}
