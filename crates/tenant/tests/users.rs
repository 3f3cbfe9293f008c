//! The users API over HTTP: scopes, order of checks, uniqueness, merging, projections.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

mod support;

use lockgate_tenant::{Client, Connection, Tenant, UsernameRule};
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
