//! What the tests run flows with: small actions that do as they are told, and a book of what they did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Reconciled, Retry};
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{Journal, NoJournal};
use lockgate_engine::outcome::RunOutcome;
use lockgate_engine::testing::TestClock;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

/// What the actions did.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// In order.
    pub(crate) log: Mutex<Vec<String>>,
    /// How often `test.once` did its effect, by the key of its step.
    pub(crate) effects: Mutex<BTreeMap<String, u32>>,
}

impl Book {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

/// Notes that an action was dropped before its end.
struct Watched(Arc<Book>, String, bool);

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.2 {
            self.0.note(format!("dropped {}", self.1));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Deed {
    Echo,
    Fail,
    Flaky,
    Sleep,
    Once,
    Blind,
    Panic,
    Secret,
    Typed,
}

struct TestAction {
    deed: Deed,
    spec: Arc<ActionSpec>,
    book: Arc<Book>,
}

fn text<'a>(input: &'a Value, field: &str) -> &'a str {
    input[field].as_str().unwrap_or_default()
}

/// An id as an action derives it: the same for every attempt of a step.
fn id_of(context: &ActionContext<'_>) -> u32 {
    let identity = context.identity();
    u32::from_be_bytes([identity[0], identity[1], identity[2], identity[3]])
}

#[async_trait]
impl Action for TestAction {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let key = context.key.to_string();
        match self.deed {
            Deed::Echo | Deed::Typed => Ok(input),
            Deed::Fail => {
                self.book.note(format!("fail {}", context.attempt));
                let retry = match text(&input, "retry") {
                    "transient" => Retry::Transient,
                    "nothing" => {
                        let after = input["after_ms"].as_u64().map(Duration::from_millis);
                        Retry::NothingHappened { after }
                    }
                    _ => Retry::Never,
                };
                let message = input["message"].as_str().unwrap_or("as told").to_owned();
                let mut error = ActionError::new(text(&input, "code").to_owned(), message).with_retry(retry);
                error.provider = input.get("provider").cloned();
                Err(error)
            }
            Deed::Flaky => {
                self.book.note(format!(
                    "flaky {} at {}",
                    context.attempt,
                    context.clock.elapsed().as_millis()
                ));
                if u64::from(context.attempt) <= input["fails"].as_u64().unwrap_or(0) {
                    return Err(ActionError::new("busy", "busy").with_retry(Retry::Transient));
                }
                Ok(json!({ "calls": context.attempt }))
            }
            Deed::Sleep => {
                let name = text(&input, "name").to_owned();
                let mut watched = Watched(Arc::clone(&self.book), name.clone(), false);
                self.book.note(format!("begin {name}"));
                let time = Duration::from_millis(input["ms"].as_u64().unwrap_or(0));
                context.clock.sleep(time).await;
                self.book.note(format!("end {name}"));
                watched.2 = true;
                Ok(input.get("value").cloned().unwrap_or(Value::Null))
            }
            Deed::Once | Deed::Blind => {
                *self.book.effects.lock().unwrap().entry(key).or_default() += 1;
                let id = id_of(context);
                Ok(json!({ "id": id, "value": input.get("value") }))
            }
            Deed::Panic => panic!("{}", text(&input, "message")),
            Deed::Secret => Ok(json!({ "token": "canary-output", "open": text(&input, "key") })),
        }
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        if self.deed != Deed::Once {
            return Ok(Reconciled::Unknown);
        }
        let key = context.key.to_string();
        if !self.book.effects.lock().unwrap().contains_key(&key) {
            return Ok(Reconciled::DidNotHappen);
        }
        let id = id_of(context);
        Ok(Reconciled::Happened(
            json!({ "id": id, "value": input.get("value") }),
        ))
    }
}

