//! Loading a run: everything that it needs to go on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lockgate_engine::outcome::{Response, StepError};
use lockgate_flow::definition::Definition;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Shared, row_of, time};
use crate::error::StoreError;
use crate::id::RunId;
use crate::journal::recorded::Recorded;
use crate::journal::{Parts, RunJournal};
use crate::names::{KnownDefinition, Names};
use crate::record::Record;
use crate::rows::{CHUNKS_OF_A_RUN, RunRow, chunk_sum};
use crate::run::StoredRun;
use crate::seal::Seal;
use crate::writer::RunState;

/// What was read of a run.
struct Read {
    row: RunRow,
    flow: String,
    definition: Arc<KnownDefinition>,
    text: Arc<Definition>,
    records: Vec<Record>,
    chunks: i64,
}

/// See [`Store::load`](super::Store::load).
pub(super) async fn load(shared: &Arc<Shared>, id: RunId) -> Result<Option<StoredRun>, StoreError> {
    let names = Arc::clone(shared);
    let read = shared
        .read(move |connection, path| {
            let Some(row) = row_of(connection, path, id)? else {
                return Ok(None);
            };
            read(connection, path, &names.names, row).map(Some)
        })
        .await?;
    read.map(|read| run(shared, read)).transpose()
}

fn read(connection: &Connection, path: &Path, names: &Names, row: RunRow) -> Result<Read, StoreError> {
    let damaged =
        |what: &str| StoreError::damaged(path, format!("the run {} is damaged: {what}", row.begun.id));
    let flow = names
        .flow_by_id(row.begun.flow)
        .ok_or_else(|| damaged("its flow is not there"))?;
    let definition = names
        .definition_by_id(row.state.definition)
        .ok_or_else(|| damaged("its definition is not there"))?;
    let text = Names::read_definition(&definition, connection, path)?;
    if *text.flow != *flow.name {
        return Err(damaged("its definition is one of another flow"));
    }
    let (records, chunks) = records(connection, path, row.begun.seq, row.begun.id)?;
    Ok(Read {
        flow: flow.name.as_ref().to_owned(),
        definition,
        text,
        records,
        chunks,
        row,
    })
}

/// The records of a run, and in how many chunks they are.
pub(crate) fn records(
    connection: &Connection,
    path: &Path,
    seq: i64,
    id: RunId,
) -> Result<(Vec<Record>, i64), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mut statement = connection
        .prepare("SELECT id, records, sum FROM journal WHERE id >= ?1 AND id < ?2 ORDER BY id")
        .map_err(failed)?;
    let first = seq.saturating_mul(CHUNKS_OF_A_RUN);
    let mut rows = statement
        .query([first, first.saturating_add(CHUNKS_OF_A_RUN)])
        .map_err(failed)?;
    let mut records = Vec::new();
    let mut chunks = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let damaged = |what: String| {
            StoreError::damaged(path, format!("the journal of the run {id} is damaged: {what}"))
        };
        let get = || {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
            ))
        };
        let (chunk, text, sum) = get().map_err(|error: rusqlite::Error| damaged(error.to_string()))?;
        if chunk != first + chunks {
            return Err(damaged(format!("its chunk {chunks} is not there")));
        }
        if chunk_sum(chunk, &text) != sum {
            return Err(damaged(format!("the checksum of its chunk {chunks} is another")));
        }
        let read: Vec<Record> = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        records.extend(read);
        chunks += 1;
    }
    Ok((records, chunks))
}

fn run(shared: &Arc<Shared>, read: Read) -> Result<StoredRun, StoreError> {
    let path = &shared.path;
    let RunRow { begun, state } = read.row;
    let damaged =
        |what: String| StoreError::damaged(path, format!("the run {} is damaged: {what}", begun.id));
    let recorded = Recorded::new(read.records, &shared.seal, begun.id).map_err(damaged)?;
    let response = match &recorded.answer {
        Some(value) => {
            let response = value.get("value").cloned().and_then(Response::from_record);
            Some(response.ok_or_else(|| damaged("its answer is none".to_owned()))?)
        }
        None => None,
    };
    let unsealed = Unsealed {
        seal: &shared.seal,
        id: begun.id,
    };
    let input = unsealed.value("input", Some(begun.input), begun.input_sealed.as_deref());
    let request = unsealed.value("request", None, begun.request_sealed.as_deref());
    let output = unsealed.value("output", state.output, state.output_sealed.as_deref());
    // As it is shown: what a caller is told once more is what the first one was told.
    let error = unsealed.value::<StepError>("error", state.error, None);
    let started_at = time(path, begun.started_at)?;
    let digest = Arc::clone(&read.definition.digest);
    let journal = RunJournal::resumed(
        Parts {
            store: Arc::clone(shared),
            run: Arc::new(RunState::new(begun.id, begun.seq, read.chunks)),
            definition: read.definition,
            status: state.status,
            attempt: state.attempt,
            started_at,
            active_before: state.active,
        },
        recorded,
    );
    Ok(StoredRun {
        id: begun.id,
        flow: read.flow,
        definition: read.text,
        digest,
        trigger: begun.trigger,
        status: state.status,
        attempt: state.attempt,
        started_at,
        wake_at: state.wake_at.map(|at| time(path, at)).transpose()?,
        active: Duration::from_micros(u64::try_from(state.active).unwrap_or_default()),
        input: input.map_err(damaged)?.unwrap_or(Value::Null),
        request: request.map_err(damaged)?,
        response,
        output: output.map_err(damaged)?,
        error: error.map_err(damaged)?,
        journal,
    })
}

/// Opens what is sealed of a run.
struct Unsealed<'a> {
    seal: &'a Seal,
    id: RunId,
}

impl Unsealed<'_> {
    fn value<T: DeserializeOwned>(
        &self,
        place: &str,
        shown: Option<String>,
        sealed: Option<&[u8]>,
    ) -> Result<Option<T>, String> {
        let text = match sealed {
            None => shown.map(String::into_bytes),
            Some(sealed) => {
                let opened = self.seal.open(self.id, place, sealed);
                Some(opened.map_err(|error| format!("its {place}: {error}"))?)
            }
        };
        text.map(|text| serde_json::from_slice(&text).map_err(|error| format!("its {place}: {error}")))
            .transpose()
    }
}
