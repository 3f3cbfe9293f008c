//! Snapshots on the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use lockgate_testing::file::TestFile;
use lockgate_testing::report::Report;
use lockgate_testing::snapshot::{Snapshots, folder};

use super::files::text;
use crate::workspace::relative;

/// The snapshots of a workspace.
pub(crate) struct Folder<'a>(pub(crate) &'a Path);

impl Snapshots for Folder<'_> {
    fn read(&self, path: &str) -> Option<String> {
        text(&self.0.join(path)).ok()
    }
}

impl Folder<'_> {
    /// Writes what has changed, and deletes what no case has. Gives what was done, a line each.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn update(&self, report: &Report) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for change in report.cases.iter().flat_map(|case| &case.snapshots) {
            let path = self.0.join(&change.path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
            }
            std::fs::write(&path, &change.text).with_context(|| format!("writing {}", path.display()))?;
            let what = if change.is_new { "new" } else { "updated" };
            done.push(format!("{what} {}", change.path));
        }
        Ok(done)
    }

    /// The snapshots of these files that none of their cases has.
    pub(crate) fn unused(&self, files: &[TestFile], report: &Report) -> Vec<PathBuf> {
        let used: BTreeSet<&str> = report
            .cases
            .iter()
            .flat_map(|case| &case.snapshot_paths)
            .map(String::as_str)
            .collect();
        let folders = files.iter().map(|file| folder(file.source.path()));
        let mut unused: Vec<PathBuf> = folders
            .filter_map(|folder| std::fs::read_dir(self.0.join(folder)).ok())
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter(|path| !used.contains(relative(self.0, path).as_str()))
            .collect();
        unused.sort();
        unused
    }
}
