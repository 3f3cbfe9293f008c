//! A journal in memory: for tests of replay, and for tools that want to see what a run did.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::catalog::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Journal, JournalError, Outcome, Prior, ReplayBarrier, Slept, StepInfo};
use crate::clock::{Clock, sleep_until};
use crate::step_key::StepKey;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// An effect is about to happen.
    Started {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// The action's name; empty for other verbs.
        action: String,
        /// What it does to the world, by name.
        effect: String,
        /// What it gets.
        input: Option<Value>,
    },
    /// What it gave.
    Finished {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// The value or the error.
        outcome: Outcome,
    },
    /// The run sleeps.
    Sleeping {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// Until when.
        until: Timestamp,
    },
    /// A sleep has ended.
    Woken {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
    },
}

/// Keeps its records in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    state: Mutex<State>,
    barrier: ReplayBarrier,
    suspends_after: Option<Duration>,
}

#[derive(Debug, Default)]
struct State {
    records: Vec<Record>,
    /// The last record of each key and attempt, by its position.
    last: HashMap<(String, u32), usize>,
}

impl State {
    fn push(&mut self, record: Record) {
        let (Record::Started { key, attempt, .. }
        | Record::Finished { key, attempt, .. }
        | Record::Sleeping { key, attempt, .. }
        | Record::Woken { key, attempt }) = &record;
        self.last.insert((key.clone(), *attempt), self.records.len());
        self.records.push(record);
    }

    fn find(&self, id: &(String, u32)) -> Option<&Record> {
        self.last.get(id).and_then(|at| self.records.get(*at))
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryJournal {
    /// An empty one.
    pub fn new() -> Self {
        Self::from_records([])
    }

    /// One that goes on from records.
    pub fn from_records(records: impl IntoIterator<Item = Record>) -> Self {
        let mut state = State::default();
        records.into_iter().for_each(|record| state.push(record));
        let is_outcome = |record: &&Record| matches!(record, Record::Finished { .. } | Record::Woken { .. });
        let barrier = ReplayBarrier::new(state.records.iter().filter(is_outcome).count());
        Self {
            state: Mutex::new(state),
            barrier,
            suspends_after: None,
        }
    }

    /// Suspends the run at every sleep that is longer than this.
    #[must_use]
    pub fn suspending(mut self, longer_than: Duration) -> Self {
        self.suspends_after = Some(longer_than);
        self
    }

    /// A journal that was cut off after `length` records, as by a crash.
    #[must_use]
    pub fn prefix(&self, length: usize) -> Self {
        let prefix = self
            .lock()
            .records
            .iter()
            .take(length)
            .cloned()
            .collect::<Vec<_>>();
        Self {
            suspends_after: self.suspends_after,
            ..Self::from_records(prefix)
        }
    }

    /// The records, in their order.
    pub fn records(&self) -> Vec<Record> {
        self.lock().records.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn departed(id: (String, u32), recorded: &str, found: &str) -> JournalError {
        JournalError::Departed {
            key: id.0,
            recorded: recorded.to_owned(),
            found: found.to_owned(),
        }
    }
}

impl Journal for MemoryJournal {
    const READS_INPUT: bool = true;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        let id = (key.to_string(), info.attempt);
        let prior = match self.lock().find(&id) {
            Some(Record::Finished { outcome, .. }) => {
                self.barrier.given();
                return Ok(Some(outcome.clone()));
            }
            Some(Record::Started { action, .. }) if action != info.action => {
                return Err(Self::departed(id, action, info.action));
            }
            Some(Record::Started { .. }) => Prior::Started,
            Some(Record::Sleeping { .. } | Record::Woken { .. }) => {
                return Err(Self::departed(id, "wait", info.verb));
            }
            None => Prior::Fresh,
        };
        self.barrier.pass().await;
        // Values and answers happen at once; only what touches the world can be in doubt.
        if prior == Prior::Fresh && info.effect != Effect::Pure {
            self.lock().push(Record::Started {
                key: id.0.clone(),
                attempt: id.1,
                action: info.action.to_owned(),
                effect: info.effect.name().to_owned(),
                input: info.input.map(|input| info.masks.apply_to(input).into_owned()),
            });
        }
        let outcome = effect(prior).await;
        if let Some(outcome) = &outcome {
            self.lock().push(Record::Finished {
                key: id.0,
                attempt: id.1,
                outcome: outcome.clone(),
            });
        }
        Ok(outcome)
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        let id = (key.to_string(), info.attempt);
        let recorded = match self.lock().find(&id) {
            Some(Record::Woken { .. }) => {
                self.barrier.given();
                return Ok(Slept::Elapsed);
            }
            Some(Record::Sleeping { until, .. }) => Some(*until),
            Some(_) => return Err(Self::departed(id, "step", info.verb)),
            None => None,
        };
        let until = recorded.unwrap_or(until);
        self.barrier.pass().await;
        if recorded.is_none() {
            self.lock().push(Record::Sleeping {
                key: id.0.clone(),
                attempt: id.1,
                until,
            });
        }
        let left = until.duration_since(clock.now()).unsigned_abs();
        if clock.now() < until && self.suspends_after.is_some_and(|longest| left > longest) {
            return Ok(Slept::Suspend);
        }
        sleep_until(clock, until).await;
        self.lock().push(Record::Woken {
            key: id.0,
            attempt: id.1,
        });
        Ok(Slept::Elapsed)
    }
}
