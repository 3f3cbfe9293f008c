//! A recorded run becomes a case that passes once its gaps are filled.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_engine::masks::MASKED;
use lockgate_testing::recorded::{Recorded, RecordedCall, write};
use serde_json::{Value, json};
use support::Bed;

const FLOW: &str = r#"
trigger: { http: POST /charge }
input:
  user_id: string
  card: { type: object, secret: true }
steps:
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.user_id}}" }
  - id: charge
    action: http.request
    with: { method: POST, url: "https://pay.example.com/{{request.headers.x-tenant}}", json: "{{input.card}}" }
    retry: { attempts: 3, delay: 1s }
    on_error: { http_status: [{ fail: { code: not_charged, status: 402, message: no } }] }
  - for_each: "[1, 2]"
    as: n
    steps:
      - action: http.request
        with: { url: "https://log.example.com/{{n}}" }
  - action: auth0.create_user
    id: child
    with: { connection: Username-Password-Authentication, email: "c@example.com", password: "correct horse {{uuid}}" }
  - respond:
      status: 201
      headers: { location: "/charges/{{steps.charge.body.id}}/{{steps.child.user_id}}" }
      body: { of: "{{steps.user.email}}", child: "{{steps.child.user_id}}", at: "{{now}}" }
"#;

fn call(step: Option<&str>, action: &str, input: Value, answers: Vec<Result<Value, Value>>) -> RecordedCall {
    RecordedCall {
        flow: "a".to_owned(),
        step: step.map(str::to_owned),
        action: action.to_owned(),
        input,
        answers,
    }
}

fn ok(body: &Value) -> Value {
    json!({ "status": 200, "success": true, "headers": {}, "body": body })
}

fn user(id: &str, email: &str) -> Value {
    let local = id.split_once('|').unwrap().1;
    json!({
        "user_id": id,
        "email": email,
        "identities": [{
            "user_id": local,
            "provider": "auth0",
            "connection": "Username-Password-Authentication",
            "isSocial": false,
        }],
    })
}

fn recorded() -> Recorded {
    let busy = json!({ "code": "rate_limited", "message": "slow down", "status": 429 });
    let broken = json!({ "code": "http_status", "message": "502", "status": 502, "place": { "line": 1 } });
    Recorded {
        id: "01a2096e-2954-760f-83de-45f5210804de".to_owned(),
        flow: "a".to_owned(),
        at: "2026-11-23T17:22:24.213076Z".parse().unwrap(),
        input: json!({ "user_id": "auth0|5f0000000000000000000001", "card": { "number": MASKED } }),
        is_http: true,
        response: Some(json!({
            "status": 201,
            "headers": [["location", "/charges/7/auth0|5f0000000000000000000002"]],
            "body": {
                "of": "ada@example.com",
                "child": "auth0|5f0000000000000000000002",
                "at": "2026-11-23T17:22:24.3Z",
            },
        })),
        output: None,
        error: None,
        calls: vec![
            call(
                Some("user"),
                "auth0.get_user",
                json!({}),
                vec![
                    Err(busy.clone()),
                    Err(busy),
                    Ok(user("auth0|5f0000000000000000000001", "ada@example.com")),
                ],
            ),
            call(
                Some("charge"),
                "http.request",
                json!({ "json": MASKED }),
                vec![Err(broken), Ok(ok(&json!({ "id": 7, "token": MASKED })))],
            ),
            call(None, "http.request", json!({}), vec![Ok(ok(&json!("x")))]),
            call(None, "http.request", json!({}), vec![Ok(ok(&json!("x")))]),
            call(
                Some("child"),
                "auth0.create_user",
                json!({ "email": "c@example.com", "password": MASKED }),
                vec![Ok(user("auth0|5f0000000000000000000002", "c@example.com"))],
            ),
        ],
    }
}

fn file(run: &Recorded) -> String {
    let bed = Bed::sound(&[("flows/a.yaml", FLOW)]);
    let written = write(&bed.subject, run, "recorded", 2, false);
    assert_eq!(written.name, "recorded");
    format!("flow: a\ncases:\n{}", written.text)
}

#[test]
fn a_case_has_all_that_the_run_had() {
    insta::assert_snapshot!(file(&recorded()));
}

#[test]
fn gaps_keep_it_from_running_and_without_them_it_passes() {
    let text = file(&recorded());
    let bed = Bed::new(&[("flows/a.yaml", FLOW), ("flows/a.test.yaml", &text)]);
    let mut gaps: Vec<&str> = bed
        .findings
        .iter()
        .map(|finding| finding.message.split('`').nth(1).unwrap())
        .collect();
    gaps.sort_unstable();
    assert_eq!(
        gaps,
        [
            "card.number",
            "request.headers.x-tenant",
            "steps.charge.value.body.token"
        ]
    );
    let filled = regex::Regex::new(r"\$\{GAP: [^}]+\}").unwrap();
    let filled = filled.replace_all(&text, "4242").into_owned();
    let bed = Bed::sound(&[("flows/a.yaml", FLOW), ("flows/a.test.yaml", &filled)]);
    assert_eq!(bed.failures(), "");
    // It is no case that passes whatever the flow does.
    let other = FLOW.replace("status: 201", "status: 200");
    let bed = Bed::sound(&[("flows/a.yaml", &other), ("flows/a.test.yaml", &filled)]);
    assert!(bed.failures().contains("`response.status`"), "{}", bed.failures());
}

#[test]
fn a_failed_run_expects_its_error() {
    let error = json!({ "code": "not_charged", "message": "no", "status": 402, "step": "steps/1/on_error/http_status/0" });
    let refused = json!({ "code": "http_status", "message": "402", "status": 402 });
    let mut run = recorded();
    run.response = None;
    run.error = Some(error);
    run.calls.truncate(1);
    run.calls.push(call(
        Some("charge"),
        "http.request",
        json!({}),
        vec![Err(refused)],
    ));
    let text = file(&run)
        .replace("${GAP: card.number}", "1")
        .replace("${GAP: request.headers.x-tenant}", "t");
    let bed = Bed::sound(&[("flows/a.yaml", FLOW), ("flows/a.test.yaml", &text)]);
    assert_eq!(bed.failures(), "");
    for part in [
        "error: { code: not_charged, status: 402 }",
        "response: { status: 402, body: { code: not_charged } }",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
