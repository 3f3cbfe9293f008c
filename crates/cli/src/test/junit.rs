//! JUnit's XML in a file.

use std::path::Path;

use anyhow::{Context as _, Result};
use lockgate_testing::junit;
use lockgate_testing::report::Report;

/// Writes the report for a build server. The folder is made where it is not there.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_junit(path: &Path, report: &Report) -> Result<()> {
    let writing = || format!("writing {}", path.display());
    let mut text = Vec::new();
    junit::write(report, &mut text).with_context(writing)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(writing)?;
    }
    std::fs::write(path, text).with_context(writing)
}
