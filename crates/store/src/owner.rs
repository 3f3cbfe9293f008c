//! Who owns a store: one process at a time, by a lock of the operating system on a file beside it.
//!
//! The lock ends with the process, however that ends. What the file says is only for other processes to find the owner; it
//! counts while the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::sqlite::beside;

/// A look at the lock takes it for a moment; whoever opens a store tries again then.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// The process that owns a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Where its admin port is, if it has one: `http://127.0.0.1:9090`.
    pub admin_url: Option<String>,
}

impl Owner {
    /// The process that owns the store at this path now; `None` where none does.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub fn of(store: &Path) -> Result<Option<Self>, StoreError> {
        let path = beside(store, ".lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file(&path, &error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read(&mut file).unwrap_or(Self {
                pid: 0,
                admin_url: None,
            }))),
            Err(TryLockError::Error(error)) => Err(StoreError::file(&path, &error)),
        }
    }
}

/// What the owner has written, if it has.
fn read(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The lock of this process on a store. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    path: PathBuf,
    file: File,
}

impl OwnerLock {
    /// Takes the lock.
    pub(crate) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = beside(store, ".lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options
            .open(&path)
            .map_err(|error| StoreError::file(&path, &error))?;
        for attempt in 1..=ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    let mut lock = Self { path, file };
                    lock.announce(None)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(StoreError::file(&path, &error)),
            }
        }
        let owner = match read(&mut file) {
            Some(Owner {
                pid,
                admin_url: Some(url),
            }) => format!("process {pid}, admin port at {url}"),
            Some(Owner { pid, .. }) => format!("process {pid}"),
            None => "it has not said which".to_owned(),
        };
        Err(StoreError::InUse {
            path: store.to_owned(),
            owner,
        })
    }

    /// Writes who we are, for other processes.
    pub(crate) fn announce(&mut self, admin_url: Option<&str>) -> Result<(), StoreError> {
        let owner = Owner {
            pid: std::process::id(),
            admin_url: admin_url.map(str::to_owned),
        };
        let text = serde_json::to_vec(&owner).unwrap_or_default();
        self.write(&text)
            .map_err(|error| StoreError::file(&self.path, &error))
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text)
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Nobody reads it without the lock; an empty file only says so at a glance.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("runs.db");
        assert_eq!(Owner::of(&store).unwrap(), None);
        let mut lock = OwnerLock::take(&store).unwrap();
        let refused = OwnerLock::take(&store).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        lock.announce(Some("http://127.0.0.1:9090")).unwrap();
        let owner = Owner::of(&store).unwrap().unwrap();
        assert_eq!(owner.admin_url.as_deref(), Some("http://127.0.0.1:9090"));
        let refused = OwnerLock::take(&store).unwrap_err().to_string();
        assert!(
            refused.contains("admin port at http://127.0.0.1:9090"),
            "{refused}"
        );
        drop(lock);
        assert_eq!(Owner::of(&store).unwrap(), None);
        drop(OwnerLock::take(&store).unwrap());
    }
}
