//! What a run did, step by step, kept for the result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockgate_engine::clock::Clock;
use lockgate_engine::event::{Event, EventKind, Observer, StepEvent, StepOutcome};
use serde_json::{Map, Value, json};

use super::progress::Progress;

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepStatus {
    Running,
    Succeeded,
    Skipped,
    Failed,
}

/// A step of the run.
#[derive(Clone, Debug)]
pub(crate) struct StepRecord {
    /// The structural path, indices and called flows included.
    pub(crate) path: String,
    pub(crate) id: Option<String>,
    pub(crate) title: String,
    pub(crate) verb: &'static str,
    pub(crate) action: Option<String>,
    pub(crate) status: StepStatus,
    /// [`Clock::elapsed`] when it began.
    pub(crate) began: Duration,
    /// How long it took; until the run's end, where it was interrupted.
    pub(crate) duration: Duration,
    pub(crate) attempts: u32,
    /// Its error: code and message.
    pub(crate) error: Option<(String, String)>,
    /// An `on_error` took the error.
    pub(crate) handled: bool,
    /// With `--trace`: masked.
    pub(crate) input: Option<Value>,
    /// With `--trace`: masked.
    pub(crate) output: Option<Value>,
}

impl StepRecord {
    fn new(step: &StepEvent<'_>, began: Duration) -> Self {
        Self {
            path: step.key.to_string(),
            id: step.id.map(str::to_owned),
            title: step.title.to_owned(),
            verb: step.verb,
            action: step.action.map(str::to_owned),
            status: StepStatus::Running,
            began,
            duration: Duration::ZERO,
            attempts: step.attempt,
            error: None,
            handled: false,
            input: None,
            output: None,
        }
    }

    /// For `--json`.
    pub(crate) fn as_json(&self, trace: bool) -> Value {
        let mut object = Map::new();
        let status = match self.status {
            StepStatus::Running => "interrupted",
            StepStatus::Succeeded => "succeeded",
            StepStatus::Skipped => "skipped",
            StepStatus::Failed => "failed",
        };
        for (name, value) in [
            ("id", json!(self.id)),
            ("path", json!(self.path)),
            ("verb", json!(self.verb)),
            ("action", json!(self.action)),
            ("status", json!(status)),
            (
                "duration_ms",
                json!((self.duration.as_secs_f64() * 1e6).round() / 1e3),
            ),
            ("attempts", json!(self.attempts)),
        ] {
            object.insert(name.to_owned(), value);
        }
        if let Some((code, message)) = &self.error {
            object.insert(
                "error".to_owned(),
                json!({ "code": code, "message": message, "handled": self.handled }),
            );
        }
        if trace {
            object.insert("input".to_owned(), json!(self.input));
            object.insert("output".to_owned(), json!(self.output));
        }
        Value::Object(object)
    }
}

/// Listens to a run.
pub(crate) struct Recorder {
    steps: Mutex<Steps>,
    progress: Progress,
    trace: bool,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Steps {
    records: Vec<StepRecord>,
    by_path: HashMap<String, usize>,
}

impl Recorder {
    pub(crate) fn new(progress: Progress, trace: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            steps: Mutex::default(),
            progress,
            trace,
            clock,
        }
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The steps up to now, in the order in which they began.
    pub(crate) fn records(&self) -> Vec<StepRecord> {
        self.steps().records.clone()
    }

    /// Nothing moves any more.
    pub(crate) fn finish(&self) {
        self.progress.finish();
    }

    /// A step is about to get this input, masked.
    pub(crate) fn input(&self, path: &str, input: &Value) {
        let mut steps = self.steps();
        if let Some(index) = steps.by_path.get(path).copied() {
            steps.records[index].input = Some(input.clone());
        }
    }

    fn started(&self, step: &StepEvent<'_>) {
        let record = StepRecord::new(step, self.clock.elapsed());
        self.progress.started(&record);
        let mut steps = self.steps();
        let index = steps.records.len();
        steps.by_path.insert(record.path.clone(), index);
        steps.records.push(record);
    }

    fn finished(&self, step: &StepEvent<'_>, outcome: &StepOutcome<'_>, duration: Duration) {
        let mut steps = self.steps();
        let path = step.key.to_string();
        // A step whose guard was false never began.
        let index = steps.by_path.get(&path).copied().unwrap_or_else(|| {
            steps.records.push(StepRecord::new(step, self.clock.elapsed()));
            steps.records.len() - 1
        });
        let record = &mut steps.records[index];
        record.duration = duration;
        record.attempts = step.attempt;
        match outcome {
            StepOutcome::Succeeded { output } => {
                record.status = StepStatus::Succeeded;
                record.output = output.as_deref().filter(|_| self.trace).cloned();
            }
            StepOutcome::Skipped => record.status = StepStatus::Skipped,
            StepOutcome::Failed { error, handled } => {
                record.status = StepStatus::Failed;
                record.error = Some((error.code.to_string(), error.message.clone()));
                record.handled = *handled;
            }
        }
        let record = record.clone();
        drop(steps);
        self.progress.finished(&record, self.trace);
    }
}

impl Recorder {
    /// What runs when the run ends was interrupted.
    fn ended(&self) {
        let now = self.clock.elapsed();
        for record in &mut self.steps().records {
            if record.status == StepStatus::Running {
                record.duration = now.saturating_sub(record.began);
            }
        }
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event<'_>) {
        match &event.kind {
            EventKind::StepStarted(step) => self.started(step),
            EventKind::StepFinished {
                step,
                outcome,
                duration,
                ..
            } => self.finished(step, outcome, *duration),
            EventKind::StepRetrying { step, error, delay } => {
                self.progress.retrying(
                    &step.key.to_string(),
                    step.title,
                    step.attempt,
                    &error.code,
                    *delay,
                );
            }
            EventKind::RunFinished { .. } => self.ended(),
            EventKind::RunStarted { .. } | EventKind::RunResponded { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lockgate_engine::outcome::RunStatus;
    use lockgate_engine::step_key::StepKey;
    use lockgate_engine::testing::TestClock;

    use super::*;
    use crate::terminal::{ColorChoice, Terminal};

    #[tokio::test(start_paused = true)]
    async fn an_interrupted_step_took_the_time_until_the_end() {
        let clock = Arc::new(TestClock::default());
        let progress = Progress::new(&Terminal::new(ColorChoice::Never, true));
        let recorder = Recorder::new(progress, false, Arc::clone(&clock) as Arc<dyn Clock>);
        let tell = |kind| {
            recorder.on_event(&Event {
                run_id: "run-1",
                flow: "a",
                at: clock.now(),
                kind,
            });
        };
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        clock.sleep(Duration::from_secs(1)).await;
        tell(EventKind::StepStarted(StepEvent {
            key,
            id: None,
            title: "wait",
            verb: "wait",
            action: None,
            attempt: 1,
        }));
        clock.sleep(Duration::from_secs(3)).await;
        tell(EventKind::RunFinished {
            status: RunStatus::Cancelled,
            output: None,
            error: None,
            duration: Duration::from_secs(4),
        });
        let json = recorder.records()[0].as_json(false);
        assert_eq!(json["status"], "interrupted");
        assert_eq!(json["duration_ms"], 3000.0);
    }
}
