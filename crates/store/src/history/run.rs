//! A run as it comes out of its rows. A row that is damaged is an error that names the run: it is neither left out nor guessed at.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::cursor::Cursor;
use super::reader::unreadable;
use super::timeline::Timeline;
use crate::error::StoreError;
use crate::id::RunId;
use crate::record::{Kept, Record};
use crate::rows::{RUN_COLUMNS, RunRow};
use crate::run::{Status, Trigger};
use crate::store::records;

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

impl RunDetail {
    /// The run as programs read it: its steps as a timeline in the place of its records.
    pub fn shown(&self) -> Value {
        json!({
            "run": self.summary,
            "definition": self.definition,
            "input": self.input,
            "output": self.output,
            "error": self.error,
            "timeline": Timeline::of(&self.records, self.summary.status),
        })
    }
}

/// To the microsecond: a fast run takes less than one millisecond.
pub(super) fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_milliseconds(*duration))
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
pub(super) fn in_milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// What [`RunRow`]s of history are read from: a row of `runs`, its flow's name, its definition's digest.
pub(super) fn query(condition: &str) -> String {
    format!(
        "SELECT {RUN_COLUMNS}, (SELECT name FROM flows WHERE flows.id = runs.flow), \
         (SELECT digest FROM definitions WHERE definitions.id = runs.definition) FROM runs WHERE {condition}"
    )
}

/// Where [`query`] has the name and the digest.
const FLOW: usize = 20;
const DEFINITION: usize = 21;

/// A run of a list, with its JSON as text.
pub(super) struct Listed {
    pub(super) at: Cursor,
    pub(super) summary: RunSummary,
    pub(super) definition: String,
    pub(super) input: String,
    pub(super) output: Option<String>,
    pub(super) error: Option<String>,
}

/// All that a list takes from an error.
#[derive(Deserialize)]
struct ErrorCode {
    code: String,
}

/// What to call a run when something of it is damaged.
struct Damaged<'a> {
    path: &'a Path,
    run: RunId,
}

impl Damaged<'_> {
    fn error(&self, what: impl fmt::Display) -> StoreError {
        StoreError::damaged(self.path, format!("the run {} is damaged: {what}", self.run))
    }

    fn time(&self, microseconds: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(microseconds).map_err(|error| self.error(error))
    }

    fn text(&self, row: &Row<'_>, column: usize, name: &str) -> Result<String, StoreError> {
        row.get(column)
            .map_err(|error| self.error(format_args!("its {name}: {error}")))
    }

    fn json<T: DeserializeOwned>(&self, text: &str, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| self.error(format_args!("its {name}: {error}")))
    }
}

impl Listed {
    /// From a row of [`query`].
    pub(super) fn read(row: &Row<'_>, path: &Path) -> Result<Self, StoreError> {
        let RunRow { begun, state } = RunRow::read(row, path)?;
        let damaged = Damaged { path, run: begun.id };
        let error = state
            .error
            .as_deref()
            .map(|error| damaged.json::<ErrorCode>(error, "error"))
            .transpose()?;
        let active = u64::try_from(state.active).map_err(|error| damaged.error(error))?;
        let time = |time: Option<i64>| time.map(|time| damaged.time(time)).transpose();
        let summary = RunSummary {
            id: begun.id,
            flow: damaged.text(row, FLOW, "flow")?,
            status: state.status,
            trigger: begun.trigger,
            attempt: state.attempt,
            started_at: damaged.time(begun.started_at)?,
            finished_at: time(state.finished_at)?,
            wake_at: time(state.wake_at)?,
            active: Duration::from_micros(active),
            error: error.map(|error| error.code),
        };
        Ok(Self {
            at: Cursor {
                started_at: begun.started_at,
                seq: begun.seq,
            },
            summary,
            definition: damaged.text(row, DEFINITION, "definition")?,
            input: begun.input,
            output: state.output,
            error: state.error,
        })
    }
}

/// One run. All of it is of one moment, also while it goes on.
pub(super) fn read(
    connection: &mut Connection,
    path: &Path,
    id: RunId,
) -> Result<Option<RunDetail>, StoreError> {
    let failed = |error| unreadable(path, &error);
    let moment = connection.transaction().map_err(failed)?;
    let run = moment
        .prepare(&query("id = ?1"))
        .and_then(|mut statement| {
            statement
                .query_row([id.as_bytes()], |row| Ok(Listed::read(row, path)))
                .optional()
        })
        .map_err(failed)?;
    let Some(run) = run.transpose()? else {
        return Ok(None);
    };
    let (mut records, _) = records(&moment, path, run.at.seq, id)?;
    for record in &mut records {
        if let Record::Finished { outcome, .. } = record {
            let (Ok(Kept { sealed, .. }) | Err(Kept { sealed, .. })) = outcome;
            *sealed = None;
        }
    }
    let damaged = Damaged { path, run: id };
    let optional = |text: Option<&str>, name| text.map(|text| damaged.json(text, name)).transpose();
    Ok(Some(RunDetail {
        summary: run.summary,
        definition: run.definition,
        input: damaged.json(&run.input, "input")?,
        output: optional(run.output.as_deref(), "output")?,
        error: optional(run.error.as_deref(), "error")?,
        records,
    }))
}
