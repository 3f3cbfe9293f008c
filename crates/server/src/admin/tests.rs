//! The admin port without a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use lockgate_engine::Executor;
use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_runtime::{Program, ProgramParts};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::router;
use crate::metrics::tests::parse;
use crate::options::ServerOptions;
use crate::site::{BrokenFlow, Site, SiteParts};
use crate::state::State;
use crate::testing::{Served, request};

const SIGN_UP: &str = "name: sign-up
description: Makes an account.
durable: false
trigger: { http: { method: POST, path: '/sign-up/:plan', auth: none, rate_limit: { limit: 20/min, by: input.email } } }
input: { plan: { type: string }, email: { type: string, secret: true } }
steps: [{ return: done }]";

const NIGHTLY: &str = "name: nightly
durable: true
trigger: { schedule: { cron: '0 3 * * *', timezone: Europe/Madrid } }
steps: [{ set: { a: 1 } }]";

struct Admin {
    served: Served,
    state: Arc<State>,
}

struct Read {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Read {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(
            (self.status, &body["status"], &body["code"]),
            (status, &json!(status), &json!(code))
        );
        self.is_hardened();
    }

    #[track_caller]
    fn is_hardened(&self) {
        assert_eq!(
            (
                self.header("x-content-type-options"),
                self.header("cache-control")
            ),
            ("nosniff", "no-store")
        );
    }
}

impl Admin {
    fn new(token: Option<&str>) -> Self {
        let options = ServerOptions {
            admin_token: token.map(Into::into),
            ..ServerOptions::default()
        };
        let served = Served::with(&[SIGN_UP, NIGHTLY], BTreeMap::new(), options);
        let state = Arc::clone(&served.state);
        Self { served, state }
    }

