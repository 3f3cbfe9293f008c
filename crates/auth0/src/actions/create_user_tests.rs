//! Every way in which the answer to a create can go missing.

use std::time::Duration;

use super::*;
use crate::testing::{Reply, StandIn, Step};

const DATABASE: &str = "Username-Password-Authentication";

fn input() -> Value {
    json!({ "connection": DATABASE, "email": "Ada@example.com", "password": "canary-password-9" })
}

fn user(step: &Step) -> Value {
    let digits = step.identity()[..12]
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    user_with_id(&digits)
}

fn user_with_id(local: &str) -> Value {
    json!({
        "user_id": format!("auth0|{local}"),
        "email": "ada@example.com",
        "created_at": "1970-01-01T00:00:00.000Z",
        "identities": [{ "connection": DATABASE, "user_id": local, "provider": "auth0", "isSocial": false }],
    })
}

fn exists() -> Reply {
    Reply::error(409, "auth0_idp_error", "The user already exists.")
}

fn nobody() -> Reply {
    Reply::error(404, "inexistent_user", "The user does not exist.")
}

fn methods(stand_in: &StandIn) -> String {
    stand_in
        .requests()
        .iter()
        .map(|seen| seen.method.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

async fn start() -> (StandIn, Step) {
    let stand_in = StandIn::start([]).await;
    let step = Step::new(&stand_in);
    (stand_in, step)
}

#[tokio::test]
async fn a_database_user_gets_a_derived_id() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(Reply::json(201, &user(&step)));
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
    let sent = stand_in.requests()[0].json();
    let id = sent["user_id"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    assert!(
        id.bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{id}"
    );
    assert_eq!(sent["password"], "canary-password-9");
}

#[tokio::test]
async fn an_id_of_the_author_stays_and_a_passwordless_user_gets_none() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(Reply::json(201, &user_with_id("mine")));
    stand_in.answer_api(Reply::json(201, &json!({ "user_id": "email|1" })));
    let mut with_id = input();
    with_id["user_id"] = json!("mine");
    step.call(&CreateUser, with_id).await.unwrap();
    step.call(
        &CreateUser,
        json!({ "connection": "email", "email": "a@example.com" }),
    )
    .await
    .unwrap();
    assert_eq!(stand_in.requests()[0].json()["user_id"], "mine");
    assert_eq!(stand_in.requests()[1].json().get("user_id"), None);
}

#[tokio::test]
async fn a_duplicate_of_somebody_else_is_user_exists() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(exists());
    stand_in.answer_api(nobody());
    let error = step.call(&CreateUser, input()).await.unwrap_err();
    assert_eq!((error.code.as_ref(), error.retry), ("user_exists", Retry::Never));
    assert_eq!(methods(&stand_in), "POST GET");
}

#[tokio::test]
async fn a_duplicate_of_our_own_is_success() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(exists());
    stand_in.answer_api(Reply::json(200, &user(&step)));
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
}

#[tokio::test]
async fn a_user_with_our_id_but_another_email_is_not_ours() {
    let (stand_in, step) = start().await;
    let mut other = user(&step);
    other["email"] = json!("bob@example.com");
    stand_in.answer_api(exists());
    stand_in.answer_api(Reply::json(200, &other));
    assert_eq!(
        step.call(&CreateUser, input()).await.unwrap_err().code,
        "user_exists"
    );
}

