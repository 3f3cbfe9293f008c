//! The admin port: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, the list of flows.

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn router(_state: Arc<State>) -> Router {
    Router::new()
}
