//! Beginning a run, and running it to where it stops.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use jiff::Timestamp;
use lockgate_engine::outcome::{Responder, Response, RunOutcome, RunStatus, StepError};
use lockgate_engine::trace::TraceContext;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::graph::Flow;
use lockgate_store::{
    Begun, IdempotencyKey, NewRun, RunId, RunJournal, Status, StoreError, StoredRun, Trigger,
};
use serde_json::Value;

use crate::active::{Active, Claim, RunAnswer};
use crate::keeper::{Counters, Keeper};
use crate::keys::{First, Place};
use crate::limits::{NoTurn, Turn};
use crate::program::{Pinned, Program};

/// How long an idempotency key counts.
const KEY_LIVES: Duration = Duration::from_hours(24);

/// A run that is wanted.
#[derive(Debug)]
pub struct StartRun<'a> {
    /// The version of the workspace.
    pub program: &'a Arc<Program>,
    /// A durable flow of it.
    pub flow: &'a Arc<Flow>,
    /// Who starts it.
    pub trigger: Trigger,
    /// The validated input.
    pub input: Value,
    /// `request`, if the flow looks at it.
    pub request: Option<Value>,
    /// The caller's idempotency key; counts for 24 hours.
    pub key: Option<&'a str>,
    /// What it belongs to.
    pub trace: Option<TraceContext>,
}

/// What became of it.
#[derive(Debug)]
pub enum Started {
    /// It is recorded, and goes on with [`DurableRun::go`].
    Fresh(Box<DurableRun>),
    /// The key has started one already.
    Known {
        /// It; see [`Runtime::answer`](crate::Runtime::answer).
        id: RunId,
        /// Whether that one got the same input.
        same_input: bool,
    },
}

/// What became of a run that is to go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spawned {
    /// It is on the disk, and goes on when it has its turn.
    Fresh(RunId),
    /// The key has started one already.
    Known {
        /// It.
        id: RunId,
        /// Whether that one got the same input.
        same_input: bool,
    },
}

impl Spawned {
    /// The run.
    pub const fn id(self) -> RunId {
        match self {
            Self::Fresh(id) | Self::Known { id, .. } => id,
        }
    }
}

/// A run does not begin; nothing is recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// It does not get its turn.
    #[error(transparent)]
    NoTurn(#[from] NoTurn),
    /// It cannot be recorded. (A run that was to go on by itself may have been taken down in memory: then it goes on when the
    /// store works again. Its idempotency key tells.)
    #[error(transparent)]
    Store(StoreError),
    /// No run begins any more.
    #[error("the process is about to end")]
    Stopping,
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Stopping,
            error => Self::Store(error),
        }
    }
}

/// A recorded run that is about to go on in this process: it owns all that it needs. Dropping it leaves the run to the
/// journal: the runtime resumes it.
#[derive(Debug)]
pub struct DurableRun {
    journal: Arc<RunJournal>,
    version: Version,
    input: Value,
    options: Life,
    turn: Option<Turn>,
    // Last: what it holds of the run is dropped before the run is left.
    left: Left,
}

/// What a run is run with.
#[derive(Debug)]
enum Version {
    Today(Arc<Program>, Arc<Flow>),
    Pinned(Arc<Pinned>),
}

impl Version {
    fn parts(&self) -> (&Executor, &Arc<Flow>) {
        match self {
            Self::Today(program, flow) => (program.executor(), flow),
            Self::Pinned(pinned) => (&pinned.executor, &pinned.flow),
        }
    }
}

/// What `RunOptions` are made of.
#[derive(Debug)]
struct Life {
    request: Option<Value>,
    attempt: u32,
    started_at: Timestamp,
    active_before: Duration,
    trace: Option<TraceContext>,
}

