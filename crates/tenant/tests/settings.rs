//! What a tenant can be set up with: seeds, rate limits, a lagging search, custom domains; and many callers at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockgate_tenant::{Client, RateLimit, SeedUser, Tenant};
use serde_json::{Value, json};
use support::{Caller, read};

const DATABASE: &str = "Username-Password-Authentication";
const USERS: &str = "/api/v2/users";

fn account(email: &str) -> Value {
    json!({"connection": DATABASE, "email": email, "password": "correct horse"})
}

#[tokio::test]
async fn search_lags_where_it_is_told_to_and_reads_never() {
    let caller = Caller::start(Tenant::builder().search_lag(Duration::from_hours(1))).await;
    let id = caller.create("ada@example.org").await;
    assert_eq!(caller.get(USERS).await.text, "[]");
    assert_eq!(caller.get(&format!("{USERS}/{id}")).await.status, 200);
    assert_eq!(
        caller
            .get("/api/v2/users-by-email?email=ada@example.org&fields=nickname")
            .await
            .text,
        r#"[{"nickname":"ada"}]"#
    );
}

#[tokio::test]
async fn rate_limits_have_headers_on_success_and_on_429() {
    let builder = Tenant::builder()
        .rate_limit(RateLimit::new(3, 0.001))
        .retry_after(true);
    let caller = Caller::start(builder).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for remaining in ["2", "1", "0"] {
        let answer = caller.get(USERS).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        let reset: u64 = answer.header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert!((now + 900..now + 3100).contains(&reset), "unix seconds: {reset}");
        assert_eq!(answer.header("retry-after"), None);
    }
    let limited = caller.get(USERS).await;
    assert_eq!(
        (limited.status, limited.text.as_str()),
        (
            429,
            r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}"#
        )
    );
    assert_eq!(limited.header("x-ratelimit-remaining"), Some("0"));
    let retry_after: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!(
        (2900..=3001).contains(&retry_after),
        "seconds until the bucket is full: {retry_after}"
    );
    assert_eq!(
        read(caller.http.get(caller.url(USERS))).await.status,
        401,
        "no token, no turn"
    );

    let builder = Tenant::builder()
        .endpoint_rate_limit("POST", USERS, RateLimit::new(1, 0.0))
        .token_rate_limit(RateLimit::new(1, 0.0));
    let caller = Caller::start(builder).await;
    caller.create("ada@example.org").await;
    let limited = caller.post(USERS, &account("b@example.org")).await;
    assert_eq!(
        (limited.status, limited.message().as_str()),
        (429, "Endpoint limit has been reached")
    );
    assert_eq!(limited.header("retry-after"), None, "not unless asked for");
    let token = read(
        caller
            .http
            .post(caller.url("/oauth/token"))
            .json(&caller.token_request()),
    )
    .await;
    assert_eq!(
        (token.status, token.json()["error"].as_str()),
        (429, Some("too_many_requests"))
    );
    let unknown = Tenant::builder()
        .endpoint_rate_limit("GET", "/nowhere", RateLimit::new(1, 1.0))
        .start()
        .await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "limiting GET /nowhere: the tenant has no such endpoint"
    );
}

