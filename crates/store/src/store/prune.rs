//! Deleting what is past its retention, a slice at a time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{Shared, bounded, state};
use crate::error::StoreError;
use crate::names::Names;
use crate::rows::{CHUNKS_OF_A_RUN, micros};
use crate::settings::Retention;

/// See [`Store::prune`](super::Store::prune). What is to be deleted is looked for beside the writer, which then only deletes.
pub(super) async fn prune(
    shared: &Arc<Shared>,
    retention: Retention,
    most: usize,
) -> Result<usize, StoreError> {
    let now = shared.clock.now();
    let ended_before = retention.age.map(|age| {
        let since = SignedDuration::try_from(age)
            .ok()
            .and_then(|age| now.checked_sub(age).ok());
        micros(since.unwrap_or(Timestamp::MIN))
    });
    let (now, most, count) = (micros(now), bounded(most), retention.count);
    let flows: Vec<i64> = shared.names.flows().iter().map(|flow| flow.id).collect();
    let (runs, has_expired_keys, has_expired_entries) = shared
        .read(move |connection, path| {
            let look = Look {
                connection,
                now,
                flows: &flows,
                most,
            };
            let found = look.find(ended_before, count).and_then(|runs| {
                Ok((
                    runs,
                    look.has_expired_keys()?,
                    state::has_expired(connection, now)?,
                ))
            });
            found.map_err(|error| StoreError::sqlite(path, &error))
        })
        .await?;
    let mut deleted = 0;
    let mut definitions = BTreeSet::new();
    if !runs.is_empty() || has_expired_keys {
        let path = Arc::clone(&shared.path);
        let delete = move |connection: &Connection| {
            delete(connection, &runs, now, most).map_err(|error| StoreError::sqlite(&path, &error))
        };
        (deleted, definitions) = shared.transact(delete).await?;
    }
    if has_expired_entries {
        sweep(shared, now, most).await?;
    }
    // An earlier process may have deleted their last runs while it could still begin others with them.
    definitions.extend(shared.names.idle_definitions());
    for definition in definitions {
        drop_definition(shared, definition).await?;
    }
    Ok(deleted)
}

/// Deletes the entries whose time is over, a slice at a time: others get their turn between two.
async fn sweep(shared: &Arc<Shared>, now: i64, most: i64) -> Result<(), StoreError> {
    loop {
        let path = Arc::clone(&shared.path);
        let swept = shared
            .transact(move |connection| {
                state::sweep(connection, now, most).map_err(|error| StoreError::sqlite(&path, &error))
            })
            .await?;
        if bounded(swept) < most.max(1) {
            return Ok(());
        }
    }
}

/// Looks for what may go.
struct Look<'a> {
    connection: &'a Connection,
    now: i64,
    flows: &'a [i64],
    most: i64,
}

