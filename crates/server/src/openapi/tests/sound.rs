//! What must hold of every document, checked by hand. (The meta schema is checked where the document is served.)

use std::collections::HashSet;

use serde_json::Value;

/// References lead somewhere, names are given once, each parameter of a path is declared, and so on.
#[track_caller]
pub(super) fn check(document: &Value) {
    assert_eq!(document["openapi"], "3.1.0");
    references(document, document);
    let mut ids = HashSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{id}");
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
            assert!(ids.insert(id), "{id} is there twice");
            parameters(document, path, operation);
            assert!(
                !(["get", "delete"].contains(&method.as_str()) && operation.get("requestBody").is_some()),
                "{method} {path} has a body"
            );
            responses(document, operation);
            for requirement in operation["security"].as_array().into_iter().flatten() {
                for name in requirement.as_object().unwrap().keys() {
                    let scheme = &document["components"]["securitySchemes"][name];
                    assert!(scheme.is_object(), "no scheme {name}");
                }
            }
        }
    }
    let names = document["components"]["schemas"].as_object();
    for name in names.into_iter().flat_map(serde_json::Map::keys) {
        let valid = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(name.chars().all(valid), "{name}");
    }
}

fn references(document: &Value, at: &Value) {
    match at {
        Value::Array(items) => items.iter().for_each(|item| references(document, item)),
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(
                    document.pointer(pointer).is_some(),
                    "{reference} leads nowhere in {document:#}"
                );
            }
            for (key, value) in fields {
                // What stands here is data.
                if !["const", "enum", "default", "examples"].contains(&key.as_str()) {
                    references(document, value);
                }
            }
        }
        _ => {}
    }
}

fn parameters(document: &Value, path: &str, operation: &Value) {
    let declared = operation["parameters"].as_array();
    let mut seen = HashSet::new();
    let mut in_path = HashSet::new();
    for parameter in declared.into_iter().flatten() {
        let parameter = super::laboratory::resolved(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        let place = parameter["in"].as_str().unwrap();
        assert!(seen.insert((name, place)), "{name} is there twice");
        assert!(
            parameter.get("schema").is_some() != parameter.get("content").is_some(),
            "{parameter}"
        );
        if place == "path" {
            assert_eq!(parameter["required"], true, "{parameter}");
            in_path.insert(name);
        }
    }
    let in_template: HashSet<&str> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    assert_eq!(in_path, in_template, "{path}");
}

fn responses(document: &Value, operation: &Value) {
    let responses = operation["responses"].as_object().unwrap();
    assert!(!responses.is_empty());
    for (status, response) in responses {
        let is_key = status == "default"
            || (status.len() == 3
                && (status.ends_with("XX") || status.parse::<u16>().is_ok_and(|s| (200..600).contains(&s))));
        assert!(is_key, "{status}");
        let response = super::laboratory::resolved(document, response);
        assert!(response["description"].is_string(), "{response}");
    }
}
