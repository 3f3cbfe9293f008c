//! The admin port: health, metrics, the list of flows.
//!
//! ```text
//! GET /healthz           the process answers
//! GET /readyz            whether it wants requests: 503 from the moment that it stops
//! GET /metrics           what was counted (OpenMetrics)
//! GET /api/flows         what is served, and what is not because it has mistakes
//!     /api/runs…         the history of runs, and what an operator does with one: `runs`
//! GET /api/openapi.json  the document of these routes: schemas/admin-api.openapi.json
//! GET /openapi.json      the document of the flows' port
//! ```
//!
//! `guard` is asked first, about every request: with a token set, who does not show it sees the first two only; without one,
//! the port is on loopback, and a request must have been meant for it.
//!
//! Other paths can be put beside these ([`Mounted`]), behind the same guard.
//!
//! Not here: opening the port, and refusing one that is open to others without a token (`server`).

mod body;
mod flows;
mod guard;
mod health;
mod metrics;
mod router;
mod runs;
#[cfg(test)]
mod tests;

pub use body::JsonBody;
pub(crate) use router::router;
pub use router::{Mounted, Stopping};
