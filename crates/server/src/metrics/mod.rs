//! What is counted, under the names that OpenTelemetry and Prometheus give it.
//!
//! Series of routes and flows are found once, when a site is built: a request adds to numbers that it has at hand, without
//! a lock and without an allocation after the first of its kind. A step's action is looked up by its name. A series is made when it first counts something, so ten thousand flows that
//! nobody calls take no room.
//!
//! Labels hold what authors and actions declare (routes, names of flows and actions, codes of errors) and what HTTP knows
//! (methods, statuses). Nothing that a caller sends becomes a label: not a path, not an address, not an unknown method.
//!
//! Not here: logs, spans; who may read the metrics (`admin`). `docs/observability.md` lists them.

mod actions;
mod exposition;
mod histogram;
mod kept;
mod process;
mod recording;
mod series;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use exposition::{CONTENT_TYPE, Gauges};
pub(crate) use kept::Kept;
pub(crate) use recording::EndpointMetrics;
#[cfg(test)]
pub(crate) use recording::METHODS;
pub use recording::Metrics;
