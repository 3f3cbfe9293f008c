//! What the document says of flows whose runs are kept: headers of their requests, `Prefer: respond-async`, and the path at
//! which the answer is to be had later.

use lockgate_flow::graph::Flow;
use serde_json::{Map, Value, json};

use super::components::reference;
use super::problems::{self, PROBLEM_JSON};
use super::responses::Answer;
use crate::idempotency::LONGEST;

/// The name of the schema of what 202 answers with.
pub(super) const ACCEPTED: &str = "AcceptedRun";

/// The path of answers.
pub(super) const PATH: &str = "/_runs/{run_id}";

/// References to what a request for such a flow may have beside its input.
pub(super) fn parameters() -> impl Iterator<Item = Value> {
    let reference = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    parameter_components()
        .into_iter()
        .map(move |(name, _)| reference(&name))
}

/// What [`parameters`] refer to.
pub(super) fn parameter_components() -> Map<String, Value> {
    let key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Starts one run in 24 hours, however often it is sent: the same key with the same input gets the recorded answer.",
        "required": false,
        // A text in double quotes, which structured fields have, is taken too.
        "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!#-+.-~-]+$" },
    });
    let prefer = json!({
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async`: the answer is 202, with the place of the run's answer.",
        "required": false,
        "schema": { "type": "string", "examples": ["respond-async"] },
    });
    Map::from_iter([("Idempotency-Key".to_owned(), key), ("Prefer".to_owned(), prefer)])
}

/// The answer to a caller who does not wait.
pub(super) fn accepted() -> Answer {
    let text = |examples: &str| json!({ "type": "string", "examples": [examples] });
    Answer {
        status: "202".to_owned(),
        content: Some(("application/json".to_owned(), reference(ACCEPTED))),
        headers: vec![
            (
                "Location".to_owned(),
                text("/_runs/0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11"),
                true,
            ),
            ("Preference-Applied".to_owned(), text("respond-async"), true),
            (
                "Retry-After".to_owned(),
                json!({ "type": "integer", "minimum": 0 }),
                true,
            ),
        ],
    }
}

/// What [`accepted`] has in its body.
pub(super) fn schema() -> Value {
    json!({
        "description": "A run that has no answer yet.",
        "type": "object",
        "properties": {
            "run_id": { "type": "string", "format": "uuid" },
            "answer": { "type": "string", "format": "uri-reference", "description": "Where its answer will be." }
        },
        "required": ["run_id", "answer"],
        "additionalProperties": false
    })
}

/// The path of answers. `security` is what the flows ask for, each in its own way.
pub(super) fn path(flows: &[&Flow], security: Vec<Value>, id: &str) -> Option<Value> {
    if !flows.iter().any(|flow| flow.durable) {
        return None;
    }
    let problem = |description: &str| {
        json!({
            "description": description,
            "content": { PROBLEM_JSON: { "schema": reference(problems::SCHEMA) } },
        })
    };
    let mut operation = json!({
        "operationId": id,
        "summary": "The answer of a run",
        "description": "To be asked for as the run was: the flow's `auth` counts here, too.",
        "parameters": [{
            "name": "run_id",
            "in": "path",
            "description": "`X-Run-Id` of the answer, or `run_id` in it.",
            "required": true,
            "schema": { "type": "string", "format": "uuid" },
        }],
        "responses": {
            "202": {
                "description": "There is none yet.",
                "content": { "application/json": { "schema": reference(ACCEPTED) } },
            },
            "401": problem("The caller has not shown what the flow asks for."),
            "404": problem("There is no such run."),
            "503": problem("The store cannot be read."),
            "default": {
                "description": "What the run answered, as its flow's operation declares it.",
                "content": { "*/*": { "schema": {} } },
            },
        },
    });
    if !security.is_empty() {
        operation["security"] = Value::Array(security);
    }
    Some(json!({ "get": operation }))
}
