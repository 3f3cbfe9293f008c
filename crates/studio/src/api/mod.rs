//! The paths of `schemas/studio-api.openapi.json`.
//!
//! ```text
//!  router      path and method → who answers
//!  workspace   /api/workspace
//! ```

mod router;
mod workspace;

use std::sync::Arc;

pub use router::mounted;

use crate::files::{Desk, Files};
use crate::operations::Operations;

/// What all requests share.
pub struct Studio {
    /// The files.
    pub files: Arc<dyn Files>,
    /// What else can be done.
    pub operations: Arc<dyn Operations>,
}

impl Studio {
    /// The workspace as it was read last.
    pub(crate) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.files.desks().borrow())
    }
}
