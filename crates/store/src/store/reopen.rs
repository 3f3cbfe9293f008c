//! An ended run goes on from the step where it stopped.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use lockgate_engine::masks::MASKED;
use lockgate_engine::outcome::StepError;
use lockgate_flow::catalog::Effect;
use rusqlite::Connection;
use serde_json::Value;

use super::load::{self, records};
use super::{Shared, row_of};
use crate::error::StoreError;
use crate::id::RunId;
use crate::journal::kept::{self, json};
use crate::journal::recorded::place;
use crate::names::KnownDefinition;
use crate::record::{Kept, Record};
use crate::rows::{self, CHUNKS_OF_A_RUN, RunRow, StateRow, chunk_sum};
use crate::run::{Reopen, Settled, Status, StoredRun};
use crate::seal::Seal;

/// See [`Store::reopen`](super::Store::reopen).
pub(super) async fn reopen(
    shared: &Arc<Shared>,
    id: RunId,
    how: Reopen,
) -> Result<Option<StoredRun>, StoreError> {
    let work = Work {
        path: Arc::clone(&shared.path),
        seal: Arc::clone(&shared.seal),
        now: shared.clock.now(),
        definition: how
            .definition
            .map(|(definition, digest)| shared.names.definition(&definition, &digest)),
        doubt: how.doubt,
    };
    if shared
        .transact(move |connection| work.reopen(connection, id))
        .await?
    {
        load::load(shared, id).await
    } else {
        Ok(None)
    }
}

/// What would be recorded of a run, once it is reopened so.
pub(super) fn reopened(
    shared: &Shared,
    connection: &Connection,
    id: RunId,
    doubt: Option<Settled>,
) -> Result<Vec<Record>, StoreError> {
    let work = Work {
        path: Arc::clone(&shared.path),
        seal: Arc::clone(&shared.seal),
        now: shared.clock.now(),
        definition: None,
        doubt,
    };
    let Some(run) = row_of(connection, &work.path, id)? else {
        return Ok(Vec::new());
    };
    let (mut recorded, _) = records(connection, &work.path, run.begun.seq, id)?;
    let added = work.records(&run, &recorded)?;
    recorded.extend(added);
    Ok(recorded)
}

struct Work {
    path: Arc<Path>,
    seal: Arc<Seal>,
    now: Timestamp,
    definition: Option<Arc<KnownDefinition>>,
    doubt: Option<Settled>,
}

impl Work {
    fn reopen(self, connection: &Connection, id: RunId) -> Result<bool, StoreError> {
        let path = Arc::clone(&self.path);
        let failed = |error| StoreError::sqlite(&path, &error);
        let Some(run) = row_of(connection, &path, id)? else {
            return Ok(false);
        };
        if !matches!(
            run.state.status,
            Status::Failed | Status::InDoubt | Status::Cancelled
        ) {
            return Ok(false);
        }
        let seq = run.begun.seq;
        let (recorded, chunks) = records(connection, &path, seq, id)?;
        let added = self.records(&run, &recorded)?;
        if !added.is_empty() {
            let chunk = seq * CHUNKS_OF_A_RUN + chunks;
            let text = json(&added);
            connection
                .execute(rows::INSERT_CHUNK, (chunk, &text, chunk_sum(chunk, &text)))
                .map_err(failed)?;
        }
        let definition = match &self.definition {
            None => run.state.definition,
            Some(known) => {
                connection
                    .execute(rows::PUT_DEFINITION, (known.id, &*known.digest, known.body()))
                    .map_err(failed)?;
                known.id
            }
        };
        // It has the whole of its time again: else one that took too long could never come to its end.
        let state = StateRow::going(definition, Status::Running, run.state.attempt.saturating_add(1));
        connection
            .prepare(rows::UPDATE_RUN)
            .and_then(|mut statement| state.update(&mut statement, seq))
            .map(|_| true)
            .map_err(failed)
    }

