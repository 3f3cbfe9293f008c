//! A run as it comes out of its rows. A row that is damaged is an error that names the run: it is neither left out nor guessed at.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::cursor::Cursor;
use super::reader::unreadable;
use crate::error::StoreError;
use crate::id::RunId;
use crate::record::{Kept, Record};
use crate::run::{Status, Trigger};

/// A run in a list. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The flow's name.
    pub flow: String,
    /// How it stands.
    pub status: Status,
    /// Who started it.
    pub trigger: Trigger,
    /// `run.attempt`.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it goes on, if it sleeps.
    pub wake_at: Option<Timestamp>,
    /// How long it was active; in JSON `active_ms`, milliseconds.
    #[serde(rename = "active_ms", serialize_with = "milliseconds")]
    pub active: Duration,
    /// The code of its error.
    pub error: Option<String>,
}

/// A run with everything that is kept of it. Secrets are masked; what is sealed is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetail {
    /// As in a list.
    pub summary: RunSummary,
    /// The digest of its definition.
    pub definition: String,
    /// Its input.
    pub input: Value,
    /// What it returned.
    pub output: Option<Value>,
    /// Why it failed or is in doubt.
    pub error: Option<Value>,
    /// Its records, in order.
    pub records: Vec<Record>,
}

/// To the microsecond: a fast run takes less than one millisecond.
pub(super) fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_milliseconds(*duration))
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
pub(super) fn in_milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// What [`Row`]s of runs are read from: these columns, in this order.
pub(super) const COLUMNS: &str = "runs.seq, runs.id, flows.name, runs.status, runs.trigger, runs.attempt, runs.started_at, \
     runs.finished_at, runs.wake_at, runs.active, runs.input, runs.output, runs.error";

/// A row of `runs`, with its JSON as text.
pub(super) struct RunRow {
    pub(super) at: Cursor,
    pub(super) summary: RunSummary,
    pub(super) input: String,
    pub(super) output: Option<String>,
    pub(super) error: Option<String>,
}

/// All that a list takes from an error.
#[derive(Deserialize)]
struct ErrorCode {
    code: String,
}

/// A run's rows, and what to call it when one of them is damaged.
struct Damaged<'a> {
    path: &'a Path,
    run: String,
}

impl Damaged<'_> {
    fn error(&self, what: impl std::fmt::Display) -> StoreError {
        StoreError::Corrupt {
            path: self.path.to_owned(),
            what: format!("the run {} is damaged: {what}", self.run),
        }
    }

    fn get<T: FromSql>(&self, row: &Row<'_>, column: usize) -> Result<T, StoreError> {
        row.get(column).map_err(|error| self.error(error))
    }

    fn number<T: TryFrom<i64>>(&self, row: &Row<'_>, column: usize, name: &str) -> Result<T, StoreError> {
        let number: i64 = self.get(row, column)?;
        T::try_from(number).map_err(|_| self.error(format_args!("its {name} is {number}")))
    }

    fn choice<T: Copy>(
        &self,
        row: &Row<'_>,
        column: usize,
        name: &str,
        choices: &[T],
    ) -> Result<T, StoreError> {
        let number: usize = self.number(row, column, name)?;
        let choice = choices.get(number).copied();
        choice.ok_or_else(|| self.error(format_args!("its {name} is {number}")))
    }

    fn time(&self, microseconds: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(microseconds).map_err(|error| self.error(error))
    }

    fn json<T: DeserializeOwned>(&self, text: &str, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(text)
            .map_err(|error| self.error(format_args!("its {name} cannot be read: {error}")))
    }
}

