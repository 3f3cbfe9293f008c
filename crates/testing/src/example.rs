//! What an action could answer, made up from its declaration: for people who have to write a mock.

use lockgate_flow::schema::SchemaView;
use serde_json::{Value, json};

use crate::subject::Subject;

/// How deep it goes: what is below is shown as empty.
const DEEPEST: usize = 4;

/// An output of an action, as one line that is YAML too.
pub(crate) fn output(subject: &Subject, action: &str) -> String {
    subject
        .catalog
        .action(action)
        .map_or_else(|| "…".to_owned(), |spec| flow_style(&of(spec.output.view(), 0)))
}

fn of(schema: SchemaView<'_>, depth: usize) -> Value {
    let written = schema.as_value();
    if let Some(first) = written.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    if let Some(value) = written.get("const").or_else(|| written.get("default")) {
        return value.clone();
    }
    let type_name = written.get("type").map(|types| types.get(0).unwrap_or(types));
    match type_name.and_then(Value::as_str) {
        Some("string") => json!("…"),
        Some("integer" | "number") => written.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => json!([]),
        _ if depth >= DEEPEST => json!({}),
        _ => {
            let names: Vec<&str> = schema.property_names().collect();
            let required = names.iter().filter(|name| schema.requires(name));
            let fields = required.filter_map(|name| {
                let field = schema.property(name)?;
                Some(((*name).to_owned(), of(field, depth + 1)))
            });
            Value::Object(fields.collect())
        }
    }
}

/// `{ id: 1, name: "…" }`
fn flow_style(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", flow_style(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        value => value.to_string(),
    }
}
