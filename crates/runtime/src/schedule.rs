//! `trigger.schedule`: when a flow is due, in its time zone.

use jiff::Timestamp;
use lockgate_flow::syntax::ScheduleTrigger;

/// A cron line in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {}

/// A schedule cannot be read. The checker reports it; here it means that the flow was not checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSchedule(pub String);

impl Schedule {
    /// Reads a trigger.
    ///
    /// # Errors
    /// The line or the zone cannot be read.
    pub fn parse(trigger: &ScheduleTrigger) -> Result<Self, InvalidSchedule> {
        let _ = trigger;
        unimplemented!()
    }

    /// The first due time after a time. A time that the clock leaves out (spring) is due when the clock has jumped; one
    /// that comes twice (autumn) is due once.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let _ = after;
        unimplemented!()
    }
}
