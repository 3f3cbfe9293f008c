//! Tests of the store as a whole: real files, real flows.

/// The actions and flows of the engine's own tests.
#[path = "../../../engine/tests/run/laboratory.rs"]
#[allow(dead_code, reason = "the engine's tests use all of it")]
mod laboratory;

/// What every place that keeps journals has to show.
#[path = "../../../engine/tests/run/journals.rs"]
#[allow(clippy::similar_names, reason = "as in the engine's tests")]
mod journals;

/// What every place that keeps what runs share has to show.
#[path = "../../../engine/tests/run/states.rs"]
mod states;

mod bed;
mod damage;
mod failing;
mod look;
mod open;
mod read;
mod reopen;
mod replay;
mod runs;
mod secrets;
mod state;
