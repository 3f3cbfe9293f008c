//! Faults: what goes wrong, for which requests and how often (`spec`), and which ones strike a given request
//! (`plan`). Carrying them out is the connection's business, in `serve`.

mod plan;
mod spec;

pub(crate) use plan::{FaultPlan, Struck};

pub use spec::{Fault, FaultKind, FaultParseError};
