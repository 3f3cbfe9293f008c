//! Runs compiled flows: executor, actions, journal, retries, events.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod action;
pub mod clock;
pub mod connection;
pub mod step_key;
