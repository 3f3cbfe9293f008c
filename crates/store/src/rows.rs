//! Rows as they lie in the tables, with their checksums. A row that is damaged is an error: it is neither left out nor guessed at.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Row, Statement};

use crate::checksum::Checksum;
use crate::error::StoreError;
use crate::id::RunId;
use crate::run::{Status, Trigger};

/// `journal.id` is the run's `seq` times this, and the number of the chunk.
pub(crate) const CHUNKS_OF_A_RUN: i64 = 1 << 20;

/// What of a run stays as it began.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BegunRow {
    pub(crate) seq: i64,
    pub(crate) id: RunId,
    pub(crate) flow: i64,
    pub(crate) trigger: Trigger,
    pub(crate) started_at: i64,
    pub(crate) input: String,
    pub(crate) input_sealed: Option<Vec<u8>>,
    pub(crate) request_sealed: Option<Vec<u8>>,
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StateRow {
    pub(crate) definition: i64,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) finished_at: Option<i64>,
    pub(crate) wake_at: Option<i64>,
    /// Microseconds.
    pub(crate) active: i64,
    pub(crate) output: Option<String>,
    pub(crate) output_sealed: Option<Vec<u8>>,
    pub(crate) error: Option<String>,
    pub(crate) error_sealed: Option<Vec<u8>>,
}

/// A whole row of `runs`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunRow {
    pub(crate) begun: BegunRow,
    pub(crate) state: StateRow,
}

/// A row of `idempotency`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyRow {
    pub(crate) flow: i64,
    pub(crate) key: [u8; 32],
    pub(crate) run: i64,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) expires_at: i64,
}

/// A row of `state`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntryRow {
    pub(crate) key: [u8; 32],
    pub(crate) version: i64,
    /// Sealed.
    pub(crate) value: Vec<u8>,
    pub(crate) expires_at: i64,
}

pub(crate) const INSERT_RUN: &str = "INSERT INTO runs (seq, id, flow, trigger, started_at, input, input_sealed, \
     request_sealed, begun_sum, definition, status, attempt, finished_at, wake_at, active, output, output_sealed, error, \
     error_sealed, state_sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";

pub(crate) const UPDATE_RUN: &str = "UPDATE runs SET definition = ?2, status = ?3, attempt = ?4, finished_at = ?5, \
     wake_at = ?6, active = ?7, output = ?8, output_sealed = ?9, error = ?10, error_sealed = ?11, state_sum = ?12 WHERE seq = ?1";

pub(crate) const INSERT_CHUNK: &str = "INSERT INTO journal (id, records, sum) VALUES (?1, ?2, ?3)";

pub(crate) const PUT_KEY: &str = "INSERT OR REPLACE INTO idempotency (flow, key, run, fingerprint, expires_at, sum) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// One that was deleted, since no run had it, may come again under another number.
pub(crate) const PUT_DEFINITION: &str =
    "INSERT OR REPLACE INTO definitions (id, digest, body) VALUES (?1, ?2, ?3)";

pub(crate) const PUT_SCHEDULE: &str =
    "INSERT OR REPLACE INTO schedules (flow, last_due, sum) VALUES (?1, ?2, ?3)";

pub(crate) const PUT_ENTRY: &str =
    "INSERT OR REPLACE INTO state (key, version, value, expires_at, sum) VALUES (?1, ?2, ?3, ?4, ?5)";

/// What [`RunRow::read`] takes, in this order.
pub(crate) const RUN_COLUMNS: &str = "seq, id, flow, trigger, started_at, input, input_sealed, request_sealed, begun_sum, \
     definition, status, attempt, finished_at, wake_at, active, output, output_sealed, error, error_sealed, state_sum";

/// What [`KeyRow::read`] takes, in this order.
pub(crate) const KEY_COLUMNS: &str = "flow, key, run, fingerprint, expires_at, sum";

/// What [`EntryRow::read`] takes, in this order.
pub(crate) const ENTRY_COLUMNS: &str = "key, version, value, expires_at, sum";

