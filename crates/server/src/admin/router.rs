//! Paths → answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State as Shared;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use tokio::sync::watch;

use super::guard::{Guard, guard};
use super::{flows, health, metrics, runs};
use crate::problem::Problem;
use crate::state::State;

/// The document of this port, by hand; a test holds it to the routes and to what they answer.
pub(super) const DOCUMENT: &str = include_str!("../../../../schemas/admin-api.openapi.json");

/// A router that another crate puts beside the admin port's own paths.
pub struct Mounted {
    /// Its routes; none of them is one of the admin port's, and it has no fallback.
    pub router: Router,
    /// Which paths are answered without the token: what holds no data, and a browser asks for before anyone can show it.
    pub is_open: fn(&str) -> bool,
}

/// That the server stops, for what is mounted: an [`Extension`] of its requests. What streams ends with it.
#[derive(Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// `stopping` says when.
    pub const fn new(stopping: watch::Receiver<bool>) -> Self {
        Self(stopping)
    }

    /// Completes when the server stops.
    pub async fn wait(&mut self) {
        // Who would say so is gone: it has stopped.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

type Route = (&'static str, &'static str, MethodRouter<Arc<State>>);

/// Every route: its path, the methods that it takes, who answers.
pub(super) fn routes() -> Vec<Route> {
    let get = |path, handler: MethodRouter<Arc<State>>| (path, "GET, HEAD", handler);
    let post = |path, handler: MethodRouter<Arc<State>>| (path, "POST", handler);
    vec![
        get("/healthz", routing::get(health::alive)),
        get("/readyz", routing::get(health::ready)),
        get("/metrics", routing::get(metrics::metrics)),
        get("/openapi.json", routing::get(openapi)),
        get("/api/openapi.json", routing::get(document)),
        get("/api/flows", routing::get(flows::flows)),
        post("/api/flows/{name}/runs", routing::post(runs::start)),
        get("/api/runs", routing::get(runs::list)),
        post("/api/runs/prune", routing::post(runs::prune)),
        get("/api/runs/{id}", routing::get(runs::show)),
        get("/api/runs/{id}/export", routing::get(runs::export)),
        get("/api/runs/{id}/events", routing::get(runs::events)),
        post("/api/runs/{id}/cancel", routing::post(runs::cancel)),
        post("/api/runs/{id}/resume", routing::post(runs::resume)),
        post("/api/runs/{id}/replay", routing::post(runs::replay)),
    ]
}

/// The whole admin port. What is mounted stands behind the same guard.
pub(crate) fn router(state: Arc<State>, mounted: Option<Mounted>) -> Router {
    let open = mounted.as_ref().map(|mounted| mounted.is_open);
    let guarded = Arc::new(Guard::new(state.options.admin_token.as_ref(), open));
    let router = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods, handler)| {
            let allow = HeaderValue::from_static(methods);
            router.route(
                path,
                handler.fallback(move || async move { Problem::MethodNotAllowed { allow } }),
            )
        });
    let stopping = Stopping::new(state.stopping());
    let beside = mounted.map(|mounted| mounted.router.layer(Extension(stopping)));
    let beside = beside.unwrap_or_default();
    router
        .fallback(async || Problem::NoRoute)
        .with_state(state)
        .merge(beside)
        .layer(from_fn_with_state(guarded, guard))
        .layer(map_response(hardened))
}

async fn document() -> Response {
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, DOCUMENT).into_response()
}

async fn openapi(Shared(state): Shared<Arc<State>>) -> Response {
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, state.site().openapi()).into_response()
}

/// Nothing here is to be kept, unless it says so itself, or taken for anything but what its type says.
async fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_answer().map(Body::new)
    }
}
