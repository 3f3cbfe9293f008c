//! A flow's input as parameters and request body.
//!
//! The server takes a field from the path, the query or the body alike; a client needs one place for each. The path has
//! what it names. The rest stands in the query for GET and DELETE, in the body for all others.

use lockgate_flow::graph::Flow;
use lockgate_flow::schema::{SchemaView, TypeSet};
use lockgate_flow::syntax::{InputField, Method, Route};
use serde_json::{Map, Value, json};

use super::components::{Components, describe, pascal_case};
use super::schema::{any, has_references, is_movable, of_request, of_types};

/// Parameters, and a body where there is one.
pub(super) struct Taken {
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
}

/// Where callers put the input. `names` are the path's parameters as the document calls them: flows that share a path
/// may call them differently.
pub(super) fn taken(flow: &Flow, route: &Route, names: &[String], components: &mut Components) -> Taken {
    let fields = &flow.input.fields;
    let mut parameters: Vec<Value> = route
        .parameters()
        .zip(names)
        .map(|(own, name)| {
            let field = fields.iter().find(|field| field.name.value == own);
            parameter(flow, name, "path", field, components)
        })
        .collect();
    let in_path: Vec<&str> = route.parameters().collect();
    let rest: Vec<&InputField> = fields
        .iter()
        .filter(|field| !in_path.contains(&field.name.value.as_str()))
        .collect();
    let mut body = None;
    if matches!(route.method, Method::Get | Method::Delete) {
        parameters.extend(
            rest.iter()
                .map(|field| parameter(flow, &field.name.value, "query", Some(field), components)),
        );
    } else if !rest.is_empty() {
        body = Some(request_body(flow, &rest, components));
    }
    Taken { parameters, body }
}

fn parameter(
    flow: &Flow,
    name: &str,
    place: &str,
    field: Option<&InputField>,
    components: &mut Components,
) -> Value {
    let schema = field.map_or_else(any, |field| lone_schema(flow, field, components));
    let mut parameter = Map::new();
    parameter.insert("name".to_owned(), name.into());
    parameter.insert("in".to_owned(), place.into());
    if let Some(description) = field.and_then(|field| SchemaView::of(&field.schema).description()) {
        parameter.insert("description".to_owned(), description.into());
    }
    let is_required = place == "path" || field.is_some_and(|field| field.required);
    parameter.insert("required".to_owned(), is_required.into());
    if field.is_some_and(is_json_in_text) {
        parameter.insert(
            "content".to_owned(),
            json!({ "application/json": { "schema": schema } }),
        );
    } else {
        parameter.insert("schema".to_owned(), schema);
    }
    Value::Object(parameter)
}

/// The schema of a field that stands alone. References need a place to lead to: it gets a name.
fn lone_schema(flow: &Flow, field: &InputField, components: &mut Components) -> Value {
    if !has_references(&field.schema) {
        return of_request(&field.schema, field.secret, "#");
    }
    if !is_movable(&field.schema) {
        return of_types(SchemaView::of(&field.schema).types());
    }
    let name = components.claim(&format!(
        "{}{}",
        pascal_case(&flow.name),
        pascal_case(&field.name.value)
    ));
    let schema = of_request(
        &field.schema,
        field.secret,
        &format!("#/components/schemas/{name}"),
    );
    components.put(name, schema)
}

/// Whether a text is read as JSON for this field, where only text can be given: in a query, a path, a form.
fn is_json_in_text(field: &InputField) -> bool {
    let types = SchemaView::of(&field.schema).types();
    types.overlaps(TypeSet::ARRAY.union(TypeSet::OBJECT)) && !types.overlaps(TypeSet::STRING)
}

fn request_body(flow: &Flow, fields: &[&InputField], components: &mut Components) -> Value {
    let name = components.claim(&format!("{}Input", pascal_case(&flow.name)));
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let schema = if is_movable(&field.schema) {
                let own = &field.name.value;
                let place = format!("#/components/schemas/{name}/properties/{own}");
                of_request(&field.schema, field.secret, &place)
            } else {
                of_types(SchemaView::of(&field.schema).types())
            };
            (field.name.value.clone(), schema)
        })
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name.value.as_str())
        .collect();
    let is_required = !required.is_empty();
    let mut schema = json!({ "type": "object", "properties": properties });
    if is_required {
        schema["required"] = json!(required);
    }
    schema["additionalProperties"] = Value::Bool(false);
    describe(&mut schema, &format!("What the flow `{}` takes.", flow.name));
    let schema = components.put(name, schema);
    let encoding: Map<String, Value> = fields
        .iter()
        .filter(|field| is_json_in_text(field))
        .map(|field| {
            (
                field.name.value.clone(),
                json!({ "contentType": "application/json" }),
            )
        })
        .collect();
    let mut form = json!({ "schema": schema });
    if !encoding.is_empty() {
        form["encoding"] = Value::Object(encoding);
    }
    json!({
        "required": is_required,
        "content": {
            "application/json": { "schema": schema },
            "application/x-www-form-urlencoded": form,
        }
    })
}
