//! Tests of the executor, on flows as authors write them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::similar_names)]

mod calls;
mod concurrency;
mod errors;
mod events;
mod journals;
mod laboratory;
mod limits;
mod masking;
mod memory_state;
mod model;
mod replay;
mod retries;
mod spans;
mod states;
mod verbs;
