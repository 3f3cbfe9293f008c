//! What counts: the handles that the rest of the server has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use lockgate_engine::outcome::RunStatus;
use lockgate_flow::catalog::{ActionSpec, Text};

use super::actions::ActionSeries;
use super::exposition::{self, Gauges};
use super::histogram::{CALLS, Histogram, RUNS};
use super::series::Series;

/// All metrics of a process. Cheap to clone. Sites come and go; what was counted for a route or a flow goes on where it was.
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub(super) Arc<Counted>);

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// By method.
    pub(super) in_flight: [AtomicI64; METHODS.len()],
    pub(super) unrouted: Answers,
    routes: Mutex<BTreeMap<RouteKey, Arc<RouteSeries>>>,
    flows: Mutex<BTreeMap<Arc<str>, Arc<FlowSeries>>>,
    actions: Mutex<BTreeMap<Text, Arc<ActionSeries>>>,
    pub(super) reloads: Reloads,
}

/// Answered requests.
pub(super) type Answers = Series<(MethodLabel, StatusCode), Histogram>;

/// Template and method.
type RouteKey = (Arc<str>, &'static str);

/// What is counted of a route.
#[derive(Debug)]
pub(super) struct RouteSeries {
    pub(super) template: Arc<str>,
    pub(super) answers: Answers,
}

/// What is counted of a flow.
#[derive(Debug)]
pub(super) struct FlowSeries {
    pub(super) name: Arc<str>,
    pub(super) runs: Series<RunStatus, Histogram>,
    /// Requests that came to no run, by the code of their problem.
    pub(super) refusals: Series<&'static str, AtomicU64>,
    /// Failed steps, by action and code.
    pub(super) failures: Series<(Text, Text), AtomicU64>,
}

/// New sites.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    pub(super) succeeded: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) last_failed: AtomicBool,
    /// In milliseconds since 1970; 0 where there was none.
    pub(super) last_success: AtomicI64,
}

/// The methods that HTTP itself has (RFC 9110, section 9; RFC 5789), and one for all others: who invents methods must not
/// make series.
pub(crate) const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "_OTHER",
];

/// A method: its place in [`METHODS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MethodLabel(usize);

impl MethodLabel {
    fn of(method: &Method) -> Self {
        Self(match *method {
            Method::GET => 0,
            Method::HEAD => 1,
            Method::POST => 2,
            Method::PUT => 3,
            Method::PATCH => 4,
            Method::DELETE => 5,
            Method::CONNECT => 6,
            Method::OPTIONS => 7,
            Method::TRACE => 8,
            _ => METHODS.len() - 1,
        })
    }

    pub(super) fn name(self) -> &'static str {
        METHODS[self.0]
    }
}

/// The handles of one endpoint, looked up once when its site is built.
#[derive(Debug)]
pub(crate) struct EndpointMetrics {
    route: Arc<RouteSeries>,
    flow: Arc<FlowSeries>,
}

/// A request that has no answer yet; it is one less when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a AtomicI64);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counted {
    pub(super) fn routes(&self) -> Vec<Arc<RouteSeries>> {
        lock(&self.routes).values().cloned().collect()
    }

    pub(super) fn flows(&self) -> Vec<Arc<FlowSeries>> {
        lock(&self.flows).values().cloned().collect()
    }

    pub(super) fn actions(&self) -> Vec<Arc<ActionSeries>> {
        lock(&self.actions).values().cloned().collect()
    }
}

impl Metrics {
    /// None counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another version of the workspace is served from now on.
    pub fn reload_succeeded(&self, at: Timestamp) {
        let reloads = &self.0.reloads;
        reloads.succeeded.fetch_add(1, Ordering::Relaxed);
        reloads.last_failed.store(false, Ordering::Relaxed);
        reloads.last_success.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Another version of the workspace was refused; the old one is served on.
    pub fn reload_failed(&self) {
        self.0.reloads.failed.fetch_add(1, Ordering::Relaxed);
        self.0.reloads.last_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn endpoint(&self, method: &'static str, template: &str, flow: &str) -> EndpointMetrics {
        EndpointMetrics {
            route: self.route(method, template),
            flow: self.flow(flow),
        }
    }

    fn route(&self, method: &'static str, template: &str) -> Arc<RouteSeries> {
        let template: Arc<str> = Arc::from(template);
        let mut routes = lock(&self.0.routes);
        let route = routes.entry((Arc::clone(&template), method)).or_insert_with(|| {
            Arc::new(RouteSeries {
                template,
                answers: Series::default(),
            })
        });
        Arc::clone(route)
    }

    fn flow(&self, name: &str) -> Arc<FlowSeries> {
        let mut flows = lock(&self.0.flows);
        if let Some(flow) = flows.get(name) {
            return Arc::clone(flow);
        }
        let name: Arc<str> = Arc::from(name);
        let flow = Arc::new(FlowSeries {
            name: Arc::clone(&name),
            runs: Series::default(),
            refusals: Series::default(),
            failures: Series::default(),
        });
        flows.insert(name, Arc::clone(&flow));
        flow
    }

    pub(super) fn action(&self, spec: &ActionSpec) -> Arc<ActionSeries> {
        let mut actions = lock(&self.0.actions);
        let action = actions
            .entry(spec.name.clone())
            .or_insert_with(|| Arc::new(ActionSeries::new(spec)));
        Arc::clone(action)
    }

    pub(super) fn step_failed(&self, flow: &str, action: Text, code: Text) {
        let flow = self.flow(flow);
        let failures = flow.failures.get((action, code), AtomicU64::default);
        failures.fetch_add(1, Ordering::Relaxed);
    }

    /// A life of a run that is kept is over.
    pub(crate) fn ran(&self, flow: &str, status: RunStatus, took: Duration) {
        ran(&self.flow(flow), status, took);
    }

    /// A request begins.
    pub(crate) fn in_flight(&self, method: &Method) -> InFlight<'_> {
        let count = &self.0.in_flight[MethodLabel::of(method).0];
        count.fetch_add(1, Ordering::Relaxed);
        InFlight(count)
    }

    /// A request that leads to no endpoint has its answer.
    pub(crate) fn unrouted(&self, method: &Method, status: StatusCode, took: Duration) {
        answered(&self.0.unrouted, method, status, took);
    }

    /// A request to a path of the server's own has its answer.
    pub(crate) fn answered_at(&self, template: &str, method: &Method, status: StatusCode, took: Duration) {
        answered(&self.route("GET", template).answers, method, status, took);
    }

    /// Writes the content of `/metrics`.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write(&self, gauges: Gauges, writer: &mut impl fmt::Write) -> fmt::Result {
        exposition::write(&self.0, gauges, writer)
    }
}

impl EndpointMetrics {
    /// A request has its answer. `method` is the request's own: HEAD, where GET answers it.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        answered(&self.route.answers, method, status, took);
    }

    /// A request came to no run, for the reason that this code of a problem names.
    pub(crate) fn refused(&self, code: &'static str) {
        let refusals = self.flow.refusals.get(code, AtomicU64::default);
        refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// A run is over.
    pub(crate) fn ran(&self, status: RunStatus, took: Duration) {
        ran(&self.flow, status, took);
    }
}

fn ran(flow: &FlowSeries, status: RunStatus, took: Duration) {
    flow.runs.get(status, || Histogram::new(&RUNS)).observe(took);
}

fn answered(answers: &Answers, method: &Method, status: StatusCode, took: Duration) {
    let key = (MethodLabel::of(method), status);
    answers.get(key, || Histogram::new(&CALLS)).observe(took);
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
