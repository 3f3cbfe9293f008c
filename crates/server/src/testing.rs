//! For unit tests: flows behind an exchange, without sockets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

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
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::auth::Credentials;
use crate::exchange::exchange;
use crate::listen::Peer;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::site::{Site, SiteParts};
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
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
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
        let mut spec = ActionSpec::new("test.gate", Effect::Once, "waits");
        spec.input = Schema::new(json!({ "type": "object" }));
        spec.errors = vec![ErrorSpec {
            code: "refused",
            status: 502,
            summary: "as asked",
        }];
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
            .map(|(index, text)| Source::new(format!("flows/flow-{index}.yaml"), *text))
            .collect();
        let workspace = Workspace::check(file.as_ref(), &sources, &catalog);
        let errors: Vec<_> = workspace
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error() && finding.primary.source.path() != "lockgate.yaml")
            .map(|finding| &finding.message)
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let flows: Vec<_> = workspace.runnable().into_values().collect();
        let executor = Executor::new(actions)
            .with_clock(Arc::new(TestClock::default()))
            .with_flows(flows.iter().cloned());
        let metrics = Metrics::new();
        let parts = SiteParts {
            flows,
            executor,
            credentials,
            broken: Vec::new(),
        };
        let site = Site::build(parts, None, &metrics).unwrap();
        Self {
            state: Arc::new(State::new(site, options, metrics)),
            gate,
        }
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

/// A request: `METHOD target`, headers, body.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}
