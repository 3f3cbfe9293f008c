//! For unit tests: flows behind an exchange, without sockets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use lockgate_engine::Executor;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::testing::TestClock;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_runtime::{Program, ProgramParts, Runtime, RuntimeOptions};
use lockgate_store::{Durability, Retention, Store, StoreSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::auth::Credentials;
use crate::exchange::exchange;
use crate::listen::Peer;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::site::{Site, SiteError, SiteParts};
use crate::state::State;

/// A step that waits until it is let through: `action: test.gate`.
#[derive(Clone)]
pub(crate) struct Gate {
    spec: Arc<ActionSpec>,
    pub(crate) open: Arc<Semaphore>,
    pub(crate) passed: Arc<Semaphore>,
}

#[async_trait]
impl Action for Gate {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        self.open.acquire().await.unwrap().forget();
        self.passed.add_permits(1);
        match input.get("fail").and_then(Value::as_str) {
            Some("panic") => panic!("as planned"),
            Some(message) => Err(ActionError::new("refused", message)),
            None => Ok(input),
        }
    }
}

/// Flows that are served, by an exchange alone.
pub(crate) struct Served {
    pub(crate) state: Arc<State>,
    pub(crate) gate: Gate,
    /// Where the store is.
    #[expect(dead_code, reason = "kept until the end of the test")]
    folder: Option<TempDir>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) body: Value,
}

impl Read {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    /// Flows as YAML; none may have a finding.
    #[track_caller]
    pub(crate) fn new(flows: &[&str]) -> Self {
        Self::with(flows, BTreeMap::new(), ServerOptions::default())
    }

    #[track_caller]
    pub(crate) fn with(
        flows: &[&str],
        credentials: BTreeMap<String, Arc<Credentials>>,
        options: ServerOptions,
    ) -> Self {
        let (site, gate, metrics) = site(flows, credentials);
        Self {
            state: Arc::new(State::new(site, options, metrics, None)),
            gate,
            folder: None,
        }
    }

    /// The same with a store in a folder of its own: what does not say `durable: false` is kept.
    pub(crate) fn kept(
        flows: &[&str],
        credentials: BTreeMap<String, Arc<Credentials>>,
        options: ServerOptions,
    ) -> Self {
        let (site, gate, metrics) = site(flows, credentials);
        let folder = TempDir::new().unwrap();
        let runtime = runtime(&site, folder.path());
        Self {
            state: Arc::new(State::new(site, options, metrics, Some(runtime))),
            gate,
            folder: Some(folder),
        }
    }

    /// What keeps the runs.
    pub(crate) fn runtime(&self) -> &Runtime {
        self.state.runtime.as_ref().unwrap()
    }

    /// Sends a request from 192.0.2.1.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Read {
        let peer = Peer {
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            is_tls: false,
        };
        let (head, body) = exchange(&self.state, peer, request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = match bytes.len() {
            0 => Value::Null,
            _ => serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        };
        Read {
            status: head.status.as_u16(),
            headers: head.headers,
            bytes,
            body,
        }
    }

    /// `METHOD target`, with a body of JSON if one is given.
    pub(crate) async fn ask(&self, line: &str, body: Option<Value>) -> Read {
        let body = body.map_or_else(String::new, |body| body.to_string());
        self.send(request(line, &[("content-type", "application/json")], body))
            .await
    }
}

#[track_caller]
fn site(flows: &[&str], credentials: BTreeMap<String, Arc<Credentials>>) -> (Site, Gate, Metrics) {
    let (site, gate, metrics) = try_site(flows, credentials);
    (site.unwrap(), gate, metrics)
}

/// A site of these flows. Without a word of it they are not kept.
#[track_caller]
pub(crate) fn try_site(
    flows: &[&str],
    credentials: BTreeMap<String, Arc<Credentials>>,
) -> (Result<Site, SiteError>, Gate, Metrics) {
    let mut spec = ActionSpec::new("test.gate", Effect::Once, "waits");
    spec.input = Schema::new(json!({ "type": "object" }));
    spec.errors = vec![ErrorSpec::new("refused", 502, "as asked")];
    let gate = Gate {
        spec: Arc::new(spec),
        open: Arc::new(Semaphore::new(0)),
        passed: Arc::new(Semaphore::new(0)),
    };
    let mut actions = Actions::new();
    actions.add(gate.clone());
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    for spec in crate::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    let mut file = "version: 1\nconnections:\n".to_owned();
    for (name, credentials) in &credentials {
        let kind = credentials.kind().name();
        let _ = writeln!(
            file,
            "  {name}: {{ type: {kind}, token: '${{A}}', username: a, password: '${{B}}', secret: '${{C}}' }}"
        );
    }
    let file = (!credentials.is_empty()).then(|| Source::new("lockgate.yaml", file));
    let sources: Vec<_> = flows
        .iter()
        .enumerate()
        .map(|(index, text)| Source::new(format!("flows/flow-{index}.yaml"), unkept(text)))
        .collect();
    let workspace = Workspace::check(file.as_ref(), &sources, &catalog);
    let errors: Vec<_> = workspace
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error() && finding.primary.source.path() != "lockgate.yaml")
        .map(|finding| &finding.message)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let flows = workspace.runnable();
    let executor = Executor::new(actions)
        .with_clock(Arc::new(TestClock::default()))
        .with_flows(flows.values().cloned());
    let metrics = Metrics::new();
    let parts = SiteParts {
        program: Arc::new(Program::new(ProgramParts {
            executor,
            flows,
            connections: BTreeMap::new(),
            catalog: Arc::new(catalog),
        })),
        credentials,
        broken: Vec::new(),
    };
    let site = Site::build(parts, None, &metrics);
    (site, gate, metrics)
}

/// A text that says nothing of it is one of a flow that is not kept.
fn unkept(text: &str) -> String {
    if text.contains("durable:") {
        return text.to_owned();
    }
    format!("durable: false\n{text}")
}

/// A runtime whose store is in this folder, started.
fn runtime(site: &Site, folder: &Path) -> Runtime {
    let settings = StoreSettings {
        path: folder.join("runs.db"),
        durability: Durability::Batched {
            every: Duration::from_millis(1),
        },
        retention: KEEPS_ALL,
        key: None,
    };
    let clock = Arc::clone(site.executor().clock());
    let store = Store::open(settings, clock).unwrap();
    let options = RuntimeOptions {
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(store, Arc::clone(&site.program), options);
    runtime.start();
    runtime
}

const KEEPS_ALL: Retention = Retention {
    age: None,
    count: None,
};

/// A request: `METHOD target`, headers, body.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

/// Polls until it is so. Under virtual time it lets none pass: what is waited for is done by threads that know nothing of it.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so().await {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "this did not happen: {what}"
        );
        let pause = || std::thread::sleep(Duration::from_millis(2));
        tokio::task::spawn_blocking(pause).await.unwrap();
    }
}
