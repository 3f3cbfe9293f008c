//! Planted secrets are found nowhere: not in `Debug`, not in errors and what they quote, not in any log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use lockgate_auth0::Auth0Connection;
use lockgate_tenant::{Client, Tenant};
use serde_json::{Map, Value, json};
use support::{Bench, settings};
use tracing_subscriber::fmt::MakeWriter;

const SECRET: &str = "canary-client-secret-\"<&'";
const PASSWORD: &str = "canary password \"<&'\\ 9";
const TOKEN: &str = "canary-token-abc.def.ghi";
const NESTED: &str = "canary-nested-credential";

/// Forms in which a text may hold a planted value.
fn traces() -> Vec<String> {
    [
        "canary-client-secret",
        "canary password",
        "canary+password",
        "canary%20password",
        "canary-token",
        "canary-nested",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

impl Log {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[track_caller]
fn assert_clean(what: &str, text: &str, traces: &[String]) {
    for trace in traces {
        assert!(!text.contains(trace.as_str()), "{trace} in {what}:\n{text}");
    }
}

/// Quotes all that it got, in a JSON error, in HTML, and in a body that is neither.
async fn quote(State(kind): State<u8>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if uri.path() == "/oauth/token" && kind < 10 {
        let token = json!({ "access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer" });
        return axum::Json(token).into_response();
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let parsed: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let form = if uri.path() == "/oauth/token" {
        body.as_str()
    } else {
        ""
    };
    let form: Map<String, Value> = url::form_urlencoded::parse(form.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    let earlier = if uri.path() == "/oauth/token" {
        ""
    } else {
        PASSWORD
    };
    let quoted = format!("{uri} {headers:?} {body} {parsed} {form:?} {earlier}");
    let error = json!({
        "statusCode": 400,
        "error": quoted,
        "message": format!("Payload validation error: '{quoted}'"),
        "errorCode": quoted,
        "attributes": { "sent": parsed, "form": form, "headers": format!("{headers:?}") },
    });
    match kind % 10 {
        0 => (StatusCode::BAD_REQUEST, axum::Json(error)).into_response(),
        1 => (StatusCode::UNAUTHORIZED, axum::Json(error)).into_response(),
        2 => (StatusCode::FORBIDDEN, axum::Json(error)).into_response(),
        3 => (
            StatusCode::BAD_GATEWAY,
            [("content-type", "text/html")],
            format!("<p>{quoted}</p>"),
        )
            .into_response(),
        4 => (StatusCode::OK, quoted).into_response(),
        5 => {
            let oauth = json!({ "error": quoted, "error_description": quoted });
            (StatusCode::UNAUTHORIZED, axum::Json(oauth)).into_response()
        }
        _ => {
            let html = quoted
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                [("content-type", "text/html")],
                html,
            )
                .into_response()
        }
    }
}

#[tokio::test]
async fn an_upstream_that_quotes_everything_gives_nothing_away() {
    let log = Log::default();
    let guard = log.capture();
    for kind in 0..17 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(quote).with_state(kind);
        #[expect(clippy::disallowed_methods, reason = "aborted below")]
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = json!({ "base_url": url, "client_id": "app", "client_secret": SECRET });
        let bench = Bench::new(settings.as_object().unwrap());
        let connection = bench.connection.downcast_ref::<Auth0Connection>().unwrap();
        assert_clean("the connection", &format!("{connection:?}"), &traces());
        for (name, input) in [
            (
                "auth0.create_user",
                json!({ "connection": "db", "email": "ada@example.com", "password": PASSWORD }),
            ),
            (
                "auth0.update_user",
                json!({ "user_id": "auth0|1", "password": PASSWORD }),
            ),
            (
                "auth0.send_request",
                json!({
                    "method": "POST",
                    "path": "/api/v2/connections",
                    "body": { "options": { "credentials": { "key": NESTED }, "password": PASSWORD } },
                }),
            ),
        ] {
            match bench.call(name, "run-1", 1, &input).await {
                Ok(value) => panic!("{name} succeeded: {value}"),
                Err(error) => {
                    let all = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
                    assert_clean(&format!("{name}, kind {kind}"), &all, &traces());
                    assert!(error.code.len() < 40, "{error}");
                }
            }
        }
        server.abort();
    }
    drop(guard);
    let text = log.text();
    assert!(text.contains("called the Management API"), "nothing was logged");
    // The server of this test runs on the same thread; what it logs of its own is the frames' sizes only.
    assert_clean("the log", &text, &traces());
}

const PRIVATE_KEY: &str = include_str!("../../tenant/keys/signing-key.pem");
const PUBLIC_KEY: &str = include_str!("../../tenant/keys/signing-key.pub.pem");

#[tokio::test]
async fn a_private_key_works_and_stays_private() {
    let log = Log::default();
    let guard = log.capture();
    let client = Client::with_public_key("app", PUBLIC_KEY.as_bytes()).unwrap();
    let tenant = Tenant::builder().client(client).start().await.unwrap();
    let traces: Vec<String> = PRIVATE_KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .map(str::to_owned)
        .collect();
    assert!(traces.len() > 10);
    let mut settings = settings(&tenant);
    settings.remove("client_secret");
    // As a variable often holds it.
    settings.insert("private_key".to_owned(), json!(PRIVATE_KEY.replace('\n', "\\n")));
    let bench = Bench::new(&settings);
    let input = json!({ "connection": "Username-Password-Authentication", "email": "a@example.com", "password": PASSWORD });
    bench.call("auth0.create_user", "run-1", 1, &input).await.unwrap();
    // Each assertion has an id of its own: a second fetch is not a replay.
    tenant.expire_tokens();
    let user = tenant.users()[0].clone();
    bench
        .call(
            "auth0.get_user",
            "run-2",
            1,
            &json!({ "user_id": user["user_id"] }),
        )
        .await
        .unwrap();
    // A key that the tenant does not know.
    tenant.delete_client("app");
    tenant.expire_tokens();
    let error = bench
        .call("auth0.get_user", "run-3", 1, &json!({ "user_id": "auth0|1" }))
        .await
        .unwrap_err();
    assert_eq!(error.code, "unauthorized");
    drop(guard);
    assert_clean("the error", &format!("{error:?}"), &traces);
    assert_clean("the log", &log.text(), &traces);
    assert_clean("the log", &log.text(), &["eyJ".to_owned(), PASSWORD.to_owned()]);

    let key = PRIVATE_KEY.replace("MII", "XXX");
    settings.insert("private_key".to_owned(), json!(key));
    let clock = Arc::new(support::JumpClock::new());
    let error = Auth0Connection::from_settings("auth0", &settings, clock).unwrap_err();
    assert_eq!(error.setting, "private_key");
    assert_clean("the settings' error", &format!("{error} {error:?}"), &traces);
}
