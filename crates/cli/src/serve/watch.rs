//! Watches the files of a workspace. What does not belong to it is not watched at all: `target/` or `node_modules/` may
//! have more folders than the system lets anyone watch.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use notify::{Config, Event, EventKind, PollWatcher, RecursiveMode};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::connectors::CONNECTORS;
use crate::workspace::{FILE, FLOWS, relative};

/// The folders that are watched with all that is in them.
const FOLDERS: [&str; 2] = [FLOWS, CONNECTORS];

/// A save is several events, and so is a change of branch: they are one change if no more time is between them.
const QUIET: Duration = Duration::from_millis(100);

/// How often files are looked at where the system does not tell of changes.
const POLL: Duration = Duration::from_secs(1);

/// What has happened to a file, or why nobody can say.
type Told = notify::Result<Event>;

/// Tells which files have changed.
pub(crate) struct Watcher {
    root: PathBuf,
    system: Box<dyn notify::Watcher + Send>,
    sender: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
    /// Kept here, so that nothing is lost when [`Self::changed`] is dropped before its end.
    pending: BTreeSet<PathBuf>,
    trouble: Option<String>,
}

impl Watcher {
    /// Watches the workspace in this folder, from now on.
    ///
    /// # Errors
    /// Neither does the system tell of changes, nor can the files be looked at.
    pub(crate) fn start(root: &Path) -> Result<Self> {
        let (sender, told) = unbounded_channel();
        let (system, trouble) = match by_system(root, &sender) {
            Ok(system) => (system, None),
            Err(error) => (by_looking(root, &sender)?, Some(reason(&error))),
        };
        Ok(Self {
            root: root.to_owned(),
            system,
            sender,
            told,
            pending: BTreeSet::new(),
            trouble,
        })
    }

    /// Why files are looked at every second instead of being told of, once; nothing where that is not so.
    pub(crate) fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// Waits for a change and until it is complete. The files, relative to the workspace's root.
    pub(crate) async fn changed(&mut self) -> BTreeSet<String> {
        while self.pending.is_empty() {
            match self.told.recv().await {
                Some(told) => {
                    self.note(told);
                }
                // The sender stands beside the receiver.
                None => std::future::pending().await,
            }
        }
        let mut quiet = Instant::now() + QUIET;
        while let Ok(Some(told)) = timeout_at(quiet, self.told.recv()).await {
            // Who only reads, however often, puts nothing off.
            if self.note(told) {
                quiet = Instant::now() + QUIET;
            }
        }
        // Once, and after all is quiet: that it is watched again is told as well.
        for folder in FOLDERS {
            if self.pending.contains(&self.root.join(folder)) {
                self.watch_again(folder);
            }
        }
        let changed = std::mem::take(&mut self.pending);
        changed.iter().map(|path| relative(&self.root, path)).collect()
    }

    /// Whether something may have changed.
    fn note(&mut self, told: Told) -> bool {
        match told {
            Ok(event) if event.need_rescan() => {
                // More has happened than the system could tell.
                self.pending.extend(FOLDERS.map(|folder| self.root.join(folder)));
                true
            }
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
            Ok(event) => {
                let root = &self.root;
                let ours: Vec<PathBuf> = event
                    .paths
                    .into_iter()
                    .filter(|path| is_ours(root, path))
                    .collect();
                let is_change = !ours.is_empty();
                self.pending.extend(ours);
                is_change
            }
            // A new folder that cannot be watched, for one.
            Err(error) => {
                self.look_instead(&error);
                true
            }
        }
    }

    /// The folder is another one than the one that was watched: it was made, or put in the place of the old one.
    fn watch_again(&mut self, folder: &str) {
        let folder = self.root.join(folder);
        // It may not have been watched.
        let _ = self.system.unwatch(&folder);
        if folder.is_dir()
            && let Err(error) = self.system.watch(&folder, RecursiveMode::Recursive)
            && folder.is_dir()
        {
            self.look_instead(&error);
        }
    }

    fn look_instead(&mut self, error: &notify::Error) {
        if let Ok(system) = by_looking(&self.root, &self.sender) {
            self.system = system;
            self.trouble = Some(reason(error));
            // What has changed meanwhile is not known.
            self.pending.insert(self.root.join(FILE));
        }
    }
}

fn by_system(root: &Path, sender: &UnboundedSender<Told>) -> notify::Result<Box<dyn notify::Watcher + Send>> {
    let sender = sender.clone();
    let mut system = notify::recommended_watcher(move |told| {
        // Nobody listens any more: it is the end.
        let _ = sender.send(told);
    })?;
    watch(&mut system, root)?;
    Ok(Box::new(system))
}

