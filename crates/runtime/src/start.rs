//! Beginning a run.

use std::sync::Arc;

use lockgate_engine::outcome::{Responder, RunOutcome};
use lockgate_engine::trace::TraceContext;
use lockgate_flow::graph::Flow;
use lockgate_store::{RunId, StoreError, Trigger};
use serde_json::Value;

use crate::limits::NoTurn;
use crate::program::Program;

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

/// A run does not begin; nothing is recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// It does not get its turn.
    #[error(transparent)]
    NoTurn(#[from] NoTurn),
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No run begins any more.
    #[error("the process is about to end")]
    Stopping,
}

/// A recorded run that is about to go on in this process: it owns all that it needs. Dropping it leaves the run to the
/// journal.
#[derive(Debug)]
pub struct DurableRun {
    id: RunId,
}

impl DurableRun {
    /// Its id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Runs to its end, or to where it sleeps or is interrupted. Whoever waits for its answer
    /// ([`Runtime::answer`](crate::Runtime::answer)) gets it, too.
    pub async fn go(self, responder: Option<&dyn Responder>) -> RunOutcome {
        let _ = responder;
        unimplemented!()
    }
}