#[tokio::test]
async fn seeds_are_stored_or_completed() {
    let text = r#"[
        {"connection": "Username-Password-Authentication", "email": "ada@example.org", "password": "correct horse"},
        {"user_id": "github|7", "email": "g@example.org", "name": "G",
         "identities": [{"connection": "github", "user_id": 7, "provider": "github", "isSocial": true, "access_token": "idp-secret"}]}
    ]"#;
    let builder = Tenant::builder()
        .seed(SeedUser::list_from_json(text).unwrap())
        .client(Client::new("main", "secret"))
        .client(Client::new("idp", "secret").scopes(["read:user_idp_tokens"]));
    let mut caller = Caller::start(builder).await;
    assert_eq!(caller.tenant.user_count(), 2);
    assert_eq!(caller.tenant.users()[0]["nickname"], json!("ada"));
    let path = format!("{USERS}/github%7C7");
    let plain = caller.get(&path).await;
    assert!(!plain.text.contains("idp-secret"), "{}", plain.text);
    let other_database = json!({"user_id": "auth0|1", "name": "H", "identities": [
        {"connection": "not-configured", "user_id": "1", "provider": "auth0", "isSocial": false}
    ]});
    caller
        .tenant
        .seed(SeedUser::from_value(other_database).unwrap())
        .unwrap();
    let renamed = caller
        .patch(&format!("{USERS}/auth0%7C1"), &json!({"name": "I"}))
        .await;
    assert_eq!(
        renamed.status, 200,
        "the provider says what an unknown connection is"
    );
    let refused = caller.patch(&path, &json!({"name": "x"})).await;
    assert!(
        refused
            .message()
            .starts_with("The following user attributes cannot be updated: "),
        "{}",
        refused.text
    );
    assert_eq!(
        caller
            .patch(&path, &json!({"app_metadata": {"a": 1}}))
            .await
            .status,
        200
    );

    let request = json!({
        "grant_type": "client_credentials", "client_id": "idp", "client_secret": "secret",
        "audience": caller.tenant.audience()
    });
    let token = read(caller.http.post(caller.url("/oauth/token")).json(&request))
        .await
        .json();
    caller.token = token["access_token"].as_str().unwrap().to_owned();
    let with_tokens = caller.get(&path).await;
    assert_eq!(
        with_tokens.json()["identities"][0]["access_token"],
        json!("idp-secret")
    );

    for (text, expect) in [
        (
            "{}",
            "reading users: invalid type: map, expected a sequence at line 1 column 0",
        ),
        ("[1]", "reading user 0: expected an object"),
    ] {
        assert_eq!(SeedUser::list_from_json(text).unwrap_err().to_string(), expect);
    }
    for (text, expect) in [
        (
            r#"[{"connection": "x"}]"#,
            "seeding user 0: the tenant has no connection \"x\"",
        ),
        (
            r#"[{"user_id": "a|1", "identities": []}, {"user_id": "a|1", "identities": []}]"#,
            "seeding user 1: another user has this user_id",
        ),
    ] {
        let error = Tenant::builder()
            .seed(SeedUser::list_from_json(text).unwrap())
            .start()
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expect);
    }
}

#[tokio::test]
async fn several_custom_domains_want_to_be_named() {
    let builder = Tenant::builder().custom_domains(["one.example", "two.example"]);
    let caller = Caller::start(builder).await;
    let body = account("ada@example.org");
    let conflict = caller.post(USERS, &body).await;
    assert_eq!(
        (conflict.status, conflict.json()["errorCode"].as_str()),
        (409, Some("custom_domain_conflict"))
    );
    let named = |domain| {
        caller
            .request("POST", USERS)
            .header("auth0-custom-domain", domain)
            .json(&body)
    };
    assert_eq!(read(named("three.example")).await.status, 409);
    assert_eq!(read(named("two.example")).await.status, 201);
    caller.tenant.set_custom_domains(["one.example"]);
    assert_eq!(caller.post(USERS, &account("b@example.org")).await.status, 201);
}

#[tokio::test]
async fn concurrent_updates_lose_nothing_and_one_create_wins() {
    let caller = Caller::start(Tenant::builder()).await;
    let path = format!("{USERS}/{}", caller.create("ada@example.org").await);
    let bodies: Vec<Value> = (0..20)
        .map(|n| json!({"user_metadata": {format!("k{n}"): n}}))
        .collect();
    let updates = bodies.iter().map(|body| caller.patch(&path, body));
    for answer in futures(updates).await {
        assert_eq!(answer.status, 200);
    }
    let user = caller.get(&path).await.json();
    assert_eq!(user["user_metadata"].as_object().unwrap().len(), 20);
    let body = account("grace@example.org");
    let mut statuses: Vec<u16> = futures((0..10).map(|_| caller.post(USERS, &body)))
        .await
        .into_iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409, 409, 409]);
}

/// All of them at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut ready = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().map(|(_, output)| output.unwrap()).collect()
}
