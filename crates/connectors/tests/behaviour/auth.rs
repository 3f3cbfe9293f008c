//! Credentials, of each kind.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lockgate_engine::state::{Entry, MemoryState, SharedState, StateError};
use lockgate_http::testing::{json as answer, reply};
use serde_json::{Value, json};

use crate::stand::{Stand, acme, connector, form, header, open, word};

const GET: &str =
    "get:\n  summary: Reads\n  effect: read\n  request: { method: GET, path: /me, query: { a: 1 } }\n";

const SETTINGS: &str = "{ id: { type: string }, secret: { type: string, secret: true } }";

fn settings() -> Value {
    json!({ "id": "ada", "secret": "canary-secret" })
}

fn token(number: u32) -> crate::stand::Reply {
    answer(
        200,
        &json!({ "access_token": format!("canary-token-{number}"), "expires_in": 3600 }),
    )
}

fn ok() -> crate::stand::Reply {
    answer(200, &json!({ "ok": true }))
}

#[tokio::test]
async fn what_the_settings_say_is_sent() {
    let basic = STANDARD.encode("ada:canary-secret");
    let alone = STANDARD.encode("canary-secret:");
    for (auth, name, value, uri) in [
        (
            "{ bearer: \"{{connection.secret}}\" }",
            "authorization",
            "Bearer canary-secret".to_owned(),
            "/v2/me?a=1",
        ),
        (
            "{ basic: { username: \"{{connection.id}}\", password: \"{{connection.secret}}\" } }",
            "authorization",
            format!("Basic {basic}"),
            "/v2/me?a=1",
        ),
        (
            "{ basic: { username: \"{{connection.secret}}\" } }",
            "authorization",
            format!("Basic {alone}"),
            "/v2/me?a=1",
        ),
        (
            "{ api_key: { header: X-Key, value: \"Token {{connection.secret}}\" } }",
            "x-key",
            "Token canary-secret".to_owned(),
            "/v2/me?a=1",
        ),
        (
            "{ api_key: { query: key, value: \"{{connection.secret}}\" } }",
            "authorization",
            String::new(),
            "/v2/me?a=1&key=canary-secret",
        ),
        ("none", "authorization", String::new(), "/v2/me?a=1"),
    ] {
        // Not every kind reads both settings.
        let operation = GET.replace("a: 1", "a: \"{{coalesce 1 connection.id connection.secret}}\"");
        let text = acme(SETTINGS, auth, &operation);
        let stand = Stand::new(
            &text,
            settings(),
            [answer(
                401,
                &json!({ "said": "canary-secret", "sent": [basic, alone] }),
            )],
        )
        .await;
        let error = stand.call("get", json!({})).await.unwrap_err();
        assert_eq!((&*error.code, word(error.retry)), ("unauthorized", "never"));
        // What is refused is not repeated: there is no other key. And no word of it is told.
        let told = format!("{error:?}");
        assert!(!told.contains("canary"), "{told}");
        let sent = header_of(&value);
        assert!(sent.is_empty() || !told.contains(sent), "{told}");
        let [seen] = &stand.seen()[..] else {
            panic!("{auth}")
        };
        assert_eq!(
            (header(seen, name), seen.uri.to_string()),
            (value, uri.to_owned()),
            "{auth}"
        );
    }
}

/// What stands behind the scheme.
fn header_of(value: &str) -> &str {
    value.rsplit(' ').next().unwrap_or_default()
}

const CLIENT: &str = "{ oauth_client_credentials: { token_url: https://acme.example/token, client_id: \"{{connection.id}}\", client_secret: \"{{connection.secret}}\", scope: read, audience: api } }";

