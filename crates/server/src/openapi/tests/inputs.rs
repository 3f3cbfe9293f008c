//! What callers send.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::laboratory::{document_of, flows};
use crate::openapi::document;

const INPUT: &str = "
input:
  id: { type: integer, minimum: 1 }
  plan: { enum: [free, pro], default: free }
  password: { type: string, minLength: 8, secret: true }
  tags: { type: array, items: { type: string }, required: false }
  card: { type: object, properties: { number: { type: string, secret: true } }, required: [number] }
steps:
  - return: 1
";

#[test]
fn get_and_delete_take_a_query() {
    for method in ["GET", "DELETE"] {
        let document = document_of(&[&format!(
            "name: read-it\ntrigger: {{ http: {method} /things/:id }}{INPUT}"
        )]);
        let operation = &document["paths"]["/things/{id}"][method.to_ascii_lowercase()];
        assert_eq!(operation["operationId"], "readIt");
        assert_eq!(
            operation["parameters"],
            json!([
                { "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } },
                { "name": "plan", "in": "query", "required": false,
                  "schema": { "type": "string", "enum": ["free", "pro"], "default": "free" } },
                { "name": "password", "in": "query", "required": true,
                  "schema": { "type": "string", "minLength": 8, "format": "password", "writeOnly": true } },
                { "name": "tags", "in": "query", "required": false,
                  "content": { "application/json": { "schema": { "type": "array", "items": { "type": "string" } } } } },
                { "name": "card", "in": "query", "required": true,
                  "content": { "application/json": { "schema": {
                      "type": "object",
                      "properties": { "number": { "type": "string", "format": "password", "writeOnly": true } },
                      "required": ["number"] } } } },
            ])
        );
    }
}

#[test]
fn the_others_take_a_body_without_what_the_path_has() {
    let document = document_of(&[&format!(
        "name: change-it\ntrigger: {{ http: PUT /things/:id }}{INPUT}"
    )]);
    let operation = &document["paths"]["/things/{id}"]["put"];
    assert_eq!(operation["parameters"].as_array().unwrap().len(), 1);
    let content = &operation["requestBody"]["content"];
    let reference = json!({ "$ref": "#/components/schemas/ChangeItInput" });
    assert_eq!(content["application/json"]["schema"], reference);
    let form = &content["application/x-www-form-urlencoded"];
    assert_eq!(form["schema"], reference);
    let json = json!({ "contentType": "application/json" });
    assert_eq!(form["encoding"], json!({ "tags": json, "card": json }));
    let schema = &document["components"]["schemas"]["ChangeItInput"];
    assert_eq!(schema["required"], json!(["password", "card"]));
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"].get("id").is_none());
}

#[test]
fn references_lead_where_the_schema_stands() {
    let input = "
input:
  tree: { $ref: '#/$defs/node', $defs: { node: { type: object, properties: { next: { $ref: '#/$defs/node' } } } } }
steps:
  - return: '{{input.tree}}'
";
    let document = document_of(&[
        &format!("name: put\ntrigger: {{ http: PUT /tree }}{input}"),
        &format!("name: get\ntrigger: {{ http: GET /tree }}{input}"),
    ]);
    let schemas = &document["components"]["schemas"];
    let place = "#/components/schemas/PutInput/properties/tree/$defs/node";
    assert_eq!(schemas["PutInput"]["properties"]["tree"]["$ref"], place);
    assert_eq!(
        schemas["PutInput"]["properties"]["tree"]["$defs"]["node"]["properties"]["next"]["$ref"],
        place
    );
    assert_eq!(
        schemas["GetTree"]["$ref"],
        "#/components/schemas/GetTree/$defs/node"
    );
}

#[test]
fn paths_that_differ_in_names_alone_are_one() {
    let flow = |name: &str, method: &str, parameter: &str| {
        format!(
            "name: {name}\ntrigger: {{ http: {method} /a/:{parameter}/b }}\ninput: {{ {parameter}: string }}\n\
             steps:\n  - return: 1\n"
        )
    };
    let document = document_of(&[&flow("one", "GET", "id"), &flow("two", "PUT", "user")]);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/a/{id}/b"]);
    assert_eq!(paths["/a/{id}/b"]["put"]["parameters"][0]["name"], "id");
}

#[test]
fn names_are_given_once_and_flows_without_a_route_are_left_out() {
    let flow = |name: &str, path: &str| {
        format!(
            "name: {name}\ntrigger: {{ http: POST /{path} }}\ninput: {{ a: string }}\nsteps:\n  - return: 1\n"
        )
    };
    let document = document_of(&[
        &flow("a-1", "x"),
        &flow("a1", "y"),
        &flow("problem", "z"),
        "name: inner\nsteps:\n  - return: 1\n",
    ]);
    assert_eq!(document["paths"].as_object().unwrap().len(), 3);
    assert_eq!(document["paths"]["/x"]["post"]["operationId"], "a1");
    assert_eq!(document["paths"]["/y"]["post"]["operationId"], "a1_2");
    let names: Vec<_> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["A1Input", "A1Input_2", "Problem", "ProblemInput"]);
}

#[test]
fn auth_is_a_scheme_for_each_kind_or_connection() {
    let file = "version: 1\nconnections:\n  one: { type: bearer, token: '${A}' }\n  \
                two: { type: bearer, token: '${B}' }\n  keys: { type: hmac, secret: '${C}' }\n";
    let flow = |name: &str, auth: &str| {
        format!(
            "name: {name}\ntrigger: {{ http: {{ method: POST, path: /{name}, auth: {auth} }} }}\nsteps:\n  - return: 1\n"
        )
    };
    let texts = [
        flow("a", "{ bearer: one }"),
        flow("b", "{ bearer: two }"),
        flow("c", "hmac"),
        flow("d", "none"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let document = document(&flows(Some(file), &texts), &BTreeMap::new());
    super::sound::check(&document);
    let security = |path: &str| document["paths"][path]["post"]["security"].clone();
    assert_eq!(security("/a"), json!([{ "bearer-one": [] }]));
    assert_eq!(security("/b"), json!([{ "bearer-two": [] }]));
    assert_eq!(security("/c"), json!([{ "hmac": [] }]));
    assert_eq!(security("/d"), Value::Null);
    let scheme = &document["components"]["securitySchemes"]["hmac"];
    assert_eq!(scheme["name"], "lockgate-signature");
    let answers = |path: &str| document["paths"][path]["post"]["responses"]["401"].is_object();
    assert!(answers("/a") && !answers("/d"));
}

#[test]
fn no_flows_are_a_document_too() {
    let document = document(&[], &BTreeMap::new());
    assert_eq!(document["paths"], json!({}));
    assert!(document.get("components").is_none());
}

/// Time grows with the number of flows, not with its square: each of these flows calls the one before, twice in its result.
#[test]
fn a_long_chain_of_calls_is_no_matter() {
    let flow = |number: usize| {
        let call = match number {
            0 => String::new(),
            number => format!("  - {{ id: before, call: flow-{} }}\n", number - 1),
        };
        let result = if number == 0 {
            "1"
        } else {
            "{ a: '{{steps.before}}', b: '{{steps.before}}' }"
        };
        format!(
            "name: flow-{number}\ntrigger: {{ http: POST /{number} }}\nsteps:\n{call}  - return: {result}\n"
        )
    };
    let texts: Vec<String> = (0..800).map(flow).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let document = document(&flows(None, &texts), &BTreeMap::new());
    assert_eq!(document["paths"].as_object().unwrap().len(), 800);
    assert!(document.to_string().len() < 3_000_000);
}