/// Leaves a run to the journal if it is dropped before the run has come to an end: this process resumes it.
#[derive(Debug)]
pub(crate) struct Left {
    keeper: Arc<Keeper>,
    active: Arc<Active>,
    /// `None` when the run has come to its end, or is somebody else's.
    claim: Option<Claim>,
}

impl Left {
    pub(crate) fn new(keeper: &Arc<Keeper>, claim: Claim) -> Self {
        Self {
            keeper: Arc::clone(keeper),
            active: Arc::clone(claim.active()),
            claim: Some(claim),
        }
    }

    /// See [`Claim::is_unanswered`].
    fn is_unanswered(&self) {
        if let Some(claim) = &self.claim {
            claim.is_unanswered();
        }
    }

    /// The run has come to an end, or there is none.
    pub(crate) fn give_back(&mut self) {
        self.claim = None;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        if self.keeper.is_stopping() {
            return;
        }
        if std::thread::panicking() {
            // What panicked once would again. Actions do not come here: the engine catches their panics.
            let id = claim.id();
            tracing::error!(run_id = %id, "the run was ended by a bug; it goes on when the process starts anew");
            self.keeper.stuck.add_alone(id);
            return;
        }
        self.keeper.ready.push(claim.renewed());
        if self.keeper.is_stopping() {
            // The end of the process may have cleared the queue in between.
            self.keeper.ready.clear();
        }
    }
}

impl Keeper {
    /// See [`Runtime::begin`](crate::Runtime::begin).
    pub(crate) async fn begin(self: &Arc<Self>, start: StartRun<'_>) -> Result<Started, StartError> {
        if self.is_stopping() {
            return Err(StartError::Stopping);
        }
        let first = match self.first_of_its_key(&start).await? {
            Ok(first) => first,
            Err((id, same_input)) => return Ok(Started::Known { id, same_input }),
        };
        let turn = {
            let turn = std::pin::pin!(self.options.limits.enter(start.flow, &start.input));
            match select(turn, std::pin::pin!(self.stopped())).await {
                Either::Left((turn, _)) => turn?,
                Either::Right(_) => return Err(StartError::Stopping),
            }
        };
        let (left, journal, started_at) = match self.record(&start, Status::Running).await? {
            Recorded::Fresh(left, journal, started_at) => (left, journal, started_at),
            Recorded::Known { id, same_input } => return Ok(Started::Known { id, same_input }),
        };
        drop(first);
        Ok(Started::Fresh(Box::new(DurableRun {
            journal,
            version: Version::Today(Arc::clone(start.program), Arc::clone(start.flow)),
            input: start.input,
            options: Life {
                request: start.request,
                attempt: 1,
                started_at,
                active_before: Duration::ZERO,
                trace: start.trace,
            },
            turn,
            left,
        })))
    }

    /// See [`Runtime::spawn`](crate::Runtime::spawn).
    pub(crate) async fn spawn_run(self: &Arc<Self>, start: StartRun<'_>) -> Result<Spawned, StartError> {
        let left = match self.record(&start, Status::Queued).await? {
            Recorded::Fresh(left, ..) => left,
            Recorded::Known { id, same_input } => return Ok(Spawned::Known { id, same_input }),
        };
        self.store
            .flush()
            .await
            .inspect_err(|error| self.trouble(error))?;
        // Being dropped is what lets it go on, also where the line above fails: it may be recorded all the same.
        Ok(Spawned::Fresh(left.active.id))
    }

