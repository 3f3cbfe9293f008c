//! Runs that are recorded, as tests of replays need them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::Executor;
use lockgate_engine::RunOptions;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Retry};
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{
    Journal, JournalError, MemoryJournal, Outcome, Prior, Record as MemoryRecord, Slept, StepInfo,
};
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_engine::step_key::StepKey;
use lockgate_engine::testing::TestClock;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

use super::compare::{Recording, compare};
use super::journal::RecordedEnd;
use super::script::Script;
use super::{Replayed, Version};
use crate::record::{Kept, Record};
use crate::run::Status;

/// Gives its input back, or fails as its input says; counts its calls.
pub(super) struct Counting {
    spec: Arc<ActionSpec>,
    pub(super) calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Action for Counting {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(ms) = input["ms"].as_u64() {
            context.clock.sleep(std::time::Duration::from_millis(ms)).await;
        }
        match input["fails"].as_str() {
            Some("busy") if context.attempt < 3 => {
                Err(ActionError::new("busy", "busy").with_retry(Retry::Transient))
            }
            Some("refused") => Err(ActionError::new("refused", "refused")),
            _ => Ok(json!({ "got": input, "user_id": "auth0|1" })),
        }
    }
}

pub(super) fn actions(calls: &Arc<AtomicUsize>) -> Actions {
    let mut actions = Actions::new();
    for (name, effect) in [
        ("test.create", Effect::Once),
        ("test.update", Effect::Idempotent),
        ("test.read", Effect::Read),
        ("test.pure", Effect::Pure),
    ] {
        let mut spec = ActionSpec::new(name, effect, "for tests");
        spec.input = Schema::new(json!(true));
        spec.errors = ["busy", "refused"]
            .map(|code| ErrorSpec::new(code, 409, ""))
            .into();
        actions.add(Counting {
            spec: Arc::new(spec),
            calls: Arc::clone(calls),
        });
    }
    actions
}

/// A version of a flow, and of those that it calls; what its actions have been called.
pub(super) struct Made {
    pub(super) flow: Arc<Flow>,
    pub(super) executor: Executor,
    pub(super) calls: Arc<AtomicUsize>,
}

impl Made {
    /// The first flow may call the others.
    #[track_caller]
    pub(super) fn new(texts: &[&str]) -> Self {
        let calls = Arc::<AtomicUsize>::default();
        let mut catalog = Catalog::new();
        actions(&calls).declare(&mut catalog);
        let sources: Vec<Arc<Source>> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| Source::new(format!("flows/flow-{number}.yaml"), *text))
            .collect();
        let file = Source::new("lockgate.yaml", "version: 1\n");
        let workspace = Workspace::check(Some(&file), &sources, &catalog);
        let mistakes: Vec<String> = workspace
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| format!("{finding:?}"))
            .collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
        let flows: Vec<Arc<Flow>> = workspace.flows.into_iter().filter_map(|flow| flow.flow).collect();
        Self {
            flow: Arc::clone(&flows[0]),
            executor: Executor::new(actions(&calls))
                .with_clock(Arc::new(TestClock::default()))
                .with_flows(flows),
            calls,
        }
    }

    pub(super) fn version(&self) -> Version<'_> {
        Version {
            flow: &self.flow,
            executor: &self.executor,
        }
    }
}

/// By key and attempt.
pub(super) type Seen = HashMap<(String, u32), (&'static str, Option<String>)>;

/// Records what the store would.
pub(super) struct Recorder {
    memory: MemoryJournal,
    /// Verbs, and digests of inputs.
    seen: Mutex<Seen>,
}

impl Journal for Recorder {
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
        let digest = info.input.map(|input| digest(&input.to_string()));
        let seen = (info.verb, digest);
        self.seen
            .lock()
            .unwrap()
            .insert((key.to_string(), info.attempt), seen);
        self.memory.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.memory.sleep(key, info, until, clock).await
    }
}

pub(super) fn digest(json: &str) -> String {
    format!("digest of {json}")
}

