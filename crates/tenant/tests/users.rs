//! The users API over HTTP: scopes, order of checks, uniqueness, merging, projections, limits.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockgate_tenant::{Client, Connection, RateLimit, SeedUser, Tenant, UsernameRule};
use serde_json::{Value, json};
use support::{Caller, read};

const DATABASE: &str = "Username-Password-Authentication";
const USERS: &str = "/api/v2/users";

fn account(email: &str) -> Value {
    json!({"connection": DATABASE, "email": email, "password": "correct horse"})
}

fn with(mut body: Value, key: &str, value: impl Into<Value>) -> Value {
    body[key] = value.into();
    body
}

async fn with_scopes(scopes: &[&str]) -> Caller {
    Caller::start(Tenant::builder().client(Client::new("main", "secret").scopes(scopes.iter().copied())))
        .await
}

#[tokio::test]
async fn a_user_lives_and_dies() {
    let caller = Caller::start(Tenant::builder()).await;
    let created = caller.post(USERS, &account("Ada@Example.org")).await;
    assert_eq!(created.status, 201);
    let user = created.json();
    assert_eq!(user["email"], json!("ada@example.org"));
    let path = format!(
        "{USERS}/{}",
        user["user_id"].as_str().unwrap().replace('|', "%7C")
    );
    assert_eq!(
        caller.get(&path).await.text,
        created.text,
        "a read is what the write answered"
    );
    let updated = caller
        .patch(&path, &json!({"name": "Ada", "user_metadata": {"a": 1}}))
        .await;
    assert_eq!(updated.status, 200);
    assert_eq!(caller.get(&path).await.text, updated.text);
    assert_eq!(
        caller
            .get("/api/v2/users-by-email?email=ada@example.org")
            .await
            .text,
        format!("[{}]", updated.text)
    );
    assert_eq!(
        caller
            .get("/api/v2/users-by-email?email=Ada@example.org")
            .await
            .text,
        "[]",
        "case matters"
    );
    assert_eq!(
        caller.tenant.user(user["user_id"].as_str().unwrap()),
        Some(updated.json())
    );
    for _ in 0..2 {
        let deleted = caller.delete(&path).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    }
    let gone = caller.get(&path).await;
    assert_eq!(
        (gone.status, gone.text.as_str()),
        (
            404,
            r#"{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}"#
        )
    );
    assert_eq!(
        caller.patch(&path, &json!({"blocked": true})).await.text,
        gone.text
    );
    assert_eq!(caller.tenant.user_count(), 0);
    assert_eq!(caller.tenant.request_count("GET", "/api/v2/users/{id}"), Some(3));
    assert_eq!(
        caller.tenant.request_count("DELETE", "/api/v2/users/{id}"),
        Some(2)
    );
    assert_eq!(caller.tenant.request_count("GET", "/nowhere"), None);
    let last = caller.tenant.requests().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str(), last.status),
        ("PATCH", path.as_str(), Some(404))
    );
}

#[tokio::test]
async fn missing_scopes_are_named() {
    let caller = with_scopes(&["nothing:useful"]).await;
    let one = format!("{USERS}/auth0%7Cx");
    for (method, path, expect) in [
        ("POST", USERS, "create:users"),
        ("GET", USERS, "read:users,read:user_idp_tokens"),
        ("GET", &one, "read:users,read:user_idp_tokens,read:current_user"),
        (
            "PATCH",
            &one,
            "update:users,update:users_app_metadata,update:current_user_metadata",
        ),
        ("DELETE", &one, "delete:users,delete:current_user"),
        ("GET", "/api/v2/users-by-email?email=a", "read:users"),
    ] {
        let answer = read(caller.request(method, path)).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        let expect = json!({
            "statusCode": 403, "error": "Forbidden",
            "message": format!("Insufficient scope, expected any of: {expect}"), "errorCode": "insufficient_scope"
        });
        assert_eq!(answer.text, expect.to_string(), "{method} {path}");
        assert!(answer.header("x-ratelimit-limit").is_none(), "not on refusals");
    }
}

