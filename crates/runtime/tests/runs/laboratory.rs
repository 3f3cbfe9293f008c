//! What the tests run: a world outside that outlives every process, actions that change it, and processes that can be
//! dropped at any moment.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::{Either, select};
use lockgate_engine::Executor;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Reconciled};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::Connections;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_flow::catalog::{ActionSpec, Catalog, ConnectionSpec, Effect};
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_runtime::{
    DurableRun, Program, ProgramParts, RunAnswer, Runtime, RuntimeOptions, StartError, StartRun, Started,
};
use lockgate_store::{Durability, Retention, RunId, Status, Store, StoreError, StoreSettings, Trigger};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::clock::ManualClock;

/// What is outside: it stays when a process dies.
pub(crate) struct World {
    /// How often a step did its effect, by run and step.
    done: Mutex<BTreeMap<(String, String), u32>>,
    points: AtomicUsize,
    crash_at: AtomicUsize,
    has_crashed: AtomicBool,
    crashed: Notify,
    /// `test.down` fails.
    pub(crate) is_down: AtomicBool,
    /// `test.gate` goes on.
    pub(crate) gate: watch::Sender<bool>,
    pub(crate) at_gate: AtomicUsize,
    pub(crate) gates_dropped: AtomicUsize,
}

impl World {
    fn new() -> Self {
        Self {
            done: Mutex::default(),
            points: AtomicUsize::new(0),
            crash_at: AtomicUsize::new(0),
            has_crashed: AtomicBool::new(false),
            crashed: Notify::new(),
            is_down: AtomicBool::new(false),
            gate: watch::Sender::new(false),
            at_gate: AtomicUsize::new(0),
            gates_dropped: AtomicUsize::new(0),
        }
    }

    /// The next process dies when an action comes to its point of this number, from 1; 0 is never.
    pub(crate) fn crash_at(&self, point: usize) {
        self.points.store(0, Ordering::SeqCst);
        self.has_crashed.store(false, Ordering::SeqCst);
        self.crash_at.store(point, Ordering::SeqCst);
    }

    pub(crate) async fn crashed(&self) {
        loop {
            let changed = self.crashed.notified();
            if self.has_crashed.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }

    async fn point(&self) {
        let at = self.points.fetch_add(1, Ordering::SeqCst) + 1;
        if at == self.crash_at.load(Ordering::SeqCst) {
            self.has_crashed.store(true, Ordering::SeqCst);
            self.crashed.notify_waiters();
        }
        if self.has_crashed.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }

    fn note(&self, context: &ActionContext<'_>) {
        let id = (context.run_id.to_owned(), context.key.to_string());
        *self.done.lock().unwrap().entry(id).or_default() += 1;
    }

    fn has_done(&self, context: &ActionContext<'_>) -> bool {
        let id = (context.run_id.to_owned(), context.key.to_string());
        self.done.lock().unwrap().contains_key(&id)
    }

    /// How often each step of a run did its effect.
    pub(crate) fn effects(&self, id: RunId) -> BTreeMap<String, u32> {
        let id = id.to_string();
        let done = self.done.lock().unwrap();
        done.iter()
            .filter(|((run, _), _)| *run == id)
            .map(|((_, key), times)| (key.clone(), *times))
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Deed {
    /// `once`, can be asked what became of it.
    Once,
    /// `once`, cannot.
    Blind,
    /// Idempotent.
    Note,
    /// Fails while the world is down.
    Down,
    /// Waits for the gate.
    Gate,
    /// Uses a connection.
    Linked,
}

struct TestAction {
    deed: Deed,
    spec: Arc<ActionSpec>,
    world: Arc<World>,
}

struct Dropped<'a>(&'a AtomicUsize);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Action for TestAction {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        self.world.point().await;
        match self.deed {
            Deed::Once | Deed::Blind | Deed::Note | Deed::Linked => self.world.note(context),
            Deed::Down if self.world.is_down.load(Ordering::SeqCst) => {
                return Err(ActionError::new("down", "it is down"));
            }
            Deed::Down => {}
            Deed::Gate => {
                let mut gate = self.world.gate.subscribe();
                self.world.at_gate.fetch_add(1, Ordering::SeqCst);
                let dropped = Dropped(&self.world.gates_dropped);
                let _ = gate.wait_for(|open| *open).await;
                std::mem::forget(dropped);
            }
        }
        self.world.point().await;
        Ok(input)
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        self.world.point().await;
        Ok(match self.deed {
            Deed::Once if self.world.has_done(context) => Reconciled::Happened(input.clone()),
            Deed::Once => Reconciled::DidNotHappen,
            _ => Reconciled::Unknown,
        })
    }
}

/// A machine: its disk, its clock, the world around it.
pub(crate) struct Laboratory {
    folder: tempfile::TempDir,
    pub(crate) world: Arc<World>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) durability: Durability,
    pub(crate) options: RuntimeOptions,
}

