//! Each recorded error answer, and the messages of Auth0's documents that were never recorded.

use std::collections::BTreeMap;
use std::path::Path;

use lockgate_engine::action::{Action, Actions};
use lockgate_flow::catalog::{Effect, KnownInput};
use proptest::prelude::*;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::*;
use crate::actions::{CreateUser, GetUser, SendRequest, UpdateUser};

fn answer(status: u16, body: &Value) -> Answer {
    text_answer(status, body.to_string().into_bytes())
}

fn text_answer(status: u16, body: Vec<u8>) -> Answer {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body,
    }
}

fn error_of(action: &dyn Action, input: Value, answer: &Answer) -> ActionError {
    let spec = action.spec();
    let needs = spec.scopes.unwrap()(&KnownInput {
        value: input,
        unknown: Vec::new(),
    });
    let subject = Subject {
        spec,
        connection: "auth0",
        client_id: "client-1",
        needs: &needs,
    };
    let error = refused(subject, &Redactor::default(), answer);
    assert!(
        spec.error(&error.code).is_some(),
        "{} declares no {}",
        spec.name,
        error.code
    );
    assert_eq!(error.provider.as_ref().unwrap()["status"], answer.status.as_u16());
    error
}

#[track_caller]
fn check(action: &dyn Action, status: u16, error_code: &str, message: &str, expected: &str) {
    let body = json!({ "statusCode": status, "error": "E", "message": message, "errorCode": error_code });
    let error = error_of(action, json!({}), &answer(status, &body));
    assert_eq!(error.code, expected, "{status} {error_code} {message}");
}

/// The recordings lie beside the project, not in it: they are the work of others.
fn recorded() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/auth0/errors.jsonl");
    std::fs::read_to_string(path).ok()
}

#[test]
#[expect(clippy::print_stderr, reason = "says that a test had nothing to test")]
fn every_recorded_error_gets_a_declared_code() {
    let Some(recorded) = recorded() else {
        eprintln!("the recorded errors are absent: only the catalogue below was tested");
        return;
    };
    let mut counts = BTreeMap::new();
    for line in recorded.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let status = u16::try_from(row["status"].as_u64().unwrap()).unwrap();
        let body = &row["response_body"];
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let path = row["path_template"].as_str().unwrap();
        let input = json!({ "method": row["method"], "path": path });
        let found = error_of(&SendRequest, input, &text_answer(status, body));
        *counts.entry(format!("{status} {}", found.code)).or_insert(0) += 1;
        // The same answer to an action that declares less.
        error_of(
            &GetUser,
            json!({ "user_id": "a" }),
            &text_answer(status, row["response_body"].to_string().into()),
        );
    }
    // No row is thrown together with others by a rule that is too wide.
    let expected = [
        ("400 feature_not_enabled", 2),
        ("400 unauthorized", 2),
        ("401 unauthorized", 3),
        ("403 feature_not_enabled", 13),
        ("403 forbidden", 2),
        ("403 insufficient_scope", 5),
        ("404 user_not_found", 1),
        ("409 conflict", 4),
        ("429 rate_limited", 3),
        ("500 unavailable", 1),
    ];
    for (key, count) in expected {
        assert_eq!(counts.get(key), Some(&count), "{key} in {counts:#?}");
    }
    assert_eq!(
        counts.values().sum::<i32>(),
        i32::try_from(recorded.lines().count()).unwrap()
    );
}

#[test]
fn documented_messages_get_their_codes() {
    let create: &dyn Action = &CreateUser;
    let update: &dyn Action = &UpdateUser;
    for kind in ["Strength", "History", "NoUserInfo", "Dictionary"] {
        check(
            create,
            400,
            "auth0_idp_error",
            &format!("Password{kind}Error: Password is bad"),
            "weak_password",
        );
    }
    check(
        create,
        400,
        "",
        "PasswordStrengthError: Password is too weak",
        "weak_password",
    );
    check(
        create,
        400,
        "invalid_body",
        "Payload validation error: 'Missing required property: password'.",
        "invalid_request",
    );
    check(
        create,
        400,
        "inexistent_connection",
        "The connection does not exist.",
        "invalid_connection",
    );
    check(create, 400, "", "Connection is disabled.", "invalid_connection");
    check(
        create,
        400,
        "",
        "Connection does not support user creation through the API. It must either be a database or passwordless \
         connection.",
        "invalid_connection",
    );
    check(
        create,
        409,
        "auth0_idp_error",
        "The user already exists.",
        "user_exists",
    );
    check(
        create,
        400,
        "",
        "The user already exists (username: x).",
        "user_exists",
    );
    check(
        create,
        400,
        "auth0_idp_error",
        "The username provided is in use already.",
        "user_exists",
    );
    check(
        create,
        409,
        "custom_domain_conflict",
        "The tenant has multiple verified custom domains.",
        "conflict",
    );
    check(
        update,
        400,
        "auth0_idp_error",
        "The specified new email already exists",
        "user_exists",
    );
    check(
        update,
        400,
        "auth0_idp_error",
        "The specified new username already exists",
        "user_exists",
    );
    check(
        update,
        400,
        "operation_not_supported",
        "Cannot update password and email simultaneously.",
        "invalid_request",
    );
    check(
        update,
        400,
        "",
        "Connection is not supported for this operation.",
        "invalid_connection",
    );
    check(
        update,
        404,
        "inexistent_user",
        "The user does not exist.",
        "user_not_found",
    );
    check(
        update,
        403,
        "insufficient_scope",
        "You cannot update the following fields: email",
        "insufficient_scope",
    );
    check(
        update,
        403,
        "insufficient_scope",
        "Some fields cannot be updated with the permissions granted by the bearer token scopes.",
        "insufficient_scope",
    );
    check(
        update,
        403,
        "unowned_resource",
        "User to be acted on does not match subject in bearer token.",
        "forbidden",
    );
    check(
        &GetUser,
        400,
        "invalid_uri",
        "Path validation error: 'x' on property id (y).",
        "invalid_request",
    );
    check(
        &GetUser,
        400,
        "Bearer",
        "Bad HTTP authentication header format",
        "unauthorized",
    );
    check(
        &GetUser,
        401,
        "",
        "Expired token received for JSON Web Token validation",
        "unauthorized",
    );
    check(
        &GetUser,
        409,
        "auth0_idp_error",
        "The user already exists.",
        "conflict",
    );
    check(&GetUser, 302, "", "elsewhere", "invalid_response");
    check(&GetUser, 408, "", "", "timeout");
    check(&GetUser, 414, "", "Request-URI Too Large", "invalid_request");
    check(
        &GetUser,
        503,
        "",
        "The query exceeded the timeout.",
        "unavailable",
    );
    check(&GetUser, 504, "", "", "timeout");
}

