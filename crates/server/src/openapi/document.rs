//! The flows of a site → its document.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{HttpTrigger, Method, PathPart, Route};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::calls::Calls;
use super::components::{Components, camel_case};
use super::kept;
use super::operation::{Common, operation};
use super::problems;
use super::responses::Shared;
use super::security::Security;
use crate::auth::Credentials;
use crate::endpoint::template;

const DESCRIPTION: &str = "\
Each operation is a flow. An answer with `X-Run-Id` comes from a run of it. What goes wrong is a problem document \
(`application/problem+json`); its `code` says what.";

/// The document of these flows: `OpenAPI` 3.1.0, the same for the same flows. Those without an HTTP trigger are left out.
/// `credentials`, by the name of their connection, say which header callers sign in; nothing of a secret is written.
pub fn document(flows: &[Arc<Flow>], credentials: &BTreeMap<String, Arc<Credentials>>) -> Value {
    let by_name: BTreeMap<&str, &Arc<Flow>> = flows.iter().map(|flow| (flow.name.as_str(), flow)).collect();
    let served: Vec<(&Flow, &HttpTrigger)> = flows
        .iter()
        .filter_map(|flow| Some((&**flow, flow.syntax.trigger.http.as_ref()?)))
        .collect();
    let roots: Vec<&Flow> = served.iter().map(|(flow, _)| *flow).collect();
    let mut components = Components::default();
    for (name, schema) in [
        (problems::SCHEMA, problems::schema()),
        (kept::ACCEPTED, kept::schema()),
    ] {
        let name = components.claim(name);
        components.put(name, schema);
    }
    let mut common = Common {
        calls: Calls::of(&roots, &by_name, &mut components),
        components,
        security: Security::of(served.iter().map(|(_, trigger)| *trigger), credentials),
        shared: Shared::default(),
    };
    let mut paths: BTreeMap<String, BTreeMap<usize, (Method, Value)>> = BTreeMap::new();
    let mut known = Paths::default();
    let mut ids = HashSet::new();
    let mut security: Vec<Value> = Vec::new();
    for (flow, trigger) in &served {
        let route = &trigger.route.value;
        let path = known.path(route);
        let id = operation_id(&flow.name, &mut ids);
        let operation = operation(flow, trigger, &path.parameters, id, &mut common);
        if flow.durable {
            let needed = operation.get("security").and_then(Value::as_array);
            let needed = needed.cloned().unwrap_or_else(|| vec![json!({})]);
            for way in needed {
                if !security.contains(&way) {
                    security.push(way);
                }
            }
        }
        let order = Method::ALL.iter().position(|method| *method == route.method);
        paths
            .entry(path.template.clone())
            .or_default()
            .insert(order.unwrap_or_default(), (route.method, operation));
    }
    let answers = kept::path(&roots, security, &operation_id("run-answer", &mut ids));
    let paths: Map<String, Value> = paths
        .into_iter()
        .map(|(path, operations)| {
            let operations: Map<String, Value> = operations
                .into_values()
                .map(|(method, operation)| (method.name().to_ascii_lowercase(), operation))
                .collect();
            (path, Value::Object(operations))
        })
        .chain(answers.map(|answers| (kept::PATH.to_owned(), answers)))
        .collect();
    let Common {
        components,
        security,
        shared,
        ..
    } = common;
    let (paths, responses) = (Value::Object(paths), Value::Object(shared.into_responses()));
    let schemas = components.used_by([&paths, &responses]);
    let headers = used_headers(&paths, &responses);
    let parameters = if roots.iter().any(|flow| flow.durable) {
        kept::parameter_components()
    } else {
        Map::new()
    };
    let mut named = Map::new();
    for (part, entries) in [
        ("schemas", Value::Object(schemas)),
        ("responses", responses),
        ("headers", Value::Object(headers)),
        ("parameters", Value::Object(parameters)),
        ("securitySchemes", Value::Object(security.schemes())),
    ] {
        if entries.as_object().is_some_and(|entries| !entries.is_empty()) {
            named.insert(part.to_owned(), entries);
        }
    }
    let info = json!({ "title": "Lockgate flows", "description": DESCRIPTION, "version": version(&roots) });
    let mut document = Map::new();
    document.insert("openapi".to_owned(), "3.1.0".into());
    document.insert("info".to_owned(), info);
    document.insert("paths".to_owned(), paths);
    if !named.is_empty() {
        document.insert("components".to_owned(), Value::Object(named));
    }
    Value::Object(document)
}

/// Twelve hexadecimal digits that change when a served flow does.
fn version(flows: &[&Flow]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for flow in flows {
        hash.update(flow.digest.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(6)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The flow's name as an identifier of programs.
fn operation_id(flow: &str, taken: &mut HashSet<String>) -> String {
    let wanted = camel_case(flow);
    let mut id = wanted.clone();
    let mut number = 2_u32;
    while !taken.insert(id.clone()) {
        id = format!("{wanted}_{number}");
        number += 1;
    }
    id
}

/// The paths, each once: two that differ in the names of their parameters alone are one to `OpenAPI`, and the first
/// flow's names stand.
#[derive(Default)]
struct Paths(HashMap<String, Path>);

#[derive(Clone)]
struct Path {
    template: String,
    parameters: Vec<String>,
}

impl Paths {
    fn path(&mut self, route: &Route) -> Path {
        let shape: String = route
            .parts
            .iter()
            .map(|part| match part {
                PathPart::Fixed(text) => format!("/{text}"),
                PathPart::Parameter(_) => "/{}".to_owned(),
            })
            .collect();
        self.0
            .entry(shape)
            .or_insert_with(|| Path {
                template: template(&route.parts),
                parameters: route.parameters().map(str::to_owned).collect(),
            })
            .clone()
    }
}

/// The shared headers that something refers to.
fn used_headers(paths: &Value, responses: &Value) -> Map<String, Value> {
    let mut used = HashSet::new();
    let mut todo = vec![paths, responses];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(fields) => {
                let reference = fields.get("$ref").and_then(Value::as_str);
                used.extend(reference.and_then(|reference| reference.strip_prefix("#/components/headers/")));
                todo.extend(fields.values());
            }
            _ => {}
        }
    }
    problems::headers()
        .into_iter()
        .filter(|(name, _)| used.contains(name.as_str()))
        .collect()
}
