//! The crash harness: the real server and an emulated tenant as processes, callers who try again until they have an
//! answer, and `SIGKILL` in the middle of everything.
//!
//! ```text
//!  harness      puts it together; kills, and starts again
//!    ├ lives      how a life of the server ends: at a moment, at a named point, while it starts, while it stops
//!    ├ process    the server and the tenant, as processes; tenant: its faults, and who is in it
//!    ├ callers    send requests, each with an idempotency key, until they have an answer
//!    ├ order_desk stands in for another service, and counts its effects
//!    ├ operator   settles the runs that ended in doubt
//!    ├ workspace  the flows
//!    └ verdict    what has become of everyone
//! ```
//!
//! `cargo xtask crash` runs it for long, a test of the end-to-end suite for a hundred kills.
//!
//! # What must be true in the end
//!
//! For each request there is one user, with exactly the metadata that the flow sets; whoever asked with its key, however
//! often, has got one and the same answer of one and the same run; no run is left over; the other service has done each
//! order once (what was in doubt, too, when the operator has settled it). All of that is looked up from outside: at the tenant, in the answers, in the store.
//!
//! # What it does not show
//!
//! A killed process loses what it had in memory, not what it had handed to the operating system: that `fsync` comes
//! before an answer is not shown by this. `docs/durability.md` says what is promised of power cuts.
#![cfg(unix)]

mod callers;
mod chance;
mod exchange;
mod harness;
mod lives;
mod operator;
mod order_desk;
mod process;
mod tenant;
mod verdict;
mod workspace;

pub use harness::{CrashOptions, crash};
pub use verdict::Verdict;