#[tokio::test]
async fn a_token_of_the_client_serves_all_calls_until_it_is_refused() {
    let replies = [token(1), ok(), ok(), reply(401, &[], ""), token(2), ok(), ok()];
    let stand = Stand::new(&acme(SETTINGS, CLIENT, GET), settings(), replies).await;
    for _ in 0..4 {
        assert_eq!(stand.call("get", json!({})).await, Ok(json!({ "ok": true })));
    }
    let seen = stand.seen();
    let asked: Vec<_> = seen.iter().map(|seen| header(seen, "authorization")).collect();
    let bearer = |number| format!("Bearer canary-token-{number}");
    assert_eq!(
        asked,
        [
            String::new(),
            bearer(1),
            bearer(1),
            bearer(1),
            String::new(),
            bearer(2),
            bearer(2)
        ]
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(seen[0].uri.path(), "/token");
    assert_eq!(
        form(&seen[0]),
        [
            pair("grant_type", "client_credentials"),
            pair("client_id", "ada"),
            pair("client_secret", "canary-secret"),
            pair("scope", "read"),
            pair("audience", "api"),
        ]
    );
}

/// A second 401 is an answer: a third token would not be better.
#[tokio::test]
async fn a_token_is_asked_for_anew_once() {
    let refused = || answer(401, &json!({ "error": "canary-token-1 canary-token-2" }));
    let replies = [token(1), refused(), token(2), refused()];
    let stand = Stand::new(&acme(SETTINGS, CLIENT, GET), settings(), replies).await;
    let error = stand.call("get", json!({})).await.unwrap_err();
    assert_eq!(error.code, "unauthorized");
    assert!(!format!("{error:?}").contains("canary-token-2"), "{error:?}");
    assert_eq!(stand.seen().len(), 4);
}

#[tokio::test]
async fn a_client_may_say_who_it_is_in_the_header() {
    let auth = CLIENT.replace("scope: read", "client_auth: basic");
    let stand = Stand::new(
        &acme(SETTINGS, &auth, GET),
        json!({ "id": "a b", "secret": "p:w" }),
        [token(1), ok()],
    )
    .await;
    stand.call("get", json!({})).await.unwrap();
    let seen = stand.seen();
    // RFC 6749 §2.3.1: form-encoded first.
    let basic = STANDARD.encode("a+b:p%3Aw");
    assert_eq!(header(&seen[0], "authorization"), format!("Basic {basic}"));
    assert!(
        !seen[0].body.contains("client_id") && !seen[0].body.contains("client_secret"),
        "{}",
        seen[0].body
    );
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_no_secret_is_told() {
    for (refusal, code, words, retry) in [
        (
            answer(
                401,
                &json!({ "error": "invalid_client", "error_description": "no canary-secret" }),
            ),
            "unauthorized",
            "answered 401: invalid_client (no ••••)",
            "never",
        ),
        (
            reply(503, &[], "canary-secret"),
            "unavailable",
            "answered 503",
            "nothing_happened",
        ),
        (
            reply(429, &[("retry-after", "3")], ""),
            "rate_limited",
            "answered 429",
            "nothing_happened",
        ),
        (
            answer(200, &json!({ "token": "canary" })),
            "invalid_response",
            "gave no access token",
            "never",
        ),
        (
            reply(302, &[("location", "/x")], ""),
            "invalid_response",
            "answered 302",
            "never",
        ),
    ] {
        let stand = Stand::new(&acme(SETTINGS, CLIENT, GET), settings(), [refusal]).await;
        let error = stand.call("get", json!({})).await.unwrap_err();
        assert_eq!((&*error.code, word(error.retry)), (code, retry), "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(stand.seen().len(), 1, "{code}");
        stand.status("get", &error);
    }
}

/// Keeps what is written.
struct Spy(MemoryState, Mutex<Vec<String>>);

#[async_trait]
impl SharedState for Spy {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError> {
        self.0.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        self.1.lock().unwrap().push(format!("{key} {value}"));
        self.0.put(key, expected, value, expires_at, now).await
    }

    fn derive_key(&self, purpose: &str) -> [u8; 32] {
        self.0.derive_key(purpose)
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_and_outlive_the_process() {
    let auth = "{ oauth_refresh_token: { token_url: https://acme.example/token, client_id: \"{{connection.id}}\", refresh_token: \"{{connection.secret}}\" } }";
    let refreshed = |number: u32| {
        answer(
            200,
            &json!({
                "access_token": format!("access-{number}"), "expires_in": "60",
                "refresh_token": format!("canary-refresh-{number}"),
            }),
        )
    };
    let replies = [
        refreshed(1),
        ok(),
        refreshed(2),
        ok(),
        refreshed(3),
        ok(),
        refreshed(4),
        ok(),
    ];
    let mut stand = Stand::new(&acme(SETTINGS, auth, GET), settings(), replies).await;
    let spy = Arc::new(Spy(MemoryState::new([7; 32]), Mutex::default()));
    stand.step.state = Arc::clone(&spy) as _;
    stand.call("get", json!({})).await.unwrap();
    // The process starts again, twice; then the operator gives another token, and goes back to the first.
    for _ in 0..2 {
        stand.reopen();
        stand.call("get", json!({})).await.unwrap();
    }
    stand.set("secret", json!("canary-other"));
    stand.call("get", json!({})).await.unwrap();
    // What was kept is as secret as what the settings say.
    stand.reopen();
    stand.server.add(answer(
        400,
        &json!({ "error": "invalid_grant", "error_description": "canary-refresh-4" }),
    ));
    let error = stand.call("get", json!({})).await.unwrap_err();
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    let used: Vec<String> = stand
        .seen()
        .iter()
        .filter(|seen| seen.uri.path() == "/token")
        .map(|seen| form(seen)[1].1.clone())
        .collect();
    assert_eq!(
        used,
        [
            "canary-secret",
            "canary-refresh-1",
            "canary-refresh-2",
            "canary-other",
            "canary-refresh-4"
        ]
    );
    let written = spy.1.lock().unwrap();
    assert_eq!(written.len(), 4);
    assert!(!written.concat().contains("canary"), "{written:?}");
}

/// A token that is sealed with another key (another store) is none: the settings are what there is.
#[tokio::test]
async fn a_refresh_token_of_another_key_is_none() {
    let auth = "{ oauth_refresh_token: { token_url: https://acme.example/token, client_id: \"{{connection.id}}\", refresh_token: \"{{connection.secret}}\" } }";
    let refreshed = || {
        answer(
            200,
            &json!({ "access_token": "a", "refresh_token": "canary-next" }),
        )
    };
    let mut stand = Stand::new(
        &acme(SETTINGS, auth, GET),
        settings(),
        [refreshed(), ok(), refreshed(), ok()],
    )
    .await;
    let spy = Arc::new(Spy(MemoryState::new([7; 32]), Mutex::default()));
    stand.step.state = spy;
    stand.call("get", json!({})).await.unwrap();
    stand.step.state = Arc::new(OtherKey(Arc::clone(&stand.step.state)));
    stand.reopen();
    stand.call("get", json!({})).await.unwrap();
    let used = form(&stand.seen()[2])[1].1.clone();
    assert_eq!(used, "canary-secret");
}

/// The same entries under another key.
struct OtherKey(Arc<dyn SharedState>);

#[async_trait]
impl SharedState for OtherKey {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError> {
        self.0.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        self.0.put(key, expected, value, expires_at, now).await
    }

    fn derive_key(&self, _purpose: &str) -> [u8; 32] {
        [8; 32]
    }
}

#[tokio::test]
async fn a_service_account_signs_who_it_is() {
    let auth = "{ service_account: { token_url: https://acme.example/token, email: \"{{connection.id}}\", private_key: \"{{connection.secret}}\", scope: sheets, audience: https://oauth2.googleapis.com/token, subject: ada, key_id: k1 } }";
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let pem = |name: &str, der: &[u8], end: &str| {
        let body = STANDARD.encode(der);
        format!("-----BEGIN {name}-----{end}{body}{end}-----END {name}-----{end}")
    };
    // In a variable the lines are written out.
    for end in ["\n", "\\n"] {
        let key = pem("PRIVATE KEY", private.as_ref(), end);
        let settings = json!({ "id": "robot@acme.example", "secret": key });
        let stand = Stand::new(&acme(SETTINGS, auth, GET), settings, [token(1), ok()]).await;
        stand.call("get", json!({})).await.unwrap();
        let form = form(&stand.seen()[0]);
        assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&["https://oauth2.googleapis.com/token"]);
        validation.set_issuer(&["robot@acme.example"]);
        // Its time is the clock's.
        validation.validate_exp = false;
        let key = DecodingKey::from_rsa_pem(pem("PUBLIC KEY", public.as_ref(), "\n").as_bytes()).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&form[1].1, &key, &validation).unwrap();
        assert_eq!(decoded.header.kid.as_deref(), Some("k1"));
        // 1 January 2030.
        assert_eq!(
            decoded.claims,
            json!({
                "iss": "robot@acme.example", "aud": "https://oauth2.googleapis.com/token", "scope": "sheets",
                "sub": "ada", "iat": 1_893_456_000, "exp": 1_893_459_600,
            })
        );
    }
    let settings = json!({ "id": "robot@acme.example", "secret": "canary: no key" });
    let stand = Stand::new(&acme(SETTINGS, auth, GET), settings, []).await;
    let error = stand.call("get", json!({})).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unauthorized: the `private_key` of the connection `main` is no RSA key in PEM form"
    );
}

#[tokio::test]
async fn aws_is_shown_a_signature() {
    let auth = "{ aws_sigv4: { service: ses, region: eu-west-1, access_key_id: \"{{connection.id}}\", secret_access_key: \"{{connection.secret}}\", session_token: canary-session } }";
    let stand = Stand::new(&acme(SETTINGS, auth, GET), settings(), [ok()]).await;
    stand.call("get", json!({})).await.unwrap();
    let seen = &stand.seen()[0];
    let authorization = header(seen, "authorization");
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=ada/20300101/eu-west-1/ses/aws4_request, SignedHeaders="
        ),
        "{authorization}"
    );
    assert_eq!(header(seen, "x-amz-security-token"), "canary-session");
    assert!(header(seen, "x-amz-date").starts_with("20300101T0000"));
}

