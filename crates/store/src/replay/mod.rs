//! Runs a flow against what another run recorded, lets nothing happen, and notes where the flow departs.
//!
//! ```text
//!  script      what a run recorded, by key and attempt
//!  journal     an `engine::Journal` that gives it, and stops the run where it does not know how it goes on
//!  alignment   which step of the edited flow is which step of the recorded one
//!  departure   what is found
//!  compare     replays a flow, and compares it with a replay of the recorded one; whether a run can go on with a flow; which way
//!              a run went
//! ```
//!
//! # What a replay can see
//!
//! Outcomes of actions and values of `now`, `uuid` and `random` are those of the record. What they are made from may have been
//! edited: so the recorded flow is replayed too, both with the same frozen clock and the same randomness, and what the two compute
//! is compared. What a flow does for the first time is computed where that touches nothing outside; an action ends the replay.

mod alignment;
mod compare;
mod departure;
mod journal;
mod script;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use compare::{Replayed, Version, fits, replay, retrace};
pub use departure::{Departure, ReplayEnd};
pub(crate) use journal::Digest;
pub use journal::ReplayJournal;
pub(crate) use script::Script;
