//! Opening a store for reading, and what each question begins with.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockgate_flow::definition::Definition;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::export::Export;
use super::list::{self, Filter, Page};
use super::run::{self, RunDetail};
use crate::error::StoreError;
use crate::id::RunId;
use crate::names::parse;
use crate::run::Status;
use crate::schema::{Found, MIGRATIONS, look};
use crate::sqlite::beside;

/// How long a reader waits for a lock. In WAL mode it waits for nobody but a process that mends the log after a crash.
const BUSY: Duration = Duration::from_secs(5);

/// Connections that are kept for the next question.
const KEPT: usize = 4;

/// A prefix of an id has at least so many hexadecimal digits.
const SHORTEST_PREFIX: usize = 4;

/// Most ids that a prefix gives.
const MOST_FOUND: i64 = 10;

/// The runs of a store, for reading. Its functions block on the disk.
#[derive(Debug)]
pub struct History {
    pub(super) path: PathBuf,
    /// Not in use. Questions that come at the same time have a connection each.
    idle: Mutex<Vec<Reader>>,
    /// `PRAGMA data_version` is a number of one connection, so this one is always the same.
    follower: Mutex<Reader>,
}

/// A connection that writes nothing.
#[derive(Debug)]
struct Reader {
    connection: Connection,
    /// Opened without the log, since there was none and none could be made: what is written later would not be seen.
    is_frozen: bool,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, StoreError> {
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => {
                return Err(StoreError::Absent {
                    path: path.to_owned(),
                });
            }
            Err(error) => {
                return Err(StoreError::Io {
                    path: path.to_owned(),
                    what: error.to_string(),
                });
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).and_then(checked);
        let (connection, is_frozen) = match opened {
            // A store that was closed well has no log beside it. To read it SQLite makes an empty one, which the
            // folder may not allow. Without a log nobody writes, and the file alone is the whole store.
            Err(error)
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
                ) && !has_log(path) =>
            {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                let opened = Connection::open_with_flags(immutable(path), flags).and_then(checked);
                (opened.map_err(|error| unreadable(path, &error))?, true)
            }
            opened => (opened.map_err(|error| unreadable(path, &error))?, false),
        };
        Ok(Self {
            connection,
            is_frozen,
        })
    }

    /// Whether it sees what is committed now.
    fn is_current(&self, path: &Path) -> bool {
        !(self.is_frozen && has_log(path))
    }
}

