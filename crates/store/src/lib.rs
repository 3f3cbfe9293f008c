//! Where runs are kept: the SQLite journal, and the history of runs.
//!
//! One process owns a store ([`Store::open`]); any may read its [`History`](history::History) meanwhile.
//!
//! # The way of a record
//!
//! ```text
//!  RunJournal    a run's `engine::Journal`: what is secret is masked for people, and sealed where a resume needs it
//!    └ writer      one thread: takes what all runs have handed in, and commits it together (group commit)
//!        └ schema    the tables, their version, and how older versions become newer ones
//!  history       readers, apart from the writer: lists, timelines, exports; for the admin port and the command line
//!  replay        a journal of recorded outcomes that lets nothing happen: where does an edited flow depart?
//!  seal, owner   the key; the lock
//! ```
//!
//! # What is kept of a run
//!
//! One row in `runs` (flow, definition, status, times, input, output, error), and its records in `journal`, in the order
//! in which they were handed in. A run that goes on is run again from the top with its [`RunJournal`]; nothing else is
//! ever restored.
//!
//! # What this crate does not know
//!
//! What flows mean; HTTP; when runs are started or woken (that is `lockgate-runtime`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod checksum;
mod claims;
mod crash;
mod error;
pub mod history;
mod id;
mod journal;
mod names;
mod owner;
mod record;
pub mod replay;
mod rows;
mod run;
mod schema;
mod seal;
mod settings;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use crash::{CRASH_POINTS, crash_point};
pub use error::StoreError;
pub use id::{InvalidRunId, RunId};
pub use journal::RunJournal;
pub use owner::Owner;
pub use record::{Kept, Record};
pub use run::{Begun, IdempotencyKey, NewRun, Reopen, Settled, Status, StoredRun, Trigger};
pub use settings::{Durability, Retention, StoreSettings};
pub use store::{Store, StoreState, check};
pub use writer::Written;
