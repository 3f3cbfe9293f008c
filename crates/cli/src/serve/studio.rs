//! The studio of a server: what is mounted on its admin port.

use std::sync::Arc;

use lockgate_server::admin::Mounted;
use lockgate_store::Store;
use lockgate_studio::{Studio, mounted};

use super::served::Served;
use crate::studio::{Doing, WorkspaceFiles};

/// The studio of a workspace: its files, where its runs are kept, and what its connections are.
pub(crate) fn studio(files: Arc<WorkspaceFiles>, store: Option<Store>, served: Arc<Served>) -> Mounted {
    let operations = Arc::new(Doing::new(Arc::clone(&files), store, served));
    mounted(Arc::new(Studio { files, operations }))
}
