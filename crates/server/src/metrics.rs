//! What is counted, under the names that OpenTelemetry and Prometheus give it.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use lockgate_engine::outcome::RunStatus;

/// All metrics of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<()>);

/// The handles of one endpoint, looked up once when its site is built.
#[derive(Debug)]
pub(crate) struct EndpointMetrics {}

impl Metrics {
    /// None counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn endpoint(&self, _method: &'static str, _template: &str, _flow: &str) -> EndpointMetrics {
        EndpointMetrics {}
    }

    /// A request that leads to no endpoint: `method` is one of HTTP's own, else `_OTHER`.
    pub(crate) fn unrouted(&self, _method: &http::Method, _status: StatusCode, _took: Duration) {}

    /// The text of `/metrics`.
    pub(crate) fn render(&self) -> String {
        String::new()
    }
}

impl EndpointMetrics {
    /// A request has its answer.
    pub(crate) fn answered(&self, _status: StatusCode, _took: Duration) {}

    /// A run is over.
    pub(crate) fn ran(&self, _status: RunStatus, _took: Duration) {}
}