#[tokio::test]
async fn a_duplicate_without_the_right_to_read_is_user_exists_on_the_first_try_only() {
    let (stand_in, mut step) = start().await;
    let forbidden = || {
        Reply::error(
            403,
            "insufficient_scope",
            "Insufficient scope, expected any of: read:users",
        )
    };
    for reply in [
        exists(),
        forbidden(),
        forbidden(),
        exists(),
        forbidden(),
        forbidden(),
    ] {
        stand_in.answer_api(reply);
    }
    assert_eq!(
        step.call(&CreateUser, input()).await.unwrap_err().code,
        "user_exists"
    );
    step.attempt = 2;
    let error = step.call(&CreateUser, input()).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retry),
        ("insufficient_scope", Retry::Transient)
    );
    assert!(error.message.contains("`read:users`"), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_a_read() {
    for lost in [
        Reply::text(503, "<html>try later</html>"),
        Reply::text(502, ""),
        Reply::error(504, "", "Gateway Timeout"),
        Reply::text(201, "<html>captive portal</html>"),
        Reply::text(201, "{\"user_id\": \"auth0|"),
        Reply::json(201, &json!({ "user_id": "auth0|1", "email": "ada@example.com" })).cut(),
        Reply::json(201, &json!([])),
    ] {
        let (stand_in, step) = start().await;
        stand_in.answer_api(lost.clone());
        stand_in.answer_api(Reply::json(200, &user(&step)));
        assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)), "{lost:?}");
        assert_eq!(methods(&stand_in), "POST GET");
    }
}

#[tokio::test]
async fn a_create_that_had_no_effect_is_sent_again_with_the_same_id() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(Reply::text(503, ""));
    stand_in.answer_api(nobody());
    stand_in.answer_api(Reply::json(201, &user(&step)));
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
    assert_eq!(methods(&stand_in), "POST GET POST");
    let requests = stand_in.requests();
    assert_eq!(requests[0].json(), requests[2].json());
}

#[tokio::test]
async fn a_create_that_never_has_an_effect_may_be_retried() {
    let (stand_in, step) = start().await;
    for reply in [Reply::text(503, ""), nobody(), Reply::text(503, ""), nobody()] {
        stand_in.answer_api(reply);
    }
    let error = step.call(&CreateUser, input()).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retry),
        ("unavailable", Retry::NothingHappened { after: None })
    );
}

#[tokio::test]
async fn a_late_first_create_is_still_ours() {
    let (stand_in, step) = start().await;
    // The first create is carried out between the read and the second one.
    for reply in [
        Reply::text(504, ""),
        nobody(),
        exists(),
        Reply::json(200, &user(&step)),
    ] {
        stand_in.answer_api(reply);
    }
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
}

#[tokio::test]
async fn a_read_that_fails_is_tried_again() {
    let (stand_in, step) = start().await;
    for _ in 0..4 {
        stand_in.answer_api(Reply::text(503, ""));
    }
    stand_in.answer_api(Reply::json(200, &user(&step)));
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
    assert_eq!(methods(&stand_in), "POST GET GET GET GET");
}

#[tokio::test]
async fn what_cannot_be_settled_yet_is_settled_by_the_next_attempt() {
    let (stand_in, mut step) = start().await;
    for _ in 0..5 {
        stand_in.answer_api(Reply::text(503, ""));
    }
    let error = step.call(&CreateUser, input()).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retry),
        ("unavailable", Retry::NothingHappened { after: None })
    );
    assert!(
        error
            .message
            .contains("whether the user was created is not known"),
        "{error}"
    );
    step.attempt = 2;
    stand_in.answer_api(exists());
    stand_in.answer_api(Reply::json(200, &user(&step)));
    assert_eq!(step.call(&CreateUser, input()).await, Ok(user(&step)));
}

#[tokio::test]
async fn what_can_never_be_settled_is_in_doubt() {
    let (stand_in, step) = start().await;
    // Without a password there is no id to ask for.
    stand_in.answer_api(Reply::text(503, ""));
    let passwordless = json!({ "connection": "email", "email": "a@example.com" });
    assert_eq!(
        step.call(&CreateUser, passwordless).await.unwrap_err().retry,
        Retry::Transient
    );
    // Others may have an author's id: a repeat could not tell.
    let mut with_id = input();
    with_id["user_id"] = json!("mine");
    for _ in 0..5 {
        stand_in.answer_api(Reply::text(503, ""));
    }
    assert_eq!(
        step.call(&CreateUser, with_id).await.unwrap_err().retry,
        Retry::Transient
    );
    assert_eq!(methods(&stand_in), "POST POST GET GET GET GET");
}

