//! A journal that lets nothing happen: runs a flow against what another run recorded, and notes where it departs.

use std::future::Future;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{Journal, JournalError, Outcome, Prior, Slept, StepInfo};
use lockgate_engine::step_key::StepKey;
use serde::Serialize;
use serde_json::Value;

use crate::run::StoredRun;

/// Gives recorded outcomes; where there is none for something that touches the world, the run stops.
#[derive(Debug)]
pub struct ReplayJournal {}

/// A place where the flow does something else than what is recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "departure", rename_all = "snake_case")]
pub enum Departure {
    /// A step that the recorded run never came to. The replay ends here: its outcome is not known.
    NotRecorded {
        /// Where.
        key: String,
        /// The action, or the verb.
        what: String,
        /// What it would get, masked.
        input: Option<Value>,
    },
    /// Another action stands there now. The replay ends here.
    Other {
        /// Where.
        key: String,
        /// What was recorded.
        recorded: String,
        /// What the flow does.
        found: String,
    },
    /// The step gets something else than it got; the recorded outcome is used all the same.
    Input {
        /// Where.
        key: String,
        /// What it got, masked.
        recorded: Option<Value>,
        /// What it would get, masked.
        found: Option<Value>,
    },
    /// Recorded, and the flow does not come there any more.
    Unused {
        /// Where.
        key: String,
        /// The action, or the verb.
        what: String,
    },
}

impl ReplayJournal {
    /// Replays what this run recorded.
    pub fn of(run: &StoredRun) -> Self {
        let _ = run;
        unimplemented!()
    }

    /// Where the flow departed, in order. To be asked after the run.
    pub fn departures(&self) -> Vec<Departure> {
        unimplemented!()
    }
}

impl Journal for ReplayJournal {
    const READS_INPUT: bool = true;

    async fn step<'a, F, Fut>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        Ok(effect(Prior::Fresh).await)
    }

    async fn sleep<'a>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        _until: Timestamp,
        _clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        unimplemented!()
    }
}
