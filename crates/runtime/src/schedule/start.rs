//! Starts the run of one due time, unless one was started for it already or the run before still goes on.

use std::sync::{Arc, Weak};

use jiff::Timestamp;
use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::RunStatus;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::ScheduleTrigger;
use lockgate_store::history::{Filter, History};
use lockgate_store::{RunId, Status, StoreError, Trigger};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::keeper::Keeper;
use crate::program::Program;
use crate::start::{Spawned, StartError, StartRun};

/// What a key begins with that a due time is. No HTTP header can hold this character (RFC 9110, section 5.5), so that no
/// caller's key is one of ours.
const KEY_PREFIX: &str = "\u{1}schedule:";

/// So many runs of the history are looked at in one go.
const PAGE: usize = 1_000;

/// What is to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) program: &'a Arc<Program>,
    pub(super) flow: &'a Arc<Flow>,
    pub(super) trigger: &'a ScheduleTrigger,
}

/// What became of a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It started a run.
    Started,
    /// It had started one before.
    Known,
    /// It starts none: the run before goes on, or there cannot be one.
    Skipped,
    /// The process is about to end.
    Stopping,
}

/// The run that the schedule started last.
#[derive(Debug)]
pub(super) enum Previous {
    /// There is none.
    None,
    /// It was started by another process, if there is one.
    Unknown,
    /// A run that is kept.
    Kept(RunId),
    /// A run that is not; it holds the other end while it goes on.
    Passing(Weak<()>),
}

/// What another process has left.
#[derive(Debug, Default)]
struct LeftOver {
    /// A run that was started since.
    since: Option<RunId>,
    /// The last one that is unfinished.
    unfinished: Option<RunId>,
}

/// Starts runs of due times.
#[derive(Debug)]
pub(super) struct Starter<'a> {
    keeper: &'a Arc<Keeper>,
    history: OnceCell<Arc<History>>,
}

impl<'a> Starter<'a> {
    pub(super) fn new(keeper: &'a Arc<Keeper>) -> Self {
        Self {
            keeper,
            history: OnceCell::new(),
        }
    }

    /// Starts the run of a due time.
    ///
    /// # Errors
    /// The store does not work: nobody can tell. To be tried again, with the same due time.
    pub(super) async fn start(
        &self,
        wanted: Wanted<'_>,
        due: Timestamp,
        previous: &mut Previous,
    ) -> Result<Fate, StoreError> {
        let Wanted { flow, trigger, .. } = wanted;
        if matches!(previous, Previous::Unknown) {
            let left = self.left_over(flow, due).await?;
            *previous = match (left.since, left.unfinished) {
                (None, None) => Previous::None,
                (Some(run), _) | (None, Some(run)) => Previous::Kept(run),
            };
            if left.since.is_some() {
                return Ok(Fate::Known);
            }
        }
        if !trigger.overlap && self.is_going(previous).await? {
            let run_id = previous.id().map(|id| id.to_string());
            tracing::warn!(flow = flow.name, %due, run_id, "the due time is skipped: the run before still goes on");
            return Ok(Fate::Skipped);
        }
        let input = match flow.input.validate(Map::new()) {
            Ok(input) => input,
            Err(mistakes) => {
                let mistake = mistakes.first().map(|mistake| &mistake.message);
                tracing::error!(flow = flow.name, %due, mistake, "the due time is skipped: a schedule gives no input");
                return Ok(Fate::Skipped);
            }
        };
        if flow.durable {
            self.start_kept(wanted, due, input, previous).await
        } else {
            Ok(self.start_passing(wanted, due, input, previous))
        }
    }

    async fn start_kept(
        &self,
        wanted: Wanted<'_>,
        due: Timestamp,
        input: Value,
        previous: &mut Previous,
    ) -> Result<Fate, StoreError> {
        let Wanted { program, flow, .. } = wanted;
        let key = format!("{KEY_PREFIX}{due}");
        let start = StartRun {
            program,
            flow,
            trigger: Trigger::Schedule,
            input,
            request: None,
            key: Some(&key),
            trace: None,
        };
        let spawned = match self.keeper.spawn_run(start).await {
            Ok(spawned) => spawned,
            Err(StartError::Store(error)) => return Err(error),
            Err(StartError::Stopping) => return Ok(Fate::Stopping),
            Err(StartError::NoTurn(error)) => {
                tracing::error!(flow = flow.name, %due, %error, "the due time is skipped");
                return Ok(Fate::Skipped);
            }
        };
        *previous = Previous::Kept(spawned.id());
        Ok(match spawned {
            Spawned::Fresh(id) => {
                tracing::info!(flow = flow.name, %due, run_id = %id, "a due time starts a run");
                Fate::Started
            }
            Spawned::Known { .. } => Fate::Known,
        })
    }

