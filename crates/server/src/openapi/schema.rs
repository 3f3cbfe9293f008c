//! JSON Schemas on their way into the document, and together.

use lockgate_flow::schema::{SchemaView, TypeSet};
use serde_json::{Map, Value, json};

/// A union of more alternatives than this says their types only.
const MOST_ALTERNATIVES: usize = 16;

const TYPES: [&str; 7] = [
    "string", "number", "integer", "boolean", "array", "object", "null",
];

/// The schema that says nothing.
pub(super) fn any() -> Value {
    Value::Object(Map::new())
}

/// Whether a schema says nothing.
pub(super) fn is_any(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.is_empty(),
        schema => *schema == Value::Bool(true),
    }
}

/// Whether a schema is more than a few words: it gets a name, and generated clients a type.
pub(super) fn is_worth_a_name(schema: &Value) -> bool {
    ["properties", "items", "anyOf", "oneOf", "allOf", "$defs"]
        .iter()
        .any(|keyword| schema.get(keyword).is_some())
}

/// A field's schema as callers see it, if it stands at `place` (a URI fragment of the document): references lead where
/// it stands, and what is secret is write-only.
pub(super) fn of_request(schema: &Value, is_secret: bool, place: &str) -> Value {
    let mut shown = moved(schema, place, true);
    if is_secret && let Value::Object(fields) = &mut shown {
        write_only(fields);
    }
    shown
}

/// A result's schema as callers see it.
pub(super) fn of_answer(schema: &Value, place: &str) -> Value {
    moved(schema, place, false)
}

/// Whether a schema refers to a part of itself.
pub(super) fn has_references(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| key == "$ref" || has_references(value)),
        Value::Array(items) => items.iter().any(has_references),
        _ => false,
    }
}

/// `enum` alone is enough for a validator; a generator wants the type.
fn name_type(schema: &mut Value) {
    let types = types_of(schema);
    if let Value::Object(fields) = schema
        && !fields.contains_key("type")
        && (fields.contains_key("enum") || fields.contains_key("const"))
        && let Some(name) = of_types(types).get("type")
    {
        fields.shift_insert(0, "type".to_owned(), name.clone());
    }
}

fn write_only(fields: &mut Map<String, Value>) {
    let is_text = fields.get("type").and_then(Value::as_str) == Some("string");
    if is_text && !fields.contains_key("format") {
        fields.insert("format".to_owned(), "password".into());
    }
    fields.insert("writeOnly".to_owned(), Value::Bool(true));
}

/// The schema with its references led to `place`, and our own annotations put into OpenAPI's words or left out.
fn moved(schema: &Value, place: &str, is_request: bool) -> Value {
    let Value::Object(fields) = schema else {
        // `true` says nothing, and generators know `{}` better.
        return if *schema == Value::Bool(true) {
            any()
        } else {
            schema.clone()
        };
    };
    let inner = |schema: &Value| moved(schema, place, is_request);
    let mut result = Map::with_capacity(fields.len());
    let mut is_secret = false;
    for (keyword, value) in fields {
        let value = match (keyword.as_str(), value) {
            ("secret", _) => {
                is_secret = *value == Value::Bool(true);
                continue;
            }
            ("html" | "exposed", _) => continue,
            ("$ref", Value::String(reference)) => match reference.strip_prefix('#') {
                Some(pointer) => format!("{place}{pointer}").into(),
                None => value.clone(),
            },
            (
                "items" | "contains" | "propertyNames" | "not" | "if" | "then" | "else" | "unevaluatedItems",
                value,
            ) => inner(value),
            ("additionalProperties" | "unevaluatedProperties", Value::Object(_)) => inner(value),
            ("properties" | "patternProperties" | "$defs" | "dependentSchemas", Value::Object(schemas)) => {
                Value::Object(
                    schemas
                        .iter()
                        .map(|(name, schema)| (name.clone(), inner(schema)))
                        .collect(),
                )
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().map(inner).collect()
            }
            _ => value.clone(),
        };
        result.insert(keyword.clone(), value);
    }
    if is_secret && is_request {
        write_only(&mut result);
    }
    let mut result = Value::Object(result);
    name_type(&mut result);
    result
}

/// Whether a schema can stand elsewhere than where it was written: it names nothing that only its own root knows.
pub(super) fn is_movable(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().all(|(key, value)| match (key.as_str(), value) {
            ("$id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor", Value::String(_)) => false,
            ("$ref", Value::String(reference)) => reference == "#" || reference.starts_with("#/"),
            (_, value) => is_movable(value),
        }),
        Value::Array(items) => items.iter().all(is_movable),
        _ => true,
    }
}

/// Any value of these types.
pub(super) fn of_types(types: TypeSet) -> Value {
    if types == TypeSet::ANY {
        return any();
    }
    let mut rest = types;
    let mut names = Vec::new();
    for name in TYPES {
        let Some(set) = TypeSet::named(name) else { continue };
        if !rest.is_empty() && set.is_subset_of(rest) {
            names.push(name);
            rest = rest.without(set);
        }
    }
    if !rest.is_empty() {
        // Numbers that are not whole have no name of their own.
        names.push("number");
    }
    match names.as_slice() {
        [name] => json!({ "type": name }),
        names => json!({ "type": names }),
    }
}

/// This value, as far as it is worth saying: a list by what is in it.
pub(super) fn of_constant(value: &Value) -> Value {
    described(value, true)
}

/// Values like this one.
pub(super) fn like(value: &Value) -> Value {
    described(value, false)
}

