//! Runs the tests of flows: `flows/**/*.test.yaml`.
//!
//! The format is described in `docs/testing.md`. A test file goes this way:
//!
//! ```text
//!  file       text → cases, with a place on everything
//!   └ check      names, mocks and expectations against the flows and the declarations
//!      └ runner     all cases, on some threads
//!         └ case       a world of its own: clock, tenant, connections, shared state; its runs in turn
//!            ├ script     what actions do: as they are, as a mock says, or nothing
//!            ├ record     what the run did
//!            └ verify     what it gave, against what is expected (`matching`)
//!               └ report     data; how it is shown is someone else's
//!                  ├ coverage   steps and ways that were taken; `passage` has them as a picture does, `drawing` shows them on one
//!                  └ junit      as XML for build servers
//!  recorded   a run that was kept → a case
//! ```
//!
//! A case takes the time that it computes: its clock is virtual, its tenant is in the process, and no socket is opened.
//!
//! Not here: the terminal, files and arguments (`cli`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod case;
mod check;
pub mod coverage;
pub mod diff;
mod drawing;
mod earlier;
mod entropy;
mod example;
pub mod file;
pub mod junit;
pub mod matching;
pub mod passage;
mod record;
pub mod recorded;
pub mod report;
mod request;
pub mod runner;
mod script;
pub mod snapshot;
mod subject;
mod tenant;
mod verify;

pub use check::check;
pub use drawing::picture;
pub use subject::{Subject, runs_as_it_is};
