//! Listens to runs and counts the calls of their actions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockgate_engine::event::{Event, EventKind, Observer, StepEvent, StepOutcome};
use lockgate_flow::catalog::{ActionSpec, Catalog, Text};

use super::histogram::{CALLS, Histogram};
use super::recording::Metrics;
use super::series::Series;

/// The outcome of a call that went well.
const OK: &str = "ok";

/// A code that the action does not declare: it may come from anywhere, and is no label.
const OTHER: &str = "_OTHER";

/// What is counted of one action.
#[derive(Debug)]
pub(super) struct ActionSeries {
    pub(super) name: Text,
    codes: Vec<Text>,
    pub(super) calls: Series<Text, Histogram>,
    pub(super) retries: Series<Text, AtomicU64>,
}

impl ActionSeries {
    pub(super) fn new(spec: &ActionSpec) -> Self {
        Self {
            name: spec.name.clone(),
            codes: spec.error_codes().map(|code| code.to_owned().into()).collect(),
            calls: Series::default(),
            retries: Series::default(),
        }
    }

    fn declared(&self, code: &str) -> Text {
        let mut codes = self.codes.iter();
        codes
            .find(|declared| **declared == code)
            .cloned()
            .unwrap_or(Text::Borrowed(OTHER))
    }
}

/// Counts the calls of declared actions. Looks at no value.
struct ActionObserver {
    metrics: Metrics,
    actions: HashMap<Text, Arc<ActionSeries>>,
}

impl Metrics {
    /// Who counts the steps of runs; for `Executor::with_observer`. Knows the actions of this catalogue, and the codes that
    /// they declare: what else a step may fail with is counted as `_OTHER`.
    pub fn observer(&self, catalog: &Catalog) -> Arc<dyn Observer> {
        Arc::new(ActionObserver {
            metrics: self.clone(),
            actions: catalog
                .actions()
                .map(|spec| (spec.name.clone(), self.action(spec)))
                .collect(),
        })
    }
}

impl ActionObserver {
    fn action(&self, step: &StepEvent<'_>) -> Option<&ActionSeries> {
        self.actions.get(step.action?).map(|action| &**action)
    }
}

impl Observer for ActionObserver {
    fn on_event(&self, event: &Event<'_>) {
        match &event.kind {
            EventKind::StepFinished {
                step,
                outcome,
                duration,
                replayed: false,
            } => {
                let Some(action) = self.action(step) else { return };
                let outcome = match outcome {
                    StepOutcome::Succeeded { .. } => Text::Borrowed(OK),
                    StepOutcome::Failed { error, .. } => {
                        let code = action.declared(&error.code);
                        self.metrics
                            .step_failed(event.flow, action.name.clone(), code.clone());
                        code
                    }
                    StepOutcome::Skipped => return,
                };
                let calls = action.calls.get(outcome, || Histogram::new(&CALLS));
                calls.observe(*duration);
            }
            EventKind::StepRetrying { step, error, .. } => {
                let Some(action) = self.action(step) else { return };
                let code = action.declared(&error.code);
                action
                    .retries
                    .get(code, AtomicU64::default)
                    .fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn wants_values(&self) -> bool {
        false
    }
}
