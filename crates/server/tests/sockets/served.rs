//! A server with a few flows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockgate_engine::Executor;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::event::Event;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_runtime::{Program, ProgramParts, Runtime, RuntimeOptions};
use lockgate_server::metrics::Metrics;
use lockgate_server::options::ServerOptions;
use lockgate_server::server::Server;
use lockgate_server::site::{Site, SiteParts};
use lockgate_store::{Durability, Store, StoreSettings};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::client::Client;

const FLOWS: &[(&str, &str)] = &[
    (
        "ping",
        "trigger: { http: GET /ping }\nsteps:\n  - return: { ok: true }\n",
    ),
    (
        "person",
        "trigger: { http: GET /people/:name }\ninput:\n  name: { type: string }\nsteps:\n  - return: { name: '{{input.name}}' }\n",
    ),
    (
        "echo",
        "trigger: { http: { method: POST, path: /echo, max_body: 2mb } }
input:
  text: { type: string, required: false }
  number: { type: number, required: false }
  data: { type: object, required: false }
steps:
  - return: '{{input}}'
",
    ),
    (
        "small",
        "trigger: { http: { method: POST, path: /small, max_body: 1kb } }
input:
  text: { type: string, required: false }
steps:
  - return: { ok: true }
",
    ),
    (
        "gate",
        "trigger: { http: POST /gate }\nsteps:\n  - action: test.gate\n  - return: { passed: true }\n",
    ),
    (
        "later",
        "trigger: { http: POST /later }\nsteps:\n  - respond: { status: 202 }\n  - action: test.gate\n",
    ),
    (
        "large",
        "trigger: { http: GET /large }\nsteps:\n  - id: large\n    action: test.large\n  - return: '{{steps.large.text}}'\n",
    ),
    (
        "panic",
        "trigger: { http: GET /panic }\nsteps:\n  - return: { ok: true }\n",
    ),
];

/// Flows whose runs are kept, and one whose are not.
pub(crate) const KEPT: &[(&str, &str)] = &[
    (
        "ping",
        "trigger: { http: GET /ping }\nsteps:\n  - return: { ok: true }\n",
    ),
    (
        "gate",
        "durable: true\ntrigger: { http: POST /gate }\nsteps:\n  - action: test.gate\n  - return: { id: '{{uuid}}' }\n",
    ),
    (
        "later",
        "durable: true\ntrigger: { http: POST /later }\nsteps:\n  - respond: { status: 202 }\n  - action: test.gate\n  - action: test.gate\n",
    ),
    (
        "asleep",
        "durable: true\ntrigger: { http: POST /asleep }\nsteps:\n  - wait: 1d\n  - return: { ok: true }\n",
    ),
];

/// A text that says nothing of it is one of a flow that is not kept.
fn unkept(text: &str) -> String {
    if text.contains("durable:") {
        return text.to_owned();
    }
    format!("durable: false\n{text}")
}

/// How much `GET /large` answers with: more than the buffers of both sockets take.
pub(crate) const LARGE: usize = 32 * 1024 * 1024;

/// A step that waits until it is let through: `test.gate`.
#[derive(Clone)]
pub(crate) struct Gate {
    spec: Arc<ActionSpec>,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    /// Waits until a run stands there.
    pub(crate) async fn entered(&self) {
        soon("a run at the gate", self.entered.acquire())
            .await
            .unwrap()
            .forget();
    }

    /// Lets one through.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}

#[async_trait]
impl Action for Gate {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, _: &ActionContext<'_>, _: Value) -> Result<Value, ActionError> {
        self.entered.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        Ok(json!({}))
    }
}

struct Large(Arc<ActionSpec>);

#[async_trait]
impl Action for Large {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.0
    }

    async fn call(&self, _: &ActionContext<'_>, _: Value) -> Result<Value, ActionError> {
        Ok(json!({ "text": "x".repeat(LARGE) }))
    }
}

/// A running server.
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) gate: Gate,
}

impl Served {
    pub(crate) async fn start(set: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = options();
        set(&mut options);
        let (site, gate, metrics) = site();
        let server = Server::start(options, site, metrics, None).await.unwrap();
        Self { server, gate }
    }

