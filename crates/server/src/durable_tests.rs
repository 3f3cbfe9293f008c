use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use lockgate_flow::syntax::AuthKind;
use lockgate_runtime::limits::NoTurn;
use lockgate_store::{RunId, Status};
use serde_json::{Value, json};

use super::*;
use crate::auth::{Credentials, Scheme};
use crate::options::ServerOptions;
use crate::site::SiteError;
use crate::testing::{Read, Served, request, try_site, until};

const MAKE: &str = "name: make
durable: true
trigger: { http: { method: POST, path: '/make/:kind', auth: none, max_body: 2mb } }
input: { kind: { type: string }, n: { type: integer, default: 1 }, text: { type: string, required: false } }
steps:
  - if: eq input.kind \"bad\"
    fail: { code: bad_kind, status: 409, message: 'No {{input.kind}}.', details: { at: '{{now}}' } }
  - respond:
      status: 201
      headers: { location: '/things/{{uuid}}', set-cookie: [a=1, b=2] }
      body: { id: '{{uuid}}', n: '{{input.n}}', text: '{{default input.text \"\"}}' }
";

const GATE: &str = "name: gate
durable: true
trigger: { http: POST /gate }
steps:
  - action: test.gate
  - respond: { status: 201, body: { id: '{{uuid}}' } }
";

const PASSING: &str = "name: passing
durable: false
trigger: { http: POST /passing }
steps: [{ return: { id: '{{uuid}}' } }]
";

fn served() -> Served {
    Served::kept(&[MAKE, GATE, PASSING], BTreeMap::new(), ServerOptions::default())
}

async fn post(served: &Served, path: &str, key: Option<&str>, body: Value) -> Read {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let line = format!("POST {path}");
    served.send(request(&line, &headers, body.to_string())).await
}

async fn runs(served: &Served) -> u64 {
    let store = served.runtime().store();
    let mut all = 0;
    for status in Status::ALL {
        all += store.count(status).await.unwrap();
    }
    all
}

#[track_caller]
fn is_the_same(first: &Read, again: &Read) {
    assert_eq!((first.status, &first.bytes), (again.status, &again.bytes));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(again.header("idempotency-replayed"), "true");
    let mut headers = again.headers.clone();
    headers.remove("idempotency-replayed");
    assert_eq!(first.headers, headers);
}

#[tokio::test]
async fn one_key_is_one_run_and_one_answer() {
    let served = served();
    let input = json!({ "n": 7 });
    let first = post(&served, "/make/good", Some("k-1"), input.clone()).await;
    assert_eq!((first.status, &first.body["n"]), (201, &json!(7)));
    assert_eq!(first.header("x-run-id").len(), 36);
    assert_eq!(first.headers.get_all("set-cookie").iter().count(), 2);
    for key in ["k-1", "\"k-1\"", " k-1 "] {
        is_the_same(
            &first,
            &post(&served, "/make/good", Some(key), input.clone()).await,
        );
    }
    // The input is what was validated, wherever it stood.
    let query = served
        .send(request("POST /make/good?n=7", &[("idempotency-key", "k-1")], ""))
        .await;
    is_the_same(&first, &query);
    assert_eq!(runs(&served).await, 1);

    for (path, body) in [
        ("/make/good", json!({ "n": 8 })),
        ("/make/other", json!({ "n": 7 })),
    ] {
        let other = post(&served, path, Some("k-1"), body).await;
        assert_eq!(
            (other.status, &other.body["code"]),
            (422, &json!("idempotency_key_reused"))
        );
        assert_eq!(other.header("x-run-id"), "");
    }
    assert_eq!(runs(&served).await, 1);
    // A key counts for one flow; without one, every request is a run.
    served.gate.open.add_permits(1);
    assert_eq!(post(&served, "/gate", Some("k-1"), json!({})).await.status, 201);
    let (a, b) = (
        post(&served, "/make/good", None, input.clone()).await,
        post(&served, "/make/good", None, input).await,
    );
    assert_ne!(a.header("x-run-id"), b.header("x-run-id"));
    assert_eq!(runs(&served).await, 4);
}

