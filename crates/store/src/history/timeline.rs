//! The records of a run as its steps: what `lockgate runs show` prints and the admin port gives. A pure function.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::run::in_milliseconds;
use crate::record::{Kept, Record};
use crate::run::Status;

/// What a run did, in the order in which it began it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Timeline {
    /// Its steps: those that recorded anything. A step that only decides, or computes what is the same each time, does not.
    pub steps: Vec<Step>,
    /// What happened to the run as a whole.
    pub events: Vec<Event>,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Where in the run: its structural path, without the part.
    pub key: String,
    /// `action`, `respond`, `wait`, …; `None` for what went on when the records end, and is no action.
    pub verb: Option<String>,
    /// The action's name.
    pub action: Option<String>,
    /// What the action does to the world, by name.
    pub effect: Option<String>,
    /// How it stands.
    pub state: StepState,
    /// When it began: its first record.
    pub started_at: Timestamp,
    /// When it had its outcome.
    pub ended_at: Option<Timestamp>,
    /// From its beginning to its outcome, in milliseconds.
    pub duration_ms: Option<f64>,
    /// When it goes on, or went on, if it slept.
    pub sleeps_until: Option<Timestamp>,
    /// Its calls of the action, or of what else it does.
    pub attempts: Vec<Attempt>,
    /// What the action got, masked.
    pub input: Option<Value>,
    /// What it gave, masked.
    pub output: Option<Value>,
    /// Why it failed, masked.
    pub error: Option<Value>,
    /// What it computed with `now`, `uuid` or `random`, and which branch ended it.
    pub values: Vec<ValueRecord>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It has a result.
    Finished,
    /// It has an error.
    Failed,
    /// It has begun, and goes on.
    Running,
    /// It sleeps: in `wait`, or before its next attempt.
    Sleeping,
    /// It had begun, and nobody can tell whether it happened.
    InDoubt,
    /// It had begun when something else ended the run or its branch; or an operator had it done again, and it counts no more.
    Dropped,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it was announced; `None` where that is not recorded (what touches nothing outside is not announced).
    pub started_at: Option<Timestamp>,
    /// When it had its outcome.
    pub ended_at: Option<Timestamp>,
    /// Between the two, in milliseconds; lives between which it was lost included.
    pub duration_ms: Option<f64>,
    /// Why it failed, masked.
    pub error: Option<Value>,
    /// When the next one was to begin, if this one was followed by a pause.
    pub next_at: Option<Timestamp>,
}

/// A recorded value of a part of a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueRecord {
    /// `input`, `if`, `until`, `yield`, `end`.
    pub part: String,
    /// When.
    pub at: Timestamp,
    /// It, masked; `None` where computing it failed.
    pub value: Option<Value>,
    /// Why it failed, masked.
    pub error: Option<Value>,
}

/// Something that happened to the run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Another life of the run began.
    Resumed {
        /// When.
        at: Timestamp,
        /// `run.attempt` from there on.
        attempt: u32,
    },
    /// A sleep has ended.
    Woken {
        /// When.
        at: Timestamp,
        /// Whose.
        key: String,
    },
    /// An operator had the run done again from these steps.
    Dropped {
        /// When.
        at: Timestamp,
        /// Their keys.
        keys: Vec<String>,
    },
}

impl Timeline {
    /// The timeline of a run that stands so.
    pub fn of(records: &[Record], status: Status) -> Self {
        let mut builder = Builder::default();
        for record in records {
            builder.take(record);
        }
        builder.finish(status)
    }
}

/// What of a step a key names.
const RETRY: &str = "retry";
const WAIT: &str = "wait";

#[derive(Default)]
struct Builder {
    timeline: Timeline,
    /// The steps that count, by key.
    known: HashMap<String, usize>,
}

impl Builder {
    fn take(&mut self, record: &Record) {
        match record {
            Record::Started {
                key,
                attempt,
                at,
                action,
                effect,
                input,
            } => {
                let step = self.step(key, *at).0;
                step.verb = Some("action".to_owned());
                step.action = Some(action.clone());
                step.effect = Some(effect.clone());
                if let Some((input, _)) = input {
                    step.input = Some(input.clone());
                }
                step.sleeps_until = None;
                step.attempt(*attempt).started_at.get_or_insert(*at);
            }
            Record::Withdrawn { key, attempt, at } => {
                let step = self.step(key, *at).0;
                step.attempts.retain(|known| known.number != *attempt);
            }
            Record::Finished {
                key,
                attempt,
                at,
                verb,
                outcome,
            } => {
                let (step, part) = self.step(key, *at);
                step.verb = Some(verb.clone());
                step.finished(part, *attempt, *at, outcome);
            }
            Record::Sleeping {
                key,
                attempt,
                at,
                until,
            } => {
                let (step, part) = self.step(key, *at);
                step.sleeps_until = Some(*until);
                if part == RETRY {
                    // The pause before an attempt belongs to the one that failed.
                    step.attempt(attempt.saturating_sub(1).max(1)).next_at = Some(*until);
                } else {
                    step.verb = Some(WAIT.to_owned());
                    step.attempt(*attempt).started_at.get_or_insert(*at);
                }
            }
            Record::Woken { key, attempt, at } => {
                let (step, part) = self.step(key, *at);
                if part != RETRY {
                    step.verb = Some(WAIT.to_owned());
                    step.attempt(*attempt).end(*at);
                    step.end(*at, StepState::Finished);
                }
                step.sleeps_until = None;
                self.timeline.events.push(Event::Woken {
                    at: *at,
                    key: key.clone(),
                });
            }
            Record::Resumed { at, attempt } => self.timeline.events.push(Event::Resumed {
                at: *at,
                attempt: *attempt,
            }),
            Record::Dropped { at, keys } => {
                for key in keys {
                    // What of a step is recorded anew from here on is a step of its own.
                    if let Some(at) = self.known.remove(split(key).0)
                        && let Some(step) = self.timeline.steps.get_mut(at)
                    {
                        step.state = StepState::Dropped;
                    }
                }
                self.timeline.events.push(Event::Dropped {
                    at: *at,
                    keys: keys.clone(),
                });
            }
        }
    }

