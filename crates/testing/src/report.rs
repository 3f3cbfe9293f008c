//! What a test run gave: data. The terminal, JSON, JUnit and coverage are renderings of it.

use std::collections::BTreeMap;
use std::time::Duration;

use lockgate_engine::masks::Masks;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Position;
use serde_json::{Map, Value, json};

use crate::coverage::Visits;

/// All cases.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of the files and of the cases in them.
    pub cases: Vec<CaseReport>,
    /// How long it took, on the wall.
    pub took: Duration,
}

/// One case.
#[derive(Debug)]
pub struct CaseReport {
    /// The test file, as the workspace knows it.
    pub file: String,
    /// The flow that the file tests.
    pub flow: String,
    /// The case's name.
    pub name: String,
    /// Where it stands.
    pub position: Position,
    /// How it ended.
    pub verdict: Verdict,
    /// What did not hold; empty unless it failed.
    pub failures: Vec<Failure>,
    /// Its runs, in their order.
    pub runs: Vec<RunReport>,
    /// Snapshots that are not as they are kept, or not kept yet.
    pub snapshots: Vec<SnapshotChange>,
    /// The paths of the snapshots that it has, changed or not.
    pub snapshot_paths: Vec<String>,
    /// How long it took, on the wall.
    pub took: Duration,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds.
    Passed,
    /// Something does not.
    Failed,
    /// It was not run, and why.
    Skipped(String),
}

impl Verdict {
    /// `passed`, `failed`, `skipped`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// Something that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What, with its place in the test file.
    pub finding: Diagnostic,
    /// What was expected and what was found, where both can be shown beside each other.
    pub values: Option<Values>,
    /// Which run of the case, from 0.
    pub run: usize,
    /// Whether it is a snapshot that is another.
    pub is_of_snapshot: bool,
}

impl Failure {
    pub(crate) fn new(finding: Diagnostic, run: usize) -> Self {
        Self {
            finding,
            values: None,
            run,
            is_of_snapshot: false,
        }
    }
}

/// Expected and actual.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// `None` for nothing.
    pub expected: Option<Value>,
    /// `None` for nothing.
    pub actual: Option<Value>,
}

/// A snapshot that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotChange {
    /// Relative to the workspace.
    pub path: String,
    /// What is to stand in it.
    pub text: String,
    /// Whether there is none yet.
    pub is_new: bool,
}

/// One run of a case.
#[derive(Debug)]
pub struct RunReport {
    /// The flow.
    pub flow: String,
    /// What it was given.
    pub input: Value,
    /// `succeeded`, `failed`, …; `refused` where the input did not fit, and nothing has run.
    pub status: &'static str,
    /// The answer over HTTP: `status`, `headers`, `body`.
    pub response: Value,
    /// What it `return`ed.
    pub output: Option<Value>,
    /// Why it failed.
    pub error: Option<Value>,
    /// Where it failed, in the flow.
    pub place: Option<String>,
    /// What it did.
    pub steps: Vec<StepReport>,
    /// Where it went.
    pub visits: Visits,
    /// How long it took in virtual time.
    pub took: Duration,
    /// What the tenant was asked.
    pub requests: Vec<Value>,
    /// How often each action was called.
    pub calls: BTreeMap<String, usize>,
    /// Its secrets: what is written for people goes through them.
    pub masks: Masks,
}

/// One step of a run.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The path in the run, with loop indices and called flows.
    pub key: String,
    /// The flow that it belongs to.
    pub flow: String,
    /// Its id.
    pub id: Option<String>,
    /// What people see.
    pub title: String,
    /// `action`, `if`, ….
    pub verb: &'static str,
    /// The action that it calls.
    pub action: Option<String>,
    /// How it stands.
    pub status: StepStatus,
    /// An `on_error` took its error.
    pub is_handled: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// What its action was given; not masked.
    pub input: Option<Value>,
    /// Its result; not masked.
    pub output: Option<Value>,
    /// Its error.
    pub error: Option<Value>,
    /// When it began, in virtual time since the beginning of the case.
    pub began: Duration,
    /// How long it took in virtual time.
    pub took: Duration,
}

/// How a step stands at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// Well.
    Succeeded,
    /// It failed.
    Failed,
    /// Its `if` was false.
    Skipped,
    /// It had not ended when the run did.
    Interrupted,
}

impl StepStatus {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Everything held.
    pub passed: usize,
    /// Something did not.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
}

impl Report {
    /// How many cases ended how.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for case in &self.cases {
            match case.verdict {
                Verdict::Passed => totals.passed += 1,
                Verdict::Failed => totals.failed += 1,
                Verdict::Skipped(_) => totals.skipped += 1,
            }
        }
        totals
    }

    /// Takes what the snapshots are now for right: what failed for that alone has passed.
    pub fn accept_snapshots(&mut self) {
        for case in &mut self.cases {
            if !case.snapshots.is_empty() {
                case.failures.retain(|failure| !failure.is_of_snapshot);
                case.snapshots.clear();
                if case.failures.is_empty() {
                    case.verdict = Verdict::Passed;
                }
            }
        }
    }

    /// Where all runs have been.
    pub fn visits(&self) -> Visits {
        let mut visits = Visits::default();
        for run in self.cases.iter().flat_map(|case| &case.runs) {
            visits.merge(&run.visits);
        }
        visits
    }
}

impl RunReport {
    /// Whether an error left the flow.
    pub fn is_failed(&self) -> bool {
        self.status != "succeeded"
    }

    /// The steps of an id as `expect.steps` sees them: those of the run's own flow, else of one that it calls.
    pub(crate) fn step(&self, id: &str) -> Value {
        let own = |step: &&StepReport| step.id.as_deref() == Some(id) && step.flow == self.flow;
        let mut turns: Vec<&StepReport> = self.steps.iter().filter(own).collect();
        if turns.is_empty() {
            turns = self
                .steps
                .iter()
                .filter(|step| step.id.as_deref() == Some(id))
                .collect();
        }
        let mut seen = match turns.last() {
            Some(step) => step.seen(),
            None => Map::from_iter([("ran".to_owned(), json!(false))]),
        };
        if turns.iter().any(|step| step.key.contains("/each/")) {
            seen.insert("ran".to_owned(), json!(turns.iter().any(|step| step.ran())));
            let turns = turns.iter().map(|step| Value::Object(step.seen()));
            seen.insert("turns".to_owned(), turns.collect());
        }
        Value::Object(seen)
    }

    /// What later runs of the case read as `runs.[0]`.
    pub(crate) fn as_earlier(&self) -> Value {
        let mut steps = Map::new();
        for step in &self.steps {
            if let (Some(id), Some(output)) = (&step.id, &step.output) {
                // The run's own flow has the last word on its names.
                if step.flow == self.flow || !steps.contains_key(id) {
                    steps.insert(id.clone(), output.clone());
                }
            }
        }
        let mut seen = json!({ "status": self.status, "response": self.response, "steps": steps });
        for (name, value) in [("output", &self.output), ("error", &self.error)] {
            if let Some(value) = value {
                seen[name] = value.clone();
            }
        }
        seen
    }
}

impl StepReport {
    fn ran(&self) -> bool {
        self.status != StepStatus::Skipped
    }

    fn seen(&self) -> Map<String, Value> {
        let mut seen = Map::new();
        seen.insert("ran".to_owned(), json!(self.ran()));
        if self.ran() {
            seen.insert("attempts".to_owned(), json!(self.attempts));
        }
        for (name, value) in [("output", &self.output), ("error", &self.error)] {
            if let Some(value) = value {
                seen.insert(name.to_owned(), value.clone());
            }
        }
        seen
    }
}