/// The connection, after a first look into the file: SQLite opens a file when it is first asked for something.
fn checked(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn has_log(path: &Path) -> bool {
    beside(path, "-wal").exists()
}

/// As SQLite's URIs have it: <https://www.sqlite.org/uri.html>.
fn immutable(path: &Path) -> String {
    use std::fmt::Write as _;

    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?immutable=1"
}

/// What SQLite said when the store was read.
pub(super) fn unreadable(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::sqlite(path, error)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl History {
    /// Opens a store for reading.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path)?;
        match look(&reader.connection, path, MIGRATIONS.len())? {
            Found::Format(format) if format == MIGRATIONS.len() => {}
            Found::Format(format) => {
                return Err(StoreError::Io {
                    path: path.to_owned(),
                    what: format!("it is of format {format}: its next owner brings it up to date"),
                });
            }
            // Its owner is about to fill it.
            Found::Empty => {
                return Err(StoreError::Absent {
                    path: path.to_owned(),
                });
            }
        }
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            follower: Mutex::new(reader),
        })
    }

    /// A page of the runs that fit, at most `most` of them. `cursor` is the [`Page::next`] of the page before.
    ///
    /// # Errors
    /// The store cannot be read; the cursor is none.
    pub fn list(&self, filter: &Filter, cursor: Option<&str>, most: usize) -> Result<Page, StoreError> {
        self.ask(|connection, path| list::list(connection, path, filter, cursor, most))
    }

    /// One run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn run(&self, id: RunId) -> Result<Option<RunDetail>, StoreError> {
        self.ask(|connection, path| run::read(connection, path, id))
    }

    /// One run as [`Export`], with the text of its definition.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn export(&self, id: RunId) -> Result<Option<Export>, StoreError> {
        let Some(run) = self.run(id)? else {
            return Ok(None);
        };
        let Some(definition) = self.definition(&run.definition)? else {
            let what = format!("the run {id} is damaged: its definition is not there");
            return Err(StoreError::damaged(&self.path, what));
        };
        Ok(Some(Export::new(run, definition)))
    }

    /// The runs whose ids begin so (as people type them), newest first, at most ten.
    ///
    /// # Errors
    /// The store cannot be read; the prefix has less than four hexadecimal digits, or is none of an id.
    pub fn find(&self, prefix: &str) -> Result<Vec<RunId>, StoreError> {
        let Some((first, last)) = bounds(prefix) else {
            return Err(StoreError::Query {
                what: format!(
                    "`{prefix}` is no beginning of a run's id: at least {SHORTEST_PREFIX} hexadecimal digits are needed"
                ),
            });
        };
        self.ask(|connection, path| {
            connection
                .prepare("SELECT id FROM runs WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3")
                .and_then(|mut statement| {
                    let found = statement.query_map((first, last, MOST_FOUND), |row| {
                        Ok(RunId::from_bytes(row.get(0)?))
                    })?;
                    found.collect()
                })
                .map_err(|error| unreadable(path, &error))
        })
    }

    /// A definition by its digest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn definition(&self, digest: &str) -> Result<Option<Definition>, StoreError> {
        self.ask(|connection, path| {
            let body: Option<String> = connection
                .prepare("SELECT body FROM definitions WHERE digest = ?1")
                .and_then(|mut statement| statement.query_row([digest], |row| row.get(0)).optional())
                .map_err(|error| unreadable(path, &error))?;
            body.map(|body| {
                parse(&body, digest)
                    .ok_or_else(|| StoreError::damaged(path, format!("the definition {digest} is damaged")))
            })
            .transpose()
        })
    }

    /// How many runs stand in each status: one number for each of [`Status::ALL`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn counts(&self) -> Result<Vec<(Status, u64)>, StoreError> {
        self.ask(list::counts)
    }

    /// Changes whenever another connection has committed: follow a run by reading it again then.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn version(&self) -> Result<i64, StoreError> {
        let mut follower = lock(&self.follower);
        if !follower.is_current(&self.path) {
            *follower = Reader::open(&self.path)?;
        }
        if follower.is_frozen {
            // Nobody writes. Each connection counts for itself, from 1 on.
            return Ok(0);
        }
        follower
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(|error| unreadable(&self.path, &error))
    }

    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&mut Connection, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = lock(&self.idle)
            .pop()
            .filter(|reader| reader.is_current(&self.path));
        let mut reader = match kept {
            Some(reader) => reader,
            None => Reader::open(&self.path)?,
        };
        let answer = question(&mut reader.connection, &self.path);
        let mut idle = lock(&self.idle);
        if answer.is_ok() && idle.len() < KEPT {
            idle.push(reader);
        }
        answer
    }
}

/// The first and the last id with a prefix; hyphens may stand in it or not.
fn bounds(prefix: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: Vec<u8> = prefix
        .chars()
        .filter(|letter| *letter != '-')
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if !(SHORTEST_PREFIX..=32).contains(&digits.len()) {
        return None;
    }
    let (mut first, mut last) = ([0x00; 16], [0xff; 16]);
    for (at, digit) in digits.into_iter().enumerate() {
        let (shift, other) = if at % 2 == 0 { (4, 0x0f) } else { (0, 0xf0) };
        first[at / 2] = first[at / 2] & other | digit << shift;
        last[at / 2] = last[at / 2] & other | digit << shift;
    }
    Some((first, last))
}
