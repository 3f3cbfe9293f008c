//! A step as a form: its fields, their schemas, and what stands in them.

use serde_json::{Value, json};

use super::Assist;
use super::answers::{Field, Form};
use super::complete::arguments::called_schema;
use super::describe;
use super::schema::{form_type, members};
use super::shapes::Shapes;
use super::verbs::verb;
use crate::graph::flatten;
use crate::schema::SchemaView;
use crate::syntax::{Step, Verb};
use crate::yaml::{Limits, Node, load};

pub(super) fn form(assist: &Assist<'_>, step: &Step) -> Option<Form> {
    let flow = assist.flow()?;
    let root = load(&flow.source, Limits::default()).root?;
    let node = node_at(&root, &step.path)?;
    let name = step.verb.name();
    let info = verb(name);
    let mut form = Form {
        verb: name.to_owned(),
        value: node.to_value(),
        fields: Vec::new(),
        connections: Vec::new(),
        needs_connection: false,
        action: None,
        docs: info.map(|info| info.docs.to_owned()).unwrap_or_default(),
        result: None,
    };
    match &step.verb {
        Verb::Action { action, .. } => {
            let spec = assist.catalog.action(&action.value);
            if let Some(spec) = spec {
                form.docs = describe::action(spec);
                form.action = Some(std::sync::Arc::clone(spec));
                let fitting = |kind: &str| spec.connection.as_deref() == Some(kind);
                let all = assist.workspace.connections().iter();
                form.connections = all
                    .filter(|connection| fitting(&connection.type_name.value))
                    .map(|connection| connection.name.value.clone())
                    .collect();
                form.needs_connection = spec.connection.is_some() && form.connections.len() > 1;
            }
            let schema = spec.map_or_else(|| json!({}), |spec| spec.input.as_value().clone());
            arguments(node, &schema, &mut form.fields);
        }
        Verb::Call { flow: called, .. } => {
            let others = assist
                .workspace
                .flows
                .iter()
                .filter(|other| other.name != flow.name);
            let names: Vec<&str> = others.map(|flow| flow.name.as_str()).collect();
            let schema = json!({ "type": "string", "enum": names, "description": "The flow that is run." });
            form.fields.push(field(node, "call", "/call", schema, true));
            let schema = called_schema(assist, &called.value).unwrap_or_else(|| json!({}));
            arguments(node, &schema, &mut form.fields);
        }
        other => of_verb(other, node, &mut form.fields),
    }
    let syntax = flow.syntax.as_deref()?;
    let steps = flatten(syntax);
    let config = assist.workspace.config();
    let shapes = Shapes::new(assist.workspace, assist.catalog, (syntax, &steps), &config);
    let gives = matches!(
        step.verb,
        Verb::Action { .. } | Verb::Call { .. } | Verb::ForEach { .. }
    );
    form.result = gives.then(|| shapes.of_step(step).into_owned());
    Some(form)
}

/// The node of a structural path, or nothing where the tree has none.
fn node_at<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    let segments: Vec<&str> = path.split('/').collect();
    let mut node = root;
    for (index, segment) in segments.iter().enumerate() {
        // `each/#` stands for the elements of a loop: no keys of the text.
        let is_loop = *segment == "each" && segments.get(index + 1) == Some(&"#");
        if is_loop || *segment == "#" {
            continue;
        }
        node = match node.as_list() {
            Some(items) => items.get(segment.parse::<usize>().ok()?)?,
            None => node.get(&key(segment))?,
        };
    }
    Some(node)
}

/// The key that a segment of a structural path stands for.
fn key(segment: &str) -> String {
    segment
        .replace("%40", "@")
        .replace("%23", "#")
        .replace("%2F", "/")
        .replace("%25", "%")
}

/// The fields of `with`: the required ones first, those that nobody knows last.
fn arguments(step: &Node, schema: &Value, fields: &mut Vec<Field>) {
    let mut known = members(schema);
    known.sort_by_key(|member| !member.required);
    let names: Vec<&str> = known.iter().map(|member| member.name).collect();
    for member in &known {
        let key = format!("/with/{}", escape(member.name));
        fields.push(field(
            step,
            member.name,
            &key,
            member.schema.clone(),
            member.required,
        ));
    }
    let Some(with) = step.get("with") else { return };
    match with.as_map() {
        Some(entries) => {
            let rest = schema
                .get("additionalProperties")
                .filter(|schema| schema.is_object());
            let rest = rest.cloned().unwrap_or(Value::Bool(true));
            for entry in entries
                .iter()
                .filter(|entry| !names.contains(&entry.key.text.as_str()))
            {
                let name = &entry.key.text;
                fields.push(field(
                    step,
                    name,
                    &format!("/with/{}", escape(name)),
                    rest.clone(),
                    false,
                ));
            }
        }
        // The whole input from one expression.
        None if !with.to_value().is_null() => {
            fields.push(field(step, "with", "/with", Value::Bool(true), false));
        }
        None => {}
    }
}

