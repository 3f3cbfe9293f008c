//! Beginning a run.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use lockgate_engine::masks::Masks;
use rusqlite::OptionalExtension as _;
use serde_json::Value;

use super::Shared;
use crate::claims::Claim;
use crate::crash::crash_point;
use crate::error::StoreError;
use crate::id::RunId;
use crate::journal::kept::{json, shown};
use crate::journal::{Parts, RunJournal};
use crate::rows::{BegunRow, KEY_COLUMNS, KeyRow, StateRow, micros};
use crate::run::{Begun, IdempotencyKey, NewRun};
use crate::writer::{Begin, RunState};

/// See [`Store::begin`](super::Store::begin).
pub(super) async fn begin(shared: &Arc<Shared>, run: NewRun<'_>) -> Result<Begun, StoreError> {
    if let Some(error) = shared.writer.failing() {
        return Err(error);
    }
    shared.writer.make_room().await?;
    let flow = shared.names.flow(&run.flow.name);
    let claim = match run.key {
        None => None,
        Some(key) => {
            let fingerprint = shared.seal.fingerprint(run.input);
            match claim(shared, flow.id, &flow.name, key).await? {
                Claim::Taken {
                    run,
                    fingerprint: known,
                } => {
                    return Ok(Begun::Known {
                        id: run,
                        same_input: known == fingerprint,
                    });
                }
                Claim::Free(free) => Some((free, fingerprint, key.lives)),
            }
        }
    };
    let masks = Masks::new();
    masks.add_input(run.flow, run.input);
    let (input, input_sealed) = shared.keep(run.id, shown(run.input, &masks), "input")?;
    let request_sealed = match run.request {
        None => None,
        Some(request) => Some(shared.sealed(run.id, "request", &json(request))?),
    };
    let (definition, digest) = run.definition;
    let definition = shared.names.definition(definition, digest);
    let seq = shared.next_seq.fetch_add(1, Ordering::Relaxed);
    let started_at = micros(run.started_at);
    let state = Arc::new(RunState::new(run.id, seq, 0));
    let key = claim.map(|(free, fingerprint, lives)| {
        let expires_at = SignedDuration::try_from(lives)
            .ok()
            .and_then(|lives| shared.clock.now().checked_add(lives).ok());
        let row = KeyRow {
            flow: flow.id,
            key: free.digest(),
            run: seq,
            fingerprint,
            expires_at: micros(expires_at.unwrap_or(Timestamp::MAX)),
        };
        // Before the writer can see it: it gives up the claim when the row is on the disk.
        free.take(&row, run.id);
        row
    });
    let begin = Box::new(Begin {
        row: BegunRow {
            seq,
            id: run.id,
            flow: flow.id,
            trigger: run.trigger,
            started_at,
            input,
            input_sealed,
            request_sealed,
        },
        flow,
        key,
    });
    let row = StateRow::going(definition.id, run.status, 1);
    shared
        .writer
        .begin(&state, begin, Box::new((Arc::clone(&definition), row)));
    crash_point("begin.queued");
    let parts = Parts {
        store: Arc::clone(shared),
        run: state,
        definition,
        status: run.status,
        attempt: 1,
        started_at: Timestamp::from_microsecond(started_at).unwrap_or(run.started_at),
        active_before: 0,
    };
    Ok(Begun::Fresh(Box::new(RunJournal::fresh(parts, masks))))
}

/// See [`Store::known`](super::Store::known).
pub(super) async fn known(
    shared: &Arc<Shared>,
    flow: &str,
    key: IdempotencyKey<'_>,
    input: &Value,
) -> Result<Option<(RunId, bool)>, StoreError> {
    let flow = shared.names.flow(flow);
    Ok(match claim(shared, flow.id, &flow.name, key).await? {
        Claim::Taken { run, fingerprint } => Some((run, fingerprint == shared.seal.fingerprint(input))),
        Claim::Free(_) => None,
    })
}

/// Claims a key: in memory, then on the disk.
async fn claim<'a>(
    shared: &'a Arc<Shared>,
    flow: i64,
    name: &str,
    key: IdempotencyKey<'_>,
) -> Result<Claim<'a>, StoreError> {
    let digest = shared.seal.digest_key(name, key.key);
    let now = micros(shared.clock.now());
    let look = || {
        shared.readers.read(move |connection, path| {
            let failed = |error| StoreError::sqlite(path, &error);
            let query = format!("SELECT {KEY_COLUMNS} FROM idempotency WHERE flow = ?1 AND key = ?2");
            let mut statement = connection.prepare(&query).map_err(failed)?;
            let mut rows = statement.query((flow, digest)).map_err(failed)?;
            let row = rows.next().map_err(failed)?;
            let Some(row) = row.map(|row| KeyRow::read(row, path)).transpose()? else {
                return Ok(None);
            };
            if row.expires_at <= now {
                return Ok(None);
            }
            let query = "SELECT id FROM runs WHERE seq = ?1";
            let id = connection.query_row(query, [row.run], |row| Ok(RunId::from_bytes(row.get(0)?)));
            let id = id.optional().map_err(failed)?.ok_or_else(|| {
                StoreError::damaged(
                    path,
                    format!("the run number {} of an idempotency key is not there", row.run),
                )
            })?;
            Ok(Some((id, row.fingerprint)))
        })
    };
    shared.claims.claim((flow, digest), look).await
}
