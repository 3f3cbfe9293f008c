//! What concerns the store as a whole: its format, what its unfinished runs need, a copy of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use lockgate_flow::definition::Definition;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::reader::{History, unreadable};
use crate::error::StoreError;

/// All pages in one step: a step is one look at the store, and what is committed meanwhile does not make it begin anew.
const ALL: i32 = -1;

impl History {
    /// The version of the tables.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn format(&self) -> Result<u32, StoreError> {
        self.ask(|connection, path| {
            connection
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .map_err(|error| unreadable(path, &error))
        })
    }

    /// What the unfinished runs are pinned to, each once.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unfinished_definitions(&self) -> Result<Vec<Definition>, StoreError> {
        // The statuses that go on by themselves: queued, running, sleeping.
        const QUERY: &str = "SELECT DISTINCT definitions.digest FROM runs INDEXED BY runs_by_status \
             JOIN definitions ON definitions.id = runs.definition WHERE runs.status IN (0, 1, 2) AND runs.status <> 3";
        let digests: BTreeSet<String> = self.ask(|connection, path| {
            connection
                .prepare(QUERY)
                .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
                .map_err(|error| unreadable(path, &error))
        })?;
        let mut definitions = Vec::new();
        for digest in digests {
            definitions.extend(self.definition(&digest)?);
        }
        Ok(definitions)
    }

    /// Copies the store as it is at this moment into a new file, while its owner goes on writing. The copy is whole or not
    /// there, and on the disk when this returns. The key is not in it.
    ///
    /// # Errors
    /// The file is there already, or cannot be written; the store cannot be read; the copy is damaged.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let written = |error: io::Error| unwritable(to, &error);
        if to.symlink_metadata().is_ok() {
            return Err(written(io::ErrorKind::AlreadyExists.into()));
        }
        let part = beside(to, ".part");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(&part).map_err(written)?;
        let copied = self.ask(|source, path| copy(source, path, &part, to));
        let kept = copied.and_then(|()| {
            let sync = |path: &Path| OpenOptions::new().read(true).open(path)?.sync_all();
            sync(&part)
                .and_then(|()| fs::rename(&part, to))
                .and_then(|()| match to.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => sync(folder),
                    _ => sync(Path::new(".")),
                })
                .map_err(written)
        });
        if kept.is_err() {
            // What went wrong before counts.
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(beside(&part, suffix));
            }
        }
        kept
    }
}

fn copy(source: &Connection, path: &Path, part: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| unreadable(to, &error);
    let mut target = Connection::open(part).map_err(failed)?;
    let stepped = Backup::new(source, &mut target).and_then(|backup| backup.step(ALL));
    match stepped {
        Ok(StepResult::Done) => {}
        Ok(_) => {
            return Err(StoreError::Io {
                path: path.to_owned(),
                what: "it is being written by a program that does not let others read".to_owned(),
            });
        }
        // SQLite does not tell which of the two it was.
        Err(error) => return Err(failed(error)),
    }
    // One file, without a log beside it.
    target
        .pragma_update(None, "journal_mode", "DELETE")
        .map_err(failed)?;
    let found: String = target
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if found == "ok" {
        target.close().map_err(|(_, error)| failed(error))
    } else {
        Err(StoreError::Corrupt {
            path: path.to_owned(),
            what: found,
        })
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn unwritable(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path },
        _ => StoreError::Io {
            path,
            what: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestRun, TestStore};
    use super::super::{Filter, History};
    use super::*;
    use crate::run::Status;

    #[test]
    fn a_copy_is_made_while_the_owner_writes() {
        let mut store = TestStore::new();
        let first = store.put(&TestRun::default());
        let history = store.history();
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        // In the middle of a commit: it is not in the copy.
        store.owner.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.put(&TestRun::default());
        history.backup(&to).unwrap();
        store.owner.execute_batch("COMMIT").unwrap();
        let copy = History::open(&to).unwrap();
        let runs = copy.list(&Filter::default(), None, 10).unwrap().runs;
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [first]);
        assert_eq!(history.list(&Filter::default(), None, 10).unwrap().runs.len(), 2);
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_str().unwrap().contains("part"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        // Never over something that is there.
        let error = history.backup(&to).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert!(history.backup(&folder.path().join("nowhere/copy.db")).is_err());
    }

    #[test]
    fn a_damaged_store_gives_no_copy() {
        let mut store = TestStore::new();
        for _ in 0..50 {
            store.put(&TestRun::default());
        }
        let damage = "PRAGMA writable_schema = on; \
             UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'flows') \
             WHERE name = 'runs_by_time'";
        store.damage(damage);
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        let history = History::open(&store.path);
        let refused = history.and_then(|history| history.backup(&to));
        assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn unfinished_runs_say_what_they_are_pinned_to() {
        let mut store = TestStore::new();
        let history = store.history();
        for status in [
            Status::Succeeded,
            Status::Failed,
            Status::InDoubt,
            Status::Cancelled,
        ] {
            store.put(&TestRun {
                status,
                ..TestRun::default()
            });
        }
        assert_eq!(history.unfinished_definitions().unwrap(), []);
        for status in [Status::Queued, Status::Running, Status::Sleeping] {
            store.put(&TestRun {
                status,
                ..TestRun::default()
            });
            let definitions = history.unfinished_definitions().unwrap();
            assert_eq!(definitions.len(), 1);
            assert_eq!(definitions[0].flow, "sign-up");
        }
    }
}
