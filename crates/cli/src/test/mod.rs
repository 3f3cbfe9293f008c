//! Tests on the terminal.
//!
//! `files` finds and reads test files, `alone` makes one for a single step, `snapshots` keeps what runs gave, `text` and
//! `json` show what came out, `coverage` what has run; `record` makes a case of a run, `watch` tests again. What a test is, and how it runs, is `lockgate-testing`.

mod alone;
mod coverage;
mod files;
mod json;
mod junit;
mod record;
mod snapshots;
mod text;
mod watch;

pub(crate) use alone::{alone, result};
pub(crate) use coverage::Coverage;
pub(crate) use files::{TestFiles, find, jobs, only, read, read_of, subject, tests_of};
pub(crate) use json::{as_json, milliseconds, run as run_as_json};
pub(crate) use junit::write_junit;
pub(crate) use record::{NoCase, appended, line_of_last, new_file, recorded};
pub(crate) use snapshots::Folder;
pub(crate) use text::{Shown, summary};
pub(crate) use watch::{concerned, watch};