    /// The step of a key, and which part of it the key names.
    fn step<'k>(&mut self, key: &'k str, at: Timestamp) -> (&mut Step, &'k str) {
        let (path, part) = split(key);
        let steps = &mut self.timeline.steps;
        let place = *self.known.entry(path.to_owned()).or_insert_with(|| {
            steps.push(Step::new(path, at));
            steps.len() - 1
        });
        (&mut steps[place], part)
    }

    /// What has begun and has no outcome stands as the run does.
    fn finish(mut self, status: Status) -> Timeline {
        for step in &mut self.timeline.steps {
            if step.state != StepState::Running {
                continue;
            }
            let is_lost = step.effect.as_deref() == Some("once")
                && step
                    .attempts
                    .iter()
                    .any(|attempt| attempt.started_at.is_some() && attempt.ended_at.is_none());
            step.state = match status {
                status if status.is_unfinished() && step.sleeps_until.is_some() => StepState::Sleeping,
                status if status.is_unfinished() => StepState::Running,
                Status::InDoubt if is_lost => StepState::InDoubt,
                _ => StepState::Dropped,
            };
        }
        self.timeline
    }
}

/// A key's path, and its part.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('@').unwrap_or((key, ""))
}

impl Step {
    fn new(key: &str, at: Timestamp) -> Self {
        Self {
            key: key.to_owned(),
            verb: None,
            action: None,
            effect: None,
            state: StepState::Running,
            started_at: at,
            ended_at: None,
            duration_ms: None,
            sleeps_until: None,
            attempts: Vec::new(),
            input: None,
            output: None,
            error: None,
            values: Vec::new(),
        }
    }

    fn attempt(&mut self, number: u32) -> &mut Attempt {
        let place = self.attempts.partition_point(|attempt| attempt.number < number);
        if self
            .attempts
            .get(place)
            .is_none_or(|attempt| attempt.number != number)
        {
            let attempt = Attempt {
                number,
                started_at: None,
                ended_at: None,
                duration_ms: None,
                error: None,
                next_at: None,
            };
            self.attempts.insert(place, attempt);
        }
        &mut self.attempts[place]
    }

    fn end(&mut self, at: Timestamp, state: StepState) {
        self.state = state;
        self.ended_at = Some(at);
        self.duration_ms = Some(between(self.started_at, at));
    }

    fn finished(&mut self, part: &str, number: u32, at: Timestamp, outcome: &Result<Kept, Kept>) {
        let is_action = self.verb.as_deref() == Some("action");
        if is_action && part.is_empty() {
            let attempt = self.attempt(number);
            attempt.end(at);
            match outcome {
                Ok(result) => {
                    self.output = Some(result.shown.clone());
                    self.error = None;
                    self.end(at, StepState::Finished);
                }
                Err(error) => {
                    attempt.error = Some(error.shown.clone());
                    self.error = Some(error.shown.clone());
                    // One that is tried again has not ended.
                    if error.shown.get("retry_in").is_none_or(Value::is_null) {
                        self.end(at, StepState::Failed);
                    }
                }
            }
            return;
        }
        let (value, error) = match outcome {
            Ok(kept) => (Some(value(&kept.shown)), None),
            Err(kept) => (None, Some(kept.shown.clone())),
        };
        // Without an action, or a sleep, behind it, the value is what the step does.
        let is_all = !is_action && self.verb.as_deref() != Some(WAIT);
        if is_all {
            self.output.clone_from(&value);
        }
        if is_all || error.is_some() {
            let state = if error.is_some() {
                StepState::Failed
            } else {
                StepState::Finished
            };
            self.error.clone_from(&error);
            self.end(at, state);
        }
        if !part.is_empty() {
            self.values.push(ValueRecord {
                part: part.to_owned(),
                at,
                value,
                error,
            });
        }
    }
}

/// A recorded value stands beside the texts that `mask` was called with for it.
fn value(shown: &Value) -> Value {
    shown.get("value").unwrap_or(shown).clone()
}

impl Attempt {
    fn end(&mut self, at: Timestamp) {
        self.ended_at = Some(at);
        self.duration_ms = self.started_at.map(|started| between(started, at));
    }
}

/// In milliseconds; nothing, where the clock was set back meanwhile.
fn between(started: Timestamp, ended: Timestamp) -> f64 {
    let passed = ended.duration_since(started);
    in_milliseconds(passed.try_into().unwrap_or_default())
}
