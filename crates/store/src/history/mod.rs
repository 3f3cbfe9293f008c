//! The history of runs, for people and programs that read it: the command line, the admin port.
//!
//! Reading needs no lock: it works beside a process that owns the store, and sees what is committed.
//!
//! ```text
//!  reader     opening a store for reading; what each question begins with
//!  list       pages of runs, newest first: filters, cursors, the search for a text
//!  run        a run as it comes out of its rows
//!  timeline   the records of a run as its steps: pure
//!  export     one run as JSON
//!  whole      the store as a whole: its format, a copy of it
//! ```
//!
//! Not here: anything that writes, anything that is sealed. History has no key.

mod cursor;
mod export;
mod list;
mod reader;
mod run;
#[cfg(test)]
mod scale;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timeline;
#[cfg(test)]
mod timeline_tests;
mod whole;

pub use export::{Export, ExportedDefinition};
pub use list::{Filter, Page};
pub use reader::History;
pub use run::{RunDetail, RunSummary};
pub use timeline::{Attempt, Event, Step, StepState, Timeline, ValueRecord};
