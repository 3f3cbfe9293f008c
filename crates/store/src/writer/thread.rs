//! When the writer commits, and what happens when that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::checkpoint::Checkpoints;
use super::commit::Statements;
use super::put::Put;
use super::queue::{Job, Queue, State, Waiter, Writer, lock};
use super::run::Taken;
use crate::claims::Claims;
use crate::crash::crash_point;
use crate::error::StoreError;
use crate::settings::Durability;
use crate::sqlite::open_writer;

/// How long what nobody waits for may wait under [`Durability::Full`]: mostly it goes with what somebody waits for. The tests of
/// this crate want to know what does.
const LAZY: Duration = Duration::from_millis(if cfg!(test) { 3_600_000 } else { 10 });

/// A commit that failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// What the writer's thread works with.
pub(crate) struct Core {
    pub(crate) path: Arc<Path>,
    pub(crate) connection: Connection,
    pub(crate) durability: Durability,
    pub(crate) claims: Arc<Claims>,
}

/// What is to be done now.
#[derive(Default)]
struct Work {
    waiters: Vec<Waiter>,
    puts: Vec<Put>,
    jobs: Vec<Job>,
    is_closing: bool,
}

/// What has been taken from the queue and is not on the disk.
#[derive(Default)]
struct Batch {
    taken: Vec<Taken>,
    /// When it failed last.
    failed_at: Option<Instant>,
}

impl Core {
    /// Starts the thread.
    pub(crate) fn start(self) -> Result<Writer, StoreError> {
        let queue = Arc::new(Queue::default());
        let path = Arc::clone(&self.path);
        let checkpoints = Checkpoints::start(open_writer(&path)?, Arc::clone(&path))
            .map_err(|error| StoreError::file(&path, &error))?;
        let shared = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // Also if it panics: whoever waits or comes later is told.
                let _end = End(&shared);
                self.run(&shared, checkpoints);
            })
            .map_err(|error| StoreError::file(&path, &error))?;
        Ok(Writer::new(queue, thread))
    }

    fn run(self, queue: &Queue, mut checkpoints: Checkpoints) {
        let connection = &self.connection;
        let mut statements = match Statements::prepare(connection) {
            Ok(statements) => statements,
            Err(error) => return queue.set_failing(Some(&StoreError::sqlite(&self.path, &error))),
        };
        let mut batch = Batch::default();
        loop {
            let work = self.wait(queue, &mut batch);
            let answers = self.commit(queue, &mut batch, &work.puts, &mut statements);
            let result = answers.as_ref().map(drop).map_err(Clone::clone);
            let mut answers = answers.map(Vec::into_iter);
            for (_, waiter) in work.puts {
                let answer = match &mut answers {
                    Ok(answers) => answers.next().unwrap_or(Err(StoreError::Closed)),
                    Err(error) => Err(error.clone()),
                };
                // Whoever waited may have gone.
                let _ = waiter.send(answer);
            }
            for waiter in work.waiters {
                // Whoever waited may have gone.
                let _ = waiter.send(result.clone());
            }
            for job in work.jobs {
                let connection = result.as_ref().map(|()| connection).map_err(Clone::clone);
                if catch_unwind(AssertUnwindSafe(|| job(connection))).is_err() {
                    tracing::error!("work on the store panicked; this is a bug");
                }
                if !self.connection.is_autocommit() {
                    // It panicked within its transaction.
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
            }
            if work.is_closing {
                break;
            }
            checkpoints.after_commit(connection);
        }
        drop(statements);
        checkpoints.finish(connection);
    }

    /// Waits until something is to be done, and takes it.
    fn wait(&self, queue: &Queue, batch: &mut Batch) -> Work {
        let mut state = queue.lock();
        loop {
            #[cfg(test)]
            for repair in std::mem::take(&mut state.repairs) {
                repair(&self.connection);
            }
            let due = match self.due(&state, batch) {
                Due::Now => break,
                Due::At(time) => Some(time),
                Due::Never => None,
            };
            state.is_waiting = true;
            state.is_idle = due.is_none();
            state = match due {
                None => queue.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let left = time.saturating_duration_since(Instant::now());
                    let (state, _) = queue
                        .wake
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
            };
            state.is_waiting = false;
            state.is_idle = false;
        }
        let dirty = std::mem::take(&mut state.dirty);
        state.since = None;
        let work = Work {
            waiters: std::mem::take(&mut state.waiters),
            puts: std::mem::take(&mut state.puts),
            jobs: std::mem::take(&mut state.jobs),
            is_closing: state.is_closing,
        };
        drop(state);
        // What is handed in from here on goes with this commit, or makes its run wait in the queue again.
        batch.taken.extend(dirty.iter().map(super::RunState::take));
        work
    }

    fn due(&self, state: &State, batch: &Batch) -> Due {
        let is_wanted =
            !state.waiters.is_empty() || !state.puts.is_empty() || !state.jobs.is_empty() || state.is_closing;
        if is_wanted {
            return Due::Now;
        }
        let time = match (batch.failed_at, state.since) {
            (Some(failed), _) => failed + AGAIN,
            (None, Some(since)) => match self.durability {
                Durability::Full => since + LAZY,
                Durability::Batched { every } => since + every,
            },
            (None, None) => return Due::Never,
        };
        if time <= Instant::now() {
            Due::Now
        } else {
            Due::At(time)
        }
    }

    /// Commits the batch, and the entries; what the entries' writers are told. The batch stays as it is if that fails.
    fn commit(
        &self,
        queue: &Queue,
        batch: &mut Batch,
        puts: &[Put],
        statements: &mut Statements<'_>,
    ) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        if batch.taken.is_empty() && puts.is_empty() {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        crash_point("writer.before_commit");
        let answers = match statements.commit(&batch.taken, puts, &self.path) {
            Ok(answers) => answers,
            Err(error) => return Err(self.failed(queue, batch, &error)),
        };
        crash_point("writer.after_commit");
        if batch.failed_at.take().is_some() {
            tracing::info!("runs can be recorded again; nothing was lost");
            queue.set_failing(None);
        }
        let records = batch.taken.iter().map(|taken| u64::from(taken.count)).sum();
        lock(&queue.written).count(records, began.elapsed());
        queue.wrote(records);
        for taken in batch.taken.drain(..) {
            taken.committed(&self.claims);
        }
        Ok(answers)
    }

    fn failed(&self, queue: &Queue, batch: &mut Batch, error: &rusqlite::Error) -> StoreError {
        let error = StoreError::sqlite(&self.path, error);
        if !self.connection.is_autocommit() {
            // What went wrong before counts.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        lock(&queue.written).failed += 1;
        // Entries alone are not tried again: nothing waits for better times.
        if !batch.taken.is_empty() {
            if batch.failed_at.is_none() {
                tracing::error!(%error, help = error.help(), "runs cannot be recorded; what happens meanwhile is kept in memory");
            }
            batch.failed_at = Some(Instant::now());
            queue.set_failing(Some(&error));
        }
        error
    }
}

enum Due {
    Now,
    At(Instant),
    Never,
}

/// The thread's end.
struct End<'a>(&'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        if self.0.failing().is_none() {
            self.0.set_failing(Some(&StoreError::Closed));
        }
        // Their senders are dropped: they are told that the store is closed.
        state.waiters.clear();
        state.puts.clear();
        state.jobs.clear();
    }
}