#[test]
fn settings_are_read_as_what_they_are_for() {
    let connector = connector(&acme(
        "{ region: { enum: [eu, us], default: eu }, port: { type: integer }, key: { type: string, minLength: 8, secret: true } }",
        "{ bearer: \"{{connection.key}}\" }",
        "get:\n  summary: Reads\n  effect: read\n  request: { method: GET, path: \"/{{connection.region}}/{{connection.port}}\" }\n",
    ));
    assert!(open(&connector, &json!({ "port": "8080", "key": "12345678" })).is_ok());
    for (settings, setting, words) in [
        (
            json!({ "port": "many", "key": "12345678" }),
            "port",
            "is not of type \"integer\"",
        ),
        (json!({ "key": "12345678" }), "port", "is required"),
        (
            json!({ "port": 1, "key": "canary" }),
            "key",
            "the value is shorter",
        ),
        (
            json!({ "port": 1, "key": "12345678", "region": "cn" }),
            "region",
            "\"cn\" is not one of",
        ),
        (
            json!({ "port": 1, "key": "12345678", "base_url": "ftp://x" }),
            "base_url",
            "is not HTTP",
        ),
        (
            json!({ "port": 1, "key": "12345678", "base_url": "https://x/?a=b" }),
            "base_url",
            "has a query",
        ),
    ] {
        let error = open(&connector, &settings).unwrap_err();
        assert_eq!(error.setting, setting, "{error}");
        assert!(
            error.problem.contains(words) && !error.problem.contains("canary"),
            "{error}"
        );
    }
}
