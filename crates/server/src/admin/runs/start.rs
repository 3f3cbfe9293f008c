//! `POST /api/flows/{name}/runs`: starts a run of any flow whose runs are kept, and of another where this one is to be.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, LOCATION};
use lockgate_engine::request;
use lockgate_flow::diagnostic::suggestion;
use lockgate_flow::graph::Flow;
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
    /// What the flow sees as `request`; what is left out comes from its route.
    request: Option<Map<String, Value>>,
    /// Keeps this run of a flow whose runs are not kept.
    #[serde(default)]
    keep: bool,
}

/// The address of a caller of whom nothing is said: whoever asks here is an operator on this machine, or speaks for one.
const ADDRESS: &str = "127.0.0.1";

pub(in crate::admin) async fn start(
    Shared(state): Shared<Arc<State>>,
    Path(flow): Path<String>,
    headers: HeaderMap,
    JsonBody(Start { input, request, keep }): JsonBody<Start>,
) -> Result<Response, Problem> {
    let site = state.site();
    let flow = site.program.flow(&flow).ok_or_else(|| Problem::NoFlow {
        help: suggestion(&flow, site.program.flows().map(|flow| flow.name.as_str())),
        name: flow.clone(),
    })?;
    let refused = |code, what: &str| Problem::Conflict {
        code,
        what: what.to_owned(),
    };
    if !flow.durable && !keep {
        let what = "the runs of this flow are not kept (`durable: false`); call its route, or keep this run (`keep`)";
        return Err(refused("flow_not_kept", what));
    }
    let given = request.as_ref().map(read_request).transpose()?;
    let reads_request = reads_request(flow, |called| site.program.flow(called));
    if reads_request && given.is_none() {
        let what = "the flow looks at `request`, which its route gives; say what it sees there (`request`)";
        return Err(refused("needs_request", what));
    }
    let key = Key::of(&headers)?;
    let input = flow.input.validate(input).map_err(Problem::InvalidInput)?;
    // What nobody looks at is not recorded.
    let request = given
        .filter(|_| reads_request)
        .map(|given| complete(flow, &input, given));
    let start = StartRun {
        program: &site.program,
        flow,
        trigger: Trigger::Api,
        input,
        request,
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

/// What is said of a request, in the shape that one has over HTTP: every header and every parameter of the query is one text.
fn read_request(given: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let wrong = |what: String| Problem::Malformed(format!("`request`: {what}"));
    let request = request::read(given).map_err(|mistake| {
        let help = mistake.help.map_or_else(String::new, |help| format!("; {help}"));
        wrong(format!("{}{help}", mistake.message))
    })?;
    let query = request.get("query").and_then(Value::as_object);
    match query.into_iter().flatten().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(wrong(format!("`{name}` in the query is no text"))),
        None => Ok(request),
    }
}

/// With what the flow's route says of what is left out.
fn complete(flow: &Flow, input: &Value, given: Map<String, Value>) -> Value {
    let none = Map::new();
    let mut request = request::of_route(flow, input.as_object().unwrap_or(&none));
    request.insert("ip".to_owned(), json!(ADDRESS));
    request.extend(given);
    Value::Object(request)
}