impl Laboratory {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            world: Arc::new(World::new()),
            clock: Arc::new(ManualClock::new()),
            durability: Durability::Full,
            options: RuntimeOptions::default(),
        }
    }

    pub(crate) fn batched() -> Self {
        Self {
            durability: Durability::Batched {
                every: Duration::from_millis(5),
            },
            ..Self::new()
        }
    }

    pub(crate) fn store_path(&self) -> std::path::PathBuf {
        self.folder.path().join("runs.db")
    }

    /// A workspace with these flows, by name, and the connection `main`.
    pub(crate) fn program(&self, flows: &[(&str, &str)]) -> Arc<Program> {
        self.workspace(flows, "connections: { main: { type: demo } }", |_| true)
    }

    /// A workspace with this file, in a binary with the actions that `has` says.
    pub(crate) fn workspace(
        &self,
        flows: &[(&str, &str)],
        file: &str,
        has: impl Fn(&str) -> bool,
    ) -> Arc<Program> {
        let mut actions = Actions::new();
        for (name, deed, effect) in [
            ("test.once", Deed::Once, Effect::Once),
            ("test.blind", Deed::Blind, Effect::Once),
            ("test.note", Deed::Note, Effect::Idempotent),
            ("test.down", Deed::Down, Effect::Idempotent),
            ("test.gate", Deed::Gate, Effect::Idempotent),
            ("test.linked", Deed::Linked, Effect::Idempotent),
        ] {
            let mut spec = ActionSpec::new(name, effect, "For tests.");
            spec.input = Schema::new(json!({ "type": "object" }));
            spec.timeout = Some(Duration::from_hours(24 * 365));
            spec.connection = (deed == Deed::Linked).then_some("demo".into());
            if has(name) {
                actions.add(TestAction {
                    deed,
                    spec: Arc::new(spec),
                    world: Arc::clone(&self.world),
                });
            }
        }
        let mut catalog = Catalog::new();
        actions.declare(&mut catalog);
        catalog.add_connection(ConnectionSpec {
            type_name: "demo".into(),
            summary: "For tests.".into(),
            settings: Schema::new(json!({ "type": "object" })),
            check: None,
            example: "".into(),
        });
        let sources: Vec<_> = flows
            .iter()
            .map(|(name, text)| Source::new(format!("flows/{name}.yaml"), text.to_string()))
            .collect();
        let file = Source::new("lockgate.yaml", format!("version: 1\n{file}\n"));
        let workspace = Workspace::check(Some(&file), &sources, &catalog);
        assert!(!workspace.has_errors(), "{:#?}", workspace.diagnostics);
        let flows = workspace.runnable();
        let mut connections = Connections::new();
        for connection in workspace.connections() {
            connections.insert(connection.name.value.clone(), Arc::new(()));
        }
        Arc::new(Program::new(ProgramParts {
            executor: Executor::new(actions)
                .with_connections(connections)
                .with_clock(Arc::clone(&self.clock) as Arc<dyn Clock>)
                .with_flows(flows.values().cloned()),
            flows,
            connections: workspace
                .connections()
                .iter()
                .map(|connection| (connection.name.value.clone(), connection.type_name.value.clone()))
                .collect(),
            catalog: Arc::new(catalog),
        }))
    }

    /// A store, as soon as the process before has let go of it.
    pub(crate) async fn store(&self) -> Store {
        let settings = StoreSettings {
            path: self.store_path(),
            durability: self.durability,
            retention: Retention {
                age: None,
                count: None,
            },
            key: None,
        };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let began = Instant::now();
        loop {
            match Store::open(settings.clone(), Arc::clone(&clock)) {
                Ok(store) => return store,
                Err(StoreError::InUse { .. }) => {
                    assert!(began.elapsed() < PATIENCE, "the store is never let go of");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A process whose tasks have not been started.
    pub(crate) async fn idle_process(&self, program: &Arc<Program>) -> Runtime {
        Runtime::new(self.store().await, Arc::clone(program), self.options.clone())
    }

    /// A process.
    pub(crate) async fn process(&self, program: &Arc<Program>) -> Runtime {
        let runtime = self.idle_process(program).await;
        runtime.start();
        runtime
    }

    /// Polls until something is so, while the clock moves slowly.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, is_so: impl Fn() -> F) {
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            self.clock.advance(Duration::from_millis(20));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Polls until a run stands so.
    pub(crate) async fn until_status(&self, runtime: &Runtime, id: RunId, status: Status) {
        self.until(status.name(), || async {
            runtime.store().load(id).await.unwrap().unwrap().status == status
        })
        .await;
    }

    /// Waits for something, while the clock moves slowly.
    pub(crate) async fn soon<T>(&self, what: impl Future<Output = T>) -> T {
        let clock = std::pin::pin!(self.until("what was waited for", || async { false }));
        match select(std::pin::pin!(what), clock).await {
            Either::Left((found, _)) => found,
            Either::Right(_) => unreachable!("it panics before"),
        }
    }

    /// Waits for a run's answer, while the clock moves slowly.
    pub(crate) async fn answer(&self, runtime: &Runtime, id: RunId) -> Option<RunAnswer> {
        self.soon(runtime.answer(id)).await.unwrap()
    }

    /// Polls until so many runs are at the gate.
    pub(crate) async fn until_at_gate(&self, runs: usize) {
        self.until("at the gate", || async {
            self.world.at_gate.load(Ordering::SeqCst) >= runs
        })
        .await;
    }

    pub(crate) fn open_gate(&self) {
        self.world.gate.send_replace(true);
    }
}

const PATIENCE: Duration = Duration::from_mins(2);

/// What a test starts a run with.
pub(crate) fn wish<'a>(
    program: &'a Arc<Program>,
    flow: &str,
    input: Value,
    key: Option<&'a str>,
) -> StartRun<'a> {
    StartRun {
        program,
        flow: program.flow(flow).unwrap(),
        trigger: Trigger::Http,
        input,
        request: None,
        key,
        trace: None,
    }
}

/// Begins a run that is known to be new.
pub(crate) async fn begin(
    runtime: &Runtime,
    program: &Arc<Program>,
    flow: &str,
    input: Value,
) -> Result<DurableRun, StartError> {
    match runtime.begin(wish(program, flow, input, None)).await? {
        Started::Fresh(run) => Ok(*run),
        Started::Known { .. } => panic!("no key was given"),
    }
}

/// Runs until a run answers, or the process dies.
pub(crate) async fn or_crash<T>(world: &World, run: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(run), std::pin::pin!(world.crashed())).await {
        Either::Left((ended, _)) => Some(ended),
        Either::Right(_) => None,
    }
}

/// The end of a run that has not answered.
pub(crate) fn ended(answer: Option<RunAnswer>) -> RunOutcome {
    match answer {
        Some(RunAnswer::Ended(outcome)) => *outcome,
        other => panic!("not an end: {other:?}"),
    }
}

pub(crate) fn assert_output(outcome: &RunOutcome, output: &Value) {
    assert_eq!(outcome.status, RunStatus::Succeeded, "{outcome:?}");
    assert_eq!(outcome.output.as_ref(), Some(output), "{outcome:?}");
}
