//! Whether the process lives, and whether it wants requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use http::StatusCode;
use lockgate_runtime::Runtime;
use serde_json::{Value, json};

use crate::state::State;

/// It answers, so it lives. Says nothing of Auth0 or of anything else outside: to start the process again would not help.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// 503 with the reasons for which a load balancer should send nothing more: the server stops; or its store cannot be written,
/// and every flow that it serves has runs that are kept, so that another server is the better choice for all of them. Where some
/// flows need no store, they are still served, and requests for the others are refused one by one.
pub(super) async fn ready(Shared(state): Shared<Arc<State>>) -> (StatusCode, Json<Value>) {
    let is_failing = |runtime: &Runtime| runtime.store().failing().is_some();
    let mut reasons = Vec::new();
    if state.is_stopping() {
        reasons.push("stopping");
    }
    if state.site().is_all_kept() && state.runtime.as_ref().is_some_and(is_failing) {
        reasons.push("store");
    }
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    (status, Json(json!({ "status": word, "reasons": reasons })))
}
