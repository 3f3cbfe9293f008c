//! `POST /api/flows/{name}/runs`: starts a run of any flow whose runs are kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, LOCATION};
use lockgate_runtime::{Spawned, StartRun};
use lockgate_store::Trigger;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::history::runtime;
use crate::admin::body::JsonBody;
use crate::durable::{REPLAYED, not_started};
use crate::endpoint::reads_request;
use crate::idempotency::Key;
use crate::problem::Problem;
use crate::state::State;

/// What a run begins with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Start {
    #[serde(default)]
    input: Map<String, Value>,
}

pub(in crate::admin) async fn start(
    Shared(state): Shared<Arc<State>>,
    Path(flow): Path<String>,
    headers: HeaderMap,
    JsonBody(Start { input }): JsonBody<Start>,
) -> Result<Response, Problem> {
    let site = state.site();
    let flow = site.program.flow(&flow).ok_or(Problem::NoFlow)?;
    let refused = |code, what: &str| Problem::Conflict {
        code,
        what: what.to_owned(),
    };
    if !flow.durable {
        let what = "the runs of this flow are not kept (`durable: false`); call its route";
        return Err(refused("flow_not_kept", what));
    }
    if reads_request(flow, |called| site.program.flow(called)) {
        let what = "the flow looks at `request`, which only its route gives";
        return Err(refused("needs_request", what));
    }
    let key = Key::of(&headers)?;
    let input = flow.input.validate(input).map_err(Problem::InvalidInput)?;
    let start = StartRun {
        program: &site.program,
        flow,
        trigger: Trigger::Api,
        input,
        request: None,
        key: key.as_ref().map(Key::as_str),
        trace: None,
    };
    let spawned = runtime(&state)?.spawn(start).await.map_err(not_started)?;
    let id = spawned.id();
    let mut answer = (StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response();
    let headers = answer.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/api/runs/{id}")) {
        headers.insert(LOCATION, location);
    }
    match spawned {
        Spawned::Fresh(_) => {}
        Spawned::Known { same_input: true, .. } => {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Spawned::Known { .. } => return Err(Problem::KeyReused),
    }
    Ok(answer)
}
