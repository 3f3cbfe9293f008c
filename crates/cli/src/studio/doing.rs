//! Tests, connections, runs and scenarios, as the studio asks for them.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_studio::Operations;

use super::WorkspaceFiles;

/// Does what the studio asks for, in a workspace.
pub(crate) struct Doing {
    #[expect(dead_code, reason = "nothing can be done yet")]
    files: Arc<WorkspaceFiles>,
}

impl Doing {
    pub(crate) fn new(files: Arc<WorkspaceFiles>) -> Self {
        Self { files }
    }
}

#[async_trait]
impl Operations for Doing {}
