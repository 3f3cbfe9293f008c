//! `trigger.schedule`: when a flow is due, in its time zone; and one run for each due time.
//!
//! ```yaml
//! trigger:
//!   schedule: { cron: "0 6 * * 1-5", timezone: Europe/Berlin, missed: once, overlap: false }
//! ```
//!
//! ```text
//!  due       the task: looks at the clock, notes what has been dealt with
//!    ├ plan      what a look at the clock gives: which due time starts a run, which were missed (pure)
//!    │   └ cron      when a flow is due (pure)
//!    └ start     starts the run of one due time, once
//! ```

mod cron;
mod due;
mod plan;
mod start;
#[cfg(test)]
mod tests;

pub use cron::{InvalidSchedule, Schedule};