/// The number of something in a list of all that it can be.
fn place<T: PartialEq>(all: &[T], one: &T) -> i64 {
    let at = all.iter().position(|other| other == one);
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

/// A status as it is stored.
pub(crate) fn status_number(status: Status) -> i64 {
    place(&Status::ALL, &status)
}

/// A time as it is stored: microseconds. What is due later is rounded up, so that it is not woken too early.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The next microsecond at or after a time.
pub(crate) fn micros_after(time: Timestamp) -> i64 {
    let down = time.as_microsecond();
    down + i64::from(Timestamp::from_microsecond(down).is_ok_and(|whole| whole < time))
}

impl BegunRow {
    fn sum(&self) -> i64 {
        Checksum::of("begun")
            .number(self.seq)
            .bytes(self.id.as_bytes())
            .number(self.flow)
            .number(place(&Trigger::ALL, &self.trigger))
            .number(self.started_at)
            .bytes(self.input.as_bytes())
            .optional_bytes(self.input_sealed.as_deref())
            .optional_bytes(self.request_sealed.as_deref())
            .sum()
    }
}

impl StateRow {
    /// A run that has not ended.
    pub(crate) const fn going(definition: i64, status: Status, attempt: u32) -> Self {
        Self {
            definition,
            status,
            attempt,
            finished_at: None,
            wake_at: None,
            active: 0,
            output: None,
            output_sealed: None,
            error: None,
            error_sealed: None,
        }
    }

    fn sum(&self, seq: i64) -> i64 {
        Checksum::of("state")
            .number(seq)
            .number(self.definition)
            .number(status_number(self.status))
            .number(self.attempt.into())
            .optional(self.finished_at)
            .optional(self.wake_at)
            .number(self.active)
            .optional_bytes(self.output.as_deref().map(str::as_bytes))
            .optional_bytes(self.output_sealed.as_deref())
            .optional_bytes(self.error.as_deref().map(str::as_bytes))
            .optional_bytes(self.error_sealed.as_deref())
            .sum()
    }

    /// With [`UPDATE_RUN`].
    pub(crate) fn update(&self, statement: &mut Statement<'_>, seq: i64) -> rusqlite::Result<usize> {
        statement.execute((
            seq,
            self.definition,
            status_number(self.status),
            self.attempt,
            self.finished_at,
            self.wake_at,
            self.active,
            &self.output,
            &self.output_sealed,
            &self.error,
            &self.error_sealed,
            self.sum(seq),
        ))
    }
}

/// With [`INSERT_RUN`].
pub(crate) fn insert_run(
    statement: &mut Statement<'_>,
    begun: &BegunRow,
    state: &StateRow,
) -> rusqlite::Result<usize> {
    statement.execute(rusqlite::params![
        begun.seq,
        begun.id.as_bytes(),
        begun.flow,
        place(&Trigger::ALL, &begun.trigger),
        begun.started_at,
        begun.input,
        begun.input_sealed,
        begun.request_sealed,
        begun.sum(),
        state.definition,
        status_number(state.status),
        state.attempt,
        state.finished_at,
        state.wake_at,
        state.active,
        state.output,
        state.output_sealed,
        state.error,
        state.error_sealed,
        state.sum(begun.seq),
    ])
}

/// The checksum of a chunk of a run's journal.
pub(crate) fn chunk_sum(id: i64, records: &str) -> i64 {
    Checksum::of("chunk").number(id).bytes(records.as_bytes()).sum()
}

/// The checksum of a row of `schedules`.
pub(crate) fn schedule_sum(flow: &str, last_due: i64) -> i64 {
    Checksum::of("schedule")
        .bytes(flow.as_bytes())
        .number(last_due)
        .sum()
}

impl KeyRow {
    fn sum(&self) -> i64 {
        Checksum::of("key")
            .number(self.flow)
            .bytes(&self.key)
            .number(self.run)
            .bytes(&self.fingerprint)
            .number(self.expires_at)
            .sum()
    }

    /// With [`PUT_KEY`].
    pub(crate) fn put(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute((
            self.flow,
            self.key,
            self.run,
            self.fingerprint,
            self.expires_at,
            self.sum(),
        ))
    }

    /// From a row of [`KEY_COLUMNS`].
    pub(crate) fn read(row: &Row<'_>, path: &Path) -> Result<Self, StoreError> {
        let reader = Reader {
            path,
            row,
            what: &"an idempotency key",
        };
        let key = Self {
            flow: reader.get(0)?,
            key: reader.get(1)?,
            run: reader.get(2)?,
            fingerprint: reader.get(3)?,
            expires_at: reader.get(4)?,
        };
        reader.check(5, key.sum())?;
        Ok(key)
    }
}

impl EntryRow {
    fn sum(&self) -> i64 {
        Checksum::of("entry")
            .bytes(&self.key)
            .number(self.version)
            .bytes(&self.value)
            .number(self.expires_at)
            .sum()
    }

    /// With [`PUT_ENTRY`].
    pub(crate) fn put(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute((self.key, self.version, &self.value, self.expires_at, self.sum()))
    }

    /// From a row of [`ENTRY_COLUMNS`].
    pub(crate) fn read(row: &Row<'_>, path: &Path) -> Result<Self, StoreError> {
        let reader = Reader {
            path,
            row,
            what: &"an entry that runs share",
        };
        let entry = Self {
            key: reader.get(0)?,
            version: reader.get(1)?,
            value: reader.get(2)?,
            expires_at: reader.get(3)?,
        };
        reader.check(4, entry.sum())?;
        Ok(entry)
    }
}

impl RunRow {
    /// From a row of [`RUN_COLUMNS`].
    pub(crate) fn read(row: &Row<'_>, path: &Path) -> Result<Self, StoreError> {
        let seq: i64 = row.get(0).map_err(|error| StoreError::sqlite(path, &error))?;
        let name = RunName {
            seq,
            id: row.get(1).ok().map(RunId::from_bytes),
        };
        let reader = Reader {
            path,
            row,
            what: &name,
        };
        let begun = BegunRow {
            seq,
            id: RunId::from_bytes(reader.get(1)?),
            flow: reader.get(2)?,
            trigger: reader.choice(3, &Trigger::ALL)?,
            started_at: reader.get(4)?,
            input: reader.get(5)?,
            input_sealed: reader.get(6)?,
            request_sealed: reader.get(7)?,
        };
        reader.check(8, begun.sum())?;
        let state = StateRow {
            definition: reader.get(9)?,
            status: reader.choice(10, &Status::ALL)?,
            attempt: reader.get(11)?,
            finished_at: reader.get(12)?,
            wake_at: reader.get(13)?,
            active: reader.get(14)?,
            output: reader.get(15)?,
            output_sealed: reader.get(16)?,
            error: reader.get(17)?,
            error_sealed: reader.get(18)?,
        };
        reader.check(19, state.sum(seq))?;
        Ok(Self { begun, state })
    }
}

/// A row, and what to call it when it is damaged.
struct Reader<'a> {
    path: &'a Path,
    row: &'a Row<'a>,
    what: &'a dyn fmt::Display,
}

/// What a run is called when its row is damaged.
struct RunName {
    seq: i64,
    /// If it can be read.
    id: Option<RunId>,
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "the run {id} (number {})", self.seq),
            None => write!(f, "the run number {}", self.seq),
        }
    }
}

impl Reader<'_> {
    fn get<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        self.row
            .get(column)
            .map_err(|error| StoreError::damaged(self.path, format!("{} is damaged: {error}", self.what)))
    }

    fn choice<T: Copy>(&self, column: usize, all: &[T]) -> Result<T, StoreError> {
        let number: i64 = self.get(column)?;
        let choice = usize::try_from(number).ok().and_then(|number| all.get(number));
        choice.copied().ok_or_else(|| {
            StoreError::damaged(
                self.path,
                format!("{} is damaged: {number} is none of its choices", self.what),
            )
        })
    }

    fn check(&self, column: usize, sum: i64) -> Result<(), StoreError> {
        if self.get::<i64>(column)? == sum {
            return Ok(());
        }
        Err(StoreError::damaged(
            self.path,
            format!("{} is damaged: its checksum is another", self.what),
        ))
    }
}