#[tokio::test]
async fn what_failed_is_told_again() {
    let served = served();
    let first = post(&served, "/make/bad", Some("k"), json!({})).await;
    assert_eq!((first.status, &first.body["code"]), (409, &json!("bad_kind")));
    assert_eq!(first.body["run_id"], first.header("x-run-id"));
    is_the_same(&first, &post(&served, "/make/bad", Some("k"), json!({})).await);
    // What comes to no run uses the key for nothing.
    let wrong = post(&served, "/make/good", Some("k-2"), json!({ "n": "x" })).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        post(&served, "/make/good", Some("k-2"), json!({ "n": 3 }))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let served = served();
    for key in [
        "",
        "\"\"",
        "a b",
        "a,b",
        "\"a",
        &"a".repeat(256),
        &"a".repeat(10_000),
        "schlüssel",
        "🔑",
        "a\tb",
    ] {
        let read = post(&served, "/make/good", Some(key), json!({})).await;
        assert_eq!(
            (read.status, &read.body["code"]),
            (400, &json!("malformed_request")),
            "{key}"
        );
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let read = served.send(request("POST /make/good", &twice, "")).await;
    assert_eq!(
        (read.status, &read.body["code"]),
        (400, &json!("malformed_request"))
    );
    let read = post(&served, "/passing", Some("a"), json!({})).await;
    assert_eq!(
        (read.status, &read.body["code"]),
        (400, &json!("idempotency_not_supported"))
    );
    assert_eq!(runs(&served).await, 0);
    for key in [&"a".repeat(255), "\"two words\""] {
        assert_eq!(
            post(&served, "/make/good", Some(key), json!({})).await.status,
            201,
            "{key}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_at_once_are_one_run() {
    const REQUESTS: usize = 10_000;
    // One place for the run, one for whoever asks what its key has started.
    let options = ServerOptions {
        max_runs: 2,
        ..ServerOptions::default()
    };
    let served = Served::kept(&[GATE], BTreeMap::new(), options);
    let all = join_all((0..REQUESTS).map(|_| post(&served, "/gate", Some("the-key"), json!({}))));
    let opened = async {
        // All of them are there before the first has its answer.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        served.gate.open.add_permits(REQUESTS);
    };
    let (reads, ()) = tokio::join!(all, opened);
    let bodies: BTreeSet<_> = reads
        .iter()
        .map(|read| (read.status, read.bytes.clone()))
        .collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(reads[0].status, 201);
    let ids: BTreeSet<_> = reads.iter().map(|read| read.header("x-run-id")).collect();
    assert_eq!(ids.len(), 1);
    let first = reads
        .iter()
        .filter(|read| read.header("idempotency-replayed").is_empty());
    assert_eq!(first.count(), 1);
    assert_eq!(
        (runs(&served).await, served.gate.passed.available_permits()),
        (1, 1)
    );
    assert_eq!(served.state.capacity.taken(), 0);
}

#[tokio::test]
async fn a_key_whose_caller_has_left_gets_its_answer_later() {
    let served = served();
    let mut first = Box::pin(post(&served, "/gate", Some("k"), json!({})));
    until("a run", async || {
        assert!((&mut first).now_or_never().is_none());
        runs(&served).await == 1
    })
    .await;
    drop(first);
    let again = post(&served, "/gate", Some("k"), json!({}));
    let opened = async { served.gate.open.add_permits(1) };
    let (again, ()) = tokio::join!(again, opened);
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (201, "true")
    );
    assert_eq!(runs(&served).await, 1);
    until("all places are free", async || served.state.capacity.taken() == 0).await;
}

#[tokio::test]
async fn who_does_not_wait_asks_later() {
    let served = served();
    let prefer = [("prefer", "respond-async, wait=10"), ("idempotency-key", "k")];
    let read = served.send(request("POST /gate", &prefer, "")).await;
    assert_eq!(read.status, 202);
    let id = read.header("x-run-id").to_owned();
    let place = format!("/_runs/{id}");
    assert_eq!(read.body, json!({ "run_id": id, "answer": place }));
    assert_eq!(
        (
            read.header("location"),
            read.header("preference-applied"),
            read.header("retry-after")
        ),
        (&*place, "respond-async", "1")
    );
    let again = served.send(request("POST /gate", &prefer, "")).await;
    assert_eq!((again.status, &again.bytes), (202, &read.bytes));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let pending = served.ask(&format!("GET {place}"), None).await;
    assert_eq!((pending.status, &pending.bytes), (202, &read.bytes));
    assert_eq!(
        (pending.header("retry-after"), pending.header("cache-control")),
        ("1", "no-store")
    );
    assert_eq!(pending.header("x-run-id"), id);

    served.gate.open.add_permits(1);
    let mut answer = pending;
    while answer.status == 202 {
        tokio::task::yield_now().await;
        answer = served.ask(&format!("GET {place}"), None).await;
    }
    assert_eq!((answer.status, answer.header("x-run-id")), (201, &*id));
    assert_eq!(answer.body["id"].as_str().unwrap().len(), 36);
    // The same as whoever waits gets.
    let waits = post(&served, "/gate", Some("k"), json!({})).await;
    assert_eq!((waits.status, &waits.bytes), (201, &answer.bytes));
    assert_eq!(served.ask(&format!("HEAD {place}"), None).await.status, 201);
    let options = served.ask(&format!("OPTIONS {place}"), None).await;
    assert_eq!(
        (options.status, options.header("allow")),
        (204, "GET, HEAD, OPTIONS")
    );
    let refused = served.ask(&format!("DELETE {place}"), None).await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, "GET, HEAD, OPTIONS")
    );

    let upper = format!("GET /_runs/{}", id.to_uppercase());
    for line in [
        "GET /_runs/",
        "GET /_runs/x",
        "GET /_runs/0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11",
        &upper,
    ] {
        let read = served.ask(line, None).await;
        assert_eq!(
            (read.status, &read.body["code"]),
            (404, &json!("no_such_run")),
            "{line}"
        );
    }
    // The preference is none where nothing is recorded.
    let read = served
        .send(request("POST /passing", &[("prefer", "respond-async")], ""))
        .await;
    assert_eq!((read.status, read.header("preference-applied")), (200, ""));
}