/// A run that has been recorded.
pub(super) struct Run {
    pub(super) made: Made,
    pub(super) input: Value,
    pub(super) started_at: Timestamp,
    pub(super) records: Vec<Record>,
    pub(super) outcome: RunOutcome,
}

impl Run {
    pub(super) async fn of(texts: &[&str], input: Value) -> Self {
        let made = Made::new(texts);
        let recorder = Recorder {
            memory: MemoryJournal::new(),
            seen: Mutex::default(),
        };
        let Value::Object(fields) = input else {
            panic!("the input is an object")
        };
        let input = made.flow.input.validate(fields).expect("the input is valid");
        let started_at = made.executor.clock().now();
        let options = RunOptions {
            started_at: Some(started_at),
            ..RunOptions::new("run-1")
        };
        let outcome = made
            .executor
            .run(&made.flow, input.clone(), options, &recorder)
            .await;
        let seen = recorder.seen.into_inner().unwrap();
        let mut records = Vec::new();
        for record in recorder.memory.records() {
            records.push(converted(record, &seen, started_at));
        }
        Self {
            made,
            input,
            started_at,
            records,
            outcome,
        }
    }

    pub(super) fn recording(&self, length: usize, status: Status) -> Recording<'_> {
        let open = |_: &str, _: u32, kept: &Result<Kept, Kept>| -> Result<Outcome, serde_json::Error> {
            Ok(match kept {
                Ok(kept) => Ok(kept.shown.clone()),
                Err(kept) => Err(Box::new(serde_json::from_value(kept.shown.clone())?)),
            })
        };
        let (output, error) = if status.is_unfinished() {
            (None, None)
        } else {
            (self.outcome.output.clone(), self.outcome.error.clone())
        };
        Recording {
            run_id: "run-1".to_owned(),
            input: &self.input,
            request: None,
            attempt: 1,
            started_at: self.started_at,
            script: Script::of(&self.records[..length], open).unwrap(),
            end: RecordedEnd::new(status, output, error),
            digest: Arc::new(digest),
        }
    }

    pub(super) fn status(&self) -> Status {
        match self.outcome.status {
            RunStatus::Succeeded => Status::Succeeded,
            RunStatus::Failed => Status::Failed,
            status => panic!("{status:?}"),
        }
    }

    /// Replays the whole of it on a flow, and sees to it that nothing is called.
    pub(super) async fn replay(&self, texts: &[&str]) -> Replayed {
        let edited = Made::new(texts);
        let calls = self.made.calls.load(Ordering::Relaxed);
        let recording = self.recording(self.records.len(), self.status());
        let replayed = compare(recording, Some(self.made.version()), edited.version()).await;
        assert_eq!(
            edited.calls.load(Ordering::Relaxed),
            0,
            "the edited flow called something"
        );
        assert_eq!(self.made.calls.load(Ordering::Relaxed), calls);
        replayed
    }
}

pub(super) fn converted(record: MemoryRecord, seen: &Seen, at: Timestamp) -> Record {
    let kept = |shown| Kept { shown, sealed: None };
    match record {
        MemoryRecord::Started {
            key,
            attempt,
            action,
            effect,
            input,
        } => {
            let digest = seen[&(key.clone(), attempt)].1.clone();
            Record::Started {
                key,
                attempt,
                at,
                action,
                effect,
                input: input.zip(digest),
            }
        }
        MemoryRecord::Finished {
            key,
            attempt,
            outcome,
        } => Record::Finished {
            verb: seen[&(key.clone(), attempt)].0.to_owned(),
            key,
            attempt,
            at,
            outcome: outcome
                .map(kept)
                .map_err(|error| kept(serde_json::to_value(error).unwrap())),
        },
        MemoryRecord::Sleeping { key, attempt, until } => Record::Sleeping {
            key,
            attempt,
            at,
            until,
        },
        MemoryRecord::Woken { key, attempt } => Record::Woken { key, attempt, at },
    }
}
