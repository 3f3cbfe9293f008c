//! The document of the API, and what it declares.

use std::collections::BTreeSet;

use lockgate_flow::schema::compile;
use serde_json::{Value, json};

use super::stand::{Answer, FLOW, RUN, Stand};
use crate::api::{DOCUMENT, routes};

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// The operation that a path belongs to.
fn operation<'d>(document: &'d Value, method: &str, path: &str) -> &'d Value {
    let paths = document["paths"].as_object().unwrap();
    let wanted: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        // A file's path has `/` in it.
        if template == "/api/files/{path}" {
            return path.starts_with("/api/files/");
        }
        let parts: Vec<&str> = template.split('/').collect();
        let mut pairs = parts.iter().zip(&wanted);
        parts.len() == wanted.len() && pairs.all(|(part, wanted)| part == wanted || part.starts_with('{'))
    };
    let exact = paths.get(path);
    let found = exact.or_else(|| paths.iter().find(|(path, _)| fits(path)).map(|(_, item)| item));
    let method = if method == "HEAD" { "get" } else { method };
    let operation = &found.unwrap_or_else(|| panic!("{path} is not declared"))[method.to_ascii_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not declared");
    operation
}

fn fits(document: &Value, schema: &Value, body: &Value) -> bool {
    let schema = json!({ "components": document["components"], "allOf": [schema] });
    compile(&schema).unwrap().is_valid(body)
}

/// That data is as a schema of the document says.
#[track_caller]
pub(super) fn is_a(name: &str, data: &Value) {
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    assert!(fits(&document(), &schema, data), "{name}: {data:#}");
}

/// That an answer is one of those that the document declares.
#[track_caller]
pub(super) fn is_declared(method: &str, path: &str, answer: &Answer) {
    let document = document();
    let operation = operation(&document, method, path);
    let response = &operation["responses"][answer.status.to_string()];
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    };
    assert!(
        response.is_object(),
        "{method} {path}: {} is not declared: {}",
        answer.status,
        answer.text
    );
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{method} {path}");
        return;
    };
    let media = answer.header("content-type");
    let schema = content
        .get(media)
        .unwrap_or_else(|| panic!("{method} {path}: {media} is not declared"));
    if media.ends_with("json") && method != "HEAD" {
        let body = answer.json();
        assert!(
            fits(&document, &schema["schema"], &body),
            "{method} {path}: {body:#} does not fit"
        );
    }
}

#[test]
fn every_route_is_in_the_document_and_no_other() {
    let document = document();
    let routes: BTreeSet<(String, String)> = routes()
        .into_iter()
        .flat_map(|(path, methods, _)| {
            let methods = methods.split(", ").filter(|method| *method != "HEAD");
            methods.map(move |method| (path.replace("{*", "{"), method.to_ascii_lowercase()))
        })
        .collect();
    let mut declared = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            declared.insert((path.clone(), method.clone()));
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{path}"
            );
        }
    }
    assert_eq!(routes, declared);
    // Every reference leads somewhere, and everything is used.
    let text = document.to_string();
    for part in ["schemas", "responses"] {
        for name in document["components"][part].as_object().unwrap().keys() {
            let reference = format!("\"#/components/{part}/{name}\"");
            // What events hold is named in words.
            let is_used = text.contains(&reference) || text.contains(&format!("data `{name}`"));
            assert!(is_used, "{name} is not used");
        }
    }
    for rest in text.split("\"$ref\":\"#").skip(1) {
        let reference = rest.split('"').next().unwrap();
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let stand = Stand::new();
    let answer = stand.get("/api/studio/openapi.json").await;
    assert_eq!((answer.status, &*answer.text), (200, DOCUMENT));
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_taken() {
    let stand = Stand::new();
    for (path, methods, _) in routes() {
        let path = path
            .replace("{*path}", "flows/greet.yaml")
            .replace(['{', '}'], "");
        let answer = stand.send(&format!("PATCH {path}"), "", "").await;
        answer.is_refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), methods, "{path}");
    }
}

