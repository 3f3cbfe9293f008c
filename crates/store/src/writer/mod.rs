//! The one thread that writes: it takes what all runs have handed in, and commits it together (group commit).
//!
//! ```text
//!  queue        what is handed in: runs that have something new, who waits for the disk, other work
//!    └ thread     when to commit, and what happens when that fails
//!        ├ commit     one transaction: a row a run, a chunk of its journal
//!        ├ put        what runs share: an entry goes in if nobody was faster, in the same transaction
//!        └ checkpoint puts the log into the database file, beside the commits
//!  run          what one run has handed in since the last commit, collapsed
//! ```
//!
//! A commit that fails is kept and tried again every second: nothing that was handed in is lost while the process lives. Who
//! waits for it is told at once.

mod checkpoint;
mod commit;
mod put;
mod queue;
mod run;
mod thread;
mod written;

pub(crate) use put::NewEntry;
pub(crate) use queue::Writer;
pub(crate) use run::{Begin, RunState};
pub(crate) use thread::Core;
pub use written::Written;