#[tokio::test]
async fn narrow_scopes_do_narrow_things() {
    let mut caller = Caller::start(Tenant::builder()).await;
    let path = format!("{USERS}/{}", caller.create("ada@example.org").await);
    for scope in ["update:users", "read:users", "delete:users"] {
        caller.tenant.revoke_scope(caller.tenant.client_id(), scope);
    }
    caller.renew().await;
    let fine = caller
        .patch(&path, &json!({"app_metadata": {"plan": "pro"}}))
        .await;
    assert_eq!(fine.status, 200);
    for body in [
        json!({"name": "x"}),
        json!({"app_metadata": {}, "user_metadata": {}}),
    ] {
        let answer = caller.patch(&path, &body).await;
        assert_eq!(answer.status, 403, "{body}");
        assert_eq!(
            answer.message(),
            "Some fields cannot be updated with the permissions granted by the bearer token scopes."
        );
    }
    // Scopes on the own user: a machine is no user.
    let own = with_scopes(&[
        "read:current_user",
        "delete:current_user",
        "update:current_user_metadata",
    ])
    .await;
    let path = format!("{USERS}/auth0%7Cx");
    for answer in [
        own.get(&path).await,
        own.delete(&path).await,
        own.patch(&path, &json!({"user_metadata": {"a": 1}})).await,
    ] {
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.message(),
            "User to be acted on does not match subject in bearer token."
        );
        assert_eq!(answer.json()["errorCode"], json!("unowned_resource"));
    }
}

#[tokio::test]
async fn creates_are_refused_in_the_servers_words() {
    let builder = Tenant::builder()
        .connection(Connection::database(DATABASE))
        .connection(Connection::database("plain").usernames(UsernameRule::Refused))
        .connection(Connection::database("off").disabled())
        .connection(Connection::external("github"))
        .connection(Connection::email("email"))
        .connection(Connection::sms("sms"));
    let caller = Caller::start(builder).await;
    caller.create("ada@example.org").await;
    let named = with(account("grace@example.org"), "username", "grace");
    assert_eq!(
        caller.post(USERS, &with(named, "user_id", "grace")).await.status,
        201
    );
    assert_eq!(
        caller
            .post(
                USERS,
                &json!({"connection": "sms", "phone_number": "+15005550006"})
            )
            .await
            .status,
        201
    );
    let other = account("new@example.org");
    for (body, status, code, message) in [
        (
            json!({}),
            400,
            "invalid_body",
            "Payload validation error: 'Missing required property: connection'.",
        ),
        (
            with(other.clone(), "connection", "nowhere"),
            400,
            "inexistent_connection",
            "The connection does not exist.",
        ),
        (
            account("ADA@example.org"),
            409,
            "auth0_idp_error",
            "The user already exists.",
        ),
        (
            with(other.clone(), "user_id", "grace"),
            409,
            "auth0_idp_error",
            "The user already exists.",
        ),
        (
            with(other.clone(), "username", "GRACE"),
            400,
            "auth0_idp_error",
            "The username provided is in use already.",
        ),
        (
            json!({"connection": "sms", "phone_number": "+15005550006"}),
            409,
            "auth0_idp_error",
            "The user already exists.",
        ),
        (
            with(other.clone(), "password", "short"),
            400,
            "auth0_idp_error",
            "PasswordStrengthError: Password is too weak",
        ),
        (
            with(with(other.clone(), "connection", "plain"), "username", "x"),
            400,
            "",
            "Cannot set username for connection without requires_username.",
        ),
        (
            with(other.clone(), "connection", "off"),
            400,
            "",
            "Connection is disabled.",
        ),
        (
            with(other.clone(), "connection", "github"),
            400,
            "",
            "Connection does not support user creation through the API. It must either be a database or passwordless connection.",
        ),
    ] {
        let answer = caller.post(USERS, &body).await;
        assert_eq!(
            (answer.status, answer.message().as_str()),
            (status, message),
            "{body}"
        );
        assert_eq!(
            answer.json()["errorCode"].as_str().unwrap_or_default(),
            code,
            "{body}"
        );
    }
    // The same address in another connection is another user.
    let passwordless = caller
        .post(USERS, &json!({"connection": "email", "email": "ada@example.org"}))
        .await;
    assert_eq!(passwordless.status, 201);
    assert!(
        passwordless.json()["user_id"]
            .as_str()
            .unwrap()
            .starts_with("email|")
    );
    let both = caller
        .get("/api/v2/users-by-email?email=ada@example.org&fields=email")
        .await;
    assert_eq!(
        both.text,
        r#"[{"email":"ada@example.org"},{"email":"ada@example.org"}]"#
    );
}

