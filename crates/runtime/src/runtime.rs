//! What callers touch.

use std::sync::Arc;
use std::time::Duration;

use lockgate_engine::outcome::RunStatus;
use lockgate_flow::graph::Flow;
use lockgate_store::replay::Replayed;
use lockgate_store::{Retention, RunId, Settled, Store, StoreError, Trigger};

use crate::active::RunAnswer;
use crate::keeper::Keeper;
use crate::limits::Limits;
use crate::program::{Program, Unpinnable};
use crate::start::{Spawned, StartError, StartRun, Started};

/// Keeps the runs of one store going. Cheap to clone. When the last one is dropped, its tasks end where they stand; what
/// they left is resumed by the next process. [`Self::shutdown`] is the gentle way.
#[derive(Clone, Debug)]
pub struct Runtime(Arc<Owner>);

/// Ends the tasks, which hold the keeper themselves.
#[derive(Debug)]
struct Owner(Arc<Keeper>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
        self.0.abort_tasks();
        self.0.ready.clear();
        self.0.registry.close();
    }
}

/// How runs are kept going.
#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// How many runs are resumed or woken at once; more wait their turn.
    pub at_once: usize,
    /// How long ended runs are kept.
    pub retention: Retention,
    /// Limits that are shared with runs that are not kept.
    pub limits: Limits,
    /// How often the clock is looked at while runs sleep: a clock that is set, or a machine that slept, is noticed after this time.
    pub look_every: Duration,
}

impl Default for RuntimeOptions {
    /// 64 runs at once; nothing is deleted; the clock is looked at every second.
    fn default() -> Self {
        Self {
            at_once: 64,
            retention: Retention {
                age: None,
                count: None,
            },
            limits: Limits::default(),
            look_every: Duration::from_secs(1),
        }
    }
}

/// Hears of a life of a run that is over: its flow, how the run stands, how long this life was. Called in the run's task.
pub type Listener = Box<dyn Fn(&Flow, RunStatus, Duration) + Send + Sync>;

/// A run as someone sees it who has its id only.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its flow.
    pub flow: String,
    /// Who started it.
    pub trigger: Trigger,
    /// Its answer, if it has one.
    pub answer: Option<RunAnswer>,
}

/// An operator wants a run to go on.
#[derive(Clone, Debug, Default)]
pub struct ResumeRun {
    /// With the flow as it is today, if what is recorded fits it.
    pub with_current: bool,
    /// What became of the step in doubt.
    pub doubt: Option<Settled>,
}

/// Something cannot be done with a run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// There is none.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// It has ended; or it has not, and only an ended one can be resumed.
    #[error("the run {id} is {status}")]
    Status {
        /// It.
        id: RunId,
        /// How it stands.
        status: &'static str,
    },
    /// What it is pinned to cannot run any more.
    #[error("the run {0} cannot go on: {1}")]
    Unpinnable(RunId, Unpinnable),
    /// What is recorded does not fit the flow as it is today.
    #[error("the run {id} does not fit the flow as it is now: {departure}")]
    Departs {
        /// It.
        id: RunId,
        /// The first place where it departs.
        departure: String,
    },
    /// The workspace has no such flow any more.
    #[error("the workspace has no flow `{flow}` that run {id} could go on with")]
    NoFlow {
        /// It.
        id: RunId,
        /// Its flow.
        flow: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a shutdown left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Runs that stopped between two steps, or sleep: they go on at the next start.
    pub to_resume: usize,
    /// Runs that had to be cut off within a step: they go on at the next start, and settle what is in doubt.
    pub cut_off: usize,
}

/// Numbers for metrics, since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Durable runs that go on now.
    pub active: u64,
    /// Runs that wait for their turn.
    pub queued: u64,
    /// Runs that sleep, as of the last look.
    pub sleeping: u64,
    /// Runs that were resumed.
    pub resumed: u64,
    /// Runs that were woken.
    pub woken: u64,
    /// Runs that ended in doubt.
    pub in_doubt: u64,
    /// Runs that cannot go on with today's workspace.
    pub stuck: u64,
    /// Due times that started a run.
    pub scheduled: u64,
    /// Due times that did not (missed, or the run before was still going).
    pub skipped: u64,
    /// Runs that were deleted.
    pub pruned: u64,
}

