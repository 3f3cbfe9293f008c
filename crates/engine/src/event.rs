//! What a run tells while it goes on, to whoever listens. Secrets are masked before.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::graph::{Edge, Flow, Node};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::outcome::{RunStatus, StepError};
use crate::step_key::StepKey;

/// Listens to runs. Called in the run's own task: be quick, and pass on what takes longer.
pub trait Observer: Send + Sync {
    /// Something has happened.
    fn on_event(&self, event: &Event<'_>);

    /// Whether it looks at values. To one that does not (it counts, or measures time), a run's input is `null`, outputs
    /// are left out, and of a step's error there are code and status alone: nothing is copied or masked for it.
    fn wants_values(&self) -> bool {
        true
    }

    /// Whether it is told secrets as they are: for tests of flows, whose secrets are made up. Everyone else gets them
    /// masked.
    fn sees_secrets(&self) -> bool {
        false
    }

    /// A run has gone one of several ways: a choice has been made, or an `on_error` takes an error.
    fn on_way(&self, way: &Way<'_>) {
        let _ = way;
    }
}

/// Which way a run has gone.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The run's flow, or the one that it calls.
    pub flow: &'a Flow,
    /// Where there were several: a choice, the guard of a step, or whose `on_error` it is.
    pub node: &'a Node,
    /// The way: [`Edge::Then`], [`Edge::Else`], [`Edge::Case`], [`Edge::Default`] or [`Edge::Error`].
    pub edge: &'a Edge,
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Something that has happened in a run. Borrowed: copy what is to be kept.
#[derive(Clone, Debug, Serialize)]
pub struct Event<'a> {
    /// The run.
    pub run_id: &'a str,
    /// The flow of the run, or the called flow that the step is in.
    pub flow: &'a str,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind<'a>,
}

/// What can happen.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind<'a> {
    /// The run begins, or begins again on its journal.
    RunStarted {
        /// Which attempt of the run.
        attempt: u32,
        /// Its input.
        input: Cow<'a, Value>,
    },
    /// A step begins.
    StepStarted(StepEvent<'a>),
    /// A step is over.
    StepFinished {
        /// The step.
        #[serde(flatten)]
        step: StepEvent<'a>,
        /// How.
        outcome: StepOutcome<'a>,
        /// How long it took, all attempts and pauses between them, in milliseconds.
        #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
        duration: Duration,
        /// Whether the journal gave the outcome, and nothing was done now.
        replayed: bool,
    },
    /// A step has failed and will be tried again.
    StepRetrying {
        /// The step.
        #[serde(flatten)]
        step: StepEvent<'a>,
        /// Why it failed.
        error: Cow<'a, StepError>,
        /// After what time it is tried again, in milliseconds.
        #[serde(rename = "delay_ms", serialize_with = "milliseconds")]
        delay: Duration,
    },
    /// The caller has its answer.
    RunResponded {
        /// Its status.
        status: u16,
    },
    /// The executor lets go of the run.
    RunFinished {
        /// How it stands.
        status: RunStatus,
        /// What it returned.
        output: Option<Cow<'a, Value>>,
        /// Why it failed.
        error: Option<&'a StepError>,
        /// How long, waiting included, in milliseconds.
        #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
        duration: Duration,
    },
}

/// The step of an event.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StepEvent<'a> {
    /// Where in the run.
    pub key: StepKey<'a>,
    /// The step's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// What people see.
    pub title: &'a str,
    /// `action`, `for_each`, ….
    pub verb: &'static str,
    /// The action that it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// How a step ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is made on the stack and lent, never kept in numbers"
)]
pub enum StepOutcome<'a> {
    /// Well.
    Succeeded {
        /// Its result, where it has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<Cow<'a, Value>>,
    },
    /// Its `if` was false.
    Skipped,
    /// It failed.
    Failed {
        /// Why.
        error: Cow<'a, StepError>,
        /// Whether an `on_error` takes it.
        handled: bool,
    },
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}