    /// What is to be recorded, so that the run goes on where it stopped.
    fn records(&self, run: &RunRow, recorded: &[Record]) -> Result<Vec<Record>, StoreError> {
        let at = self.now;
        let mut added = Vec::new();
        if let Some(settled) = &self.doubt {
            // The word is on the step that the run ended with. Another one that is open is asked about when it is come to.
            let named = self.final_error(run)?.and_then(|error| {
                let key = error.details?.get("key")?.as_str()?.to_owned();
                Some(key)
            });
            for (key, attempt) in in_doubt(recorded) {
                if named.as_ref() == Some(&key) {
                    added.push(self.settled(run.begun.id, key, attempt, settled)?);
                }
            }
        }
        if run.state.status == Status::Failed {
            let error = self.final_error(run)?;
            let keys = past(recorded, error.as_ref(), |kept, key, attempt| {
                let outcome = kept::outcome(Err(kept), &self.seal, run.begun.id, &place(key, attempt));
                outcome.ok().and_then(Result::err).map(|error| *error)
            });
            if !keys.is_empty() {
                added.push(Record::Dropped {
                    at,
                    keys: keys.into_iter().collect(),
                });
            }
        }
        Ok(added)
    }

    /// An operator's word on a step.
    fn settled(
        &self,
        run: RunId,
        key: String,
        attempt: u32,
        settled: &Settled,
    ) -> Result<Record, StoreError> {
        let at = self.now;
        let Settled::Happened(value) = settled else {
            return Ok(Record::Withdrawn { key, attempt, at });
        };
        // Which secrets the run has is not known here: nothing of the value is shown.
        let sealed = self.seal.seal_text(run, &place(&key, attempt), &json(value));
        let sealed = sealed.map_err(|error| StoreError::Key {
            what: error.to_string(),
        })?;
        Ok(Record::Finished {
            key,
            attempt,
            at,
            verb: "action".to_owned(),
            outcome: Ok(Kept {
                shown: Value::from(MASKED),
                sealed: Some(sealed),
            }),
        })
    }

    /// Why the run failed.
    fn final_error(&self, run: &RunRow) -> Result<Option<StepError>, StoreError> {
        let RunRow { begun, state } = run;
        let text = match (&state.error_sealed, &state.error) {
            (Some(sealed), _) => Some(self.seal.open(begun.id, "error", sealed).map_err(|error| {
                StoreError::damaged(&self.path, format!("the error of the run {}: {error}", begun.id))
            })?),
            (None, shown) => shown.clone().map(String::into_bytes),
        };
        let error = text.map(|text| serde_json::from_slice(&text)).transpose();
        error.map_err(|error| {
            StoreError::damaged(&self.path, format!("the error of the run {}: {error}", begun.id))
        })
    }
}

/// The `once` steps that began and of which nobody knows more.
fn in_doubt(records: &[Record]) -> Vec<(String, u32)> {
    let mut open = Vec::new();
    for record in records {
        match record {
            Record::Started {
                key, attempt, effect, ..
            } if effect == Effect::Once.name() => {
                open.push((key.clone(), *attempt));
            }
            Record::Withdrawn { key, attempt, .. } | Record::Finished { key, attempt, .. } => {
                open.retain(|(other, started)| (other, started) != (key, attempt));
            }
            Record::Dropped { keys, .. } => open.retain(|(key, _)| !keys.contains(key)),
            _ => {}
        }
    }
    open
}

/// What ended so that its error may have ended the run.
struct Failure<'a> {
    key: &'a str,
    /// Its place among the records.
    at: usize,
    error: StepError,
}

