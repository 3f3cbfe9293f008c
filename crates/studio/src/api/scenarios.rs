//! `/api/scenarios`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::Deserialize;

use super::Studio;
use crate::operations::{Scenario, ScenarioPlan};
use crate::problem::read_only;

/// `GET /api/scenarios`
pub(super) async fn list(State(studio): State<Arc<Studio>>) -> Result<Json<Arc<[Scenario]>>, Problem> {
    studio.operations.scenarios().await.map(Json)
}

/// How a scenario is added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    dry_run: bool,
}

/// `POST /api/scenarios/{name}`
pub(super) async fn add(
    State(studio): State<Arc<Studio>>,
    Path(name): Path<String>,
    JsonBody(Add { dry_run }): JsonBody<Add>,
) -> Result<Json<ScenarioPlan>, Problem> {
    // What it would do can be looked at.
    if !dry_run && !studio.files.setting().is_writable {
        return Err(read_only());
    }
    studio.operations.add_scenario(&name, dry_run).await.map(Json)
}