    /// Whoever has a key that is known need not wait for a turn; and of those who come with one key at the same time, one
    /// waits for a turn, and the others for that one. `Err`: the run that the key has begun.
    async fn first_of_its_key(
        &self,
        start: &StartRun<'_>,
    ) -> Result<Result<Option<First<'_>>, (RunId, bool)>, StartError> {
        let Some(key) = start.key.filter(|_| start.flow.concurrency.is_some()) else {
            return Ok(Ok(None));
        };
        loop {
            // In this order: what another one has begun before it left the line is known.
            let first = match self.keys.line_up(&start.flow.name, key) {
                Place::First(first) => Some(first),
                Place::Behind(other) => {
                    select(other, std::pin::pin!(self.stopped())).await;
                    None
                }
            };
            let known = self
                .store
                .known(&start.flow.name, idempotency(key), &start.input)
                .await;
            if let Some(known) = known.inspect_err(|error| self.trouble(error))? {
                return Ok(Err(known));
            }
            if self.is_stopping() {
                return Err(StartError::Stopping);
            }
            if first.is_some() {
                return Ok(Ok(first));
            }
        }
    }

    /// Claims and records a run.
    async fn record(self: &Arc<Self>, start: &StartRun<'_>, status: Status) -> Result<Recorded, StartError> {
        let id = RunId::new();
        // Before it is recorded: whoever learns of it by its key finds it here.
        let claim = self.registry.claim(id).ok_or(StartError::Stopping)?;
        // After it is claimed: either this sees the end of the process, or that sees the claim.
        if self.is_stopping() {
            return Err(StartError::Stopping);
        }
        // From here on it may be recorded, also if this future is dropped.
        let mut left = Left::new(self, claim);
        let (definition, digest) = start.program.definition(start.flow);
        let started_at = self.now();
        let begun = self
            .store
            .begin(NewRun {
                id,
                flow: start.flow,
                definition: (&definition, &digest),
                trigger: start.trigger,
                status,
                started_at,
                input: &start.input,
                request: start.request.as_ref(),
                key: start.key.map(idempotency),
            })
            .await;
        match begun {
            Ok(Begun::Fresh(journal)) => {
                let journal = Arc::from(journal);
                left.active.set_journal(&journal);
                left.is_unanswered();
                Ok(Recorded::Fresh(left, journal, started_at))
            }
            Ok(Begun::Known { id, same_input }) => {
                left.give_back();
                Ok(Recorded::Known { id, same_input })
            }
            Err(error) => {
                left.give_back();
                self.trouble(&error);
                Err(error.into())
            }
        }
    }
}

fn idempotency(key: &str) -> IdempotencyKey<'_> {
    IdempotencyKey {
        key,
        lives: KEY_LIVES,
    }
}

enum Recorded {
    Fresh(Left, Arc<RunJournal>, Timestamp),
    Known { id: RunId, same_input: bool },
}

impl DurableRun {
    /// A run from the store.
    pub(crate) fn stored(
        keeper: &Arc<Keeper>,
        claim: Claim,
        stored: StoredRun,
        pinned: Arc<Pinned>,
        turn: Option<Turn>,
    ) -> Self {
        let journal = Arc::new(stored.journal);
        claim.active().set_journal(&journal);
        if stored.response.is_none() {
            claim.is_unanswered();
        }
        Self {
            journal,
            version: Version::Pinned(pinned),
            input: stored.input,
            options: Life {
                request: stored.request,
                attempt: stored.attempt,
                started_at: stored.started_at,
                active_before: stored.active,
                trace: None,
            },
            turn,
            left: Left::new(keeper, claim),
        }
    }

    /// Its id.
    pub fn id(&self) -> RunId {
        self.left.active.id
    }

    /// Runs to its end, or to where it sleeps or is interrupted. Whoever waits for its answer
    /// ([`Runtime::answer`](crate::Runtime::answer)) gets it, too.
    ///
    /// Counts as having a caller who waits for the answer: a shutdown lets it come.
    pub async fn go(self, responder: Option<&dyn Responder>) -> RunOutcome {
        self.left.active.note(Active::CALLER);
        self.run(responder).await
    }

