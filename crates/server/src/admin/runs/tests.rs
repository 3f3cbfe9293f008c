//! The history of runs, and what an operator does with one, without a socket. Every answer is held against the document.

mod starting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use lockgate_flow::schema::compile;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::admin::router;
use crate::admin::router::{DOCUMENT, routes};
use crate::options::ServerOptions;
use crate::testing::{Served, until};

const SIGN_UP: &str = "name: sign-up
durable: true
trigger: { http: { method: POST, path: /sign-up, auth: none } }
input: { email: { type: string }, password: { type: string, secret: true } }
steps:
  - id: made
    action: test.gate
    with: { email: '{{input.email}}', password: '{{input.password}}' }
  - set: { at: '{{now}}' }
  - respond: { status: 201, body: { id: '{{uuid}}' } }
";

const REFUSED: &str = "name: refused
durable: true
steps:
  - action: test.gate
    with: { fail: not today }
";

const PASSING: &str = "name: passing
durable: false
trigger: { http: POST /passing }
steps: [{ return: 1 }]
";

const ASKS: &str = "name: asks
durable: true
trigger: { http: 'POST /asks/:user' }
input: { user: { type: string }, code: { type: string, secret: true, required: false } }
steps: [{ return: '{{request}}' }]
";

struct Admin(Served);

struct Read {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Read {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// The operation that a path belongs to.
fn operation<'d>(document: &'d Value, method: &str, path: &str) -> &'d Value {
    let wanted: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == wanted.len()
            && parts
                .iter()
                .zip(&wanted)
                .all(|(part, wanted)| part == wanted || part.starts_with('{'))
    };
    let paths = document["paths"].as_object().unwrap();
    let exact = paths.get(path);
    let found = exact.or_else(|| {
        paths
            .iter()
            .find(|(template, _)| fits(template))
            .map(|(_, item)| item)
    });
    &found.unwrap()[method.to_ascii_lowercase()]
}

/// That an answer is one of those that the document declares.
#[track_caller]
fn is_declared(method: &str, path: &str, read: &Read) {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let operation = operation(&document, method, path);
    let response = &operation["responses"][read.status.to_string()];
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    };
    assert!(
        response.is_object(),
        "{method} {path}: {} is not declared",
        read.status
    );
    let Some(content) = response["content"].as_object() else {
        assert_eq!(read.text, "", "{method} {path}");
        return;
    };
    let media = read.headers["content-type"].to_str().unwrap();
    let media = media.split(';').next().unwrap();
    let schema = &content
        .get(media)
        .unwrap_or_else(|| panic!("{method} {path}: {media} is not declared"))["schema"];
    if media.ends_with("json") {
        let schema = json!({ "components": document["components"], "allOf": [schema] });
        let body = read.json();
        let validator = compile(&schema).unwrap();
        assert!(
            validator.is_valid(&body),
            "{method} {path}: {body:#} does not fit"
        );
    }
}

impl Admin {
    fn new() -> Self {
        let flows = [SIGN_UP, REFUSED, PASSING, ASKS];
        Self(Served::kept(&flows, BTreeMap::new(), ServerOptions::default()))
    }

