//! Runs that an operator starts.

use lockgate_store::Status;
use serde_json::json;

use super::Admin;
use crate::testing::{Served, request, until};

#[tokio::test]
async fn a_run_is_started_once_for_a_key_and_only_where_that_can_be() {
    let admin = Admin::new();
    let json_ = ("content-type", "application/json");
    let key = ("idempotency-key", "k");
    let input = json!({ "input": { "email": "ada@example.com", "password": "canary-password" } }).to_string();
    let line = "POST /api/flows/sign-up/runs";
    admin.0.gate.open.add_permits(1);
    let first = admin.send(line, &[json_, key], &input).await;
    let again = admin.send(line, &[json_, key], &input).await;
    assert_eq!((first.status, &first.text), (202, &again.text));
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = input.replace("ada", "bob");
    Admin::refuses(
        &admin.send(line, &[json_, key], &other).await,
        422,
        "idempotency_key_reused",
    );
    let wrong = json!({ "input": { "email": 1 } });
    let read = admin.post("/api/flows/sign-up/runs", wrong).await;
    Admin::refuses(&read, 422, "invalid_input");
    assert_eq!(read.json()["errors"].as_array().unwrap().len(), 2);
    Admin::refuses(
        &admin.post("/api/flows/nothing/runs", json!({})).await,
        404,
        "no_such_flow",
    );
    Admin::refuses(
        &admin.post("/api/flows/passing/runs", json!({})).await,
        409,
        "flow_not_kept",
    );
    Admin::refuses(
        &admin.post("/api/flows/asks/runs", json!({})).await,
        409,
        "needs_request",
    );
    let store = admin.0.runtime().store();
    until("it ends", async || {
        store.count(Status::Succeeded).await.unwrap() == 1
    })
    .await;
    // An answer of it is no caller's.
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let read = admin.0.send(request(&format!("GET /_runs/{id}"), &[], "")).await;
    assert_eq!(read.status, 404);
}

#[tokio::test]
async fn a_flow_that_looks_at_its_request_gets_what_is_said_of_one_and_the_rest_from_its_route() {
    let admin = Admin::new();
    for (request, expected) in [
        (
            json!({}),
            json!({ "method": "POST", "path": "/asks/ada", "query": {}, "headers": {}, "ip": "127.0.0.1" }),
        ),
        (
            json!({
                "method": "PUT", "path": "/other?", "query": { "a": "1" }, "headers": { "User-Agent": "x" }, "ip": "203.0.113.9",
            }),
            json!({
                "method": "PUT", "path": "/other?", "query": { "a": "1" }, "headers": { "user-agent": "x" }, "ip": "203.0.113.9",
            }),
        ),
    ] {
        let body = json!({ "input": { "user": "ada" }, "request": request });
        let started = admin.post("/api/flows/asks/runs", body).await;
        let id = started.json()["id"].as_str().unwrap().to_owned();
        admin.until(&id, "succeeded").await;
        let run = admin.get(&format!("/api/runs/{id}")).await.json();
        assert_eq!(
            (&run["output"], &run["run"]["trigger"]),
            (&expected, &json!("api"))
        );
    }
    for (request, words) in [
        (json!({ "header": {} }), "did you mean `headers`?"),
        (json!({ "method": "post" }), "`method` is no HTTP method"),
        (json!({ "path": "asks" }), "`path` does not begin with `/`"),
        (json!({ "ip": "here" }), "`ip` is no IP address"),
        (json!({ "query": { "a": ["1"] } }), "`a` in the query is no text"),
        (json!({ "headers": { "a": 1 } }), "the header `a` is no text"),
        (json!([]), "invalid type"),
    ] {
        let body = json!({ "input": { "user": "ada" }, "request": request });
        let read = admin.post("/api/flows/asks/runs", body).await;
        Admin::refuses(&read, 400, "malformed_request");
        assert!(read.text.contains(words), "{}", read.text);
    }
    // The secret of an input stays sealed, wherever it is seen.
    let body = json!({
        "input": { "user": "ada", "code": "canary-code" },
        "request": { "headers": { "x-code": "canary-code" } },
    });
    let started = admin.post("/api/flows/asks/runs", body).await;
    let id = started.json()["id"].as_str().unwrap().to_owned();
    admin.until(&id, "succeeded").await;
    for part in ["", "/export"] {
        let read = admin.get(&format!("/api/runs/{id}{part}")).await;
        assert!(!read.text.contains("canary-code"), "{}", read.text);
    }
}

#[tokio::test]
async fn a_run_of_a_flow_that_is_not_durable_is_kept_where_that_is_said() {
    let admin = Admin::new();
    for (body, status) in [
        (json!({ "keep": true }), 202),
        (json!({ "keep": false }), 409),
        (json!({ "keep": 1 }), 400),
    ] {
        let read = admin.post("/api/flows/passing/runs", body).await;
        assert_eq!(read.status, status, "{}", read.text);
        if status == 202 {
            let id = read.json()["id"].as_str().unwrap().to_owned();
            admin.until(&id, "succeeded").await;
        }
    }
    // Its route keeps none, as before.
    assert_eq!(admin.0.ask("POST /passing", None).await.status, 200);
    let page = admin.get("/api/runs").await.json();
    assert_eq!(page["runs"].as_array().unwrap().len(), 1);
    let near = admin.post("/api/flows/pasing/runs", json!({})).await;
    Admin::refuses(&near, 404, "no_such_flow");
    assert!(near.text.contains("did you mean `passing`?"), "{}", near.text);
    let none = Admin(Served::new(&[super::PASSING]));
    let read = none
        .post("/api/flows/passing/runs", json!({ "keep": true }))
        .await;
    Admin::refuses(&read, 404, "no_store");
}