    /// [`Self::go`] without a caller.
    pub(crate) async fn run(self, responder: Option<&dyn Responder>) -> RunOutcome {
        // In this order: the last is dropped first.
        let Self {
            mut left,
            turn,
            version,
            journal,
            input,
            options,
        } = self;
        let keeper = Arc::clone(&left.keeper);
        let active = Arc::clone(&left.active);
        let (executor, flow) = version.parts();
        let counted = Counted::new(&keeper);
        let began = executor.clock().elapsed();
        let tell = |response: &Response| {
            if let Some(responder) = responder {
                responder.respond(response);
            }
            keeper.answered(&active, response);
        };
        let options = RunOptions {
            run_id: active.id.to_string(),
            request: options.request,
            attempt: options.attempt,
            started_at: Some(options.started_at),
            active_before: options.active_before,
            responder: Some(&tell),
            masks: journal.take_masks(),
            trace: options.trace,
            cancel: Some(Box::pin(active.raised(Active::CANCEL))),
            alone: None,
        };
        let outcome = {
            let run = std::pin::pin!(executor.run(flow, input, options, &*journal));
            let cut_off = std::pin::pin!(active.raised(Active::CUT_OFF));
            match select(run, cut_off).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(_) => lost(active.id),
            }
        };
        drop((counted, turn));
        let took = executor.clock().elapsed().saturating_sub(began);
        keeper.life_over(flow, outcome.status, took);
        keeper.over(&active, &journal, flow, &outcome);
        left.give_back();
        outcome
    }
}

impl Keeper {
    /// The run has answered.
    fn answered(&self, active: &Active, response: &Response) {
        active.note(Active::ANSWERED);
        self.registry
            .answered(active.id, || RunAnswer::Responded(response.clone()));
        if self.is_stopping() {
            active.stop();
        }
    }

    /// A life of the run is over; its end, if it is one, has been recorded.
    fn over(&self, active: &Active, journal: &RunJournal, flow: &Flow, outcome: &RunOutcome) {
        match outcome.status {
            RunStatus::Suspended => {
                if let Some(at) = journal.wake_at() {
                    self.wake.note(at);
                }
                return;
            }
            RunStatus::Interrupted => return self.interrupted(active.id, flow, outcome.error.as_ref()),
            RunStatus::InDoubt => {
                Counters::count(&self.counters.in_doubt);
                let error = outcome.error.as_ref();
                tracing::error!(
                    run_id = %active.id,
                    flow = flow.name,
                    step = error.map(|error| error.step.as_str()),
                    error = error.map(|error| error.message.as_str()),
                    help = format!("see `lockgate runs show {}`", active.id),
                    "the run is in doubt"
                );
            }
            RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled => {}
        }
        self.registry
            .answered(active.id, || RunAnswer::Ended(Box::new(outcome.clone())));
    }

    /// What was interrupted goes on when it can.
    fn interrupted(&self, id: RunId, flow: &Flow, error: Option<&StepError>) {
        if error.is_some_and(|error| error.code == DEPARTED) {
            tracing::error!(
                run_id = %id,
                flow = flow.name,
                error = error.map(|error| error.message.as_str()),
                help = format!("see `lockgate runs show {id}`"),
                "the run cannot go on: its flow does something else than what is recorded"
            );
            self.stuck.add_alone(id);
        } else {
            self.go_on_later();
        }
    }
}

/// The code of a run whose flow does something else than what is recorded.
const DEPARTED: &str = "journal_departed";

/// How a life ends that was cut off.
fn lost(id: RunId) -> RunOutcome {
    RunOutcome {
        run_id: id.to_string(),
        status: RunStatus::Interrupted,
        output: None,
        response: None,
        error: Some(StepError::new(
            "interrupted",
            503,
            "the run was cut off; it goes on later",
        )),
        active: Duration::ZERO,
    }
}

/// One more run is going on, as long as this lives.
struct Counted<'a>(&'a Keeper);

impl<'a> Counted<'a> {
    fn new(keeper: &'a Keeper) -> Self {
        keeper.counters.active.fetch_add(1, Ordering::Relaxed);
        Self(keeper)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.counters.active.fetch_sub(1, Ordering::Relaxed);
    }
}