#[tokio::test]
async fn an_answer_is_for_who_may_call_the_flow() {
    let (credentials, token) = Credentials::generate(Scheme::Bearer);
    assert_eq!(credentials.kind(), AuthKind::Bearer);
    let flow = "name: guarded\ndurable: true\ntrigger: { http: { method: POST, path: /guarded, auth: bearer, cors: 'https://app.example.com' } }\nsteps: [{ return: { secret: 1 } }]\n";
    let nightly = "name: nightly\ndurable: true\nsteps: [{ return: { secret: 2 } }]\n";
    let credentials = BTreeMap::from([("callers".to_owned(), Arc::new(credentials))]);
    let served = Served::kept(&[flow, nightly], credentials, ServerOptions::default());
    let token = format!("Bearer {token}");
    let shown = ("authorization", token.as_str());
    let page = ("origin", "https://app.example.com");
    let read = served.send(request("POST /guarded", &[shown, page], "")).await;
    assert_eq!(read.status, 200);
    let line = format!("GET /_runs/{}", read.header("x-run-id"));
    let exposed = read.header("access-control-expose-headers").to_owned();
    assert!(exposed.contains("idempotency-replayed"), "{exposed}");

    let refused = served.send(request(&line, &[page], "")).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (401, &json!("unauthorized"))
    );
    assert!(!refused.headers["www-authenticate"].is_empty());
    let answer = served.send(request(&line, &[shown, page], "")).await;
    assert_eq!((answer.status, &answer.bytes), (200, &read.bytes));
    assert_eq!(answer.header("access-control-allow-origin"), page.1);
    let asks = [
        page,
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let preflight = served
        .send(request(&line.replace("GET", "OPTIONS"), &asks, ""))
        .await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-headers")),
        (204, "authorization")
    );

    // A run that no request has started.
    let site = served.state.site();
    let start = StartRun {
        program: &site.program,
        flow: site.program.flow("nightly").unwrap(),
        trigger: Trigger::Api,
        input: json!({}),
        request: None,
        key: None,
        trace: None,
    };
    let id = served.runtime().spawn(start).await.unwrap().id();
    served.runtime().answer(id).await.unwrap().unwrap();
    assert_eq!(
        served
            .send(request(&format!("GET /_runs/{id}"), &[shown], ""))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn the_largest_input_is_kept_and_told_again() {
    let served = served();
    let text = "é\u{1F511}\\\"".repeat(195_000);
    let input = json!({ "text": text });
    assert!(input.to_string().len() > 1_900_000);
    let first = post(&served, "/make/good", Some("k"), input.clone()).await;
    assert_eq!(
        (first.status, first.body["text"].as_str().unwrap() == text),
        (201, true)
    );
    is_the_same(&first, &post(&served, "/make/good", Some("k"), input).await);
}

#[tokio::test]
async fn a_run_that_was_called_off_says_so() {
    let served = served();
    let called = post(&served, "/gate", Some("k"), json!({}));
    let cancelled = async {
        let mut id: Option<RunId> = None;
        until("a run", async || {
            id = served.runtime().store().unfinished(None, 1).await.unwrap().pop();
            id.is_some()
        })
        .await;
        served.runtime().cancel(id.unwrap()).await.unwrap();
        id.unwrap()
    };
    let (read, id) = tokio::join!(called, cancelled);
    assert_eq!((read.status, &read.body["code"]), (503, &json!("cancelled")));
    assert_eq!(
        (read.header("x-run-id"), read.header("retry-after")),
        (&*id.to_string(), "")
    );
    is_the_same(&read, &post(&served, "/gate", Some("k"), json!({})).await);
}

const ASLEEP: &str = "name: asleep
durable: true
trigger: { http: POST /asleep }
steps: [{ wait: 1h }, { return: { id: '{{uuid}}' } }]
";

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_a_run_that_sleeps_and_holds_no_place() {
    let served = Served::kept(&[ASLEEP], BTreeMap::new(), ServerOptions::default());
    let first = post(&served, "/asleep", Some("k"), json!({}));
    let second = async {
        until("it sleeps", async || {
            served.runtime().store().count(Status::Sleeping).await.unwrap() == 1
                && served.state.capacity.taken() == 0
        })
        .await;
        post(&served, "/asleep", Some("k"), json!({})).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 200);
    is_the_same(&first, &second);
}

#[tokio::test]
async fn a_stop_tells_who_waits_for_a_run_that_sleeps() {
    let served = Served::kept(&[ASLEEP], BTreeMap::new(), ServerOptions::default());
    let called = post(&served, "/asleep", Some("k"), json!({}));
    let begun = Cell::new(false);
    let sleeps = async || {
        until("it sleeps", async || {
            served.runtime().store().count(Status::Sleeping).await.unwrap() == 1
        })
        .await;
    };
    let called_again = async {
        sleeps().await;
        begun.set(true);
        post(&served, "/asleep", Some("k"), json!({})).await
    };
    let stopped = async {
        sleeps().await;
        until("the second is there", async || begun.get()).await;
        served.state.stop();
    };
    let (first, again, ()) = tokio::join!(called, called_again, stopped);
    for read in [first, again] {
        assert_eq!((read.status, &read.body["code"]), (503, &json!("stopping")));
        assert_eq!(
            (read.header("retry-after"), read.header("x-run-id").len()),
            ("1", 36)
        );
        // It is no answer of the run.
        assert_eq!(read.header("idempotency-replayed"), "");
    }
    let left = served.runtime().shutdown(Duration::from_secs(5)).await;
    assert_eq!((left.to_resume, left.cut_off), (1, 0));
    let read = post(&served, "/asleep", None, json!({})).await;
    assert_eq!((read.status, &read.body["code"]), (503, &json!("stopping")));
    assert_eq!((read.header("retry-after"), read.header("x-run-id")), ("1", ""));
}

#[tokio::test]
async fn turns_are_waited_for_without_a_place_and_the_queue_is_bounded() {
    let flow = |durable: bool| {
        format!(
            "name: turn\ndurable: {durable}\nconcurrency: {{ limit: 1, queue: 1 }}\ntrigger: {{ http: POST /turn }}\n\
             steps: [{{ action: test.gate }}, {{ return: 1 }}]\n"
        )
    };
    for durable in [true, false] {
        let flow = flow(durable);
        let served = Served::kept(&[&flow], BTreeMap::new(), ServerOptions::default());
        let (mut first, mut second) = (
            Box::pin(post(&served, "/turn", None, json!({}))),
            Box::pin(post(&served, "/turn", None, json!({}))),
        );
        until("the first goes on", async || {
            assert!((&mut first).now_or_never().is_none());
            served.state.capacity.taken() == 1
        })
        .await;
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(served.state.capacity.taken(), 1);
        let third = post(&served, "/turn", None, json!({})).await;
        assert_eq!(
            (third.status, &third.body["code"]),
            (503, &json!("queue_full")),
            "{durable}"
        );
        assert_eq!(third.header("retry-after"), "1");
        served.gate.open.add_permits(2);
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.status, second.status), (200, 200));
    }
}

