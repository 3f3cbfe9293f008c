//! Answers that are none: codes, statuses, repeats, the provider's own words.

use lockgate_engine::action::{ActionError, Retry};
use lockgate_http::testing::{ClosedPort, json as answer, reply};
use serde_json::json;

use crate::stand::{Stand, acme, word};

const OPERATIONS: &str = r#"get:
  summary: Reads
  effect: read
  request: { method: GET, path: /me }
  result: "{{response.body.id}}"
post:
  summary: Writes
  effect: once
  request: { method: POST, path: /me }
put:
  summary: Writes
  effect: idempotent
  request: { method: PUT, path: /me }
keyed:
  summary: Writes
  effect: once
  request: { method: POST, path: /me, idempotency_key: Idempotency-Key }
"#;

const BEARER: &str = "{ bearer: \"{{connection.key}}\" }";

const KEY: &str = "{ key: { type: string, secret: true } }";

async fn error_of(text: &str, operation: &str, reply: crate::stand::Reply) -> (Stand, ActionError) {
    let stand = Stand::new(text, json!({ "key": "canary-key" }), [reply]).await;
    let error = stand.call(operation, json!({})).await.unwrap_err();
    (stand, error)
}

#[tokio::test]
async fn what_no_rule_is_for_has_a_common_code() {
    let text = acme(KEY, BEARER, OPERATIONS);
    for (status, operation, code, of_caller, retry) in [
        (401, "get", "unauthorized", 502, "never"),
        (403, "post", "unauthorized", 502, "never"),
        (429, "post", "rate_limited", 503, "nothing_happened"),
        (404, "get", "rejected", 502, "never"),
        (422, "post", "rejected", 502, "never"),
        (408, "get", "rejected", 502, "nothing_happened"),
        (408, "post", "rejected", 502, "transient"),
        // Where a repeat leaves the same it is as if nothing had happened.
        (500, "get", "unavailable", 502, "nothing_happened"),
        (503, "put", "unavailable", 502, "nothing_happened"),
        (503, "keyed", "unavailable", 502, "nothing_happened"),
        (503, "post", "unavailable", 502, "transient"),
        (529, "post", "unavailable", 502, "transient"),
        (501, "get", "unavailable", 502, "never"),
        (304, "get", "invalid_response", 502, "never"),
        (302, "post", "invalid_response", 502, "never"),
    ] {
        let (stand, error) = error_of(&text, operation, reply(status, &[("location", "/v2/x")], "")).await;
        let found = (&*error.code, stand.status(operation, &error), word(error.retry));
        assert_eq!(found, (code, of_caller, retry), "{status} {operation}");
        assert!(error.message.contains(&format!("answered {status}")), "{error}");
        assert_eq!(
            stand.seen().len(),
            1,
            "{status}: the engine repeats, not the action"
        );
    }
}

#[tokio::test]
async fn how_long_to_wait_is_the_providers_word() {
    let text = acme(KEY, BEARER, OPERATIONS);
    let (_, error) = error_of(&text, "post", reply(429, &[("retry-after", "7")], "")).await;
    let after = Some(std::time::Duration::from_secs(7));
    assert_eq!(error.retry, Retry::NothingHappened { after });
}

#[tokio::test]
async fn the_first_rule_that_fits_counts() {
    let operations = r#"create:
  summary: Writes
  effect: once
  request: { method: POST, path: /me }
  errors:
    - { code: full, on: 402, status: 503, retry: true, summary: "there is no room" }
    - { code: not_yours, on: [403, 4xx], if: eq response.body.reason "owner", status: 403, summary: "it is another's" }
"#;
    let text = acme(KEY, BEARER, operations).replace(
        "operations:",
        "error_message: coalesce response.body.error.message response.body.reason\nerrors:\n  - { code: gone, on: 4xx, if: response.body.gone, status: 410, summary: \"it is gone\" }\n  - { code: broken, if: \"gt (length response.body.reason) 3\", summary: \"a long reason\" }\noperations:",
    );
    for (status, body, code, of_caller, retry, words) in [
        (
            402,
            json!({ "reason": "owner" }),
            "full",
            503,
            "nothing_happened",
            ": owner",
        ),
        (
            403,
            json!({ "reason": "owner" }),
            "not_yours",
            403,
            "never",
            ": owner",
        ),
        (
            418,
            json!({ "reason": "owner", "gone": true }),
            "not_yours",
            403,
            "never",
            ": owner",
        ),
        (
            418,
            json!({ "gone": 1, "error": { "message": "it went" } }),
            "gone",
            410,
            "never",
            ": it went",
        ),
        // A condition that cannot work with the answer is not what it is about.
        (418, json!({ "reason": 7 }), "rejected", 502, "never", ": 7"),
        (
            500,
            json!({ "reason": "because" }),
            "broken",
            502,
            "never",
            ": because",
        ),
        (
            400,
            json!({}),
            "rejected",
            502,
            "never",
            "answered 400 Bad Request",
        ),
    ] {
        let (stand, error) = error_of(&text, "create", answer(status, &body)).await;
        let found = (&*error.code, stand.status("create", &error), word(error.retry));
        assert_eq!(found, (code, of_caller, retry), "{status} {body}");
        assert!(error.message.ends_with(words), "{error}");
        assert_eq!(error.provider.unwrap()["body"], body);
    }
}