#[tokio::test]
async fn an_authors_id_is_ours_only_if_it_is_new() {
    let mut with_id = input();
    with_id["user_id"] = json!("mine");
    let (stand_in, step) = start().await;
    // A plain 409: somebody has it.
    stand_in.answer_api(exists());
    assert_eq!(
        step.call(&CreateUser, with_id.clone()).await.unwrap_err().code,
        "user_exists"
    );
    // A lost answer, and a user from now.
    stand_in.answer_api(Reply::text(503, ""));
    stand_in.answer_api(Reply::json(200, &user_with_id("mine")));
    assert_eq!(
        step.call(&CreateUser, with_id.clone()).await,
        Ok(user_with_id("mine"))
    );
    // A lost answer, and a user from before.
    step.clock.advance(Duration::from_hours(1));
    stand_in.answer_api(Reply::text(503, ""));
    stand_in.answer_api(Reply::json(200, &user_with_id("mine")));
    let error = step.call(&CreateUser, with_id.clone()).await.unwrap_err();
    assert_eq!(error.retry, Retry::Transient);
    // After a crash nobody knows when it was sent.
    stand_in.answer_api(Reply::json(200, &user_with_id("mine")));
    assert_eq!(
        step.reconcile(&CreateUser, &with_id).await,
        Ok(Reconciled::Unknown)
    );
}

#[tokio::test]
async fn a_crash_is_settled_by_a_read() {
    let (stand_in, step) = start().await;
    stand_in.answer_api(Reply::json(200, &user(&step)));
    assert_eq!(
        step.reconcile(&CreateUser, &input()).await,
        Ok(Reconciled::Happened(user(&step)))
    );
    stand_in.answer_api(nobody());
    assert_eq!(
        step.reconcile(&CreateUser, &input()).await,
        Ok(Reconciled::DidNotHappen)
    );
    for _ in 0..4 {
        stand_in.answer_api(Reply::text(503, ""));
    }
    assert_eq!(
        step.reconcile(&CreateUser, &input()).await.unwrap_err().code,
        "unavailable"
    );
    let passwordless = json!({ "connection": "email", "email": "a@example.com" });
    assert_eq!(
        step.reconcile(&CreateUser, &passwordless).await,
        Ok(Reconciled::Unknown)
    );
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (reply, code) in [
        (
            Reply::error(
                400,
                "auth0_idp_error",
                "PasswordStrengthError: Password is too weak",
            ),
            "weak_password",
        ),
        (
            Reply::error(400, "inexistent_connection", "The connection does not exist."),
            "invalid_connection",
        ),
        (
            Reply::error(400, "invalid_body", "Payload validation error: 'x'."),
            "invalid_request",
        ),
        (
            Reply::error(
                409,
                "custom_domain_conflict",
                "The tenant has multiple verified custom domains.",
            ),
            "conflict",
        ),
    ] {
        let (stand_in, step) = start().await;
        stand_in.answer_api(reply);
        let error = step.call(&CreateUser, input()).await.unwrap_err();
        assert_eq!((error.code.as_ref(), error.retry), (code, Retry::Never));
        assert_eq!(methods(&stand_in), "POST");
    }
}

#[test]
fn a_user_without_any_identifier_is_found() {
    let count = |value: Value| {
        check(&KnownInput {
            value,
            unknown: Vec::new(),
        })
        .len()
    };
    assert_eq!(count(json!({ "connection": "c" })), 1);
    assert_eq!(count(json!({ "connection": "c", "username": "ada" })), 0);
    let unknown = KnownInput {
        value: json!({ "connection": "c" }),
        unknown: vec!["/email".to_owned()],
    };
    assert!(check(&unknown).is_empty());
}
