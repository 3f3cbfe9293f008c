//! Whether the process lives, and whether it wants requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use http::StatusCode;
use serde_json::{Value, json};

use crate::state::State;

/// It answers, so it lives. Says nothing of Auth0 or of anything else outside: to start the process again would not help.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// 503 with the reasons for which a load balancer should send nothing more.
pub(super) async fn ready(Shared(state): Shared<Arc<State>>) -> (StatusCode, Json<Value>) {
    let reasons: &[&str] = if state.is_stopping() { &["stopping"] } else { &[] };
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    (status, Json(json!({ "status": word, "reasons": reasons })))
}
