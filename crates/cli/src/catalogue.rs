//! The declarations that the checker reads.

use std::path::Path;
use std::sync::Arc;

pub(crate) use lockgate_catalogue::catalog;
use lockgate_flow::catalog::Catalog;

use crate::workspace::Loaded;

/// The catalog of the workspace around a folder; the binary's own where there is none that can be read.
pub(crate) fn catalog_around(folder: &Path) -> Arc<Catalog> {
    let catalog = catalog();
    match Loaded::find(folder, &catalog, &[]) {
        Ok(loaded) => loaded.catalog,
        Err(_) => Arc::new(catalog),
    }
}