#[test]
fn a_missing_scope_is_named_with_its_action_and_its_place() {
    let body = json!({
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: update:users,update:users_app_metadata,update:current_user_metadata",
        "errorCode": "insufficient_scope",
    });
    let input = json!({ "user_id": "a", "app_metadata": {} });
    let error = error_of(&UpdateUser, input, &answer(403, &body));
    insta::assert_snapshot!(error.message, @"the application of connection `auth0` lacks the scope `update:users_app_metadata` (or, with more rights, `update:users`), which auth0.update_user needs; grant `update:users_app_metadata` in the Auth0 dashboard under Applications → APIs → Auth0 Management API → Machine to Machine Applications → the application with client id client-1 → Permissions; it is picked up at once");
    let body = json!({ "statusCode": 403, "message": "Insufficient scope, expected any of: read:stats.", "errorCode": "insufficient_scope" });
    let input = json!({ "method": "GET", "path": "/api/v2/stats/daily" });
    let error = error_of(&SendRequest, input, &answer(403, &body));
    assert!(
        error
            .message
            .contains("lacks the scope `read:stats`, which auth0.send_request needs"),
        "{error}"
    );
    // Without a word of which: the declaration knows.
    let body = json!({ "statusCode": 403, "message": "You cannot update the following fields: email", "errorCode": "insufficient_scope" });
    let error = error_of(
        &UpdateUser,
        json!({ "user_id": "a", "email": "b" }),
        &answer(403, &body),
    );
    assert!(
        error.message.contains("lacks the scope `update:users`, which"),
        "{error}"
    );
}

#[test]
fn every_code_is_declared_somewhere_and_nowhere_twice() {
    let mut actions = Actions::new();
    crate::register(&mut actions);
    let mut catalog = lockgate_flow::catalog::Catalog::new();
    actions.declare(&mut catalog);
    assert!(catalog.actions().count() >= 15);
    for spec in catalog.actions() {
        let mut codes: Vec<_> = spec.error_codes().collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count, "{}", spec.name);
        assert!(!spec.example.is_empty() && !spec.docs.is_empty(), "{}", spec.name);
        // The hand-shake of redirects asks nobody.
        let calls = !["auth0.continue_url", "auth0.verify_session_token"].contains(&&*spec.name);
        assert_eq!(spec.scopes.is_some(), calls, "{}", spec.name);
        assert!(spec.effect != Effect::Pure || !calls, "{}", spec.name);
    }
    for error in ALL {
        assert!(
            catalog.actions().any(|spec| spec.error(&error.code).is_some()),
            "{}",
            error.code
        );
    }
}

#[test]
fn a_body_that_is_no_json_is_quoted_in_short() {
    let body = format!(
        "<html>\r\n  <h1>Bad\u{7} gateway</h1>{}</html>",
        "x".repeat(10_000)
    );
    let error = error_of(
        &GetUser,
        json!({ "user_id": "a" }),
        &text_answer(502, body.into_bytes()),
    );
    assert_eq!(
        (error.code.as_ref(), error.retry),
        ("unavailable", Retry::Transient)
    );
    let excerpt = error.provider.unwrap()["body_excerpt"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(excerpt.starts_with("<html> <h1>Bad gateway</h1>x"), "{excerpt}");
    assert_eq!(excerpt.chars().count(), EXCERPT);
}

proptest! {
    /// Whatever comes as an error answer: a declared code, and no crash.
    #[test]
    fn no_body_is_a_crash(status in 300_u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        error_of(&GetUser, json!({ "user_id": "a" }), &text_answer(status, body));
    }

    #[test]
    fn no_text_is_a_crash(status in 300_u16..600, code in ".{0,12}", message in ".{0,60}") {
        let body = json!({ "errorCode": code, "message": message, "error": ["x"], "attributes": { "a": message } });
        error_of(&UpdateUser, json!({ "user_id": "a" }), &answer(status, &body));
    }
}