    async fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Read {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost:8081");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = router(Arc::clone(&self.0.state), None)
            .oneshot(request)
            .await
            .unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let read = Read {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        let path = target.split('?').next().unwrap();
        if read.status != 405 {
            is_declared(method, path, &read);
        }
        read
    }

    async fn get(&self, target: &str) -> Read {
        self.send(&format!("GET {target}"), &[], "").await
    }

    async fn post(&self, target: &str, body: Value) -> Read {
        let json = [("content-type", "application/json")];
        self.send(&format!("POST {target}"), &json, &body.to_string())
            .await
    }

    #[track_caller]
    fn refuses(read: &Read, status: u16, code: &str) {
        assert_eq!((read.status, &read.json()["code"]), (status, &json!(code)));
    }

    /// Signs someone up, and waits until that is over.
    async fn sign_up(&self, email: &str) -> String {
        self.0.gate.open.add_permits(1);
        let body = json!({ "email": email, "password": "canary-password" });
        let read = self.0.ask("POST /sign-up", Some(body)).await;
        assert_eq!(read.status, 201, "{}", read.body);
        let id = read.header("x-run-id").to_owned();
        self.until(&id, "succeeded").await;
        id
    }

    /// A run that fails.
    async fn fail(&self) -> String {
        self.0.gate.open.add_permits(1);
        let id = self.post("/api/flows/refused/runs", json!({})).await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        self.until(&id, "failed").await;
        id
    }

    /// Waits until a run stands so.
    async fn until(&self, id: &str, status: &str) {
        until(status, async || {
            let read = self.get(&format!("/api/runs/{id}")).await;
            read.status == 200 && read.json()["run"]["status"] == status
        })
        .await;
    }
}

#[test]
fn every_route_is_in_the_document_and_no_other() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let routes: BTreeSet<_> = routes()
        .into_iter()
        .map(|(path, methods, _)| {
            (
                path.to_owned(),
                methods.split(',').next().unwrap().to_ascii_lowercase(),
            )
        })
        .collect();
    let declared: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(routes, declared);
    // Every reference leads somewhere, and everything is used.
    let text = document.to_string();
    for part in ["schemas", "responses"] {
        for name in document["components"][part].as_object().unwrap().keys() {
            assert!(
                text.contains(&format!("\"#/components/{part}/{name}\"")),
                "{name} is not used"
            );
        }
    }
    let references = text
        .split("\"$ref\":\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    let ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn other_pages_of_the_port_are_as_declared() {
    let admin = Admin::new();
    for path in [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/api/openapi.json",
        "/api/flows",
        "/metrics",
    ] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
    }
    let document = admin.get("/api/openapi.json").await;
    assert_eq!(document.text, DOCUMENT);
    admin.0.state.stop();
    assert_eq!(admin.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn runs_are_listed_filtered_and_turned_over() {
    let admin = Admin::new();
    let ada = admin.sign_up("ada@example.com").await;
    let bob = admin.sign_up("bob@example.com").await;
    let failed = admin.fail().await;
    let ids = |page: &Value| -> Vec<String> {
        let runs = page["runs"].as_array().unwrap().iter();
        runs.map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = admin.get("/api/runs").await.json();
    assert_eq!(ids(&all), [failed.clone(), bob.clone(), ada.clone()]);
    assert_eq!(
        (&all["next"], &all["runs"][0]["error"]),
        (&Value::Null, &json!("refused"))
    );
    for (query, expected) in [
        ("flow=sign-up", vec![&bob, &ada]),
        ("status=failed&status=in_doubt", vec![&failed]),
        ("text=ADA@", vec![&ada]),
        ("text=canary-password", vec![]),
        ("flow=nothing", vec![]),
        ("since=2100-01-01T00:00:00Z", vec![]),
        ("until=2100-01-01T00:00:00Z&flow=refused", vec![&failed]),
    ] {
        let page = admin.get(&format!("/api/runs?{query}")).await.json();
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/runs?limit=1{cursor}")).await.json();
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!(
            "&cursor={}",
            url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()
        );
    }
    assert_eq!(seen, [failed, bob, ada]);
    for wrong in ["limit=201", "status=lost", "cursor=canary", "colour=red"] {
        let read = admin.get(&format!("/api/runs?{wrong}")).await;
        Admin::refuses(&read, 400, "malformed_request");
    }
}

#[tokio::test]
async fn a_run_is_shown_with_its_steps_and_without_its_secrets() {
    let admin = Admin::new();
    let id = admin.sign_up("ada@example.com").await;
    let shown = admin.get(&format!("/api/runs/{id}")).await;
    let run = shown.json();
    assert_eq!(
        run["input"],
        json!({ "email": "ada@example.com", "password": "••••" })
    );
    let steps = run["timeline"]["steps"].as_array().unwrap();
    assert_eq!(steps[0]["action"], "test.gate");
    assert_eq!(steps[0]["state"], "finished");
    let export = admin.get(&format!("/api/runs/{id}/export")).await;
    assert_eq!(export.json()["run"], run["run"]);
    assert_eq!(export.json()["definition"]["content"]["flow"], "sign-up");
    for read in [&shown, &export] {
        assert!(!read.text.contains("canary-password"), "{}", read.text);
    }
    for path in ["/api/runs/x", "/api/runs/0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11"] {
        for rest in ["", "/export", "/events"] {
            Admin::refuses(&admin.get(&format!("{path}{rest}")).await, 404, "no_such_run");
        }
        for rest in ["/cancel", "/resume", "/replay"] {
            Admin::refuses(
                &admin.post(&format!("{path}{rest}"), json!({})).await,
                404,
                "no_such_run",
            );
        }
    }
}

/// The events of a stream: id, name, data.
fn events(text: &str) -> Vec<(Option<usize>, String, Value)> {
    let mut events = Vec::new();
    for block in text
        .split("\n\n")
        .filter(|block| !block.is_empty() && !block.starts_with(':'))
    {
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        events.push((
            field("id").map(|id| id.parse().unwrap()),
            field("event").unwrap().to_owned(),
            serde_json::from_str(field("data").unwrap()).unwrap(),
        ));
    }
    events
}

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    let admin = Admin::new();
    let started = admin
        .post("/api/flows/refused/runs", json!({ "input": {} }))
        .await;
    assert_eq!(started.status, 202);
    let id = started.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(started.headers["location"], format!("/api/runs/{id}"));
    let target = format!("/api/runs/{id}/events");
    let opened = async {
        // Not before somebody follows it.
        admin.until(&id, "running").await;
        admin.0.gate.open.add_permits(1);
    };
    let (followed, ()) = tokio::join!(admin.get(&target), opened);
    assert_eq!(followed.headers["content-type"], "text/event-stream");
    let heard = events(&followed.text);
    let numbers: Vec<_> = heard.iter().filter_map(|(id, ..)| *id).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    let (_, name, last) = heard.last().unwrap();
    assert_eq!((name.as_str(), &last["status"]), ("status", &json!("failed")));
    let records: Vec<&Value> = heard
        .iter()
        .filter(|(_, name, _)| name == "record")
        .map(|(.., data)| data)
        .collect();
    assert!(
        records.iter().any(|record| record["record"] == "started"),
        "{records:?}"
    );
    let export = admin.get(&format!("/api/runs/{id}/export")).await.json();
    assert_eq!(json!(records), export["records"]);

    // A client that comes back gets what it lacks; one that has all is told to stay away.
    let last = numbers.len();
    let back = admin
        .send(&format!("GET {target}"), &[("last-event-id", "1")], "")
        .await;
    let numbers: Vec<_> = events(&back.text).iter().filter_map(|(id, ..)| *id).collect();
    assert_eq!(numbers, (2..=last).collect::<Vec<_>>());
    let all = admin
        .send(
            &format!("GET {target}"),
            &[("last-event-id", &last.to_string())],
            "",
        )
        .await;
    assert_eq!(all.status, 204);
    let read = admin
        .send(&format!("GET {target}"), &[("last-event-id", "canary")], "")
        .await;
    Admin::refuses(&read, 400, "malformed_request");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_lives_and_ends_with_the_server() {
    let admin = Admin::new();
    let started = admin.post("/api/flows/refused/runs", json!({})).await;
    let id = started.json()["id"].as_str().unwrap().to_owned();
    admin.until(&id, "running").await;
    let request = Request::get(format!("/api/runs/{id}/events")).header("host", "localhost");
    let request = request.body(Body::empty()).unwrap();
    let answer = router(Arc::clone(&admin.0.state), None)
        .oneshot(request)
        .await
        .unwrap();
    let mut body = answer.into_body();
    let mut text = String::new();
    while !text.contains("\n\n: ") {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    assert_eq!(events(&text).last().unwrap().2["status"], "running");
    admin.0.state.stop();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
}

#[tokio::test]
async fn operators_cancel_resume_replay_and_prune() {
    let admin = Admin::new();
    let failed = admin.fail().await;
    Admin::refuses(
        &admin.post(&format!("/api/runs/{failed}/cancel"), json!({})).await,
        409,
        "run_status",
    );
    let read = admin.post(&format!("/api/runs/{failed}/replay"), json!({})).await;
    assert_eq!(
        (read.status, read.json()["departs"].clone()),
        (200, json!(false)),
        "{}",
        read.text
    );
    // It fails again; that is another attempt.
    let read = admin
        .post(&format!("/api/runs/{failed}/resume"), json!({ "current": true }))
        .await;
    assert_eq!(
        (read.status, read.json()),
        (200, json!({ "id": failed, "status": "running" }))
    );
    Admin::refuses(
        &admin.post(&format!("/api/runs/{failed}/resume"), json!({})).await,
        409,
        "run_status",
    );
    let read = admin.post(&format!("/api/runs/{failed}/cancel"), json!({})).await;
    assert_eq!(
        (read.status, read.json()["status"].clone()),
        (200, json!("cancelled"))
    );
    let run = admin.get(&format!("/api/runs/{failed}")).await.json();
    assert_eq!(
        (&run["run"]["status"], &run["run"]["attempt"]),
        (&json!("cancelled"), &json!(2))
    );
    for body in [
        json!({ "happened": 1, "did_not_happen": true }),
        json!({ "with": 1 }),
        json!({ "current": "yes" }),
        json!([]),
    ] {
        let read = admin.post(&format!("/api/runs/{failed}/resume"), body).await;
        Admin::refuses(&read, 400, "malformed_request");
    }

    let done = admin.sign_up("ada@example.com").await;
    Admin::refuses(
        &admin.post(&format!("/api/runs/{done}/resume"), json!({})).await,
        409,
        "run_status",
    );
    Admin::refuses(
        &admin.post("/api/runs/prune", json!({})).await,
        400,
        "malformed_request",
    );
    let read = admin.post("/api/runs/prune", json!({ "keep": 1 })).await;
    assert_eq!((read.status, read.json()), (200, json!({ "deleted": 1 })));
    assert_eq!(admin.get(&format!("/api/runs/{failed}")).await.status, 404);
    assert_eq!(admin.get(&format!("/api/runs/{done}")).await.status, 200);
}

#[tokio::test]
async fn pages_of_other_origins_change_nothing() {
    let admin = Admin::new();
    let failed = admin.fail().await;
    let line = format!("POST /api/runs/{failed}/resume");
    let json_ = ("content-type", "application/json");
    for headers in [
        &[json_, ("sec-fetch-site", "cross-site")][..],
        &[json_, ("sec-fetch-site", "same-site")],
        &[json_, ("origin", "https://evil.example")],
        &[json_, ("origin", "http://localhost:3000")],
        &[json_, ("origin", "null")],
        &[
            json_,
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://evil.example"),
        ],
    ] {
        Admin::refuses(&admin.send(&line, headers, "{}").await, 403, "forbidden");
    }
    // What a form can send.
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let read = admin.send(&line, &[("content-type", content_type)], "{}").await;
        Admin::refuses(&read, 415, "unsupported_media_type");
    }
    Admin::refuses(&admin.send(&line, &[], "{}").await, 415, "unsupported_media_type");
    let preflight = admin
        .send(
            &line.replace("POST", "OPTIONS"),
            &[("origin", "https://evil.example")],
            "",
        )
        .await;
    assert_eq!(preflight.status, 405);
    assert!(
        preflight
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    assert_eq!(
        admin.get(&format!("/api/runs/{failed}")).await.json()["run"]["attempt"],
        1
    );
    // Its own pages may, and may look from anywhere.
    let own = [
        json_,
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://localhost:8081"),
    ];
    assert_eq!(admin.send(&line, &own, "{}").await.status, 200);
    admin.0.gate.open.add_permits(1);
    let read = admin
        .send("GET /api/runs", &[("sec-fetch-site", "cross-site")], "")
        .await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn a_server_that_keeps_nothing_says_so() {
    let served = Served::new(&[PASSING]);
    let admin = Admin(served);
    for path in ["/api/runs", "/api/runs/0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11"] {
        Admin::refuses(&admin.get(path).await, 404, "no_store");
    }
    Admin::refuses(
        &admin.post("/api/runs/prune", json!({ "keep": 1 })).await,
        404,
        "no_store",
    );
    assert!(!admin.get("/metrics").await.text.contains("lockgate_store"));
}

#[tokio::test]
async fn what_is_kept_is_counted() {
    let admin = Admin::new();
    admin.sign_up("ada@example.com").await;
    let mut waits = Box::pin(
        admin
            .0
            .ask("POST /sign-up", Some(json!({ "email": "a", "password": "b" }))),
    );
    until("a run", async || {
        assert!((&mut waits).now_or_never().is_none());
        admin.0.runtime().stats().active == 1
    })
    .await;
    let text = admin.get("/metrics").await.text;
    let samples = crate::metrics::tests::parse(&text);
    let value = |name: &str, label: Option<(&str, &str)>| {
        let mut fits = samples.iter().filter(|sample| {
            sample.name == name && label.is_none_or(|(label, value)| sample.label(label) == Some(value))
        });
        let value = fits.next().unwrap_or_else(|| panic!("no {name}")).value;
        assert!(fits.next().is_none());
        value
    };
    let is =
        |name, label, expected: f64| assert!((value(name, label) - expected).abs() < 0.1, "{name} {label:?}");
    is("lockgate_kept_runs", Some(("state", "active")), 1.0);
    is("lockgate_kept_runs", Some(("state", "sleeping")), 0.0);
    is("lockgate_runs_in_doubt_total", None, 0.0);
    is("lockgate_schedule_due_total", Some(("result", "started")), 0.0);
    is("lockgate_store_failing", None, 0.0);
    assert!(value("lockgate_store_commit_duration_seconds_count", None) >= 1.0);
    assert!(value("lockgate_store_records_total", None) >= 1.0);
    admin.0.gate.open.add_permits(1);
    assert_eq!(waits.await.status, 201);
}
