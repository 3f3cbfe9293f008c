//! `/api/connections`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;

use serde::Deserialize;

use super::Studio;
use crate::operations::{Connection, ConnectionCheck};

/// Takes nothing: `{}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `GET /api/connections`
pub(super) async fn list(State(studio): State<Arc<Studio>>) -> Result<Json<Vec<Connection>>, Problem> {
    studio.operations.connections().await.map(Json)
}

/// `POST /api/connections/{name}/check`
pub(super) async fn check(
    State(studio): State<Arc<Studio>>,
    Path(name): Path<String>,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Json<ConnectionCheck>, Problem> {
    studio.operations.check_connection(&name).await.map(Json)
}
