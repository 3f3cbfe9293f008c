//! The store: its file, its disk, its owner, its key, and how the runs stand in it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockgate_engine::clock::Clock;
use lockgate_store::history::History;
use lockgate_store::{Durability, Owner, Status, StoreError, StoreSettings};

use super::Checks;
use crate::commands::counted;
use crate::run::duration;
use crate::runs::size;
use crate::store::KEY;

/// Below that the disk is about to be full: a day of runs may be more.
const LOW: u64 = 1_000_000_000;

/// Below that runs are about to be refused.
const TOO_LOW: u64 = 50_000_000;

/// A run that answers waits for one of these: slower than this, and callers notice.
const SLOW: Duration = Duration::from_millis(20);

/// A log that grows beyond this is one that nobody can put into the database: a reader that never ends holds it.
const LARGE_LOG: u64 = 256_000_000;

/// What there is to look at.
pub(crate) struct StoreToCheck<'a> {
    pub(crate) settings: &'a StoreSettings,
    /// The workspace.
    pub(crate) root: &'a Path,
    /// Whether the runs of a flow are kept.
    pub(crate) keeps: bool,
}

pub(crate) fn store(checks: &mut Checks, store: &StoreToCheck<'_>, clock: &dyn Clock) {
    let path = &store.settings.path;
    let shown = path
        .strip_prefix(store.root)
        .unwrap_or(path)
        .display()
        .to_string();
    let is_there = path.is_file();
    if !is_there && !store.keeps {
        checks.ok("file", format!("{shown} is not needed: no flow has runs to keep"));
        return;
    }
    // Before the history is opened: closing a file that SQLite has open in the same process would take its locks away.
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let folder = existing(&folder);
    let can_write = writable(checks, path, &folder, is_there);
    disk(checks, &folder);
    if can_write {
        durability(checks, store.settings.durability, &folder, clock);
    }
    let owner = Owner::of(path);
    match &owner {
        Ok(Some(Owner {
            pid,
            admin_url: Some(url),
        })) => checks.ok("owner", format!("process {pid}, admin port at {url}")),
        Ok(Some(Owner { pid, .. })) => checks.ok("owner", format!("process {pid}, without an admin port")),
        Ok(None) => checks.ok("owner", "none: no `lockgate serve` runs with it"),
        Err(error) => failed(checks, "owner", error),
    }
    if !is_there {
        checks.ok(
            "file",
            format!("{shown} is not there yet: the first run makes it"),
        );
        key(checks, store, false);
        return;
    }
    match History::open(path) {
        Ok(history) => {
            file(checks, &shown, path, &history);
            match lockgate_store::check(path) {
                Ok(()) => checks.ok("contents", "every row is as it was written"),
                Err(error) => failed(checks, "contents", &error),
            }
            key(checks, store, true);
            runs(checks, &history, matches!(owner, Ok(Some(_))));
        }
        Err(error) => failed(checks, "file", &error),
    }
}

fn failed(checks: &mut Checks, name: &str, error: &StoreError) {
    checks.error(
        name,
        error.to_string(),
        error.help().unwrap_or("see docs/operations.md"),
    );
}

/// The folder, or the nearest above that is there.
fn existing(folder: &Path) -> PathBuf {
    let mut folders = folder.ancestors().filter(|folder| folder.is_dir());
    folders.next().unwrap_or(Path::new(".")).to_owned()
}

/// Whether what has to be written can be: the file, and others beside it.
fn writable(checks: &mut Checks, path: &Path, folder: &Path, is_there: bool) -> bool {
    let opened = if is_there {
        OpenOptions::new().append(true).open(path).map(drop)
    } else {
        Ok(())
    };
    let made = opened.and_then(|()| Scratch::make(folder).map(drop));
    match made {
        Ok(()) => {
            checks.ok("writable", "the file and its folder");
            true
        }
        Err(error) => {
            checks.error(
                "writable",
                format!("{} cannot be written: {error}", folder.display()),
                "let the user of `lockgate serve` write the file and its folder",
            );
            false
        }
    }
}

#[cfg(unix)]
fn disk(checks: &mut Checks, folder: &Path) {
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let message = format!("{} are free", size(free));
    let help = "make room: what has been recorded stays, but new runs are refused while it is full";
    if free < TOO_LOW {
        checks.error("disk", message, help);
    } else if free < LOW {
        checks.warning("disk", message, help);
    } else {
        checks.ok("disk", message);
    }
}

#[cfg(not(unix))]
fn disk(_: &mut Checks, _: &Path) {}

