//! `--watch`: tests again what a change concerns.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_testing::Subject;
use lockgate_testing::file::{SUFFIX, TestFile};

use crate::commands::asked_to_end;
use crate::exit::Exit;
use crate::serve::Watcher;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// Runs a first round, and one after each change with the files that have changed, until the process is asked to end.
///
/// # Errors
/// Changes cannot be watched. What a round fails with is told, and the next change is waited for.
pub(crate) async fn watch(
    root: &Path,
    terminal: &Terminal,
    round: impl Fn(Option<&BTreeSet<String>>) -> Result<Exit> + Send + Sync + 'static,
) -> Result<Exit> {
    let mut end = std::pin::pin!(asked_to_end());
    // Before the first round, so that no change is missed.
    let mut watcher = Watcher::start(root)?;
    let round = Arc::new(round);
    let mut changed = None;
    loop {
        let files = changed.take();
        let now = Arc::clone(&round);
        // A case may compute for long, or for ever: that must not keep anybody from ending it.
        let mut running = tokio::task::spawn_blocking(move || now(files.as_ref()));
        tokio::select! {
            () = &mut end => return Ok(Exit::Interrupted),
            ran = &mut running => if let Err(error) = ran.context("the round was lost")? {
                crate::exit::report(&error, terminal);
            },
        }
        if let Some(trouble) = watcher.trouble() {
            terminal.remark(&format!("note: files are looked at every second: {trouble}"));
        }
        tokio::select! {
            () = &mut end => return Ok(Exit::Interrupted),
            files = watcher.changed() => changed = Some(files),
        }
    }
}

/// Leaves the test files that a change concerns: those that have changed, and those of flows that have, or that call one that
/// has. What is of the whole workspace concerns all.
pub(crate) fn concerned(
    loaded: &Loaded,
    subject: &Subject,
    files: &mut Vec<TestFile>,
    changed: &BTreeSet<String>,
) {
    let mut flows = BTreeSet::new();
    let mut others = Vec::new();
    for path in changed.iter().filter(|path| !path.ends_with(SUFFIX)) {
        let mut known = loaded.checked.flows.iter();
        match known.find(|flow| flow.source.path() == path) {
            Some(flow) => {
                flows.insert(flow.name.as_str());
            }
            None => others.push(loaded.root.join(path)),
        }
    }
    // The workspace itself, a connector, a flow that is gone. What an editor has written and renamed is gone as well, but
    // then it is not all that has changed.
    let is_passing = |path: &PathBuf| others.len() < changed.len() && !path.exists();
    if !others.iter().all(is_passing) {
        return;
    }
    files.retain(|file| {
        changed.contains(file.source.path())
            || subject
                .flows_of(file)
                .iter()
                .any(|flow| flows.contains(flow.as_str()))
    });
}