impl Look<'_> {
    /// The numbers of ended runs that are past their retention, oldest first.
    fn find(&self, ended_before: Option<i64>, count: Option<u64>) -> rusqlite::Result<Vec<i64>> {
        let mut found = BTreeSet::new();
        if let Some(before) = ended_before {
            found.extend(self.oldest(before, self.most)?);
        }
        if let Some(count) = count {
            let query = "SELECT (SELECT count(*) FROM runs) - (SELECT count(*) FROM runs WHERE status IN (0, 1, 2) AND status <> 3)";
            let ended: i64 = self.connection.query_row(query, [], |row| row.get(0))?;
            let excess = ended.saturating_sub(i64::try_from(count).unwrap_or(i64::MAX));
            if excess > 0 {
                found.extend(self.oldest(i64::MAX, excess.min(self.most))?);
            }
        }
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        Ok(found.into_iter().take(most).map(|(_, seq)| seq).collect())
    }

    /// The oldest runs that ended before a time: when they began, and their numbers. Looks at each flow by itself: the
    /// index of a flow's runs knows how they stand, so that those that sleep cost next to nothing.
    fn oldest(&self, ended_before: i64, most: i64) -> rusqlite::Result<BTreeSet<(i64, i64)>> {
        let mut statement = self.connection.prepare(
            "SELECT started_at, seq FROM runs INDEXED BY runs_by_flow \
             WHERE flow = ?1 AND started_at < ?2 AND status >= 3 AND finished_at < ?2 \
             AND NOT EXISTS (SELECT 1 FROM idempotency WHERE run = seq AND expires_at > ?3) \
             ORDER BY started_at, seq LIMIT ?4",
        )?;
        let mut found = BTreeSet::new();
        for flow in self.flows {
            let rows = statement.query_map((flow, ended_before, self.now, most), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            for row in rows {
                found.insert(row?);
            }
            while found.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                found.pop_last();
            }
        }
        Ok(found)
    }

    fn has_expired_keys(&self) -> rusqlite::Result<bool> {
        let query = "SELECT 1 FROM idempotency WHERE expires_at <= ?1 LIMIT 1";
        let found: Option<i64> = self
            .connection
            .query_row(query, [self.now], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }
}

/// Deletes runs with all that belongs to them, and keys that do not count any more. How many runs, and the definitions that they
/// had.
fn delete(
    connection: &Connection,
    runs: &[i64],
    now: i64,
    most: i64,
) -> rusqlite::Result<(usize, BTreeSet<i64>)> {
    let mut delete_run =
        connection.prepare("DELETE FROM runs WHERE seq = ?1 AND status >= 3 RETURNING definition")?;
    let mut delete_records = connection.prepare("DELETE FROM journal WHERE id >= ?1 AND id < ?2")?;
    let mut delete_keys = connection.prepare("DELETE FROM idempotency WHERE run = ?1")?;
    let mut deleted = 0;
    let mut definitions = BTreeSet::new();
    for seq in runs {
        // Meanwhile an operator may have had it go on.
        let definition: Option<i64> = delete_run.query_row([seq], |row| row.get(0)).optional()?;
        let Some(definition) = definition else { continue };
        definitions.insert(definition);
        delete_records.execute((seq * CHUNKS_OF_A_RUN, (seq + 1) * CHUNKS_OF_A_RUN))?;
        delete_keys.execute([seq])?;
        deleted += 1;
    }
    connection.execute(
        "DELETE FROM idempotency WHERE (flow, key) IN \
         (SELECT flow, key FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        (now, most),
    )?;
    Ok((deleted, definitions))
}

/// Deletes a definition if no run has it and none of this process began with it.
async fn drop_definition(shared: &Arc<Shared>, id: i64) -> Result<(), StoreError> {
    if shared.names.is_in_use(id) {
        return Ok(());
    }
    let names = Arc::clone(shared);
    let used = move |connection: &Connection, path: &Path| {
        let Some(known) = names.names.definition_by_id(id) else {
            return Ok(true);
        };
        let flow = names
            .names
            .flow(&Names::read_definition(&known, connection, path)?.flow);
        // The oldest runs come first, and they are those that have it if any has.
        let query = "SELECT 1 FROM runs INDEXED BY runs_by_flow WHERE flow = ?1 AND definition = ?2 \
             ORDER BY started_at LIMIT 1";
        let found = connection
            .prepare(query)
            .and_then(|mut statement| statement.exists((flow.id, id)));
        found.map_err(|error| StoreError::sqlite(path, &error))
    };
    if shared.read(used).await? {
        return Ok(());
    }
    // Since then a run may have been given it.
    let Some(known) = shared.names.forget_definition(id) else {
        return Ok(());
    };
    let path = Arc::clone(&shared.path);
    shared
        .transact(move |connection| {
            connection
                .execute("DELETE FROM definitions WHERE id = ?1", [known.id])
                .map(drop)
                .map_err(|error| StoreError::sqlite(&path, &error))
        })
        .await
}