impl RunRow {
    /// From a row of [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>, path: &Path) -> Result<Self, StoreError> {
        let seq: i64 = row.get(0).map_err(|error| unreadable(path, &error))?;
        let mut damaged = Damaged {
            path,
            run: format!("number {seq}"),
        };
        let id = RunId::from_bytes(damaged.get(row, 1)?);
        damaged.run = id.to_string();
        let error: Option<String> = damaged.get(row, 12)?;
        let code = error
            .as_deref()
            .map(|error| damaged.json::<ErrorCode>(error, "error"))
            .transpose()?;
        let started_at: i64 = damaged.get(row, 6)?;
        let time = |column| -> Result<_, StoreError> {
            let time: Option<i64> = damaged.get(row, column)?;
            time.map(|time| damaged.time(time)).transpose()
        };
        let summary = RunSummary {
            id,
            flow: damaged.get(row, 2)?,
            status: damaged.choice(row, 3, "status", &Status::ALL)?,
            trigger: damaged.choice(row, 4, "trigger", &TRIGGERS)?,
            attempt: damaged.number(row, 5, "attempt")?,
            started_at: damaged.time(started_at)?,
            finished_at: time(7)?,
            wake_at: time(8)?,
            active: Duration::from_micros(damaged.number(row, 9, "active time")?),
            error: code.map(|error| error.code),
        };
        Ok(Self {
            at: Cursor { started_at, seq },
            summary,
            input: damaged.get(row, 10)?,
            output: damaged.get(row, 11)?,
            error,
        })
    }
}

/// As they are stored: by their place in this list.
const TRIGGERS: [Trigger; 4] = [Trigger::Http, Trigger::Schedule, Trigger::Command, Trigger::Api];

/// One run. All of it is of one moment, also while it goes on.
pub(super) fn read(
    connection: &mut Connection,
    path: &Path,
    id: RunId,
) -> Result<Option<RunDetail>, StoreError> {
    let failed = |error| unreadable(path, &error);
    let moment = connection.transaction().map_err(failed)?;
    let query = format!(
        "SELECT {COLUMNS}, definitions.digest FROM runs LEFT JOIN flows ON flows.id = runs.flow \
         LEFT JOIN definitions ON definitions.id = runs.definition WHERE runs.id = ?1"
    );
    let damaged = Damaged {
        path,
        run: id.to_string(),
    };
    let row = moment
        .prepare(&query)
        .and_then(|mut statement| {
            let read = |row: &Row<'_>| {
                let run = RunRow::read(row, path);
                Ok(run.and_then(|run| Ok((run, damaged.get::<String>(row, 13)?))))
            };
            statement.query_row([id.as_bytes()], read).optional()
        })
        .map_err(failed)?;
    let Some((run, definition)) = row.transpose()? else {
        return Ok(None);
    };
    let records = records(&moment, &damaged, run.at.seq)?;
    let optional = |text: Option<&str>, name| text.map(|text| damaged.json(text, name)).transpose();
    Ok(Some(RunDetail {
        summary: run.summary,
        definition,
        input: damaged.json(&run.input, "input")?,
        output: optional(run.output.as_deref(), "output")?,
        error: optional(run.error.as_deref(), "error")?,
        records,
    }))
}

/// `journal.id` of a run's first row is its `seq` times this.
const ROWS_OF_A_RUN: i64 = 1 << 20;

fn records(connection: &Connection, damaged: &Damaged<'_>, seq: i64) -> Result<Vec<Record>, StoreError> {
    let failed = |error| unreadable(damaged.path, &error);
    let mut statement = connection
        .prepare("SELECT records FROM journal WHERE id >= ?1 AND id < ?2 ORDER BY id")
        .map_err(failed)?;
    let first = seq.saturating_mul(ROWS_OF_A_RUN);
    let mut rows = statement
        .query([first, first.saturating_add(ROWS_OF_A_RUN)])
        .map_err(failed)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let text: String = damaged.get(row, 0)?;
        records.extend(damaged.json::<Vec<Record>>(&text, "journal")?);
    }
    for record in &mut records {
        if let Record::Finished { outcome, .. } = record {
            let (Ok(Kept { sealed, .. }) | Err(Kept { sealed, .. })) = outcome;
            *sealed = None;
        }
    }
    Ok(records)
}
