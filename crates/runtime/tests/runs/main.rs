//! Runs that begin, crash, sleep, wait, are called off and go on: with a real store, on a clock that moves by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod clock;
mod crashes;
mod failing;
mod laboratory;
mod many;
mod operators;
mod pinned;
mod retention;
mod schedules;
mod sleeping;
mod stopping;
mod turns;
