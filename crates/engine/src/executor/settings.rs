//! What callers touch: the [`Executor`] and the options of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lockgate_flow::graph::{Flow, NodeIndex};
use serde_json::{Map, Value};

use crate::action::Actions;
use crate::clock::{Clock, SystemClock};
use crate::connection::Connections;
use crate::event::Observer;
use crate::journal::Journal;
use crate::masks::Masks;
use crate::outcome::{Responder, RunOutcome};
use crate::state::{MemoryState, SharedState};
use crate::trace::{Propagation, TraceContext};

/// Runs flows. Cheap to share; one executor serves all runs of a workspace.
#[derive(Clone)]
pub struct Executor {
    pub(super) actions: Actions,
    pub(super) connections: Connections,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flows: BTreeMap<String, Arc<Flow>>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) entropy: fn(&mut [u8]),
    pub(super) state: Arc<dyn SharedState>,
    pub(super) propagation: Option<Propagation>,
}

/// What belongs to one run beside its input.
#[derive(Default)]
pub struct RunOptions<'a> {
    /// The run's id: not empty, and never used for another run. Idempotency keys are derived from it.
    pub run_id: String,
    /// `request`, under an HTTP trigger.
    pub request: Option<Value>,
    /// `run.attempt`: 1, and one more each time that someone has a failed run done again. Going on after a crash is
    /// no new attempt.
    pub attempt: u32,
    /// `run.started_at`. To be kept with the run, so that a replay sees the same; now where it is `None`.
    pub started_at: Option<Timestamp>,
    /// How long the run was active in earlier lives; counts for its time limit.
    pub active_before: Duration,
    /// Gets the run's answer as soon as it is reached.
    pub responder: Option<&'a dyn Responder>,
    /// The secrets of its input, if someone has looked for them already ([`Masks::add_input`]); they are looked for again.
    pub masks: Masks,
    /// Where the run comes from: its span becomes a child of it, if spans are exported; else it is passed on to whom the
    /// run calls.
    pub trace: Option<TraceContext>,
    /// Calls the run off when it completes. Dropping the run's future does the same, without a last event.
    pub cancel: Option<BoxFuture<'a, ()>>,
    /// Runs one step instead of all: for tests.
    pub alone: Option<Alone>,
}

/// One step of a flow that runs alone, with what stands in it.
#[derive(Clone, Debug)]
pub struct Alone {
    /// Where it begins.
    pub entry: NodeIndex,
    /// Its structural path.
    pub path: String,
    /// The results of other steps, by id.
    pub steps: Map<String, Value>,
    /// The variables that are set.
    pub variables: Map<String, Value>,
}

impl Alone {
    /// The step of an id, unless it stands in a loop: then it belongs to a turn, and cannot be alone.
    pub fn of(flow: &Flow, id: &str) -> Option<Self> {
        let path = &flow.steps.iter().find(|step| step.id == id)?.path;
        let is_of_step = |index: &NodeIndex| *flow.graph[*index].path == **path;
        // A step with an `if` has two nodes, the one that decides before the other; so has a choice with a time limit.
        let nodes: Vec<NodeIndex> = flow.graph.node_indices().filter(is_of_step).collect();
        let leads_to = |from: &NodeIndex, to: &NodeIndex| flow.graph.contains_edge(*from, *to);
        let entry = nodes
            .iter()
            .find(|node| !nodes.iter().any(|other| leads_to(other, node)))?;
        (!path.contains('#')).then(|| Self {
            entry: *entry,
            path: path.clone(),
            steps: Map::new(),
            variables: Map::new(),
        })
    }
}

impl RunOptions<'_> {
    /// The first attempt of a run with this id.
    pub fn new(run_id: impl Into<String>) -> Self {
        Self {
            run_id: run_id.into(),
            attempt: 1,
            ..Self::default()
        }
    }
}

impl Executor {
    /// An executor with the machine's clock, no connections, and no flows to call.
    pub fn new(actions: Actions) -> Self {
        Self {
            actions,
            connections: Connections::new(),
            clock: Arc::new(SystemClock::new()),
            flows: BTreeMap::new(),
            observer: None,
            entropy: |buffer| rand::fill(buffer),
            state: Arc::new(MemoryState::random()),
            propagation: None,
        }
    }

    /// With the connections that steps use.
    #[must_use]
    pub fn with_connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The time that runs go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// With the flows that `call` finds, by their names.
    #[must_use]
    pub fn with_flows(mut self, flows: impl IntoIterator<Item = Arc<Flow>>) -> Self {
        self.flows = flows.into_iter().map(|flow| (flow.name.clone(), flow)).collect();
        self
    }

    /// A flow that `call` finds.
    pub fn flow(&self, name: &str) -> Option<&Arc<Flow>> {
        self.flows.get(name)
    }

    /// The connections that steps use.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// With someone who listens to all runs.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// With nobody who listens: for what is no run, like a replay of one.
    #[must_use]
    pub fn without_observer(mut self) -> Self {
        self.observer = None;
        self
    }

    /// With another source of randomness for `uuid` and `random`; tests want to know what comes.
    #[must_use]
    pub fn with_entropy(mut self, entropy: fn(&mut [u8])) -> Self {
        self.entropy = entropy;
        self
    }

    /// With what runs share; in memory unless it is given.
    #[must_use]
    pub fn with_state(mut self, state: Arc<dyn SharedState>) -> Self {
        self.state = state;
        self
    }

    /// What runs share.
    pub fn state(&self) -> &Arc<dyn SharedState> {
        &self.state
    }

    /// With what whoever exports the runs' spans knows of trace contexts.
    #[must_use]
    pub fn with_propagation(mut self, propagation: Option<Propagation>) -> Self {
        self.propagation = propagation;
        self
    }

    /// What whoever exports the runs' spans knows of trace contexts.
    pub fn propagation(&self) -> Option<Propagation> {
        self.propagation
    }

    /// Runs a flow to its end, or to where its journal suspends it. To resume a run, run it again: same flow, same
    /// input, same id, same journal.
    ///
    /// `input` has been validated (`Flow::input`). The run goes on in the caller's task; dropping the future cancels
    /// it and everything that it does. A future that an action panics in is dropped; the step fails with
    /// `action_panicked`.
    pub async fn run<J: Journal>(
        &self,
        flow: &Arc<Flow>,
        input: Value,
        options: RunOptions<'_>,
        journal: &J,
    ) -> RunOutcome {
        super::run::run(self, flow, input, options, journal).await
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("actions", &self.actions)
            .field("connections", &self.connections)
            .field("flows", &self.flows.keys())
            .finish_non_exhaustive()
    }
}
