//! The studio of a server: what is mounted on its admin port.

use std::sync::Arc;

use lockgate_server::admin::Mounted;
use lockgate_studio::{Studio, mounted};

use crate::studio::{Doing, WorkspaceFiles};

/// The studio of a workspace.
pub(crate) fn studio(files: Arc<WorkspaceFiles>) -> Mounted {
    let operations = Arc::new(Doing::new(Arc::clone(&files)));
    mounted(Arc::new(Studio { files, operations }))
}