#[tokio::test]
async fn updates_are_refused_in_the_servers_words() {
    let caller = Caller::start(Tenant::builder()).await;
    caller.create("taken@example.org").await;
    caller
        .post(USERS, &with(account("t2@example.org"), "username", "taken"))
        .await;
    let path = format!("{USERS}/{}", caller.create("ada@example.org").await);
    for (body, code, message) in [
        (
            json!({"password": "another horse", "email": "a@example.org"}),
            "operation_not_supported",
            "Cannot update password and email simultaneously.",
        ),
        (
            json!({"email": "Taken@example.org"}),
            "auth0_idp_error",
            "The specified new email already exists",
        ),
        (
            json!({"username": "taken"}),
            "auth0_idp_error",
            "The specified new username already exists",
        ),
        (
            json!({"password": "short"}),
            "auth0_idp_error",
            "PasswordStrengthError: Password is too weak",
        ),
        (
            json!({"connection": "nowhere", "name": "x"}),
            "inexistent_connection",
            "The connection does not exist.",
        ),
        (
            json!({"app_metadata": null}),
            "invalid_body",
            "Payload validation error: 'Expected type object but found type null' on property app_metadata (User metadata to which this user has read-only access).",
        ),
    ] {
        let answer = caller.patch(&path, &body).await;
        assert_eq!(
            (answer.status, answer.message().as_str()),
            (400, message),
            "{body}"
        );
        assert_eq!(answer.json()["errorCode"], json!(code), "{body}");
    }
    // `fields` is for reads: an update answers the whole user.
    let whole = caller
        .patch(
            &format!("{path}?fields=email"),
            &json!({"connection": DATABASE, "nickname": null}),
        )
        .await;
    assert_eq!(whole.status, 200);
    assert!(whole.json().get("user_id").is_some() && whole.json().get("nickname").is_none());
}

#[tokio::test]
async fn checks_run_in_the_servers_order() {
    let builder = Tenant::builder().client(Client::new("main", "secret").scopes(["read:users"]));
    let caller = Caller::start(builder).await;
    let bad_path = format!("{USERS}/no-pipe");
    let missing = read(caller.http.get(caller.url(&bad_path))).await;
    assert_eq!(
        (
            missing.status,
            missing.message().as_str(),
            missing.header("www-authenticate")
        ),
        (401, "Missing authentication", Some("Bearer"))
    );
    let opaque = read(caller.http.get(caller.url(&bad_path)).bearer_auth("opaque")).await;
    assert_eq!(
        (opaque.status, opaque.message().as_str()),
        (400, "Bad HTTP authentication header format")
    );
    assert_eq!(opaque.json()["errorCode"], json!("Bearer"));
    let scope = caller.patch(&bad_path, &json!({"unknown": 1})).await;
    assert_eq!(scope.status, 403, "scope before path and body");
    let path = caller.get(&bad_path).await;
    assert_eq!(
        (path.status, path.message().as_str()),
        (
            400,
            "Path validation error: 'Object didn't pass validation for format user-id: no-pipe' on property id (ID of the user to retrieve)."
        )
    );
    assert_eq!(path.json()["errorCode"], json!("invalid_uri"));
    let all = Caller::start(Tenant::builder()).await;
    assert_eq!(
        all.patch(&bad_path, &json!({"unknown": 1})).await.json()["errorCode"],
        json!("invalid_uri")
    );
    let absent = format!("{USERS}/auth0%7Cabsent");
    assert_eq!(
        all.patch(&absent, &json!({"unknown": 1})).await.status,
        400,
        "body before existence"
    );
    assert_eq!(
        all.patch(&absent, &json!({"connection": "x"})).await.status,
        400,
        "connection before existence"
    );
}

