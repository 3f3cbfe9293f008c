//! Runs compiled flows: executor, actions, journal, retries, events.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod action;
pub mod clock;
pub mod connection;
pub mod event;
pub mod executor;
pub mod journal;
pub mod masks;
pub mod outcome;
mod retry;
pub mod step_key;

pub use executor::{Executor, RunOptions};
