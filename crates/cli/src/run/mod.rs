//! A run on the terminal.
//!
//! `input`, `json` and `request` read what was typed, `stage` is what a run runs on, `keep` records it, `record` keeps what happens,
//! `progress` shows it while it happens, `trace` is the journal that sees inputs, `result` shows the end.

mod input;
mod json;
pub(crate) mod keep;
mod progress;
mod record;
mod request;
mod result;
mod stage;
mod trace;

pub(crate) use input::{Given, describe};
pub(crate) use json::read_object;
pub(crate) use progress::{duration, is_shown, step_line, turns};
pub(crate) use record::{StepRecord, StepStatus};
pub(crate) use request::read_request;
pub(crate) use result::invalid_as_json;
pub(crate) use stage::{Stage, View};