fn described(value: &Value, exactly: bool) -> Value {
    match value {
        Value::Null => json!({ "type": "null" }),
        Value::Array(items) if items.is_empty() => json!({ "type": "array" }),
        Value::Array(items) => list_of(&union(items.iter().map(like))),
        Value::Object(fields) => {
            let properties = fields
                .iter()
                .map(|(name, value)| (name.clone(), described(value, exactly), true));
            object(properties)
        }
        value => {
            let mut schema = of_types(TypeSet::of(value));
            if exactly && let Value::Object(fields) = &mut schema {
                fields.insert("const".to_owned(), value.clone());
            }
            schema
        }
    }
}

/// A list of these.
pub(super) fn list_of(items: &Value) -> Value {
    if is_any(items) {
        json!({ "type": "array" })
    } else {
        json!({ "type": "array", "items": items })
    }
}

/// An object with these properties, and whether each is always there.
pub(super) fn object(properties: impl IntoIterator<Item = (String, Value, bool)>) -> Value {
    let (mut shown, mut required) = (Map::new(), Vec::new());
    for (name, schema, is_required) in properties {
        if is_required && !shown.contains_key(&name) {
            required.push(name.clone());
        }
        shown.insert(name, schema);
    }
    let mut object = json!({ "type": "object" });
    if !shown.is_empty() {
        object["properties"] = Value::Object(shown);
    }
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// A value of any of these schemas.
pub(super) fn union(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    let mut types = TypeSet::NONE;
    for schema in schemas {
        for schema in alternatives(schema) {
            if is_any(&schema) {
                return any();
            }
            types = types.union(types_of(&schema));
            if kept.len() <= MOST_ALTERNATIVES && !kept.contains(&schema) {
                kept.push(schema);
            }
        }
    }
    if kept.len() > MOST_ALTERNATIVES {
        return of_types(types);
    }
    merge_constants(&mut kept);
    let plain: TypeSet = kept
        .iter()
        .filter(|schema| is_plain(schema))
        .map(types_of)
        .fold(TypeSet::NONE, TypeSet::union);
    // What a plain type covers need not be said again.
    kept.retain(|schema| is_plain(schema) || !types_of(schema).is_subset_of(plain));
    if kept.iter().all(is_plain) && !kept.is_empty() {
        return of_types(plain);
    }
    kept.retain(|schema| !is_plain(schema));
    if let [only] = kept.as_slice()
        && plain == TypeSet::NULL
        && let Some(nullable) = nullable(only)
    {
        return nullable;
    }
    if !plain.is_empty() {
        kept.push(of_types(plain));
    }
    match kept.len() {
        0 => any(),
        1 => kept.swap_remove(0),
        _ => json!({ "anyOf": kept }),
    }
}

/// The schema, or null.
pub(super) fn or_null(schema: Value) -> Value {
    union([schema, json!({ "type": "null" })])
}

/// The schema without null.
pub(super) fn without_null(schema: Value) -> Value {
    let kept: Vec<Value> = alternatives(schema)
        .into_iter()
        .filter(|schema| types_of(schema) != TypeSet::NULL)
        .map(|mut schema| {
            if let Some(Value::Array(names)) = schema.get_mut("type") {
                names.retain(|name| name != "null");
                if let [only] = names.as_slice() {
                    schema["type"] = only.clone();
                }
            }
            schema
        })
        .collect();
    match kept.as_slice() {
        [] => json!({ "type": "null" }),
        _ => union(kept),
    }
}

fn alternatives(schema: Value) -> Vec<Value> {
    match schema {
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("anyOf") => {
            match fields.remove("anyOf") {
                Some(Value::Array(schemas)) => schemas,
                _ => vec![any()],
            }
        }
        schema => vec![schema],
    }
}

fn types_of(schema: &Value) -> TypeSet {
    SchemaView::of(schema).types()
}

/// Whether a schema says a type and nothing else.
fn is_plain(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|fields| fields.len() == 1 && fields.contains_key("type"))
}

/// `{type: string}` that may be null, where null can be named beside the type.
fn nullable(schema: &Value) -> Option<Value> {
    let name = schema.get("type")?.as_str()?;
    let closed = ["const", "enum", "anyOf", "oneOf", "allOf", "not", "if", "$ref"];
    if closed.iter().any(|keyword| schema.get(keyword).is_some()) {
        return None;
    }
    let mut nullable = schema.clone();
    nullable["type"] = json!([name, "null"]);
    Some(nullable)
}

/// `const: free` and `const: pro` become one `enum`; both booleans the type.
fn merge_constants(schemas: &mut Vec<Value>) {
    let mut merged: Vec<Value> = Vec::with_capacity(schemas.len());
    for schema in schemas.drain(..) {
        let is_constant = schema.as_object().is_some_and(|fields| fields.len() == 2);
        let value = schema.get("const").filter(|_| is_constant).cloned();
        let same = |other: &&mut Value| {
            other.get("type") == schema.get("type")
                && other.as_object().is_some_and(|fields| fields.len() == 2)
                && (other.get("const").is_some() || other.get("enum").is_some())
        };
        match (value, merged.iter_mut().find(same)) {
            (Some(value), Some(other)) => {
                let mut values = match other.get("enum") {
                    Some(Value::Array(values)) => values.clone(),
                    _ => other.get("const").cloned().into_iter().collect(),
                };
                if !values.contains(&value) {
                    values.push(value);
                }
                *other = match values.as_slice() {
                    [Value::Bool(_), Value::Bool(_)] => json!({ "type": "boolean" }),
                    values => json!({ "type": schema["type"], "enum": values }),
                };
            }
            _ => merged.push(schema),
        }
    }
    *schemas = merged;
}
