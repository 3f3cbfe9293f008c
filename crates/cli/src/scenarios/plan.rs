//! What adding a scenario to a folder would write. Looked at as a whole before the first byte is written: what is there is never
//! written over.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use similar::TextDiff;

use super::merge;
use super::shipped::Scenario;
use crate::workspace::FILE;

/// What there is to do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Files that are not there yet: path and text.
    pub(crate) new: Vec<(String, String)>,
    /// Files that get lines at their end, or entries: path, text as it is now, text as it will be.
    pub(crate) grown: Vec<Grown>,
    /// Files that are there and are the same.
    pub(crate) same: Vec<String>,
    /// What is in the way.
    pub(crate) clashes: Vec<Clash>,
    /// What the reader should know.
    pub(crate) notes: Vec<String>,
}

/// A file that is there and gets more.
#[derive(Debug)]
pub(crate) struct Grown {
    pub(crate) path: String,
    before: String,
    pub(crate) after: String,
}

/// A file that is there and says something else.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) path: String,
    /// From what is there to what the scenario has: a unified diff.
    pub(crate) diff: String,
    /// Why the two cannot be put together; `None` for files of which that is never done.
    pub(crate) reason: Option<String>,
}

impl Plan {
    /// Looks at a folder. With `base`, the files that every new workspace has.
    ///
    /// # Errors
    /// A file that is there cannot be read.
    pub(crate) fn of(root: &Path, scenario: &Scenario) -> Result<Self> {
        let mut plan = Self::default();
        for (path, text) in &scenario.files {
            let there = match std::fs::read_to_string(root.join(path)) {
                Ok(there) => there,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    plan.new.push((path.clone(), text.clone()));
                    continue;
                }
                Err(error) => return Err(error).with_context(|| format!("reading {path}")),
            };
            if there == *text {
                plan.same.push(path.clone());
                continue;
            }
            let merged = match path.as_str() {
                FILE => merge::workspace_file(&there, text)
                    .map(|merged| {
                        plan.notes.extend(merged.notes);
                        merged.text
                    })
                    .map_err(Some),
                ".env.example" | ".gitignore" => Ok(merge::lines(&there, text)),
                _ => Err(None),
            };
            match merged {
                Ok(after) if after == there => plan.same.push(path.clone()),
                Ok(after) => plan.grown.push(Grown {
                    path: path.clone(),
                    before: there,
                    after,
                }),
                Err(reason) => plan.clashes.push(Clash {
                    path: path.clone(),
                    diff: diff(path, &there, text),
                    reason,
                }),
            }
        }
        Ok(plan)
    }

    /// Writes what there is to write.
    ///
    /// # Errors
    /// There are clashes (nothing is written), a file has come in between, or a file cannot be written: what was written until then
    /// stays.
    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        for (path, text) in &self.new {
            let path = root.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
            }
            // Never over something that came in between.
            std::fs::File::create_new(&path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        for grown in &self.grown {
            let path = root.join(&grown.path);
            let now =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            anyhow::ensure!(
                now == grown.before,
                "{} was changed in between; nothing was done to it",
                path.display()
            );
            // A file that is half written would be worse than none.
            let beside = path.with_extension("new");
            std::fs::write(&beside, &grown.after)
                .and_then(|()| std::fs::rename(&beside, &path))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

impl Grown {
    /// What changes, as a unified diff.
    pub(crate) fn diff(&self) -> String {
        diff(&self.path, &self.before, &self.after)
    }
}

fn diff(path: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header(&format!("{path} (yours)"), &format!("{path} (the scenario's)"))
        .to_string()
}
