//! JSON Schemas, read for people: what a type is called, which fields and values there are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::schema::{SchemaView, TypeSet};

/// A field that a schema shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    /// Whether every value of the schema has it.
    pub(super) required: bool,
}

/// The fields that values of a schema may have, those of alternatives too.
pub(super) fn members(schema: &Value) -> Vec<Member<'_>> {
    let view = SchemaView::of(schema);
    let mut found: Vec<Member<'_>> = view
        .property_names()
        .filter_map(|name| {
            Some(Member {
                name,
                schema: view.property(name)?.as_value(),
                required: view.requires(name),
            })
        })
        .collect();
    for (keyword, is_sure) in [("allOf", true), ("anyOf", false), ("oneOf", false)] {
        for part in schema
            .get(keyword)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            for member in members(part) {
                if !found.iter().any(|known| known.name == member.name) {
                    found.push(Member {
                        required: is_sure && member.required,
                        ..member
                    });
                }
            }
        }
    }
    found
}

/// The schema behind a field or an index; `None` where the schema says nothing of it.
pub(super) fn member<'a>(schema: &'a Value, name: &str) -> Option<Member<'a>> {
    if let Some(found) = members(schema).into_iter().find(|member| member.name == name) {
        return Some(found);
    }
    let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let items = schema.get("items").filter(|_| is_index)?;
    Some(Member {
        name: "0",
        schema: items,
        required: false,
    })
}

/// What a value of a schema is, for people: `string (email)`, `array of object`, `free | pro`.
pub(super) fn type_name(schema: &Value) -> String {
    if let Some(value) = schema.get("const") {
        return shown(value);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.is_empty()
    {
        let mut names: Vec<String> = values.iter().take(6).map(shown).collect();
        if values.len() > names.len() {
            names.push("…".to_owned());
        }
        return names.join(" | ");
    }
    let types = SchemaView::of(schema).types();
    if types == TypeSet::ANY {
        return "any".to_owned();
    }
    if types == TypeSet::ARRAY
        && let Some(items) = schema.get("items").filter(|items| items.is_object())
    {
        let of = type_name(items);
        return if of == "any" {
            "array".to_owned()
        } else {
            format!("array of {of}")
        };
    }
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => format!("{types} ({format})"),
        None => types.to_string(),
    }
}

/// A value in a text for people: texts as they are.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One word for a form.
pub(super) fn form_type(schema: &Value) -> &'static str {
    let types = SchemaView::of(schema).types().without(TypeSet::NULL);
    [
        (TypeSet::STRING, "string"),
        (TypeSet::INTEGER, "integer"),
        (TypeSet::NUMBER, "number"),
        (TypeSet::BOOLEAN, "boolean"),
        (TypeSet::OBJECT, "object"),
        (TypeSet::ARRAY, "array"),
    ]
    .into_iter()
    .find(|(known, _)| !types.is_empty() && types.is_subset_of(*known))
    .map_or("any", |(_, name)| name)
}

/// The values that a schema lists, or both booleans.
pub(super) fn values(schema: &Value) -> Vec<Value> {
    if let Some(value) = schema.get("const") {
        return vec![value.clone()];
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.clone();
    }
    if SchemaView::of(schema).types() == TypeSet::BOOLEAN {
        return vec![Value::Bool(true), Value::Bool(false)];
    }
    ["anyOf", "oneOf"]
        .iter()
        .filter_map(|keyword| schema.get(*keyword)?.as_array())
        .flatten()
        .flat_map(values)
        .collect()
}

/// The schema of one value.
pub(super) fn of_value(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), of_value(value)))
                .collect();
            let required: Vec<&String> = fields.keys().collect();
            json!({ "type": "object", "required": required, "properties": properties })
        }
        Value::Array(items) => match items.split_first() {
            Some((first, rest)) if rest.iter().all(|item| of_value(item) == of_value(first)) => {
                json!({ "type": "array", "items": of_value(first) })
            }
            _ => json!({ "type": "array" }),
        },
        Value::Null => json!({ "type": "null" }),
        other => of_types(TypeSet::of(other)),
    }
}

/// The schema of a set of types.
pub(super) fn of_types(types: TypeSet) -> Value {
    if types == TypeSet::ANY || types.is_empty() {
        return json!({});
    }
    let names = types.to_string();
    let mut names: Vec<&str> = names.split(" or ").collect();
    match (names.pop(), names.is_empty()) {
        (Some(name), true) => json!({ "type": name }),
        (Some(name), false) => {
            names.push(name);
            json!({ "type": names })
        }
        (None, _) => json!({}),
    }
}

/// A schema that takes what any of these takes.
pub(super) fn any_of(mut schemas: Vec<Value>) -> Value {
    schemas.dedup();
    match (schemas.pop(), schemas.is_empty()) {
        (None, _) => json!({}),
        (Some(only), true) => only,
        (Some(last), false) => {
            schemas.push(last);
            if schemas.iter().any(|schema| *schema == json!({})) {
                return json!({});
            }
            let kinds: BTreeSet<String> = schemas.iter().map(type_name).collect();
            if kinds.len() == 1 && !kinds.contains("object") {
                return schemas.pop().unwrap_or_default();
            }
            json!({ "anyOf": schemas })
        }
    }
}
