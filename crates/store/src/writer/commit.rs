//! One transaction with what several runs have handed in.

use std::path::Path;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode, Statement};

use super::put::{Put, Puts};
use super::run::Taken;
use crate::claims::Claims;
use crate::error::StoreError;
use crate::rows::{self, CHUNKS_OF_A_RUN};

/// The statements of a commit, prepared once.
pub(super) struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    put_flow: Statement<'c>,
    put_definition: Statement<'c>,
    insert_run: Statement<'c>,
    update_run: Statement<'c>,
    insert_chunk: Statement<'c>,
    put_key: Statement<'c>,
    puts: Puts<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            put_flow: connection.prepare("INSERT OR IGNORE INTO flows (id, name) VALUES (?1, ?2)")?,
            put_definition: connection.prepare(rows::PUT_DEFINITION)?,
            insert_run: connection.prepare(rows::INSERT_RUN)?,
            update_run: connection.prepare(rows::UPDATE_RUN)?,
            insert_chunk: connection.prepare(rows::INSERT_CHUNK)?,
            put_key: connection.prepare(rows::PUT_KEY)?,
            puts: Puts::prepare(connection)?,
        })
    }

    /// All of it, or nothing. What the entries' writers are told then.
    pub(super) fn commit(
        &mut self,
        taken: &[Taken],
        puts: &[Put],
        path: &Path,
    ) -> rusqlite::Result<Vec<Result<bool, StoreError>>> {
        self.begin.execute([])?;
        for taken in taken {
            match self.write(taken, path) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    // It would fail each time, and keep all others from being written.
                    tracing::error!(run = %taken.run.id, %error, "a run cannot be recorded; this is a bug");
                    taken.run.refuse(StoreError::sqlite(path, &error));
                }
                written => written?,
            }
        }
        let put = puts.iter().map(|(entry, _)| self.puts.put(entry, path));
        let answers = put.collect::<rusqlite::Result<_>>()?;
        self.commit.execute([])?;
        Ok(answers)
    }

    fn write(&mut self, taken: &Taken, path: &Path) -> rusqlite::Result<()> {
        if taken.run.refused().is_some() {
            return Ok(());
        }
        let seq = taken.run.seq;
        if let Some((definition, state)) = taken.state.as_deref() {
            if !definition.is_written.load(Ordering::Relaxed)
                && let Some(body) = definition.body()
            {
                self.put_definition
                    .execute((definition.id, &*definition.digest, body))?;
            }
            match &taken.begin {
                Some(begin) => {
                    if !begin.flow.is_written.load(Ordering::Relaxed) {
                        self.put_flow.execute((begin.flow.id, &*begin.flow.name))?;
                    }
                    rows::insert_run(&mut self.insert_run, &begin.row, state)?;
                    if let Some(key) = &begin.key {
                        key.put(&mut self.put_key)?;
                    }
                }
                None => {
                    state.update(&mut self.update_run, seq)?;
                }
            }
        }
        if !taken.records.is_empty() {
            if taken.chunk >= CHUNKS_OF_A_RUN {
                taken.run.refuse(StoreError::Io {
                    path: path.to_owned(),
                    what: format!("a run has more than {CHUNKS_OF_A_RUN} chunks of records"),
                });
                return Ok(());
            }
            let id = seq * CHUNKS_OF_A_RUN + taken.chunk;
            self.insert_chunk
                .execute((id, &taken.records, rows::chunk_sum(id, &taken.records)))?;
        }
        Ok(())
    }
}

impl Taken {
    /// It has been committed.
    pub(super) fn committed(self, claims: &Claims) {
        if let Some((definition, _)) = self.state.as_deref() {
            definition.is_written.store(true, Ordering::Relaxed);
        }
        if let Some(begin) = &self.begin {
            begin.flow.is_written.store(true, Ordering::Relaxed);
            if let Some(key) = &begin.key {
                claims.is_on_disk(key);
            }
        }
    }
}
