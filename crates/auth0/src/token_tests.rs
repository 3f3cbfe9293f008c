//! One fetch for all, renewal, and every refusal.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use lockgate_engine::action::Retry;
use serde_json::{Value, json};

use crate::actions::GetUser;
use crate::testing::{Reply, StandIn, Step, TestClock, poll_once};

const DAY: Duration = Duration::from_hours(24);

fn input() -> Value {
    json!({ "user_id": "auth0|1" })
}

fn user() -> Reply {
    Reply::json(200, &json!({ "user_id": "auth0|1" }))
        .header("x-ratelimit-limit", 1000)
        .header("x-ratelimit-remaining", 999)
}

#[tokio::test]
async fn however_many_ask_there_is_one_fetch() {
    let stand_in = StandIn::start((0..100).map(|_| user())).await;
    let step = Step::new(&stand_in);
    let results = join_all((0..100).map(|_| step.call(&GetUser, input()))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((stand_in.tokens(), stand_in.requests().len()), (1, 100));
    let form = stand_in.token_requests()[0].form();
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_id"], "client-1");
    assert_eq!(form["client_secret"], "canary-client-secret");
    assert!(form["audience"].as_str().unwrap().ends_with("/api/v2/"));
    assert!(stand_in.token_requests()[0].headers.contains_key("auth0-client"));
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_nobodys_token() {
    let stand_in = StandIn::start([user()]).await;
    let step = Step::new(&stand_in);
    {
        let mut first = Box::pin(step.call(&GetUser, input()));
        assert!(poll_once(first.as_mut()).await.is_pending());
    }
    assert!(step.call(&GetUser, input()).await.is_ok());
    assert_eq!(stand_in.tokens(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_in_the_background_before_it_expires() {
    let stand_in = StandIn::start((0..40).map(|_| user())).await;
    let step = Step::new(&stand_in);
    step.call(&GetUser, input()).await.unwrap();
    step.clock.advance(DAY.saturating_sub(Duration::from_secs(299)));
    // The old token goes on working while the new one comes.
    step.call(&GetUser, input()).await.unwrap();
    assert_eq!(stand_in.requests()[1].headers["authorization"], "Bearer token-1");
    for _ in 0..30 {
        step.call(&GetUser, input()).await.unwrap();
        if stand_in.requests().last().unwrap().headers["authorization"] == "Bearer token-2" {
            assert_eq!(stand_in.tokens(), 2);
            return;
        }
    }
    panic!("no renewal");
}

#[tokio::test]
async fn an_expired_token_is_not_sent() {
    let stand_in = StandIn::start([user(), user()]).await;
    let step = Step::new(&stand_in);
    step.call(&GetUser, input()).await.unwrap();
    step.clock.advance(DAY.saturating_sub(Duration::from_secs(9)));
    step.call(&GetUser, input()).await.unwrap();
    assert_eq!(stand_in.requests()[1].headers["authorization"], "Bearer token-2");
}

#[tokio::test]
async fn a_background_failure_disturbs_nobody() {
    let stand_in = StandIn::start((0..5).map(|_| user())).await;
    let step = Step::new(&stand_in);
    step.call(&GetUser, input()).await.unwrap();
    step.clock.advance(DAY.saturating_sub(Duration::from_secs(200)));
    stand_in.answer_token(Reply::json(
        401,
        &json!({ "error": "access_denied", "error_description": "Unauthorized" }),
    ));
    for _ in 0..4 {
        step.call(&GetUser, input()).await.unwrap();
    }
    // One failed renewal, and a pause before the next.
    assert_eq!(stand_in.tokens(), 2);
}

#[tokio::test]
async fn a_401_renews_and_repeats_once() {
    let invalid = || {
        Reply::json(
            401,
            &json!({ "statusCode": 401, "error": "Unauthorized", "message": "Invalid token" }),
        )
    };
    let stand_in = StandIn::start([invalid(), user(), invalid(), invalid()]).await;
    let step = Step::new(&stand_in);
    assert!(step.call(&GetUser, input()).await.is_ok());
    assert_eq!(stand_in.requests()[1].headers["authorization"], "Bearer token-2");
    let error = step.call(&GetUser, input()).await.unwrap_err();
    assert_eq!((error.code.as_ref(), error.retry), ("unauthorized", Retry::Never));
    assert_eq!((stand_in.tokens(), stand_in.requests().len()), (3, 4));
}

#[tokio::test]
async fn a_missing_scope_renews_and_repeats_once() {
    let missing = || {
        Reply::error(
            403,
            "insufficient_scope",
            "Insufficient scope, expected any of: read:users",
        )
    };
    let stand_in = StandIn::start([missing(), user(), missing(), missing()]).await;
    let step = Step::new(&stand_in);
    assert!(step.call(&GetUser, input()).await.is_ok());
    let error = step.call(&GetUser, input()).await.unwrap_err();
    assert_eq!(error.code, "insufficient_scope");
    for part in [
        "`read:users`",
        "auth0.get_user",
        "Applications → APIs → Auth0 Management API → Machine to Machine Applications",
        "client-1",
        "Permissions",
    ] {
        assert!(error.message.contains(part), "{part} is not in: {error}");
    }
    assert_eq!((stand_in.tokens(), stand_in.requests().len()), (3, 4));
}

#[tokio::test]
async fn useless_renewals_come_to_an_end() {
    let missing = || {
        Reply::error(
            403,
            "insufficient_scope",
            "Insufficient scope, expected any of: read:users",
        )
    };
    let stand_in = StandIn::start((0..200).map(|_| missing())).await;
    let step = Step::new(&stand_in);
    for _ in 0..50 {
        assert_eq!(
            step.call(&GetUser, input()).await.unwrap_err().code,
            "insufficient_scope"
        );
    }
    assert!(stand_in.tokens() <= 8, "{} tokens", stand_in.tokens());
}

#[tokio::test]
async fn refusals_say_what_to_check() {
    for (status, error, description, part) in [
        (
            401,
            "access_denied",
            "Unauthorized",
            "check `client_id` and `client_secret`",
        ),
        (
            401,
            "invalid_client",
            "Client authentication failed",
            "check `client_id` and `client_secret`",
        ),
        (
            403,
            "access_denied",
            "Service not enabled within domain: https://login.acme.com/api/v2/",
            "the audience must be `https://TENANT DOMAIN/api/v2/`",
        ),
        (
            403,
            "access_denied",
            "Client is not authorized to access \"https://acme.auth0.com/api/v2/\". You need to create a \
             \"client-grant\" associated to this API.",
            "authorize the application with client id client-1",
        ),
        (
            403,
            "unauthorized_client",
            "Grant type 'client_credentials' not allowed for the client.",
            "Advanced Settings → Grant Types",
        ),
        (404, "", "", "check `domain`"),
    ] {
        let stand_in = StandIn::start([]).await;
        stand_in.answer_token(Reply::json(
            status,
            &json!({ "error": error, "error_description": description }),
        ));
        let found = Step::new(&stand_in).call(&GetUser, input()).await.unwrap_err();
        assert_eq!((found.code.as_ref(), found.retry), ("unauthorized", Retry::Never));
        assert!(found.message.contains(part), "{found}");
        assert!(found.message.contains("connection `auth0`"), "{found}");
        assert_eq!(stand_in.tokens(), 1, "a refusal is not tried again");
    }
}

#[tokio::test]
async fn transient_failures_are_tried_again() {
    let stand_in = StandIn::start([user()]).await;
    let step = Step::new(&stand_in);
    stand_in.answer_token(Reply::text(503, "<html>"));
    stand_in.answer_token(Reply::json(200, &json!({ "access_token": "x" })).cut());
    assert!(step.call(&GetUser, input()).await.is_ok());
    assert_eq!(stand_in.tokens(), 3);
}

#[tokio::test]
async fn a_fetch_that_fails_for_good_has_happened_nothing() {
    for (reply, code) in [
        (Reply::text(503, "<html>"), "unavailable"),
        (Reply::text(200, "<html>"), "invalid_response"),
        (Reply::json(200, &json!({ "token": "x" })), "invalid_response"),
        (
            Reply::json(200, &json!({ "access_token": "a\nb" })),
            "invalid_response",
        ),
        (
            Reply::json(200, &json!({ "access_token": "x", "token_type": "DPoP" })),
            "invalid_response",
        ),
    ] {
        let stand_in = StandIn::start([]).await;
        let step = Step::new(&stand_in);
        for _ in 0..3 {
            stand_in.answer_token(reply.clone());
        }
        let error = step.call(&GetUser, input()).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retry),
            (code, Retry::NothingHappened { after: None })
        );
        assert_eq!((stand_in.tokens(), stand_in.requests().len()), (3, 0));
    }
}

#[tokio::test]
async fn the_token_endpoints_pace_is_kept() {
    let too_many = || {
        Reply::json(
            429,
            &json!({ "error": "too_many_requests", "error_description": "Rate limit exceeded." }),
        )
    };
    let stand_in = StandIn::start([user()]).await;
    let step = Step::new(&stand_in);
    stand_in.answer_token(too_many().header("retry-after", 4));
    step.call(&GetUser, input()).await.unwrap();
    assert_eq!(
        lockgate_engine::clock::Clock::elapsed(&step.clock),
        Duration::from_secs(4)
    );
    let step = Step::new(&stand_in);
    stand_in.answer_token(too_many().header("retry-after", 400));
    let error = step.call(&GetUser, input()).await.unwrap_err();
    assert_eq!(error.code, "rate_limited");
    assert_eq!(
        error.retry,
        Retry::NothingHappened {
            after: Some(Duration::from_secs(400))
        }
    );
}

#[tokio::test]
async fn a_check_reports_what_is_granted() {
    let stand_in = StandIn::start([]).await;
    let connection = stand_in.connect(&TestClock::new());
    let report = connection.check().await.unwrap();
    assert_eq!(
        report.scopes.as_deref(),
        Some(&["create:users".to_owned(), "read:users".to_owned()][..])
    );
    assert_eq!(report.expires_in, DAY);
    assert_eq!(format!("http://{}", report.token_host), connection.base_url());
    // Without `scope` the token's claim tells; an opaque token tells nothing.
    let claims = URL_SAFE_NO_PAD.encode(r#"{"scope":"read:users"}"#);
    let none = URL_SAFE_NO_PAD.encode("{}");
    for (token, scopes) in [
        (format!("h.{claims}.s"), Some(vec!["read:users".to_owned()])),
        (format!("h.{none}.s"), Some(Vec::new())),
        ("opaque".to_owned(), None),
    ] {
        stand_in.answer_token(Reply::json(
            200,
            &json!({ "access_token": token, "expires_in": "60" }),
        ));
        let report = connection.check().await.unwrap();
        assert_eq!(
            (report.scopes, report.expires_in),
            (scopes, Duration::from_mins(1))
        );
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_nothing_has_happened() {
    let stand_in = StandIn::start([]).await;
    let clock = TestClock::new();
    let connection = stand_in.connect(&clock);
    drop(stand_in);
    // The server's socket is closed when its task is gone.
    tokio::task::yield_now().await;
    let step = Step::on(Arc::clone(&connection), clock);
    let error = step.call(&GetUser, input()).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retry),
        ("unavailable", Retry::NothingHappened { after: None })
    );
}