/// The test actions, with a book of their own.
pub(crate) fn actions(book: &Arc<Book>) -> Actions {
    let error = |code, status| ErrorSpec::new(code, status, "");
    let table: [(Deed, &'static str, Effect, Value); 11] = [
        (Deed::Echo, "test.echo", Effect::Pure, json!(true)),
        (Deed::Fail, "test.fail", Effect::Read, json!(true)),
        (Deed::Fail, "test.fail_once", Effect::Once, json!(true)),
        (Deed::Flaky, "test.flaky", Effect::Idempotent, json!(true)),
        (Deed::Sleep, "test.sleep", Effect::Read, json!(true)),
        (Deed::Sleep, "test.sleep_once", Effect::Once, json!(true)),
        (Deed::Once, "test.once", Effect::Once, json!(true)),
        (Deed::Blind, "test.blind", Effect::Once, json!(true)),
        (Deed::Panic, "test.panic", Effect::Pure, json!(true)),
        (
            Deed::Secret,
            "test.secret",
            Effect::Read,
            json!({ "properties": { "key": { "secret": true } } }),
        ),
        (
            Deed::Typed,
            "test.typed",
            Effect::Pure,
            json!({
                "type": "object",
                "properties": { "count": { "type": "integer" }, "name": { "type": "string", "minLength": 2 } },
                "required": ["count"],
            }),
        ),
    ];
    let mut actions = Actions::new();
    for (deed, name, effect, input) in table {
        let mut spec = ActionSpec::new(name, effect, "for tests");
        spec.input = Schema::new(input);
        spec.errors = vec![error("busy", 503), error("refused", 409)];
        if deed == Deed::Secret {
            spec.output = Schema::new(json!({ "properties": { "token": { "secret": true } } }));
        }
        if name == "test.sleep" {
            spec.timeout = Some(Duration::from_mins(1));
        }
        actions.add(TestAction {
            deed,
            spec: Arc::new(spec),
            book: Arc::clone(book),
        });
    }
    actions
}

/// Compiles flows; every one must be free of mistakes.
pub(crate) fn compile(texts: &[&str]) -> Vec<Arc<Flow>> {
    let mut catalog = Catalog::new();
    actions(&Arc::default()).declare(&mut catalog);
    let sources: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| Source::new(format!("flows/flow-{number}.yaml"), *text))
        .collect();
    let file = Source::new("lockgate.yaml", "version: 1\nconfig: { greeting: hello }\n");
    let workspace = Workspace::check(Some(&file), &sources, &catalog);
    let findings: Vec<_> = workspace
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| format!("{finding:?}"))
        .collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    workspace
        .flows
        .into_iter()
        .map(|flow| flow.flow.expect("it has no errors"))
        .collect()
}

/// A flow, and everything that it is run with.
pub(crate) struct Laboratory {
    pub(crate) flow: Arc<Flow>,
    pub(crate) book: Arc<Book>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) executor: Executor,
}

impl Laboratory {
    /// For one flow; `steps:` and what belongs beside it.
    pub(crate) fn new(text: &str) -> Self {
        Self::with_others(&[text])
    }

    /// For the first flow, which may call the others.
    pub(crate) fn with_others(texts: &[&str]) -> Self {
        Self::of(compile(texts))
    }

    pub(crate) fn of(flows: Vec<Arc<Flow>>) -> Self {
        let book = Arc::<Book>::default();
        let clock = Arc::new(TestClock::default());
        let flow = Arc::clone(&flows[0]);
        let executor = Executor::new(actions(&book))
            .with_clock(Arc::clone(&clock) as _)
            .with_flows(flows);
        Self {
            flow,
            book,
            clock,
            executor,
        }
    }

    pub(crate) async fn run(&self, input: Value) -> RunOutcome {
        self.run_on(&NoJournal, input).await
    }

    pub(crate) async fn run_on<J: Journal>(&self, journal: &J, input: Value) -> RunOutcome {
        self.run_with(journal, input, RunOptions::new("run-1")).await
    }

    pub(crate) async fn run_with<J: Journal>(
        &self,
        journal: &J,
        input: Value,
        options: RunOptions<'_>,
    ) -> RunOutcome {
        let Value::Object(input) = input else {
            panic!("the input is an object")
        };
        let input = self.flow.input.validate(input).expect("the input is valid");
        self.executor.run(&self.flow, input, options, journal).await
    }

    /// How long everything has taken, in milliseconds of virtual time.
    pub(crate) fn elapsed_ms(&self) -> u128 {
        self.clock.elapsed().as_millis()
    }
}

/// What a run came to, in one value: `returned`, `responded`, or the error's code.
pub(crate) fn gist(outcome: &RunOutcome) -> Value {
    let mut gist = serde_json::Map::new();
    gist.insert("status".into(), json!(outcome.status));
    if let Some(output) = &outcome.output {
        gist.insert("output".into(), output.clone());
    }
    if let Some(response) = &outcome.response {
        gist.insert("response".into(), json!([response.status, response.body]));
    }
    if let Some(error) = &outcome.error {
        gist.insert("error".into(), json!(error.code));
    }
    Value::Object(gist)
}
