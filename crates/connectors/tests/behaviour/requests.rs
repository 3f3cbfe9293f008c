//! What is sent, and what comes back.

use lockgate_http::testing::{json as answer, reply};
use serde_json::{Value, json};

use crate::stand::{Stand, acme, header};

async fn one(operation: &str, input: Value) -> (Result<Value, String>, lockgate_http::testing::Seen) {
    let text = acme("{ version: { type: string, default: v7 } }", "none", operation).replace(
        "operations:",
        "headers: { X-Version: \"{{connection.version}}\", X-All: all }\noperations:",
    );
    let stand = Stand::new(&text, json!({}), [answer(200, &json!({ "id": 1 }))]).await;
    let found = stand.call("op", input).await.map_err(|error| error.to_string());
    (found, stand.seen().into_iter().next().unwrap())
}

#[tokio::test]
async fn a_body_of_json() {
    let operation = r#"op:
  summary: Writes
  effect: once
  input:
    name: { type: string, required: false }
    plan: { enum: [free, pro], default: free }
    tags: { type: array, default: [] }
    more: { type: object, required: false }
  request:
    method: PATCH
    path: "/a b/{{input.plan}}"
    headers: { X-All: "one {{run.id}}", X-None: "{{omit_if_missing input.name}}" }
    json: { name: "{{omit_if_missing input.name}}", plan: "{{input.plan}}", tags: "{{input.tags}}", more: "{{omit_if_missing input.more}}" }
"#;
    let (found, seen) = one(operation, json!({ "more": { "a": [1, null] } })).await;
    assert_eq!(found, Ok(json!({ "id": 1 })));
    assert_eq!(
        (seen.method.as_str(), seen.uri.path()),
        ("PATCH", "/v2/a%20b/free")
    );
    assert_eq!(seen.body, r#"{"plan":"free","tags":[],"more":{"a":[1,null]}}"#);
    for (name, value) in [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("x-version", "v7"),
        ("x-all", "one run-1"),
        ("x-none", ""),
    ] {
        assert_eq!(header(&seen, name), value, "{name}");
    }
}

#[tokio::test]
async fn other_bodies_and_none() {
    let input = "input: { to: { type: array }, deep: { type: object }, note: { type: string } }";
    for (body, kind, sent) in [
        (
            "form: { to: \"{{input.to}}\", deep: \"{{input.deep}}\", note: \"{{input.note}}\" }",
            "application/x-www-form-urlencoded",
            "to=a&to=b&deep%5Bx%5D%5B0%5D=1&note=%C3%BC+%26",
        ),
        (
            "text: \"{{input.note}}{{#each input.to}},{{this}}{{/each}}{{#if input.deep}}!{{/if}}\"",
            "text/plain; charset=utf-8",
            "ü &,a,b!",
        ),
        (
            "xml: \"<a>{{input.note}}</a>{{to_json input.to}}{{to_json input.deep}}\"\n    headers: { Content-Type: text/xml }",
            "text/xml",
            "<a>ü &</a>[\"a\",\"b\"]{\"x\":[1]}",
        ),
        (
            "json: \"{{input}}\"",
            "application/json",
            r#"{"to":["a","b"],"deep":{"x":[1]},"note":"ü &"}"#,
        ),
    ] {
        let operation = format!(
            "op:\n  summary: Writes\n  effect: once\n  {input}\n  request:\n    method: POST\n    path: /x\n    {body}\n"
        );
        let input = json!({ "to": ["a", "b"], "deep": { "x": [1] }, "note": "ü &" });
        let (_, seen) = one(&operation, input).await;
        assert_eq!(
            (header(&seen, "content-type").as_str(), seen.body.as_str()),
            (kind, sent)
        );
    }
    let (_, seen) = one(
        "op:\n  summary: Deletes\n  effect: idempotent\n  request: { method: DELETE }\n",
        json!({}),
    )
    .await;
    assert_eq!(
        (seen.uri.to_string(), header(&seen, "content-type"), seen.body),
        ("/v2".to_owned(), String::new(), String::new())
    );
}

#[tokio::test]
async fn a_query_and_what_leaves_its_place() {
    let operation = "op:\n  summary: Reads\n  effect: read\n  input: { id: { type: string }, ids: { type: array, required: false } }\n  request: { method: GET, path: \"/users/{{input.id}}/roles\", query: { q: \"{{input.id}}\", id: \"{{omit_if_missing input.ids}}\", all: true, none: null } }\n";
    let (_, seen) = one(operation, json!({ "id": "a/../b?x=1&y#z", "ids": [1, "2"] })).await;
    assert_eq!(
        seen.uri.to_string(),
        "/v2/users/a%2F..%2Fb%3Fx%3D1%26y%23z/roles?q=a%2F..%2Fb%3Fx%3D1%26y%23z&id=1&id=2&all=true"
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let operation = "op:\n  summary: Reads\n  effect: read\n  input: { id: {}, h: { type: string, default: x } }\n  request: { method: GET, path: \"/users/{{input.id}}\", query: { id: \"{{input.id}}\" }, headers: { X-H: \"{{input.h}}\" } }\n";
    let stand = Stand::new(&acme("{}", "none", operation), json!({}), []).await;
    for (input, expected) in [
        (json!({ "id": "" }), "invalid_input: acme.op: `input.id` is empty"),
        (
            json!({ "id": ".." }),
            "invalid_input: acme.op: `input.id` makes a `.` or `..` of the path",
        ),
        (
            json!({ "id": ["a"] }),
            "invalid_input: acme.op: `input.id` is neither a text nor a number",
        ),
        (json!({}), "missing_value: acme.op: `input.id` is missing"),
        (
            json!({ "id": "a", "h": "canary\r\nX: y" }),
            "invalid_input: acme.op: the header x-h has a value that cannot be sent",
        ),
    ] {
        let error = stand.call("op", input.clone()).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{input}");
        stand.status("op", &error);
    }
    assert!(stand.seen().is_empty());
}

#[tokio::test]
async fn results() {
    let operation = |result: &str| {
        format!("op:\n  summary: Reads\n  effect: read\n  request: {{ method: GET, path: / }}\n  {result}\n")
    };
    for (result, reply, expected) in [
        ("", answer(200, &json!([1])), json!([1])),
        ("", reply(200, &[], "ok"), json!("ok")),
        ("", reply(204, &[], ""), Value::Null),
        (
            "result: \"{{response.headers.x-id}}\"",
            reply(201, &[("X-Id", "7")], ""),
            json!("7"),
        ),
        (
            "result: { status: \"{{response.status}}\", name: \"{{omit_if_missing response.body.name}}\" }",
            answer(202, &json!({})),
            json!({ "status": 202 }),
        ),
    ] {
        let stand = Stand::new(&acme("{}", "none", &operation(result)), json!({}), [reply]).await;
        assert_eq!(stand.call("op", json!({})).await, Ok(expected), "{result}");
    }
}
