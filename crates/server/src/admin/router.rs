//! Paths → answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use super::guard::{Guard, guard};
use super::{flows, health, metrics};
use crate::problem::Problem;
use crate::state::State;

/// The whole admin port.
pub(crate) fn router(state: Arc<State>) -> Router {
    let guarded = Arc::new(Guard::new(state.options.admin_token.as_ref()));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/flows", get(flows::flows))
        .route("/openapi.json", get(openapi))
        .fallback(async || Problem::NoRoute)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed {
            allow: HeaderValue::from_static("GET, HEAD"),
        })
        .with_state(state)
        .layer(from_fn_with_state(guarded, guard))
        .layer(map_response(hardened))
}

async fn openapi(Shared(state): Shared<Arc<State>>) -> Response {
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, state.site().openapi()).into_response()
}

/// Nothing here is to be kept, or taken for anything but what its type says.
async fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_answer().map(Body::new)
    }
}