#[test]
fn why_a_run_does_not_begin() {
    let path = || std::path::PathBuf::from("/runs.db");
    let check = |error: StartError, status: u16, code: &str, waits: bool| {
        let answer = not_started(error).into_answer();
        let body = answer.body().clone();
        let read: Value =
            serde_json::from_slice(&body.collect().now_or_never().unwrap().unwrap().to_bytes()).unwrap();
        assert_eq!((answer.status().as_u16(), &read["code"]), (status, &json!(code)));
        assert_eq!(answer.headers().contains_key(RETRY_AFTER), waits, "{code}");
        // The file's name is the operator's business.
        assert!(!read.to_string().contains("runs.db"));
    };
    check(
        StoreError::Full { path: path() }.into(),
        503,
        "store_unavailable",
        true,
    );
    check(StoreError::Closed.into(), 503, "stopping", true);
    check(StartError::Stopping, 503, "stopping", true);
    let flow = || "f".to_owned();
    check(
        NoTurn::QueueFull {
            flow: flow(),
            waiting: 3,
        }
        .into(),
        503,
        "queue_full",
        true,
    );
    check(
        NoTurn::Key {
            flow: flow(),
            reason: "canary".to_owned(),
        }
        .into(),
        500,
        "internal_error",
        false,
    );
}

#[tokio::test]
async fn the_paths_of_runs_are_the_servers_own() {
    for route in ["/_runs", "/_runs/:id", "/_runs/a/b"] {
        let flow = format!("name: taken\ntrigger: {{ http: GET {route} }}\nsteps: [{{ return: 1 }}]\n");
        let flow = flow.replace("_runs/:id }", "_runs/:id }\ninput: { id: { type: string } }");
        let error = try_site(&[&flow], BTreeMap::new()).0.unwrap_err();
        assert!(
            matches!(&error, SiteError::Reserved { flow, .. } if flow == "taken"),
            "{error}"
        );
    }
    let open = "name: open
trigger: { http: GET /:a/:b }
input: { a: { type: string }, b: { type: string } }
steps: [{ return: '{{input.a}}' }]
";
    let served = Served::new(&[open]);
    assert_eq!(served.ask("GET /_run/x", None).await.body, "_run");
    assert_eq!(served.ask("GET /_runs/x", None).await.status, 404);
}
