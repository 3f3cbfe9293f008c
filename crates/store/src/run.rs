//! A run as it goes into the store, and as it comes out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::outcome::{Response, StepError};
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::RunId;
use crate::journal::RunJournal;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was asked for, and waits for its turn (`concurrency`).
    Queued,
    /// It goes on, or will when a process that owns the store is there.
    Running,
    /// It sleeps, out of memory, until [`StoredRun::wake_at`].
    Sleeping,
    /// It came to its end.
    Succeeded,
    /// An error left the flow.
    Failed,
    /// Nobody can tell whether a `once` step happened; an operator has to say.
    InDoubt,
    /// Someone called it off.
    Cancelled,
}

impl Status {
    /// All of them, as they are stored: by their place in this list.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Sleeping,
        Self::Succeeded,
        Self::Failed,
        Self::InDoubt,
        Self::Cancelled,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it goes on by itself.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Sleeping)
    }
}

/// Who started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An HTTP request.
    Http,
    /// `trigger.schedule`.
    Schedule,
    /// `lockgate run`.
    Command,
    /// The admin port.
    Api,
}

impl Trigger {
    /// All of them, as they are stored: by their place in this list.
    pub const ALL: [Self; 4] = [Self::Http, Self::Schedule, Self::Command, Self::Api];
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its id.
    pub id: RunId,
    /// The flow: its name, and which fields of its input are secret.
    pub flow: &'a Flow,
    /// What it is pinned to, and the digest of that ([`Definition::digest`]).
    pub definition: (&'a Arc<Definition>, &'a Arc<str>),
    /// Who started it.
    pub trigger: Trigger,
    /// [`Status::Running`], or [`Status::Queued`].
    pub status: Status,
    /// `run.started_at`; kept to the microsecond ([`RunJournal::started_at`]).
    pub started_at: Timestamp,
    /// The validated input.
    pub input: &'a Value,
    /// `request`, where the flow looks at it. Sealed as a whole.
    pub request: Option<&'a Value>,
    /// Starts no second run for the same key.
    pub key: Option<IdempotencyKey<'a>>,
}

/// What makes several requests one.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyKey<'a> {
    /// Counts for one flow. Kept as a keyed hash.
    pub key: &'a str,
    /// How long it counts.
    pub lives: Duration,
}

/// What became of the wish to begin a run.
#[derive(Debug)]
pub enum Begun {
    /// It begins. Recorded, and on the disk with whatever is waited for next.
    Fresh(Box<RunJournal>),
    /// The key has started one already.
    Known {
        /// It.
        id: RunId,
        /// Whether that one got the same input.
        same_input: bool,
    },
}

/// A run from the store, with everything that it needs to go on.
#[derive(Debug)]
pub struct StoredRun {
    /// Its id.
    pub id: RunId,
    /// The flow's name.
    pub flow: String,
    /// What it is pinned to.
    pub definition: Arc<Definition>,
    /// The digest of that.
    pub digest: Arc<str>,
    /// Who started it.
    pub trigger: Trigger,
    /// How it stands.
    pub status: Status,
    /// `run.attempt`.
    pub attempt: u32,
    /// `run.started_at`.
    pub started_at: Timestamp,
    /// When it is to go on, if it sleeps.
    pub wake_at: Option<Timestamp>,
    /// How long it has been active.
    pub active: Duration,
    /// Its input, unsealed.
    pub input: Value,
    /// Its request, unsealed.
    pub request: Option<Value>,
    /// What it answered with `respond` or `redirect`, if it has.
    pub response: Option<Response>,
    /// What it returned.
    pub output: Option<Value>,
    /// Why it failed or is in doubt. Secrets are masked.
    pub error: Option<StepError>,
    /// Gives what is recorded, and goes on recording.
    pub journal: RunJournal,
}

/// How an ended run (failed, in doubt, cancelled) is to go on.
#[derive(Clone, Debug)]
pub struct Reopen {
    /// Run it with this definition instead of its own.
    pub definition: Option<(Arc<Definition>, Arc<str>)>,
    /// What the operator says of the step in doubt: its result if it happened; `None` lets the action be asked once more.
    pub doubt: Option<Settled>,
}

/// An operator's word on a step in doubt.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It happened, with this result.
    Happened(Value),
    /// It did not happen; it may be called again.
    DidNotHappen,
}