impl Runtime {
    fn keeper(&self) -> &Arc<Keeper> {
        &self.0.0
    }

    /// A runtime whose tasks have not been started.
    pub fn new(store: Store, program: Arc<Program>, options: RuntimeOptions) -> Self {
        Self(Arc::new(Owner(Arc::new(Keeper::new(store, program, options)))))
    }

    /// Resumes what is unfinished, wakes what sleeps, starts what is due, deletes what is old: from now on, in tasks of its
    /// own, until [`Self::shutdown`]. To be called once, within a tokio runtime.
    pub fn start(&self) {
        let keeper = self.keeper();
        keeper.ready.scan();
        keeper.spawn(Arc::clone(keeper).pump());
        keeper.spawn(Arc::clone(keeper).wake_due());
        keeper.spawn(Arc::clone(keeper).start_due());
        keeper.spawn(Arc::clone(keeper).watch_store());
        keeper.spawn(Arc::clone(keeper).prune_old());
    }

    /// Another version of the workspace, for the runs and due times from here on.
    pub fn publish(&self, program: Arc<Program>) {
        self.keeper().publish(program);
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.keeper().store
    }

    /// Begins a run when it has its turn, or finds the one that its key has begun.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn begin(&self, start: StartRun<'_>) -> Result<Started, StartError> {
        self.keeper().begin(start).await
    }

    /// Begins a run and lets it go on by itself, without waiting for its turn: it is recorded as queued when this
    /// returns, on the disk. Or finds the one that its key has begun.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn spawn(&self, start: StartRun<'_>) -> Result<Spawned, StartError> {
        self.keeper().spawn_run(start).await
    }

    /// Waits for a run's answer, whatever becomes of it meanwhile; `None` where there is no such run.
    ///
    /// # Errors
    /// The store cannot be read; or the process ends before there is an answer ([`StoreError::Closed`]).
    pub async fn answer(&self, id: RunId) -> Result<Option<RunAnswer>, StoreError> {
        self.keeper().answer(id).await
    }

    /// A run's answer, if it has one already. Outer `None`: there is no such run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn answer_now(&self, id: RunId) -> Result<Option<Option<RunAnswer>>, StoreError> {
        self.keeper().answer_now(id).await
    }

    /// What is known of a run: whose it is, and its answer if it has one already. `None`: there is no such run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn look(&self, id: RunId) -> Result<Option<Seen>, StoreError> {
        self.keeper().look(id).await
    }

    /// Whether someone in this process runs it, or is about to.
    pub fn is_going(&self, id: RunId) -> bool {
        self.keeper().registry.active(id).is_some()
    }

    /// `concurrency`, for runs that are not kept: they share the limits.
    pub fn limits(&self) -> &Limits {
        &self.keeper().options.limits
    }

    /// Tells someone, from now on, of each life of a run that is over. The first who asks is told.
    pub fn tell(&self, listener: Listener) {
        self.keeper().tell(listener);
    }

    /// Calls a run off: one that goes on stops at its next await point; one that sleeps or is queued never goes on. It is
    /// recorded when this returns.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn cancel(&self, id: RunId) -> Result<(), RunError> {
        self.keeper().cancel(id).await
    }

    /// Lets a failed, cancelled or doubtful run go on from the step where it stopped.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn resume(&self, id: RunId, how: ResumeRun) -> Result<(), RunError> {
        self.keeper().resume(id, how).await
    }

    /// Runs what a run recorded against its flow as it is today, without touching anything: where it departs.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn replay(&self, id: RunId) -> Result<Replayed, RunError> {
        self.keeper().replay(id).await
    }

    /// Numbers for metrics.
    pub fn stats(&self) -> Stats {
        self.keeper().stats()
    }

    /// Begins nothing more, and lets what goes on finish: runs that someone waits for to their answer, others to the end of
    /// their step; at most so long. Then closes the store.
    pub async fn shutdown(&self, limit: Duration) -> Left {
        self.keeper().shutdown(limit).await
    }
}