#[tokio::test]
async fn bodies_that_are_no_json_objects() {
    let caller = Caller::start(Tenant::builder()).await;
    let post = |kind: &str, body: String| {
        caller
            .request("POST", USERS)
            .header("content-type", kind)
            .body(body)
    };
    for (kind, body, status, message) in [
        (
            "application/json",
            "{".to_owned(),
            400,
            "Invalid request payload JSON format",
        ),
        (
            "application/json",
            "[]".to_owned(),
            400,
            "Payload validation error: 'Expected type object but found type array'.",
        ),
        (
            "application/json",
            String::new(),
            400,
            "Payload validation error: 'Expected type object but found type null'.",
        ),
        ("text/plain", "x".to_owned(), 415, "Unsupported Media Type"),
        (
            "application/json",
            format!("\"{}\"", "x".repeat(1024 * 1024)),
            413,
            "Payload content length greater than maximum allowed: 1048576",
        ),
    ] {
        let answer = read(post(kind, body)).await;
        assert_eq!((answer.status, answer.message().as_str()), (status, message));
    }
    let form = format!("connection={DATABASE}&email=ada%40example.org&password=correct+horse");
    assert_eq!(
        read(post("application/x-www-form-urlencoded", form)).await.status,
        201
    );
}

#[tokio::test]
async fn unknown_routes_are_not_found_without_a_token() {
    let caller = Caller::start(Tenant::builder()).await;
    for (method, path) in [
        ("GET", "/"),
        ("PUT", USERS),
        ("GET", "/api/v2/clients"),
        ("GET", "/oauth/token"),
    ] {
        let method: reqwest::Method = method.parse().unwrap();
        let answer = read(caller.http.request(method, caller.url(path))).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (
                404,
                r#"{"statusCode":404,"error":"Not Found","message":"Not Found"}"#
            )
        );
    }
    let long = caller.get(&format!("{USERS}?q={}", "x".repeat(9000))).await;
    assert_eq!(
        (long.status, long.message().as_str()),
        (414, "Request-URI Too Large")
    );
}

#[tokio::test]
async fn searches_and_projections() {
    let caller = Caller::start(Tenant::builder()).await;
    for name in ["ada", "grace", "alan"] {
        caller.create(&format!("{name}@example.org")).await;
    }
    let emails = async |query: &str| {
        let answer = caller.get(&format!("{USERS}?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let users = answer.json();
        let email = |user: &Value| {
            user["email"]
                .as_str()
                .unwrap()
                .split('@')
                .next()
                .unwrap()
                .to_owned()
        };
        users.as_array().unwrap().iter().map(email).collect::<Vec<_>>()
    };
    assert_eq!(emails("").await, ["ada", "grace", "alan"]);
    assert_eq!(emails("q=email:a*&search_engine=v3").await, ["ada", "alan"]);
    assert_eq!(
        emails("q=NOT%20nickname:%22ada%22&sort=email:1").await,
        ["alan", "grace"]
    );
    assert_eq!(emails("sort=created_at:-1&per_page=1&page=2").await.len(), 1);
    let page = caller
        .get(&format!(
            "{USERS}?include_totals=true&fields=nickname&per_page=2&page=1"
        ))
        .await;
    assert_eq!(
        page.text,
        r#"{"start":2,"limit":2,"length":1,"users":[{"nickname":"alan"}],"total":3}"#
    );
    let id = caller.create("edsger@example.org").await;
    let only = caller.get(&format!("{USERS}/{id}?fields=email,nickname")).await;
    assert_eq!(only.text, r#"{"email":"edsger@example.org","nickname":"edsger"}"#);
    let without = caller
        .get(&format!("{USERS}/{id}?fields=email&include_fields=false"))
        .await
        .json();
    assert!(without.get("email").is_none() && without.get("user_id").is_some());
    let odd = caller.get(&format!("{USERS}/{id}?colour=red")).await;
    assert_eq!(
        odd.message(),
        "Query validation error: Additional properties not allowed"
    );
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
        .rate_limit(RateLimit::new(3, 0.5))
        .retry_after(true);
    let caller = Caller::start(builder).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for remaining in ["2", "1", "0"] {
        let answer = caller.get(USERS).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        let reset: u64 = answer.header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert!((now..now + 60).contains(&reset), "unix seconds: {reset}");
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
    assert_eq!(limited.header("retry-after"), Some("7"));
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