/// A name in a JSON Pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The keys of a verb that hold values.
fn of_verb(verb: &Verb, step: &Node, fields: &mut Vec<Field>) {
    let any = |docs: &str| json!({ "description": docs });
    let mut add = |name: &str, key: &str, schema: Value, required: bool| {
        fields.push(field(step, name, key, schema, required));
    };
    let is_map = |key: &str| step.get(key).is_some_and(|node| node.as_map().is_some());
    match verb {
        Verb::Choose { .. } => add("if", "/if", any("What decides: an expression."), true),
        Verb::Switch { .. } => add(
            "switch",
            "/switch",
            any("What is compared with the cases: an expression."),
            true,
        ),
        Verb::ForEach { .. } => {
            add(
                "for_each",
                "/for_each",
                any("The list: an expression, or a list written out."),
                true,
            );
            let name = json!({ "type": "string", "default": "item", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
                "description": "What the element is called inside." });
            add("as", "/as", name, false);
            let number = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 1,
                "description": "How many elements are worked on at the same time." });
            add("at_once", "/at_once", number, false);
            add(
                "yield",
                "/yield",
                any("What each element leaves behind in the result."),
                false,
            );
        }
        Verb::Set { variables } => {
            for (name, _) in variables {
                let docs = format!("Read as `vars.{}`.", name.value);
                add(
                    &name.value,
                    &format!("/set/{}", escape(&name.value)),
                    any(&docs),
                    true,
                );
            }
        }
        Verb::Wait(_) if is_map("wait") => {
            let time =
                json!({ "type": "string", "format": "date-time", "description": "A time with its zone." });
            add("until", "/wait/until", time, true);
        }
        Verb::Wait(_) => {
            let duration = json!({ "type": "string", "description": "A duration like `15m`." });
            add("wait", "/wait", duration, true);
        }
        Verb::Respond { .. } => {
            let status = json!({ "type": "integer", "minimum": 200, "maximum": 599, "default": 200,
                "description": "The HTTP status." });
            add("status", "/respond/status", status, false);
            let headers = json!({ "type": "object", "additionalProperties": { "type": ["string", "array", "null"] },
                "description": "Headers by name; one that is null is left out." });
            add("headers", "/respond/headers", headers, false);
            add(
                "body",
                "/respond/body",
                any("The body: text as it is, anything else as JSON."),
                false,
            );
        }
        Verb::Return { .. } => add(
            "return",
            "/return",
            any("The result: any value, also nothing."),
            false,
        ),
        Verb::Redirect { .. } => {
            let target =
                json!({ "type": "string", "format": "uri", "description": "Where the caller is sent." });
            if is_map("redirect") {
                add("to", "/redirect/to", target, true);
                let status = json!({ "enum": [301, 302, 303, 307, 308], "default": 303,
                    "description": "The HTTP status: 303 asks for a GET." });
                add("status", "/redirect/status", status, false);
            } else {
                add("redirect", "/redirect", target, true);
            }
        }
        Verb::Fail { .. } => {
            let code = json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "description": "For programs." });
            add("code", "/fail/code", code, true);
            add(
                "message",
                "/fail/message",
                json!({ "type": "string", "description": "For people." }),
                true,
            );
            let status = json!({ "type": "integer", "minimum": 400, "maximum": 599, "default": 422,
                "description": "The HTTP status." });
            add("status", "/fail/status", status, false);
            add(
                "details",
                "/fail/details",
                any("Anything more for the caller."),
                false,
            );
        }
        Verb::Action { .. } | Verb::Call { .. } | Verb::Parallel { .. } | Verb::Invalid => {}
    }
}

fn field(step: &Node, name: &str, key: &str, schema: Value, required: bool) -> Field {
    let written = at(step, key);
    let view = SchemaView::of(&schema);
    Field {
        name: name.to_owned(),
        key: key.to_owned(),
        type_name: form_type(&schema),
        required,
        secret: view.is_secret(),
        is_html: view.is_html(),
        is_expression: matches!(key, "/if" | "/switch" | "/for_each"),
        value: written.map(Node::to_value),
        span: written.map(|node| node.span),
        schema,
    }
}

/// The node at a JSON Pointer, only where it is there.
fn at<'n>(node: &'n Node, pointer: &str) -> Option<&'n Node> {
    let mut node = node;
    for token in pointer.split('/').skip(1) {
        node = node.get(&token.replace("~1", "/").replace("~0", "~"))?;
    }
    Some(node)
}