fn by_looking(root: &Path, sender: &UnboundedSender<Told>) -> Result<Box<dyn notify::Watcher + Send>> {
    let sender = sender.clone();
    let config = Config::default().with_poll_interval(POLL);
    let mut system = PollWatcher::new(
        move |told: Told| {
            // A file that cannot be looked at is one that is gone by now.
            if told.is_ok() {
                let _ = sender.send(told);
            }
        },
        config,
    )
    .context("watching the workspace")?;
    watch(&mut system, root).context("watching the workspace")?;
    Ok(Box::new(system))
}

fn watch(system: &mut dyn notify::Watcher, root: &Path) -> notify::Result<()> {
    system.watch(root, RecursiveMode::NonRecursive)?;
    for folder in FOLDERS {
        let folder = root.join(folder);
        if folder.is_dir() {
            system.watch(&folder, RecursiveMode::Recursive)?;
        }
    }
    Ok(())
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system watches no more files for this user (see fs.inotify.max_user_watches)".to_owned()
        }
        notify::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// Whether a path can be a file that the workspace is read from, or a folder of them.
fn is_ours(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else {
        return false;
    };
    let mut parts = inside.iter();
    let first = parts.next().and_then(OsStr::to_str);
    match (first, parts.next().is_some()) {
        (Some(FILE | ".env" | ".gitignore" | ".ignore" | FLOWS | CONNECTORS), false) => true,
        (Some(FLOWS | CONNECTORS), true) => inside
            .iter()
            .all(|part| part.to_str().is_some_and(is_flow_or_folder)),
        _ => false,
    }
}

/// What editors leave beside a file while it is open does not look like a flow: `.a.yaml.swp`, `a.yaml~`, `.#a.yaml`,
/// `4913`.
fn is_flow_or_folder(name: &str) -> bool {
    let is_hidden = name.starts_with(['.', '#']);
    let is_other_file = Path::new(name)
        .extension()
        .is_some_and(|extension| extension != "yaml" && extension != "yml");
    let is_probe = name == "4913";
    !is_hidden && !is_other_file && !is_probe && !name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_editors_and_builds_leave_behind_is_not_ours() {
        let root = Path::new("/work");
        for path in [
            "lockgate.yaml",
            ".env",
            "flows",
            "flows/a.yaml",
            "flows/deep",
            "flows/deep/b.yml",
            "connectors",
            "connectors/acme.yaml",
        ] {
            assert!(is_ours(root, &root.join(path)), "{path}");
        }
        for path in [
            "",
            "target",
            "node_modules/a.yaml",
            "lockgate.yaml/x",
            ".git",
            ".lockgate.yaml.swp",
            "flows/.a.yaml.swp",
            "flows/.#a.yaml",
            "flows/#a.yaml#",
            "flows/a.yaml~",
            "flows/4913",
            "flows/a.yaml.tmp.1234",
            "flows/.git/a.yaml",
            "connectors/acme.yaml~",
            "../elsewhere.yaml",
        ] {
            assert!(!is_ours(root, &root.join(path)), "{path}");
        }
    }

    /// Both ways of watching tell of the same.
    #[tokio::test]
    async fn changes_are_told_by_the_system_and_by_looking() {
        for looks in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            std::fs::write(root.join(FILE), "version: 1\n").unwrap();
            let mut watcher = Watcher::start(&root).unwrap();
            assert_eq!(watcher.trouble(), None);
            if looks {
                watcher.look_instead(&notify::Error::new(notify::ErrorKind::MaxFilesWatch));
                assert!(watcher.trouble().unwrap().contains("max_user_watches"));
                assert_eq!(watcher.changed().await, BTreeSet::from([FILE.to_owned()]));
            }
            std::fs::create_dir_all(root.join("flows/deep")).unwrap();
            assert!(
                watcher
                    .changed()
                    .await
                    .iter()
                    .all(|path| path.starts_with("flows"))
            );
            std::fs::write(root.join("flows/deep/.a.yaml.new"), "steps: []\n").unwrap();
            std::fs::rename(
                root.join("flows/deep/.a.yaml.new"),
                root.join("flows/deep/a.yaml"),
            )
            .unwrap();
            loop {
                // Making the folders may be told in two parts.
                let changed = watcher.changed().await;
                if changed.contains("flows/deep/a.yaml") {
                    break;
                }
            }
        }
    }

    /// A page that shows files, a search through them: they are open all the time.
    #[tokio::test]
    async fn who_reads_files_all_the_time_does_not_put_changes_off() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::write(root.join(FILE), "version: 1\n").unwrap();
        let mut watcher = Watcher::start(&root).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let reader = std::thread::spawn({
            let (is_over, file) = (Arc::clone(&is_over), root.join(FILE));
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    std::fs::read(&file).unwrap();
                    std::thread::yield_now();
                }
            }
        });
        std::fs::write(root.join(FILE), "version: 1 # changed\n").unwrap();
        let changed = timeout_at(Instant::now() + Duration::from_secs(20), watcher.changed()).await;
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        assert_eq!(changed, Ok(BTreeSet::from([FILE.to_owned()])));
    }
}
