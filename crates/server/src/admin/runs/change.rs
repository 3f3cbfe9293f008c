//! What an operator does with runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use lockgate_runtime::{ResumeRun, RunError};
use lockgate_store::replay::Replayed;
use lockgate_store::{Retention, Settled};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::history::{id, problem, runtime};
use crate::admin::body::JsonBody;
use crate::problem::Problem;
use crate::state::State;

/// Takes nothing: `{}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Nothing {}

/// `POST /api/runs/{id}/cancel`. It is recorded when this answers.
pub(in crate::admin) async fn cancel(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Json<Value>, Problem> {
    let id = id(&run)?;
    runtime(&state)?.cancel(id).await.map_err(refused)?;
    Ok(Json(json!({ "id": id, "status": "cancelled" })))
}

/// How a run is to go on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Resume {
    /// With the flow as it is now.
    #[serde(default)]
    current: bool,
    /// The step in doubt happened, with this result (which may be null).
    #[serde(default, deserialize_with = "given")]
    happened: Option<Value>,
    /// It did not.
    #[serde(default)]
    did_not_happen: bool,
}

/// Also null is given.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// `POST /api/runs/{id}/resume`
pub(in crate::admin) async fn resume(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
    JsonBody(how): JsonBody<Resume>,
) -> Result<Json<Value>, Problem> {
    let id = id(&run)?;
    let doubt = match (how.happened, how.did_not_happen) {
        (Some(_), true) => {
            let problem = "a step has `happened`, or it `did_not_happen`";
            return Err(Problem::Malformed(problem.to_owned()));
        }
        (Some(result), false) => Some(Settled::Happened(result)),
        (None, true) => Some(Settled::DidNotHappen),
        (None, false) => None,
    };
    let how = ResumeRun {
        with_current: how.current,
        doubt,
    };
    runtime(&state)?.resume(id, how).await.map_err(refused)?;
    Ok(Json(json!({ "id": id, "status": "running" })))
}

/// `POST /api/runs/{id}/replay`. Nothing happens outside.
pub(in crate::admin) async fn replay(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Json<Value>, Problem> {
    let id = id(&run)?;
    let Replayed { departures, end } = runtime(&state)?.replay(id).await.map_err(refused)?;
    Ok(Json(json!({
        "run_id": id,
        "departs": !departures.is_empty(),
        "departures": departures,
        "end": end,
    })))
}

/// What is old.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Prune {
    /// Runs that ended before so many seconds.
    older_than_seconds: Option<u64>,
    /// Runs beyond so many.
    keep: Option<u64>,
}

/// `POST /api/runs/prune`. Deletes in slices, between which runs go on; has deleted all when it answers.
pub(in crate::admin) async fn prune(
    Shared(state): Shared<Arc<State>>,
    JsonBody(what): JsonBody<Prune>,
) -> Result<Json<Value>, Problem> {
    /// A slice is one transaction, for which nobody should wait long.
    const SLICE: usize = 1_000;

    let retention = Retention {
        age: what.older_than_seconds.map(Duration::from_secs),
        count: what.keep,
    };
    if retention.age.is_none() && retention.count.is_none() {
        let problem = "say what is old: `older_than_seconds`, `keep`, or both";
        return Err(Problem::Malformed(problem.to_owned()));
    }
    let store = runtime(&state)?.store();
    let mut deleted = 0;
    loop {
        let slice = store
            .prune(retention, SLICE)
            .await
            .map_err(|error| problem(&error))?;
        deleted += slice;
        if slice == 0 {
            return Ok(Json(json!({ "deleted": deleted })));
        }
    }
}

/// Why something cannot be done with a run.
fn refused(error: RunError) -> Problem {
    match error {
        RunError::Unknown(_) => Problem::NoRun,
        RunError::Store(error) => problem(&error),
        error => Problem::Conflict {
            code: match &error {
                RunError::Status { .. } => "run_status",
                RunError::NoFlow { .. } => "no_such_flow",
                RunError::Unpinnable(..) => "run_unpinnable",
                _ => "run_departs",
            },
            what: error.to_string(),
        },
    }
}
