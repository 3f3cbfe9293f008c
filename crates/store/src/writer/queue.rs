//! Where runs hand in what is to be written, and wait for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::put::{NewEntry, Put};
use super::run::{Begin, RunState};
use super::written::Written;
use crate::error::StoreError;
use crate::names::KnownDefinition;
use crate::rows::StateRow;

/// More records than this wait for the disk: new runs wait, too.
const CROWDED: u64 = 100_000;

/// Work of its own transaction, on the writer's connection. It is given an error instead where the store is failing.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

/// What a test does to the connection.
#[cfg(test)]
pub(super) type Repair = Box<dyn FnOnce(&Connection) + Send>;

/// Told when everything that was handed in before is on the disk.
pub(super) type Waiter = oneshot::Sender<Result<(), StoreError>>;

/// What the writer's thread and everybody else share.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// The thread waits here.
    pub(super) wake: Condvar,
    is_failing: AtomicBool,
    failure: Mutex<Option<StoreError>>,
    pub(super) written: Mutex<Written>,
    /// Records that wait.
    waiting: AtomicU64,
}

/// What is to be done.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own of the thread"
)]
pub(super) struct State {
    /// Runs that have handed in something.
    pub(super) dirty: Vec<Arc<RunState>>,
    /// Since when there are some.
    pub(super) since: Option<Instant>,
    pub(super) waiters: Vec<Waiter>,
    pub(super) puts: Vec<Put>,
    pub(super) jobs: Vec<Job>,
    /// What a test does to the connection, before anything else.
    #[cfg(test)]
    pub(super) repairs: Vec<Repair>,
    /// The thread waits until it is told that there is something.
    pub(super) is_idle: bool,
    /// The thread waits; it may be for a time.
    pub(super) is_waiting: bool,
    pub(super) is_closing: bool,
    /// The thread has ended.
    pub(super) is_closed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("dirty", &self.dirty.len())
            .field("waiters", &self.waiters.len())
            .field("puts", &self.puts.len())
            .field("jobs", &self.jobs.len())
            .finish_non_exhaustive()
    }
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failing(&self) -> Option<StoreError> {
        if !self.is_failing.load(Ordering::Acquire) {
            return None;
        }
        lock(&self.failure).clone()
    }

    pub(super) fn set_failing(&self, error: Option<&StoreError>) {
        *lock(&self.failure) = error.cloned();
        self.is_failing.store(error.is_some(), Ordering::Release);
    }

    pub(super) fn wrote(&self, records: u64) {
        self.waiting.fetch_sub(records, Ordering::Relaxed);
    }
}

