//! What became of a call that was lost.

use lockgate_engine::action::Reconciled;
use lockgate_http::testing::{json as answer, reply};
use serde_json::json;

use crate::stand::{Stand, acme, header};

const OPERATIONS: &str = r#"create:
  summary: Creates
  effect: once
  input: { email: { type: string } }
  request:
    method: POST
    path: /contacts
    json: { email: "{{input.email}}", external_id: "{{run.step}}" }
  reconcile:
    request: { method: GET, path: /contacts, query: { external_id: "{{run.step}}", email: "{{input.email}}" } }
    accept: [2xx, 404]
    happened: "{{response.body.contacts.[0]}}"
keyed:
  summary: Creates
  effect: once
  request: { method: POST, path: /contacts, idempotency_key: X-Request-Id }
plain:
  summary: Creates
  effect: once
  request: { method: POST, path: /contacts }
"#;

#[tokio::test]
async fn it_is_asked() {
    let input = json!({ "email": "ada@example.com" });
    for (reply, expected) in [
        (
            answer(200, &json!({ "contacts": [{ "id": 1 }] })),
            Ok(Reconciled::Happened(json!({ "id": 1 }))),
        ),
        (
            answer(200, &json!({ "contacts": [] })),
            Ok(Reconciled::DidNotHappen),
        ),
        (
            answer(200, &json!({ "contacts": [null] })),
            Ok(Reconciled::DidNotHappen),
        ),
        (reply(404, &[], "nothing here"), Ok(Reconciled::DidNotHappen)),
        // A page of a proxy, a server in trouble: nobody can tell.
        (
            reply(200, &[("content-type", "text/html")], "<html>"),
            Err("invalid_response"),
        ),
        (reply(200, &[], ""), Err("invalid_response")),
        (reply(503, &[], ""), Err("unavailable")),
        (reply(401, &[], ""), Err("unauthorized")),
    ] {
        let stand = Stand::new(&acme("{}", "none", OPERATIONS), json!({}), [reply]).await;
        let found = stand.reconcile("create", input.clone()).await;
        assert_eq!(found.map_err(|error| error.code), expected.map_err(Into::into));
    }
}

/// The question names the step as the call did: in each attempt, and in no other step.
#[tokio::test]
async fn a_step_has_one_name() {
    let created = || answer(200, &json!({ "contacts": [] }));
    let mut stand = Stand::new(
        &acme("{}", "none", OPERATIONS),
        json!({}),
        std::iter::repeat_with(created).take(6),
    )
    .await;
    let input = json!({ "email": "ada@example.com" });
    stand.call("create", input.clone()).await.unwrap();
    stand.step.attempt = 2;
    stand.call("create", input.clone()).await.unwrap();
    stand.reconcile("create", input.clone()).await.unwrap();
    stand.call("keyed", json!({})).await.unwrap();
    stand.step.run_id = "run-2".to_owned();
    stand.call("create", input).await.unwrap();
    let seen = stand.seen();
    let name = |index: usize| {
        let body: serde_json::Value = serde_json::from_str(&seen[index].body).unwrap();
        body["external_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(name(0).len(), 32);
    assert_eq!(name(0), name(1));
    assert_eq!(
        seen[2].uri.query().unwrap(),
        format!("external_id={}&email=ada%40example.com", name(0))
    );
    assert_eq!(header(&seen[3], "x-request-id"), name(0));
    assert_ne!(name(4), name(0));
}

#[tokio::test]
async fn what_a_key_makes_harmless_is_sent_again_and_nobody_knows_of_the_rest() {
    let stand = Stand::new(&acme("{}", "none", OPERATIONS), json!({}), []).await;
    assert_eq!(
        stand.reconcile("keyed", json!({})).await,
        Ok(Reconciled::DidNotHappen)
    );
    assert_eq!(stand.reconcile("plain", json!({})).await, Ok(Reconciled::Unknown));
    assert!(stand.seen().is_empty());
}