/// The keys under which nothing counts any more when a run is to be done again from the step that failed: those of the step with
/// all of its attempts; of what its error ended (`@end` of the `parallel` and `for_each` around it); of what was done because
/// of it (`on_error`). Empty where nothing recorded decided that it failed: then it fails again, unless the flow has changed.
///
/// `open` gives the error that is kept under a key and an attempt.
fn past(
    records: &[Record],
    last: Option<&StepError>,
    open: impl Fn(Kept, &str, u32) -> Option<StepError>,
) -> BTreeSet<String> {
    let mut first_at = HashMap::new();
    let mut failures: Vec<Failure<'_>> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        match record {
            Record::Dropped { keys, .. } => {
                failures.retain(|failure| keys.iter().all(|key| key != failure.key));
                for key in keys {
                    first_at.remove(key.as_str());
                }
            }
            Record::Finished {
                key,
                attempt,
                outcome: Err(kept),
                ..
            } => {
                first_at.entry(key.as_str()).or_insert(at);
                if let Some(error) =
                    open(kept.clone(), key, *attempt).filter(|error| error.retry_in.is_none())
                {
                    failures.push(Failure { key, at, error });
                }
            }
            record => {
                if let Some(key) = record.key() {
                    first_at.entry(key).or_insert(at);
                }
            }
        }
    }
    let Some(last) = last else { return BTreeSet::new() };
    let (ends, steps): (Vec<_>, Vec<_>) = failures
        .into_iter()
        .partition(|failure| failure.key.ends_with("@end"));
    let failed = steps
        .iter()
        .rev()
        .find(|failure| may_be(&failure.error, last))
        .or_else(|| {
            // A handler ended the run with an error of its own: what it handled is what failed.
            let failure = steps.last()?;
            let later = records.iter().skip(failure.at + 1).filter_map(Record::key);
            let mut others = later.filter(|key| !is_of(key, failure.key) && !encloses(key, failure.key));
            others.next().is_none().then_some(failure)
        });
    let Some(failed) = failed else {
        let ends = ends.into_iter().filter(|end| may_be(&end.error, last));
        return ends.map(|end| end.key.to_owned()).collect();
    };
    let later = first_at
        .into_iter()
        .filter(|(key, at)| *at >= failed.at || is_of(key, failed.key))
        .filter(|(key, _)| is_of(key, failed.key) || encloses(key, failed.key));
    later.map(|(key, _)| key.to_owned()).collect()
}

/// Whether an error of a step is what the run failed with. On its way out, a time limit says more of itself, and a `call` puts
/// itself in the place of the step.
fn may_be(error: &StepError, last: &StepError) -> bool {
    error.code == last.code && (error.message == last.message || error.code == "timeout")
}

/// The path of the step in a key: without its part.
fn base(key: &str) -> &str {
    key.rsplit_once('@').map_or(key, |(base, _)| base)
}

/// Whether a key is of the step (itself, a part of it but the `if` that let it run, its attempts), or of its handler.
fn is_of(key: &str, failed: &str) -> bool {
    let step = base(failed);
    match key.strip_prefix(step) {
        Some("") => true,
        Some("@if") => failed.ends_with("@if"),
        Some(rest) => rest.starts_with('@') || rest.starts_with("/on_error/"),
        None => false,
    }
}

/// Whether a key is the end of something around the step, or belongs to a handler of something around it (a step's, a called
/// flow's, the flow's own).
fn encloses(key: &str, failed: &str) -> bool {
    let step = base(failed);
    if let Some(around) = key.strip_suffix("@end") {
        return step
            .strip_prefix(around)
            .is_some_and(|rest| rest.starts_with('/'));
    }
    key.match_indices("on_error/").any(|(at, _)| {
        let owner = &key[..at];
        // A step's path ends with its number; a branch may be called `on_error`, too.
        let is_owner = match owner.strip_suffix('/').map(|owner| owner.rsplit('/').next()) {
            None => owner.is_empty(),
            Some(last) => last.is_some_and(|last| last == "call" || last.parse::<u32>().is_ok()),
        };
        is_owner && step.starts_with(owner)
    })
}
