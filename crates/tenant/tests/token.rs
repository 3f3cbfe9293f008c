//! The token endpoint over HTTP: ways to authenticate, answers, refusals, and what becomes of a token.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lockgate_tenant::{Client, Tenant};
use serde_json::{Value, json};
use support::{Caller, read};

/// The key pair of the client that signs assertions. The tenant's own serves as well as any other.
const KEY: &[u8] = include_bytes!("../keys/signing-key.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../keys/signing-key.pub.pem");
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn without(mut body: Value, key: &str) -> Value {
    body.as_object_mut().unwrap().shift_remove(key);
    body
}

fn with(mut body: Value, key: &str, value: &str) -> Value {
    body[key] = value.into();
    body
}

#[tokio::test]
async fn json_form_and_basic_get_a_token_with_auth0s_shape_and_headers() {
    let caller = Caller::start(Tenant::builder()).await;
    let body = caller.token_request();
    let url = caller.url("/oauth/token");
    let open = without(without(body.clone(), "client_id"), "client_secret");
    let basic = caller
        .http
        .post(&url)
        .basic_auth(caller.tenant.client_id(), Some(caller.tenant.client_secret()));
    for request in [
        caller.http.post(&url).json(&body),
        caller.http.post(&url).form(&body),
        basic.form(&open),
    ] {
        let answer = read(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let token = answer.json();
        let keys: Vec<&String> = token.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["access_token", "scope", "expires_in", "token_type"]);
        assert_eq!(
            (&token["expires_in"], &token["token_type"]),
            (&json!(86400), &json!("Bearer"))
        );
        for (name, value) in [
            ("content-type", Some("application/json")),
            ("cache-control", Some("no-store")),
            ("pragma", Some("no-cache")),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        for name in [
            "x-auth0-requestid",
            "ot-baggage-auth0-request-id",
            "x-ratelimit-limit",
            "x-ratelimit-reset",
        ] {
            assert!(answer.header(name).is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_token_can_be_checked_with_what_discovery_names() {
    let caller = Caller::start(Tenant::builder()).await;
    let discovery = read(caller.http.get(caller.url("/.well-known/openid-configuration")))
        .await
        .json();
    assert_eq!(discovery["issuer"], json!(format!("{}/", caller.tenant.url())));
    let keys = read(caller.http.get(discovery["jwks_uri"].as_str().unwrap()))
        .await
        .json();
    let key = DecodingKey::from_jwk(&serde_json::from_value(keys["keys"][0].clone()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[discovery["issuer"].as_str().unwrap()]);
    validation.set_audience(&[caller.tenant.audience()]);
    let token = jsonwebtoken::decode::<Value>(&caller.token, &key, &validation).unwrap();
    assert_eq!(token.header.kid.as_deref(), keys["keys"][0]["kid"].as_str());
    assert_eq!(
        token.claims["sub"],
        json!(format!("{}@clients", caller.tenant.client_id()))
    );
    assert_eq!(token.claims["gty"], json!("client-credentials"));
}

#[tokio::test]
async fn refusals_have_auth0s_status_and_words() {
    let builder = Tenant::builder()
        .client(
            Client::new("main", "secret")
                .scopes(["read:users", "create:users"])
                .grant("https://granted.example", ["a"]),
        )
        .client(Client::new("no-grant", "secret").without_grant())
        .client(Client::new("no-grant-type", "secret").without_client_credentials())
        .api("https://granted.example")
        .api("https://not-granted.example");
    let caller = Caller::start(builder).await;
    let body = caller.token_request();
    let audience = caller.tenant.audience();
    let grant = |audience: &str| {
        format!(
            "Client is not authorized to access \"{audience}\". You need to create a \"client-grant\" associated to this API. See: https://auth0.com/docs/api/management/v2/client-grants/post-client-grants"
        )
    };
    for (body, status, error, description) in [
        (
            with(body.clone(), "client_secret", "wrong"),
            401,
            "access_denied",
            "Unauthorized".to_owned(),
        ),
        (
            with(body.clone(), "client_id", "nobody"),
            401,
            "access_denied",
            "Unauthorized".to_owned(),
        ),
        (
            without(body.clone(), "client_secret"),
            401,
            "access_denied",
            "Unauthorized".to_owned(),
        ),
        (
            without(body.clone(), "client_id"),
            400,
            "invalid_request",
            "Missing required parameter: client_id".to_owned(),
        ),
        (
            without(body.clone(), "grant_type"),
            400,
            "invalid_request",
            "Missing required parameter: grant_type".to_owned(),
        ),
        (
            with(body.clone(), "grant_type", "magic"),
            400,
            "unsupported_grant_type",
            "Unsupported grant type: magic".to_owned(),
        ),
        (
            with(body.clone(), "grant_type", "password"),
            403,
            "unauthorized_client",
            "Grant type 'password' not allowed for the client.".to_owned(),
        ),
        (
            with(body.clone(), "client_id", "no-grant-type"),
            403,
            "unauthorized_client",
            "Grant type 'client_credentials' not allowed for the client.".to_owned(),
        ),
        (
            with(body.clone(), "audience", "https://elsewhere.example/api/v2/"),
            403,
            "access_denied",
            "Service not enabled within domain: https://elsewhere.example/api/v2/".to_owned(),
        ),
        (
            with(body.clone(), "audience", audience.trim_end_matches('/')),
            403,
            "access_denied",
            format!(
                "Service not enabled within domain: {}",
                audience.trim_end_matches('/')
            ),
        ),
        (
            with(body.clone(), "client_id", "no-grant"),
            403,
            "access_denied",
            grant(audience),
        ),
        (
            with(body.clone(), "audience", "https://not-granted.example"),
            403,
            "access_denied",
            grant("https://not-granted.example"),
        ),
        (
            with(body.clone(), "scope", "read:users delete:users"),
            403,
            "access_denied",
            "Client has not been granted scopes: delete:users".to_owned(),
        ),
        (
            without(body.clone(), "audience"),
            403,
            "access_denied",
            "No audience parameter was provided, and no default audience has been configured".to_owned(),
        ),
    ] {
        let answer = read(caller.http.post(caller.url("/oauth/token")).json(&body)).await;
        assert_eq!(answer.status, status, "{body}");
        let expect = json!({"error": error, "error_description": description});
        assert_eq!(answer.text, expect.to_string(), "{body}");
        assert_eq!(
            answer.header("cache-control"),
            Some("private, no-store, no-cache, must-revalidate, post-check=0, pre-check=0, no-transform")
        );
    }
    let broken = caller
        .http
        .post(caller.url("/oauth/token"))
        .header("content-type", "application/json")
        .body("{");
    assert_eq!(read(broken).await.status, 400);
    let other = read(caller.http.post(caller.url("/oauth/token")).json(&with(
        body,
        "audience",
        "https://granted.example",
    )))
    .await;
    assert_eq!(other.json()["scope"], json!("a"));
}

#[tokio::test]
async fn scopes_are_the_grants_or_the_asked_ones_and_absent_when_empty() {
    let builder =
        Tenant::builder().client(Client::new("main", "secret").scopes(["read:users", "create:users"]));
    let mut caller = Caller::start(builder).await;
    let url = caller.url("/oauth/token");
    let body = caller.token_request();
    let scope = async |body: &Value| {
        read(caller.http.post(&url).json(body))
            .await
            .json()
            .get("scope")
            .cloned()
    };
    assert_eq!(scope(&body).await, Some(json!("read:users create:users")));
    assert_eq!(
        scope(&with(body.clone(), "scope", "create:users")).await,
        Some(json!("create:users"))
    );
    assert!(caller.tenant.grant_scope("main", "delete:users"));
    assert_eq!(
        scope(&body).await,
        Some(json!("read:users create:users delete:users"))
    );
    for granted in ["read:users", "create:users", "delete:users"] {
        assert!(caller.tenant.revoke_scope("main", granted));
    }
    assert_eq!(scope(&body).await, None);
    assert!(!caller.tenant.revoke_scope("nobody", "read:users"));

    // A token keeps what it was issued with; the next one does not.
    assert_eq!(caller.get("/api/v2/users").await.status, 200);
    caller.tenant.expire_tokens();
    let expired = caller.get("/api/v2/users").await;
    assert_eq!(expired.status, 401);
    assert_eq!(
        expired.message(),
        "Expired token received for JSON Web Token validation"
    );
    caller.renew().await;
    let refused = caller.get("/api/v2/users").await;
    assert_eq!(
        refused.message(),
        "Insufficient scope, expected any of: read:users,read:user_idp_tokens"
    );
}

#[tokio::test]
async fn lifetimes_end_and_deleted_clients_lose_their_tokens() {
    let caller = Caller::start(Tenant::builder().token_lifetime(Duration::ZERO)).await;
    assert_eq!(caller.get("/api/v2/users").await.status, 401);
    let caller = Caller::start(Tenant::builder()).await;
    assert!(caller.tenant.delete_client(caller.tenant.client_id()));
    assert_eq!(caller.get("/api/v2/users").await.message(), "Invalid token");
    let answer = read(
        caller
            .http
            .post(caller.url("/oauth/token"))
            .json(&caller.token_request()),
    )
    .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_token_of_another_tenant_is_invalid() {
    let caller = Caller::start(Tenant::builder()).await;
    let mut other = Caller::start(Tenant::builder()).await;
    other.token.clone_from(&caller.token);
    let answer = other.get("/api/v2/users").await;
    assert_eq!((answer.status, answer.message().as_str()), (401, "Invalid token"));
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"Invalid token\"")
    );
    assert_eq!(answer.json()["attributes"], json!({"error": "Invalid token"}));
}

#[tokio::test]
async fn private_key_jwt() {
    let builder = Tenant::builder()
        .client(Client::new("main", "secret"))
        .client(Client::with_public_key("signer", PUBLIC_KEY).unwrap());
    let caller = Caller::start(builder).await;
    let issuer = format!("{}/", caller.tenant.url());
    let good = |jti: &str| json!({"iss": "signer", "sub": "signer", "aud": issuer, "exp": now() + 60, "iat": now(), "jti": jti});
    let set = |jti: &str, key: &str, value: Value| {
        let mut claims = good(jti);
        claims[key] = value;
        claims
    };
    let ask = async |alg: Algorithm, claims: &Value, client_id: Option<&str>, kind: &str| {
        let key = EncodingKey::from_rsa_pem(KEY).unwrap();
        let mut body = json!({
            "grant_type": "client_credentials", "audience": caller.tenant.audience(), "client_assertion_type": kind,
            "client_assertion": jsonwebtoken::encode(&Header::new(alg), claims, &key).unwrap()
        });
        if let Some(id) = client_id {
            body["client_id"] = id.into();
        }
        read(caller.http.post(caller.url("/oauth/token")).form(&body)).await
    };
    for (alg, claims, client_id, kind, status) in [
        (Algorithm::RS256, good("a"), None, ASSERTION_TYPE, 200),
        (Algorithm::RS256, good("a"), None, ASSERTION_TYPE, 401), // used already
        (Algorithm::RS384, good("b"), Some("signer"), ASSERTION_TYPE, 200),
        (Algorithm::PS256, good("c"), None, ASSERTION_TYPE, 200),
        (Algorithm::RS512, good("d"), None, ASSERTION_TYPE, 401),
        (Algorithm::RS256, good("e"), Some("main"), ASSERTION_TYPE, 401),
        (Algorithm::RS256, good("f"), None, "other", 401),
        (
            Algorithm::RS256,
            set("g", "aud", json!("https://elsewhere.example/")),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("h", "iss", json!("main")),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("i", "sub", json!("main")),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("j", "exp", json!(now() - 60)),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("k", "exp", json!(now() + 600)),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("l", "nbf", json!(now() + 60)),
            None,
            ASSERTION_TYPE,
            401,
        ),
        (
            Algorithm::RS256,
            set("m", "iat", json!(now() + 5)),
            None,
            ASSERTION_TYPE,
            200,
        ), // within the skew
        (
            Algorithm::RS256,
            without(good("n"), "jti"),
            None,
            ASSERTION_TYPE,
            401,
        ),
    ] {
        let answer = ask(alg, &claims, client_id, kind).await;
        assert_eq!(
            answer.status, status,
            "{claims} {client_id:?} {kind}: {}",
            answer.text
        );
        if status == 401 {
            let expect =
                json!({"error": "invalid_client", "error_description": "Client authentication failed"});
            assert_eq!(answer.json(), expect);
        }
    }
    assert!(Client::with_public_key("x", b"no key").is_err());
}
