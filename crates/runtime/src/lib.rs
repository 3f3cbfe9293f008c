//! Keeps runs going: starts, resumes, wakes, schedules, limits and cancels them.
//!
//! The engine runs a flow once, from top to end; the store keeps what it recorded. This crate stands between them and
//! whoever asks for runs (HTTP endpoints, the admin port, the command line):
//!
//! ```text
//!  Runtime       what callers touch
//!    ├ program       one version of the workspace, and the definitions that older runs are pinned to
//!    ├ limits        `concurrency`: whose turn it is, fair between keys
//!    ├ start         begins a run, or finds the one that an idempotency key has begun
//!    ├ keys          of several requests with one idempotency key, one waits for a turn
//!    ├ active        the runs that go on in this process, and who waits for their answers
//!    ├ operate       what is asked of a run that has begun: its answer, that it ends, that it goes on
//!    ├ resume        at the start, and after the store was failing: what is unfinished goes on
//!    ├ wake          what sleeps goes on when its time has come
//!    ├ schedule      `trigger.schedule`: one run for each due time
//!    ├ retention     deletes what is old, in small slices
//!    ├ stop          the end of the process
//!    └ keeper        what all of these share
//! ```
//!
//! # What this crate does not know
//!
//! HTTP, SQL, how a step runs, any vendor.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod active;
mod keeper;
mod keys;
pub mod limits;
mod operate;
mod program;
mod resume;
mod retention;
mod runtime;
pub mod schedule;
mod start;
mod stop;
mod tasks;
mod wake;

pub use active::RunAnswer;
pub use program::{Pinned, Program, ProgramParts, Unpinnable};
pub use runtime::{Left, Listener, ResumeRun, RunError, Runtime, RuntimeOptions, Seen, Stats};
pub use start::{DurableRun, Spawned, StartError, StartRun, Started};
pub use tasks::Tasks;
