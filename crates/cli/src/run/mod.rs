//! A run on the terminal.
//!
//! `input`, `json` and `request` read what was typed, `record` keeps what happens, `progress` shows it while it happens, `trace` is the
//! journal that sees inputs, `result` shows the end.

mod input;
mod json;
mod progress;
mod record;
mod request;
mod result;
mod trace;

pub(crate) use input::{Given, describe};
pub(crate) use progress::{Progress, duration};
pub(crate) use record::Recorder;
pub(crate) use request::read_request;
pub(crate) use result::{as_json, invalid_as_json, show};
pub(crate) use trace::TraceJournal;
