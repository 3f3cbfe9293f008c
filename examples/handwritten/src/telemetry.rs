//! What an operator sees of each request: an id, a line in the log, a count and a duration.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use uuid::Uuid;

use crate::App;

const RUN_ID: HeaderName = HeaderName::from_static("x-run-id");

/// Bounds of the durations, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

pub(crate) struct Telemetry {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let mut registry = Registry::with_prefix("handwritten");
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "How long answers took",
            durations.clone(),
        );
        Self {
            registry,
            requests,
            durations,
        }
    }

    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Around every request to a route.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let run_id = Uuid::now_v7().to_string();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    let route = path.as_str().to_owned();
    app.telemetry
        .requests
        .get_or_create(&Answered {
            route: route.clone(),
            status,
        })
        .inc();
    app.telemetry
        .durations
        .get_or_create(&Route { route })
        .observe(took.as_secs_f64());
    tracing::info!(
        method = method.as_str(),
        route = path.as_str(),
        status,
        duration_ms = took.as_secs_f64() * 1000.0,
        run_id,
        "answered"
    );
    if let Ok(run_id) = HeaderValue::try_from(run_id) {
        response.headers_mut().insert(RUN_ID, run_id);
    }
    response
}