fn durability(checks: &mut Checks, durability: Durability, folder: &Path, clock: &dyn Clock) {
    let how = match durability {
        Durability::Full => "full".to_owned(),
        Durability::Batched { every } => format!("batched: a crash may take the last {}", duration(every)),
    };
    match sync_time(folder, clock) {
        Ok(time) if time > SLOW && durability == Durability::Full => checks.warning(
            "durability",
            format!("{how}; this disk takes {} to make something safe (fsync)", duration(time)),
            "every answer waits for that: take a faster disk, or `durability: batched` where losing the last moments is no \
             matter",
        ),
        Ok(time) => checks.ok(
            "durability",
            format!("{how}; this disk takes {} to make something safe (fsync)", duration(time)),
        ),
        Err(error) => checks.error(
            "durability",
            format!("{how}; the disk cannot make anything safe: {error}"),
            "put the store on a disk of this machine: `store.path` in lockgate.yaml",
        ),
    }
}

/// How long the disk takes to make a few pages safe: the middle of several times.
fn sync_time(folder: &Path, clock: &dyn Clock) -> std::io::Result<Duration> {
    const TIMES: usize = 9;
    let mut scratch = Scratch::make(folder)?;
    let mut times = [Duration::ZERO; TIMES];
    for time in &mut times {
        scratch.file.write_all(&[0x5a; 4096])?;
        let began = clock.elapsed();
        scratch.file.sync_data()?;
        *time = clock.elapsed().saturating_sub(began);
    }
    times.sort_unstable();
    Ok(times[TIMES / 2])
}

/// A file that is gone when it is dropped.
struct Scratch {
    path: PathBuf,
    file: File,
}

impl Scratch {
    fn make(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(format!(".lockgate-doctor-{}", uuid::Uuid::new_v4().simple()));
        let file = File::create_new(&path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody misses it, and nobody can be told.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn file(checks: &mut Checks, shown: &str, path: &Path, history: &History) {
    let bytes = |path: &Path| path.metadata().map_or(0, |file| file.len());
    let (data, log) = (bytes(path), bytes(&beside(path, "-wal")));
    let format = match history.format() {
        Ok(format) => format,
        Err(error) => return failed(checks, "file", &error),
    };
    let message = format!(
        "{shown}, {} and {} in its log, format {format}",
        size(data),
        size(log)
    );
    if log > LARGE_LOG {
        checks.warning(
            "file",
            message,
            "the log cannot be put into the file: something reads the store and does not end (a backup, a `sqlite3`)",
        );
    } else {
        checks.ok("file", message);
    }
}

/// Where the key is that seals secrets, and who may read it.
fn key(checks: &mut Checks, store: &StoreToCheck<'_>, is_there: bool) {
    if store.settings.key.is_some() {
        checks.ok("key", format!("from {KEY}"));
        return;
    }
    if !is_there {
        checks.ok("key", "a key file is made with the store");
        return;
    }
    let file = beside(&store.settings.path, ".key");
    let found = file.metadata();
    let file = file.strip_prefix(store.root).unwrap_or(&file);
    match found {
        Ok(found) if is_private(&found) => {
            checks.ok("key", format!("{}, readable by its owner only", file.display()));
        }
        Ok(_) => checks.error(
            "key",
            format!("others on this machine may read {}", file.display()),
            format!("chmod 600 {}", file.display()),
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => checks.error(
            "key",
            format!("neither {KEY} nor {} is there", file.display()),
            "give the key that the store was made with: what is sealed with it cannot be read otherwise, and the store is \
             not opened",
        ),
        Err(error) => checks.error(
            "key",
            format!("{}: {error}", file.display()),
            "let the user of `lockgate serve` read it",
        ),
    }
}

#[cfg(unix)]
fn is_private(file: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions().mode().trailing_zeros() >= 6
}

#[cfg(not(unix))]
fn is_private(_: &std::fs::Metadata) -> bool {
    true
}

fn runs(checks: &mut Checks, history: &History, has_owner: bool) {
    let counts = match history.counts() {
        Ok(counts) => counts,
        Err(error) => return failed(checks, "runs", &error),
    };
    let count = |status| {
        counts
            .iter()
            .find(|(known, _)| *known == status)
            .map_or(0, |(_, count)| *count)
    };
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{count} {}", status.name().replace('_', " ")))
        .collect();
    let shown = if shown.is_empty() {
        "none yet".to_owned()
    } else {
        shown.join(", ")
    };
    let unfinished = count(Status::Queued) + count(Status::Running) + count(Status::Sleeping);
    if unfinished > 0 && !has_owner {
        checks.warning(
            "runs",
            format!("{shown}; nobody goes on with what is unfinished"),
            "start `lockgate serve`: it does",
        );
    } else {
        checks.ok("runs", shown);
    }
    let doubtful = usize::try_from(count(Status::InDoubt)).unwrap_or(usize::MAX);
    if doubtful > 0 {
        checks.warning(
            "in doubt",
            format!(
                "{}: nobody can tell whether a step of theirs happened",
                counted(doubtful, "run")
            ),
            "`lockgate runs list --status in_doubt` lists them; docs/operations.md says what to do",
        );
    }
}
