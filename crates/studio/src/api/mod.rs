//! The paths of `schemas/studio-api.openapi.json`.
//!
//! ```text
//!  router      path and method → who answers
//!  body        texts that are sent, checked where nobody else waits
//!  workspace   flows, files, findings of all files
//!  events      says when files change
//!  files       a file: read, saved, deleted
//!  document    what a text means, and what an edit does to it
//!  edits       edits as they are sent
//!  assist      completion, hover, definitions, scopes
//!  forms       a step, for a form
//!  actions     actions, functions, the pages of findings
//!  tests       runs tests
//!  connections which there are, and whether they work
//!  runs        a run on its picture, against an edited text, as a test
//!  scenarios   workspaces to add
//! ```

mod actions;
mod assist;
mod body;
mod connections;
mod document;
mod edits;
mod events;
mod files;
mod forms;
mod router;
mod runs;
mod scenarios;
mod tests;
mod workspace;

use std::sync::Arc;

pub use router::mounted;
#[cfg(test)]
pub(crate) use router::{DOCUMENT, routes};

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
