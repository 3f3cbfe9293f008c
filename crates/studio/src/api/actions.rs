//! `/api/actions`, `/api/functions`, `/api/diagnostics/{code}`: what there is to know of the language.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use lockgate_flow::catalog::{ActionSpec, COMMON_ERRORS, KnownInput};
use lockgate_flow::diagnostic::Code;
use lockgate_flow::expression::functions;
use lockgate_server::problem::Problem;
use serde_json::{Value, json};

use super::Studio;
use crate::problem::problem;

/// `GET /api/actions`
pub(super) async fn actions(State(studio): State<Arc<Studio>>) -> Json<Vec<Value>> {
    let desk = studio.desk();
    Json(desk.catalog.actions().map(|action| show(action)).collect())
}

fn show(action: &ActionSpec) -> Value {
    json!({
        "name": action.name,
        "group": action.group.title(),
        "summary": action.summary,
        "docs": action.docs,
        "effect": action.effect.name(),
        "connection": action.connection,
        "input": action.input.as_value(),
        "output": action.output.as_value(),
        "errors": errors(action),
        "scopes": scopes(action),
        "example": action.example,
    })
}

/// The codes that an action can fail with, its own first.
pub(super) fn errors(action: &ActionSpec) -> Vec<Value> {
    let is_own = |code: &str| action.errors.iter().any(|error| error.code == code);
    let common = COMMON_ERRORS.iter().filter(|error| !is_own(&error.code));
    let errors = action.errors.iter().chain(common);
    errors
        .map(|error| json!({ "code": error.code, "status": error.status, "when": error.summary }))
        .collect()
}

/// What it needs at the least, where that can be said without its input.
fn scopes(action: &ActionSpec) -> Vec<String> {
    let Some(rule) = action.scopes else {
        return Vec::new();
    };
    let known = KnownInput {
        value: json!({}),
        unknown: Vec::new(),
    };
    rule(&known).into_iter().map(|need| need.0.join(" or ")).collect()
}

/// `GET /api/functions`
pub(super) async fn functions() -> Json<Vec<Value>> {
    let all = functions::all().map(|function| {
        let examples = function.examples.iter();
        json!({
            "name": function.name,
            "group": function.group.title(),
            "signature": function.signature(),
            "docs": function.summary,
            "examples": examples.map(|(expression, gives)| format!("{expression} → {gives}")).collect::<Vec<_>>(),
        })
    });
    Json(all.collect())
}

/// `GET /api/diagnostics/{code}`
pub(super) async fn explain(Path(code): Path<String>) -> Result<Json<Value>, Problem> {
    let found: Code = code.parse().map_err(|()| {
        problem(
            StatusCode::NOT_FOUND,
            "no_such_code",
            format!("no finding has the code {code}"),
        )
    })?;
    Ok(Json(json!({ "code": found.as_str(), "markdown": found.page() })))
}
