//! One run: with its steps, for people; with everything that is kept of it, for programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};

use super::history::{ask, id};
use crate::problem::Problem;
use crate::state::State;

/// `GET /api/runs/{id}`
pub(in crate::admin) async fn show(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let id = id(&run)?;
    let run = ask(&state, move |history| history.run(id)).await?;
    let run = run.ok_or(Problem::NoRun)?;
    Ok(Json(run.shown()).into_response())
}

/// `GET /api/runs/{id}/export`
pub(in crate::admin) async fn export(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let id = id(&run)?;
    let export = ask(&state, move |history| history.export(id)).await?;
    Ok(Json(export.ok_or(Problem::NoRun)?).into_response())
}
