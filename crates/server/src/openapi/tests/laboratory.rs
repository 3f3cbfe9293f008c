//! Flows from text, and questions to their document.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

use super::sound::check;
use crate::openapi::document;

/// The actions that ship, and `test.act`, whose result and errors are declared.
pub(super) fn catalog() -> Catalog {
    let mut actions = Actions::new();
    lockgate_actions::register(&mut actions, lockgate_http::HttpPolicy::default());
    lockgate_auth0::register(&mut actions);
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    catalog.add_connection(lockgate_auth0::connection_spec());
    for spec in crate::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    let mut spec = ActionSpec::new("test.act", Effect::Read, "Does as it is told.");
    spec.input = Schema::new(json!({ "type": "object" }));
    spec.output = Schema::new(json!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "count": { "type": "integer" },
            "token": { "type": "string", "secret": true },
            "tags": { "type": "array", "items": { "type": "string" } },
            "node": { "$ref": "#/$defs/node" },
        },
        "required": ["id", "count"],
        "additionalProperties": false,
        "$defs": {
            "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } },
        },
    }));
    spec.errors = vec![
        ErrorSpec::new("gone", 410, "what was asked for is gone"),
        ErrorSpec::new("locked", 423, "someone else has it"),
    ];
    catalog.add_action(Arc::new(spec));
    catalog
}

/// Compiled flows; none may have an error.
#[track_caller]
pub(super) fn flows(file: Option<&str>, texts: &[&str]) -> Vec<Arc<Flow>> {
    let file = file.map(|text| Source::new("lockgate.yaml", text));
    let sources: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Source::new(format!("flows/flow-{index}.yaml"), unkept(text)))
        .collect();
    let workspace = Workspace::check(file.as_ref(), &sources, &catalog());
    let errors: Vec<_> = workspace
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| &finding.message)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    workspace.flows.into_iter().filter_map(|flow| flow.flow).collect()
}

/// A text that says nothing of it is one of a flow that is not kept: those have fewer answers of the server's own.
pub(crate) fn unkept(text: &str) -> String {
    if text.contains("durable:") {
        return text.to_owned();
    }
    format!("durable: false\n{text}")
}

/// The document of these flows, which is sound.
#[track_caller]
pub(super) fn document_of(texts: &[&str]) -> Value {
    let document = document(&flows(None, texts), &BTreeMap::new());
    check(&document);
    document
}

/// The only operation of a flow that is given as `input` and what follows, under `POST /test`.
#[track_caller]
pub(super) fn responses_of(rest: &str, others: &[&str]) -> (Value, Value) {
    let flow = format!("name: test\ntrigger: {{ http: POST /test }}\n{rest}");
    let mut texts = vec![flow.as_str()];
    texts.extend(others);
    let document = document_of(&texts);
    let responses = document["paths"]["/test"]["post"]["responses"].clone();
    (document, responses)
}

/// What a reference leads to; any other value is itself.
#[track_caller]
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The body's schema of an answer.
#[track_caller]
pub(super) fn body_of<'a>(document: &'a Value, responses: &'a Value, status: &str) -> &'a Value {
    let schema = &responses[status]["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "no body at {status} in {responses:#}");
    resolved(document, schema)
}

/// The statuses that are not the server's own.
pub(super) fn statuses(responses: &Value) -> Vec<&str> {
    let own = ["400", "408", "413", "415", "422", "500", "503"];
    responses
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|status| !own.contains(status))
        .collect()
}

/// The codes of a status.
pub(super) fn codes<'a>(document: &'a Value, responses: &'a Value, status: &str) -> Vec<&'a str> {
    let response = resolved(document, &responses[status]);
    let codes = response["x-codes"].as_array().unwrap();
    codes.iter().map(|code| code.as_str().unwrap()).collect()
}