/// Each body that is declared, with a member too many, without one that it needs, and as something else.
#[tokio::test]
async fn bodies_that_are_not_as_declared_are_refused() {
    let stand = Stand::new();
    let document = document();
    let text = json!({ "path": "flows/sign-up.yaml", "text": FLOW });
    let with = |more: Value| {
        let mut body = text.clone();
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (path, body) in [
        ("/api/document", text.clone()),
        (
            "/api/document/edit",
            with(json!({ "edit": { "edit": "delete", "steps": ["steps/0"] } })),
        ),
        ("/api/document/step", with(json!({ "step": "steps/0" }))),
        ("/api/document/scope", with(json!({ "step": "steps/0" }))),
        ("/api/document/completions", with(json!({ "offset": 0 }))),
        (
            "/api/document/preview",
            with(json!({ "step": "steps/0", "value": null, "is_expression": false, "run": RUN })),
        ),
        ("/api/document/hover", with(json!({ "offset": 0 }))),
        ("/api/document/definition", with(json!({ "offset": 0 }))),
    ] {
        let schema =
            &operation(&document, "POST", path)["requestBody"]["content"]["application/json"]["schema"];
        let refused = async |body: &Value| {
            assert!(!fits(&document, schema, body), "{path}: {body}");
            stand
                .post(path, body.clone())
                .await
                .is_refused(400, "malformed_request");
        };
        assert!(fits(&document, schema, &body), "{path}");
        let members = body.as_object().unwrap().clone();
        for name in members.keys() {
            let mut less = members.clone();
            less.remove(name);
            refused(&Value::Object(less)).await;
        }
        let mut more = members.clone();
        more.insert("more".to_owned(), json!(1));
        refused(&Value::Object(more)).await;
        refused(&json!([])).await;
        stand
            .send(&format!("POST {path}"), "text/plain", &body.to_string())
            .await
            .is_refused(415, "unsupported_media_type");
        stand
            .send(&format!("POST {path}"), "", &body.to_string())
            .await
            .is_refused(415, "unsupported_media_type");
        let large = json!({ "path": "flows/a.yaml", "text": "x".repeat(4 << 20) });
        stand.post(path, large).await.is_refused(413, "body_too_large");
    }
}

#[tokio::test]
async fn every_edit_that_is_declared_is_read_and_no_other() {
    let stand = Stand::new();
    let document = document();
    let schema = json!({ "$ref": "#/components/schemas/Edit" });
    let at = json!({ "list": "steps", "index": 1 });
    let good = [
        json!({ "edit": "insert", "at": at, "step": { "action": "acme.create" } }),
        json!({ "edit": "insert", "at": at, "step": { "verb": "set" } }),
        json!({ "edit": "insert", "at": at, "step": { "yaml": "- return: 1" } }),
        json!({ "edit": "delete", "steps": ["steps/0"] }),
        json!({ "edit": "move", "steps": ["steps/0"], "at": at }),
        json!({ "edit": "copy", "steps": ["steps/0"], "at": at }),
        json!({ "edit": "wrap", "steps": ["steps/0"], "in": "for_each" }),
        json!({ "edit": "unwrap", "step": "steps/1" }),
        json!({ "edit": "set", "step": "steps/0", "key": "/with/note", "value": null }),
        json!({ "edit": "remove", "step": "steps/0", "key": "/on_error" }),
        json!({ "edit": "rename", "step": "", "key": "/input/email", "to": "mail" }),
        json!({ "edit": "rename_id", "step": "steps/0", "to": "person" }),
    ];
    let declared = document["components"]["schemas"]["Edit"]["oneOf"]
        .as_array()
        .unwrap();
    let named: BTreeSet<&str> = good.iter().filter_map(|edit| edit["edit"].as_str()).collect();
    assert_eq!(named.len(), declared.len());
    let send = async |edit: &Value| {
        let body = json!({ "path": "flows/sign-up.yaml", "text": FLOW, "edit": edit });
        stand.post("/api/document/edit", body).await
    };
    for edit in &good {
        assert!(fits(&document, &schema, edit), "{edit}");
        let answer = send(edit).await;
        assert!(
            answer.status == 200 || answer.status == 422,
            "{edit}: {}",
            answer.text
        );
        for name in edit.as_object().unwrap().keys() {
            let mut less = edit.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(!fits(&document, &schema, &less), "{less}");
            send(&less).await.is_refused(400, "malformed_request");
        }
        let mut more = edit.clone();
        more["more"] = json!(1);
        assert!(!fits(&document, &schema, &more), "{more}");
        send(&more).await.is_refused(400, "malformed_request");
    }
    for bad in [
        json!({ "edit": "other" }),
        json!({ "edit": "insert", "at": at, "step": {} }),
        json!({ "edit": "insert", "at": at, "step": { "action": "a", "verb": "set" } }),
        json!({ "edit": "insert", "at": at, "step": { "action": 1 } }),
        json!({ "edit": "insert", "at": { "list": "steps", "index": -1 }, "step": { "verb": "set" } }),
        json!({ "edit": "insert", "at": { "list": "steps", "index": 0, "more": 1 }, "step": { "verb": "set" } }),
        json!({ "edit": "wrap", "steps": [], "in": "set" }),
    ] {
        assert!(!fits(&document, &schema, &bad), "{bad}");
        send(&bad).await.is_refused(400, "malformed_request");
    }
}