    /// Starts a run that nothing is kept of.
    fn start_passing(
        &self,
        wanted: Wanted<'_>,
        due: Timestamp,
        input: Value,
        previous: &mut Previous,
    ) -> Fate {
        if self.keeper.is_stopping() {
            return Fate::Stopping;
        }
        let going = Arc::new(());
        *previous = Previous::Passing(Arc::downgrade(&going));
        let (keeper, program, flow) = (
            Arc::clone(self.keeper),
            Arc::clone(wanted.program),
            Arc::clone(wanted.flow),
        );
        let id = RunId::new();
        tracing::info!(flow = flow.name, %due, run_id = %id, "a due time starts a run");
        self.keeper.spawn(async move {
            run_passing(&keeper, &program, &flow, id, input).await;
            drop(going);
        });
        Fate::Started
    }

    async fn is_going(&self, previous: &Previous) -> Result<bool, StoreError> {
        Ok(match previous {
            Previous::None | Previous::Unknown => false,
            Previous::Passing(going) => going.strong_count() > 0,
            Previous::Kept(id) => {
                let run = self.keeper.store.load(*id).await?;
                run.is_some_and(|run| run.status.is_unfinished())
            }
        })
    }

    /// What another process has left of a flow's schedule: a run that was started at a due time or later, and one that is
    /// unfinished.
    async fn left_over(&self, flow: &Arc<Flow>, due: Timestamp) -> Result<LeftOver, StoreError> {
        if !flow.durable {
            return Ok(LeftOver::default());
        }
        let history = self
            .history
            .get_or_try_init(|| async { self.keeper.store.history().map(Arc::new) })
            .await?;
        let (history, name) = (Arc::clone(history), flow.name.clone());
        let found = tokio::task::spawn_blocking(move || {
            let since = Filter {
                flow: Some(name.clone()),
                since: Some(due),
                ..Filter::default()
            };
            let unfinished = Filter {
                flow: Some(name),
                statuses: Status::ALL
                    .into_iter()
                    .filter(|status| status.is_unfinished())
                    .collect(),
                ..Filter::default()
            };
            Ok(LeftOver {
                since: last_scheduled(&history, &since)?,
                unfinished: last_scheduled(&history, &unfinished)?,
            })
        });
        // It fails only where the process is about to end.
        found.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Previous {
    fn id(&self) -> Option<RunId> {
        match self {
            Self::Kept(id) => Some(*id),
            Self::None | Self::Unknown | Self::Passing(_) => None,
        }
    }
}

/// The last run that fits and that a schedule has started.
fn last_scheduled(history: &History, filter: &Filter) -> Result<Option<RunId>, StoreError> {
    let mut cursor = None;
    loop {
        let page = history.list(filter, cursor.as_deref(), PAGE)?;
        if let Some(run) = page.runs.iter().find(|run| run.trigger == Trigger::Schedule) {
            return Ok(Some(run.id));
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(None),
        }
    }
}

/// Waits for its turn, and runs a flow that is not kept.
async fn run_passing(keeper: &Keeper, program: &Program, flow: &Arc<Flow>, id: RunId, input: Value) {
    let turn = match keeper.options.limits.enter(flow, &input).await {
        Ok(turn) => turn,
        Err(error) => {
            tracing::error!(run_id = %id, flow = flow.name, %error, "the run does not begin");
            return;
        }
    };
    let executor = program.executor();
    let began = executor.clock().elapsed();
    let options = RunOptions::new(id.to_string());
    let outcome = executor.run(flow, input, options, &NoJournal).await;
    drop(turn);
    let took = executor.clock().elapsed().saturating_sub(began);
    keeper.life_over(flow, outcome.status, took);
    if outcome.status != RunStatus::Succeeded {
        let error = outcome.error.as_ref();
        tracing::warn!(
            run_id = %id,
            flow = flow.name,
            status = outcome.status.name(),
            step = error.map(|error| error.step.as_str()),
            error = error.map(|error| error.message.as_str()),
            "the run failed"
        );
    }
}