    /// The same with a store in a folder: what says `durable: true` is kept.
    pub(crate) async fn keeping(folder: &Path, set: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = options();
        set(&mut options);
        let (site, gate, metrics) = site_of(KEPT);
        let runtime = runtime(&site, folder);
        let server = Server::start(options, site, metrics, Some(runtime))
            .await
            .unwrap();
        Self { server, gate }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.server.address()).await
    }

    /// That it still serves, whatever was done to it.
    pub(crate) async fn still_serves(&self) {
        let mut client = self.connect().await;
        let answer = client.ask("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "ok": true })));
    }

    /// Sends this on a connection of its own and gives all answers, up to the end of the connection. (It ends because the
    /// server ends it, or because the client has closed its side.)
    pub(crate) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> Vec<crate::client::Answer> {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.close_own_side().await;
        let mut answers = Vec::new();
        while let Some(answer) = client.answer().await {
            answers.push(answer);
        }
        self.still_serves().await;
        answers
    }

    /// The only answer to this, and what it says: status and `code` (none where hyper answers).
    pub(crate) async fn refusal(&self, bytes: impl AsRef<[u8]>) -> (u16, Option<String>) {
        let mut answers = self.exchange(bytes).await;
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0).kind()
    }
}

/// Both ports free, on loopback.
pub(crate) fn options() -> ServerOptions {
    ServerOptions {
        address: ([127, 0, 0, 1], 0).into(),
        admin_address: ([127, 0, 0, 1], 0).into(),
        ..ServerOptions::default()
    }
}

/// What keeps the runs of a site.
fn runtime(site: &Site, folder: &Path) -> Runtime {
    let settings = StoreSettings {
        path: folder.join("runs.db"),
        durability: Durability::Full,
        retention: RuntimeOptions::default().retention,
        key: None,
    };
    let store = Store::open(settings, Arc::new(SystemClock::new())).unwrap();
    Runtime::new(store, Arc::clone(site.program()), RuntimeOptions::default())
}

pub(crate) fn site() -> (Site, Gate, Metrics) {
    site_of(FLOWS)
}

pub(crate) fn site_of(flows: &[(&str, &str)]) -> (Site, Gate, Metrics) {
    let any = || Schema::new(json!({ "type": "object" }));
    let mut spec = ActionSpec::new("test.gate", Effect::Once, "waits");
    spec.input = any();
    let gate = Gate {
        spec: Arc::new(spec),
        entered: Arc::new(Semaphore::new(0)),
        open: Arc::new(Semaphore::new(0)),
    };
    let mut spec = ActionSpec::new("test.large", Effect::Pure, "gives much");
    spec.input = any();
    spec.output = Schema::new(
        json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] }),
    );
    let mut actions = Actions::new();
    actions.add(gate.clone());
    actions.add(Large(Arc::new(spec)));
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    let sources: Vec<_> = flows
        .iter()
        .map(|(name, text)| Source::new(format!("flows/{name}.yaml"), unkept(text)))
        .collect();
    let workspace = Workspace::check(None, &sources, &catalog);
    assert!(!workspace.has_errors(), "{:?}", workspace.diagnostics);
    let flows = workspace.runnable();
    // Nothing stands between an observer and the exchange.
    let observer = |event: &Event<'_>| assert_ne!(event.flow, "panic", "as planned");
    let executor = Executor::new(actions)
        .with_flows(flows.values().cloned())
        .with_observer(Arc::new(observer));
    let metrics = Metrics::new();
    let parts = SiteParts {
        program: Arc::new(Program::new(ProgramParts {
            executor,
            flows,
            connections: BTreeMap::new(),
            catalog: Arc::new(catalog),
        })),
        credentials: BTreeMap::new(),
        broken: Vec::new(),
    };
    let site = Site::build(parts, None, &metrics).unwrap();
    (site, gate, metrics)
}

/// What must happen soon. The limit is far beyond every limit of a test, for machines that are busy.
pub(crate) async fn soon<T>(what: &str, it: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), it)
        .await
        .unwrap_or_else(|_| panic!("this did not happen: {what}"))
}

/// Polls until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    soon(what, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// How many tasks there are, of whatever kind.
pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}
