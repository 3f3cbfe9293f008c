//! Keeps what a run does: it listens, and is the run's journal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::event::{Event, EventKind, Observer, StepEvent, StepOutcome, Way};
use lockgate_engine::journal::{Journal, JournalError, Outcome, Prior, RunEnd, Slept, StepInfo};
use lockgate_engine::masks::Masks;
use lockgate_engine::outcome::StepError;
use lockgate_engine::step_key::StepKey;
use serde_json::{Map, Value, json};

use crate::coverage::Visits;
use crate::report::{StepReport, StepStatus};

/// The longest sleep in one piece: what tokio's timer can hold is a little more than two years.
const LONGEST_SLEEP: Duration = Duration::from_hours(24 * 365);

/// What a run did up to now.
pub(crate) struct Recording {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    masks: Masks,
}

#[derive(Default)]
struct State {
    steps: Vec<StepReport>,
    by_key: HashMap<String, usize>,
    visits: Visits,
}

impl Recording {
    pub(crate) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            state: Mutex::default(),
            masks: Masks::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The steps in the order in which they began, where the run went, and its secrets.
    pub(crate) fn finish(&self) -> (Vec<StepReport>, Visits, Masks) {
        let state = std::mem::take(&mut *self.lock());
        let masks = Masks::new();
        masks.add_all(&self.masks);
        (state.steps, state.visits, masks)
    }

    fn started(&self, flow: &str, step: &StepEvent<'_>) {
        let mut state = self.lock();
        let report = self.report(flow, step);
        let index = state.steps.len();
        state.by_key.insert(report.key.clone(), index);
        state.steps.push(report);
    }

    fn report(&self, flow: &str, step: &StepEvent<'_>) -> StepReport {
        StepReport {
            key: step.key.to_string(),
            flow: flow.to_owned(),
            id: step.id.map(str::to_owned),
            title: step.title.to_owned(),
            verb: step.verb,
            action: step.action.map(str::to_owned),
            status: StepStatus::Interrupted,
            is_handled: false,
            attempts: step.attempt,
            input: None,
            output: None,
            error: None,
            began: self.clock.elapsed(),
            took: Duration::ZERO,
        }
    }

    fn finished(&self, flow: &str, step: &StepEvent<'_>, outcome: &StepOutcome<'_>, took: Duration) {
        let mut state = self.lock();
        // A step whose guard was false never began.
        let known = state.by_key.get(&step.key.to_string()).copied();
        let index = known.unwrap_or_else(|| {
            let report = self.report(flow, step);
            state.steps.push(report);
            state.steps.len() - 1
        });
        let report = &mut state.steps[index];
        report.took = took;
        report.attempts = step.attempt;
        match outcome {
            StepOutcome::Succeeded { output } => {
                report.status = StepStatus::Succeeded;
                report.output = output.as_deref().cloned();
            }
            StepOutcome::Skipped => report.status = StepStatus::Skipped,
            StepOutcome::Failed { error, handled } => {
                report.status = StepStatus::Failed;
                report.error = Some(error_value(error));
                report.is_handled = *handled;
            }
        }
    }
}

/// An error as tests see it.
pub(crate) fn error_value(error: &StepError) -> Value {
    let mut seen = Map::new();
    seen.insert("code".to_owned(), json!(error.code));
    seen.insert("message".to_owned(), json!(error.message));
    seen.insert("status".to_owned(), json!(error.status));
    seen.insert("step".to_owned(), json!(error.step));
    for (name, value) in [("provider", &error.provider), ("details", &error.details)] {
        if let Some(value) = value {
            seen.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(seen)
}

impl Observer for Recording {
    fn on_event(&self, event: &Event<'_>) {
        self.lock().visits.note_event(event);
        match &event.kind {
            EventKind::StepStarted(step) => self.started(event.flow, step),
            EventKind::StepFinished {
                step,
                outcome,
                duration,
                ..
            } => self.finished(event.flow, step, outcome, *duration),
            _ => {}
        }
    }

    fn sees_secrets(&self) -> bool {
        true
    }

    fn on_way(&self, way: &Way<'_>) {
        self.lock().visits.note_way(way);
    }
}

/// The journal of a run that ends in one life: it only looks.
pub(crate) struct Keeping<'a>(pub(crate) &'a Recording);

impl Journal for Keeping<'_> {
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
        if let Some(input) = info.input {
            let mut state = self.0.lock();
            if let Some(index) = state.by_key.get(&key.to_string()).copied() {
                state.steps[index].input = Some(input.clone());
            }
        }
        Ok(effect(Prior::Fresh).await)
    }

    async fn sleep<'a>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        // Nobody sets the clock of a test: it can sleep in one piece.
        loop {
            let left = until.duration_since(clock.now());
            if !left.is_positive() {
                return Ok(Slept::Elapsed);
            }
            clock.sleep(left.unsigned_abs().min(LONGEST_SLEEP)).await;
        }
    }

    async fn end<'a>(&'a self, end: RunEnd<'a>) -> Result<(), JournalError> {
        self.0.masks.add_all(end.masks);
        Ok(())
    }
}
