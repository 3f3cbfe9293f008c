//! Where a run's effects are recorded, so that running it again from the top resumes it.
//!
//! Replay is the only recovery path. The executor asks the journal for everything that a second run could see
//! differently: the outcome of each attempt of an action, values of `now`, `uuid` and `random`, the answer to the
//! caller, which branch of a `parallel` ended it. The journal gives what it has recorded, or lets it happen and
//! records that. [`NoJournal`] lets everything happen; [`MemoryJournal`] is for tests and tools; durable ones live
//! in crates of their own.

mod barrier;
mod memory;
mod none;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::catalog::Effect;
use serde_json::Value;

use crate::clock::Clock;
use crate::masks::Masks;
use crate::outcome::{RunStatus, StepError};
use crate::step_key::StepKey;

pub use barrier::ReplayBarrier;
pub use memory::{MemoryJournal, Record};
pub use none::NoJournal;

/// What a step gave. Serialisable: `{"Ok": value}` or `{"Err": error}`.
pub type Outcome = Result<Value, Box<StepError>>;

/// Where a run's effects are recorded. One journal belongs to one run; a run's branches use it at the same time,
/// but always from the run's own task.
///
/// A record is known by its key *and* its attempt. Three rules make a journal right:
/// 1. What it has recorded as finished, it gives again, and the effect does not happen.
/// 2. It records that an effect is about to happen before it happens (for [`Effect::Once`] it may not lose that
///    record), and the outcome before it gives it.
/// 3. What is recorded is given at once, without waiting. What is new (an effect without an outcome, a sleep that has
///    not ended) waits at a [`ReplayBarrier`] before.
pub trait Journal: Send + Sync {
    /// Whether it looks at [`StepInfo::input`]. Where it does not, the input is not copied for it.
    const READS_INPUT: bool;

    /// Whether it records anything. Where it does not, what is only recorded is not put together for it.
    const RECORDS: bool = true;

    /// Gives the recorded outcome, or lets the effect happen and records what it gave. An effect that gives `None`
    /// has learned nothing (it is in doubt): nothing is recorded, and `None` is handed on.
    ///
    /// Dropping the future drops the effect; it stays recorded as started.
    ///
    /// # Errors
    /// The journal could not be read or written; the run stops there, and can be resumed.
    fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> impl Future<Output = Result<Option<Outcome>, JournalError>> + Send + 'a
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a;

    /// Sleeps until a time: the one that it recorded first under this key, so that a replay does not begin anew.
    /// Or says that the run is to be dropped from memory and run again when the time has come. That a sleep has ended is
    /// recorded too.
    ///
    /// # Errors
    /// The journal could not be read or written.
    fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> impl Future<Output = Result<Slept, JournalError>> + Send + 'a;

    /// The run has come to its end, or to where it is dropped from memory. Called once in each life of the run that the
    /// journal did not end itself, before anyone hears of the end.
    ///
    /// # Errors
    /// The journal could not be written: the run ends as interrupted.
    fn end<'a>(&'a self, _end: RunEnd<'a>) -> impl Future<Output = Result<(), JournalError>> + Send + 'a {
        std::future::ready(Ok(()))
    }
}

/// How a life of a run ended.
#[derive(Clone, Copy, Debug)]
pub struct RunEnd<'a> {
    /// How the run stands; never [`RunStatus::Interrupted`].
    pub status: RunStatus,
    /// What it `return`ed.
    pub output: Option<&'a Value>,
    /// Why it failed or is in doubt. Not masked.
    pub error: Option<&'a StepError>,
    /// How long it was active, earlier lives included.
    pub active: Duration,
    /// The run's secrets.
    pub masks: &'a Masks,
}

/// What is known of a step beside its key.
#[derive(Clone, Copy, Debug)]
pub struct StepInfo<'a> {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What the effect does to the world. Values and answers are [`Effect::Pure`].
    pub effect: Effect,
    /// `action`, `respond`, ….
    pub verb: &'static str,
    /// The action's name; empty for other verbs.
    pub action: &'a str,
    /// What an action gets; `None` for other verbs, and where [`Journal::READS_INPUT`] is false.
    pub input: Option<&'a Value>,
    /// Whether the step is marked `secret`: its outcome is to be kept unreadable.
    pub secret: bool,
    /// The run's secrets up to now: what is kept for people to read goes through them.
    pub masks: &'a Masks,
}

/// What a journal knows of an effect that it has no outcome for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// It was never started.
    Fresh,
    /// It was started in an earlier life, and may or may not have happened.
    Started,
}

/// What became of a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slept {
    /// The time has come.
    Elapsed,
    /// Drop the run; run it again when the time has come.
    Suspend,
}

/// Why a journal could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It could not be read or written.
    #[error("the journal is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The flow does something else than what is recorded: another definition, or a flow that is not deterministic.
    #[error("the run departs from its journal at {key}: recorded is `{recorded}`, the flow does `{found}`")]
    Departed {
        /// Where.
        key: String,
        /// What the journal holds.
        recorded: String,
        /// What the flow does.
        found: String,
    },
}

impl JournalError {
    /// The code of the error that the run ends with. A run that departs will again; another may go on later.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "journal_unavailable",
            Self::Departed { .. } => "journal_departed",
        }
    }
}