    async fn send(&self, line: &str, headers: &[(&str, &str)]) -> Read {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = router(Arc::clone(&self.state), None)
            .oneshot(request)
            .await
            .unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Read {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&self, target: &str) -> Read {
        self.send(&format!("GET {target}"), &[("host", "localhost:8081")])
            .await
    }
}

#[tokio::test]
async fn it_says_whether_it_lives_and_whether_it_is_ready() {
    let admin = Admin::new(None);
    let read = admin.get("/healthz").await;
    assert_eq!((read.status, read.json()), (200, json!({ "status": "ok" })));
    read.is_hardened();
    let read = admin.get("/readyz").await;
    assert_eq!(
        (read.status, read.json()),
        (200, json!({ "status": "ready", "reasons": [] }))
    );
    admin.state.stop();
    let read = admin.get("/readyz").await;
    assert_eq!(
        (read.status, read.json()),
        (503, json!({ "status": "not_ready", "reasons": ["stopping"] }))
    );
    assert_eq!(admin.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let admin = Admin::new(None);
    admin.get("/").await.is_problem(404, "no_such_route");
    admin.get("/api/flows/").await.is_problem(404, "no_such_route");
    let host = [("host", "localhost")];
    for path in ["/healthz", "/metrics", "/api/flows", "/openapi.json"] {
        let read = admin.send(&format!("POST {path}"), &host).await;
        read.is_problem(405, "method_not_allowed");
        assert_eq!(read.header("allow"), "GET, HEAD");
        let read = admin.send(&format!("HEAD {path}"), &host).await;
        assert_eq!((read.status, &*read.text), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn without_a_token_only_names_of_this_machine_are_answered() {
    let admin = Admin::new(None);
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/flows",
        "/openapi.json",
        "/nothing",
    ] {
        for host in ["evil.example", "10.0.0.7:8081", "localhost.evil.example"] {
            let read = admin.send(&format!("GET {path}"), &[("host", host)]).await;
            read.is_problem(403, "forbidden");
        }
        let read = admin.send(&format!("GET {path}"), &[]).await;
        read.is_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn with_a_token_it_must_be_shown_for_all_but_probes() {
    let admin = Admin::new(Some("canary-admin-token"));
    let elsewhere = ("host", "lockgate.internal");
    let good = ("authorization", "Bearer canary-admin-token");
    for (path, is_open) in [
        ("/healthz", true),
        ("/readyz", true),
        ("/metrics", false),
        ("/api/flows", false),
        ("/openapi.json", false),
        ("/nothing", false),
        ("/healthz/", false),
    ] {
        let bare = admin.send(&format!("GET {path}"), &[elsewhere]).await;
        let wrong = [elsewhere, ("authorization", "Bearer canary-admin-tokem")];
        let wrong = admin.send(&format!("GET {path}"), &wrong).await;
        for read in [bare, wrong] {
            if is_open {
                assert_eq!(read.status, 200, "{path}");
            } else {
                read.is_problem(401, "unauthorized");
                assert_eq!(read.header("www-authenticate"), "Bearer realm=\"lockgate admin\"");
            }
            assert!(!read.text.contains("canary"), "{}", read.text);
        }
        let read = admin.send(&format!("GET {path}"), &[elsewhere, good]).await;
        assert_ne!(read.status, 401, "{path}");
        assert!(!read.text.contains("canary"), "{}", read.text);
    }
}

#[tokio::test]
async fn metrics_are_open_metrics_and_nothing_of_a_request_becomes_a_label() {
    let admin = Admin::new(None);
    let body = json!({ "email": "canary@example.com" }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "canary-agent"),
        ("host", "canary.example"),
        ("traceparent", "00-canary-canary-00"),
        ("x-forwarded-for", "203.0.113.77"),
    ];
    for (line, status) in [
        ("POST /sign-up/canary?x", 422),
        ("POST /sign-up/canary", 200),
        ("CANARY /sign-up/canary", 405),
        ("CANARY /canary?canary=canary", 404),
        ("GET /canary%22%0A%7D", 404),
        ("OPTIONS /sign-up/canary", 204),
    ] {
        let read = admin.served.send(request(line, &headers, body.clone())).await;
        assert_eq!(read.status, status, "{line}: {:?}", read.body);
    }
    let read = admin.get("/metrics").await;
    assert_eq!(read.status, 200);
    assert_eq!(
        read.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    read.is_hardened();
    assert!(!read.text.to_lowercase().contains("canary"), "{}", read.text);
    assert!(
        !read.text.contains("203.0.113.77") && !read.text.contains("192.0.2.1"),
        "{}",
        read.text
    );
    let samples = parse(&read.text);
    let allowed = |name: &str, value: &str| match name {
        "http_route" => value == "/sign-up/{plan}",
        "http_request_method" => crate::metrics::METHODS.contains(&value),
        "flow" => value == "sign-up",
        _ => true,
    };
    for sample in &samples {
        for (name, value) in &sample.labels {
            assert!(allowed(name, value), "{sample:?}");
        }
    }
    let count = |name: &str, labels: &[(&str, &str)]| -> f64 {
        let fits = samples.iter().filter(|sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|(label, value)| sample.label(label) == Some(value))
        });
        fits.map(|sample| sample.value).sum()
    };
    let requests = "http_server_request_duration_seconds_count";
    assert!((count(requests, &[]) - 6.0).abs() < 0.1);
    assert!((count(requests, &[("http_request_method", "_OTHER")]) - 2.0).abs() < 0.1);
    assert!((count("lockgate_requests_refused_total", &[("code", "invalid_input")]) - 1.0).abs() < 0.1);
    assert!((count("lockgate_run_duration_seconds_count", &[("status", "succeeded")]) - 1.0).abs() < 0.1);
    assert!(count("http_server_active_requests", &[]).abs() < 0.1);
}

#[tokio::test]
async fn metrics_of_ten_thousand_flows_are_sent_in_pieces() {
    let admin = Admin::new(None);
    for index in 0..10_000 {
        let endpoint =
            admin
                .state
                .metrics
                .endpoint("POST", &format!("/flows/{index}"), &format!("flow-{index}"));
        endpoint.answered(
            &http::Method::POST,
            http::StatusCode::OK,
            std::time::Duration::ZERO,
        );
    }
    let request = Request::get("/metrics").header("host", "localhost");
    let request = request.body(Body::empty()).unwrap();
    let mut body = router(Arc::clone(&admin.state), None)
        .oneshot(request)
        .await
        .unwrap()
        .into_body();
    let (mut largest, mut text) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        largest = largest.max(data.len());
        text.extend_from_slice(&data);
    }
    assert!(largest <= 64 * 1024, "{largest}");
    assert!(text.len() > 10_000_000, "{}", text.len());
    let samples = parse(std::str::from_utf8(&text).unwrap());
    assert!(samples.len() > 170_000);
}

fn names(page: &Value) -> Vec<&str> {
    let flows = page["flows"].as_array().unwrap();
    flows.iter().map(|flow| flow["name"].as_str().unwrap()).collect()
}

fn broken(name: &str, finding: &str) -> BrokenFlow {
    BrokenFlow {
        name: name.to_owned(),
        route: None,
        finding: finding.to_owned(),
    }
}

#[tokio::test]
async fn flows_are_listed_with_what_an_operator_asks() {
    let admin = Admin::new(None);
    let site = admin.state.site();
    let parts = SiteParts {
        program: Arc::clone(&site.program),
        credentials: BTreeMap::new(),
        broken: vec![BrokenFlow {
            route: Some(
                site.flows
                    .iter()
                    .find_map(|flow| flow.syntax.trigger.http.clone())
                    .unwrap()
                    .route
                    .value,
            ),
            ..broken("broken", "flows/broken.yaml:1:1: LG0102")
        }],
    };
    let metrics = &admin.state.metrics;
    admin.state.publish(Site::build(parts, None, metrics).unwrap());
    let read = admin.get("/api/flows").await;
    read.is_hardened();
    let digest = |name: &str| {
        site.flows
            .iter()
            .find(|flow| flow.name == name)
            .unwrap()
            .digest
            .clone()
    };
    let expected = json!({
        "flows": [
            {
                "name": "broken", "state": "broken", "description": null,
                "trigger": { "http": { "method": "POST", "path": "/sign-up/{plan}" }, "schedule": null },
                "durable": null, "digest": null, "file": null, "finding": "flows/broken.yaml:1:1: LG0102",
            },
            {
                "name": "nightly", "state": "ready", "description": null,
                "trigger": { "http": null, "schedule": { "cron": "0 3 * * *", "timezone": "Europe/Madrid" } },
                "durable": true, "digest": digest("nightly"), "file": "flows/flow-1.yaml", "finding": null,
            },
            {
                "name": "sign-up", "state": "ready", "description": "Makes an account.",
                "trigger": {
                    "http": {
                        "method": "POST", "path": "/sign-up/{plan}", "auth": "none",
                        "rate_limit": { "count": 20, "per_seconds": 60.0, "by": "input.email" },
                    },
                    "schedule": null,
                },
                "durable": false, "digest": digest("sign-up"), "file": "flows/flow-0.yaml", "finding": null,
            },
        ],
        "next": null,
        "total": 3,
    });
    assert_eq!(read.json(), expected);
}

#[tokio::test]
async fn pages_pass_over_nothing() {
    let admin = Admin::new(None);
    let mut flows: Vec<_> = (0..2500)
        .map(|index| broken(&format!("flow-{index:04}"), "x"))
        .collect();
    // Two files with one name are both broken.
    flows.push(broken("flow-0099", "y"));
    flows.reverse();
    let parts = SiteParts {
        program: Arc::new(Program::new(ProgramParts {
            executor: Executor::new(Actions::new()),
            flows: BTreeMap::new(),
            connections: BTreeMap::new(),
            catalog: Arc::new(Catalog::new()),
        })),
        credentials: BTreeMap::new(),
        broken: flows,
    };
    admin
        .state
        .publish(Site::build(parts, None, &admin.state.metrics).unwrap());
    for (limit, pages) in [("", 25), ("&limit=1", 2500), ("&limit=1000", 3)] {
        let (mut after, mut seen, mut count) = (String::new(), Vec::new(), 0);
        loop {
            let page = admin
                .get(&format!("/api/flows?after={after}{limit}"))
                .await
                .json();
            assert_eq!(page["total"], 2501);
            seen.extend(names(&page).into_iter().map(str::to_owned));
            count += 1;
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        assert_eq!((seen.len(), count), (2501, pages), "{limit}");
        assert!(seen.is_sorted());
    }
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=-1",
        "canary=1",
        "limit=1&limit=2",
    ] {
        let read = admin.get(&format!("/api/flows?{query}")).await;
        read.is_problem(400, "malformed_request");
        assert!(!read.text.contains("canary"), "{}", read.text);
    }
}

#[tokio::test]
async fn the_document_is_the_sites() {
    let admin = Admin::new(None);
    let read = admin.get("/openapi.json").await;
    assert_eq!(
        (read.status, read.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(read.text.as_bytes(), &admin.state.site().openapi()[..]);
}
