//! `/api/runs`: the history of runs, and what an operator does with one.
//!
//! ```text
//! GET  /api/runs                     a page of runs
//! GET  /api/runs/{id}                one run, with its steps
//! GET  /api/runs/{id}/export         everything that is kept of it
//! GET  /api/runs/{id}/events         what it records, as it happens
//! POST /api/runs/{id}/cancel         calls it off
//! POST /api/runs/{id}/resume         lets it go on
//! POST /api/runs/{id}/replay         against the flow as it is now
//! POST /api/runs/prune               deletes what is old
//! POST /api/flows/{name}/runs        starts a run
//! ```
//!
//! The history is read on threads that may block. What changes a run is asked of the runtime.

mod change;
mod events;
mod history;
mod list;
mod show;
mod start;
#[cfg(test)]
mod tests;

pub(super) use change::{cancel, prune, replay, resume};
pub(super) use events::events;
pub(super) use list::list;
pub(super) use show::{export, show};
pub(super) use start::start;
