//! `trigger.schedule`: when a flow is due, in its time zone.
//!
//! ```yaml
//! trigger:
//!   schedule: { cron: "0 6 * * 1-5", timezone: Europe/Berlin, missed: once, overlap: false }
//! ```
//!
//! [`cron`] tells when a flow is due, and is pure.

mod cron;
#[cfg(test)]
mod tests;

pub use cron::{InvalidSchedule, Schedule};