#[tokio::test]
async fn an_error_inside_of_200_is_one_and_an_accepted_404_is_none() {
    let operations = r#"send:
  summary: Sends
  effect: once
  request: { method: POST, path: /send }
  success_if: response.body.ok
  accept: [2xx, 404]
  errors:
    - { code: no_channel, if: eq response.body.error "channel_not_found", status: 404, summary: "no such channel" }
"#;
    let text = acme(KEY, BEARER, operations);
    for (status, body, code) in [
        (
            200,
            json!({ "ok": false, "error": "channel_not_found" }),
            Some("no_channel"),
        ),
        (200, json!({ "ok": false, "error": "other" }), Some("rejected")),
        (200, json!({}), Some("rejected")),
        (404, json!({ "ok": true }), None),
        (200, json!({ "ok": true }), None),
    ] {
        let stand = Stand::new(&text, json!({ "key": "canary-key" }), [answer(status, &body)]).await;
        let found = stand.call("send", json!({})).await;
        assert_eq!(
            found.as_ref().err().map(|error| &*error.code),
            code,
            "{status} {body}"
        );
        if code.is_none() {
            assert_eq!(found, Ok(body));
        }
    }
}

#[tokio::test]
async fn answers_that_are_not_what_was_promised() {
    let text = acme(KEY, BEARER, OPERATIONS);
    for (reply, words) in [
        (
            reply(200, &[("content-type", "application/json")], "<html>"),
            "says that it is JSON",
        ),
        (
            answer(200, &json!({ "name": "canary-key" })),
            "`response.body.id` is missing",
        ),
        (reply(200, &[], "canary-key"), "`response.body.id` is missing"),
    ] {
        let (_, error) = error_of(&text, "get", reply).await;
        assert_eq!((&*error.code, word(error.retry)), ("invalid_response", "never"));
        assert!(error.message.contains(words), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    // Of an error nothing else is expected.
    let (_, error) = error_of(
        &text,
        "get",
        reply(502, &[("content-type", "application/json")], "<html>"),
    )
    .await;
    assert_eq!(error.code, "unavailable");
}

#[tokio::test]
async fn no_word_tells_a_secret_of_the_connection() {
    let text = acme(KEY, BEARER, OPERATIONS)
        .replace("operations:", "error_message: response.body.said\noperations:");
    let said = json!({ "said": "the key canary-key is wrong", "deep": ["Bearer canary-key"] });
    let (_, error) = error_of(&text, "get", answer(400, &said)).await;
    assert!(
        error
            .message
            .ends_with("answered 400 Bad Request: the key •••• is wrong"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_reached() {
    let text = acme(KEY, BEARER, OPERATIONS);
    let mut stand = Stand::new(&text, json!({ "key": "canary-key" }), []).await;
    // This address is not allowed at all.
    stand.set("base_url", json!("http://10.0.0.1/v2"));
    let error = stand.call("post", json!({})).await.unwrap_err();
    assert_eq!((&*error.code, word(error.retry)), ("forbidden_address", "never"));
    let closed = ClosedPort::take();
    stand.set("base_url", json!(closed.url()));
    let error = stand.call("post", json!({})).await.unwrap_err();
    assert_eq!(
        (&*error.code, word(error.retry)),
        ("unavailable", "nothing_happened")
    );
    stand.status("post", &error);
}

#[tokio::test]
async fn a_request_has_a_limit() {
    let operations = OPERATIONS.replace("summary: Writes", "summary: Writes\n  timeout: 50ms");
    let text = acme(KEY, BEARER, &operations);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stand = Stand::new(&text, json!({ "key": "canary-key" }), []).await;
    // It takes the connection, and says nothing.
    stand.set(
        "base_url",
        json!(format!("http://{}", listener.local_addr().unwrap())),
    );
    for (operation, retry) in [
        ("post", "transient"),
        ("keyed", "nothing_happened"),
        ("put", "nothing_happened"),
    ] {
        let error = stand.call(operation, json!({})).await.unwrap_err();
        assert_eq!(
            (&*error.code, word(error.retry)),
            ("timeout", retry),
            "{operation}"
        );
    }
}

/// What a provider gives back of the settings is given, and masked wherever the run is written.
#[tokio::test]
async fn a_secret_that_comes_back_is_one_of_the_run() {
    let text = acme(KEY, BEARER, OPERATIONS);
    let stand = Stand::new(
        &text,
        json!({ "key": "canary-key" }),
        [answer(200, &json!({ "id": "canary-key" }))],
    )
    .await;
    let id = stand.call("get", json!({})).await.unwrap();
    assert_eq!(id, json!("canary-key"));
    assert_eq!(*stand.step.masks.apply_to(&id), json!("••••"));
}