/// The writer, as the rest of the store sees it. Dropping it writes what is left.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn new(queue: Arc<Queue>, thread: JoinHandle<()>) -> Self {
        Self {
            queue,
            thread: Mutex::new(Some(thread)),
        }
    }

    /// One that writes nothing: whoever waits for something that was handed in is told that the store is closed.
    pub(crate) fn none() -> Self {
        let queue = Queue::default();
        let mut state = queue.lock();
        state.is_closed = true;
        drop(state);
        queue.set_failing(Some(&StoreError::Closed));
        Self {
            queue: Arc::new(queue),
            thread: Mutex::default(),
        }
    }

    /// Hands in the row of a run that begins.
    pub(crate) fn begin(
        &self,
        run: &Arc<RunState>,
        begin: Box<Begin>,
        state: Box<(Arc<KnownDefinition>, StateRow)>,
    ) {
        if run.begin(begin, state) {
            self.tell(run);
        }
    }

    /// Hands in how a run stands now.
    pub(crate) fn change(&self, run: &Arc<RunState>, state: Box<(Arc<KnownDefinition>, StateRow)>) {
        if run.change(state) {
            self.tell(run);
        }
    }

    /// Hands in a record, written as JSON.
    pub(crate) fn record(&self, run: &Arc<RunState>, write: impl FnOnce(&mut String)) {
        self.queue.waiting.fetch_add(1, Ordering::Relaxed);
        if run.record(write) {
            self.tell(run);
        }
    }

    fn tell(&self, run: &Arc<RunState>) {
        let mut state = self.queue.lock();
        if state.since.is_none() {
            state.since = Some(Instant::now());
        }
        state.dirty.push(Arc::clone(run));
        if state.is_idle {
            state.is_idle = false;
            drop(state);
            self.queue.wake.notify_one();
        }
    }

    /// Waits until everything that was handed in before is on the disk.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let (waiter, done) = oneshot::channel();
        {
            let mut state = self.queue.lock();
            if state.is_closed {
                return Err(StoreError::Closed);
            }
            if let Some(error) = self.queue.failing() {
                return Err(error);
            }
            state.waiters.push(waiter);
            self.hurry(state);
        }
        hold_still(done).await.unwrap_or(Err(StoreError::Closed))
    }

    /// [`Self::flush`], at once where nothing waits.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        {
            let state = self.queue.lock();
            // The thread holds nothing back while it waits, unless it could not write it; nor when it has ended.
            let is_at_rest = state.is_closed || state.is_waiting && self.queue.failing().is_none();
            if is_at_rest && state.dirty.is_empty() {
                return Ok(());
            }
        }
        self.flush().await
    }

    /// Waits until a run's records are on the disk.
    pub(crate) async fn flush_run(&self, run: &RunState) -> Result<(), StoreError> {
        self.flush().await?;
        run.refused().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Writes an entry that runs share, if it is still the one that its writer has seen: whether it was. On the disk when
    /// this returns, together with everything that was handed in before; whatever the durability.
    pub(crate) async fn put(&self, entry: NewEntry) -> Result<bool, StoreError> {
        let (answer, done) = oneshot::channel();
        {
            let mut state = self.queue.lock();
            if state.is_closed {
                return Err(StoreError::Closed);
            }
            if let Some(error) = self.queue.failing() {
                return Err(error);
            }
            state.puts.push((entry, answer));
            self.hurry(state);
        }
        hold_still(done).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Does something on the writer's connection, in a transaction of its own, after everything that was handed in
    /// before. Nothing of it stays if it fails.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        path: Arc<std::path::Path>,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, done) = oneshot::channel();
        let queue = Arc::clone(&self.queue);
        let job: Job = Box::new(move |connection| {
            let began = Instant::now();
            let result = connection.and_then(|connection| {
                let failed = |error| StoreError::sqlite(&path, &error);
                connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
                let result = work(connection)
                    .and_then(|value| connection.execute_batch("COMMIT").map(|()| value).map_err(failed));
                if !connection.is_autocommit() {
                    connection.execute_batch("ROLLBACK").map_err(failed)?;
                }
                result
            });
            if result.is_ok() {
                // Who follows a run looks at this number.
                lock(&queue.written).count(0, began.elapsed());
            }
            // Whoever asked may have gone.
            let _ = sender.send(result);
        });
        {
            let mut state = self.queue.lock();
            if state.is_closed {
                return Err(StoreError::Closed);
            }
            state.jobs.push(job);
            self.hurry(state);
        }
        hold_still(done).await.unwrap_or(Err(StoreError::Closed))
    }

    /// Does something on the writer's connection, also where the store is failing.
    #[cfg(test)]
    pub(crate) async fn on_connection(&self, work: impl FnOnce(&Connection) + Send + 'static) {
        let (sender, done) = oneshot::channel();
        let repair: Repair = Box::new(move |connection| {
            work(connection);
            sender.send(()).unwrap();
        });
        {
            let mut state = self.queue.lock();
            state.repairs.push(repair);
            self.hurry(state);
        }
        hold_still(done).await.unwrap();
    }

    fn hurry(&self, mut state: MutexGuard<'_, State>) {
        state.is_idle = false;
        if state.is_waiting {
            drop(state);
            self.queue.wake.notify_one();
        }
    }

    /// Waits while too much waits for the disk already.
    pub(crate) async fn make_room(&self) -> Result<(), StoreError> {
        if self.queue.waiting.load(Ordering::Relaxed) < CROWDED {
            return Ok(());
        }
        self.flush().await
    }

    /// What keeps the store from being written at the moment; or that it is closed.
    pub(crate) fn failing(&self) -> Option<StoreError> {
        self.queue.failing()
    }

    /// What the writer has done.
    pub(crate) fn written(&self) -> Written {
        let mut written = lock(&self.queue.written).clone();
        written.waiting = self.queue.waiting.load(Ordering::Relaxed);
        written
    }

    /// Writes what is left, and ends the thread; blocks until then. What kept it from writing everything.
    pub(crate) fn close(&self) -> Option<StoreError> {
        self.queue.lock().is_closing = true;
        self.queue.wake.notify_one();
        let thread = lock(&self.thread).take();
        // Work that holds the last handle of the store must not wait for itself.
        let thread = thread.filter(|thread| thread.thread().id() != std::thread::current().id());
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Some(StoreError::Closed);
        }
        self.queue
            .failing()
            .filter(|error| !matches!(error, StoreError::Closed))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(error) = self.close() {
            tracing::error!(%error, "the store could not be written to the end");
        }
    }
}

/// Waits for the writer. Under a virtual clock, time does not run on meanwhile: the writer works in real time.
async fn hold_still<T: Send + 'static>(done: oneshot::Receiver<T>) -> Result<T, oneshot::error::RecvError> {
    #[cfg(any(test, feature = "virtual-time"))]
    {
        let waited = tokio::task::spawn_blocking(move || done.blocking_recv()).await;
        waited.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
    #[cfg(not(any(test, feature = "virtual-time")))]
    done.await
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
