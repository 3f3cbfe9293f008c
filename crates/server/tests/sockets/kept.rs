//! Runs that are kept, over sockets: crash-free parts of what is promised, and how a server with a store stops.

use std::time::Duration;

use lockgate_runtime::Left;
use lockgate_server::server::{Leftover, Server, StartError};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::client::{Answer, Client};
use crate::served::{KEPT, Served, options, site, site_of, soon, tasks, until};

const LONG: Duration = Duration::from_mins(1);

fn post(path: &str, key: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nIdempotency-Key: {key}\r\n\r\n")
}

fn code(answer: &Answer) -> (u16, String) {
    (
        answer.status,
        answer.json()["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_store_is_needed_where_runs_are_to_be_kept() {
    let (kept, _, metrics) = site_of(KEPT);
    let error = Server::start(options(), kept, metrics, None).await.err().unwrap();
    assert!(
        matches!(&error, StartError::NoStore(missing) if missing.flow == "asleep"),
        "{error}"
    );
    let (plain, _, metrics) = site();
    let server = Server::start(options(), plain, metrics, None).await.unwrap();
    let before = server.site();
    let (kept, ..) = site_of(KEPT);
    assert_eq!(server.publish(kept).unwrap_err().flow, "asleep");
    assert!(std::sync::Arc::ptr_eq(&before, &server.site()));
    server.shutdown(LONG).await;
}

#[tokio::test]
async fn a_restart_gives_the_recorded_answer_and_finishes_what_was_left() {
    let before = tasks();
    let folder = TempDir::new().unwrap();
    let served = Served::keeping(folder.path(), |_| {}).await;
    let mut client = served.connect().await;
    served.gate.open();
    let first = client.ask(&post("/gate", "k-1")).await;
    served.gate.entered().await;
    assert_eq!(first.status, 200);
    // Answered, and amid its first step: it stops before the second.
    let later = client.ask(&post("/later", "k-2")).await;
    assert_eq!(later.status, 202);
    served.gate.entered().await;
    let gate = served.gate.clone();
    let stopping = tokio::spawn(served.server.shutdown(LONG));
    assert!(client.is_closed().await);
    gate.open();
    let left = soon("the end", stopping).await.unwrap();
    let kept = Left {
        to_resume: 1,
        cut_off: 0,
    };
    assert_eq!(left, Leftover { lost: 0, kept });

    let served = Served::keeping(folder.path(), |_| {}).await;
    let mut client = served.connect().await;
    let again = client.ask(&post("/gate", "k-1")).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("x-run-id"), first.header("x-run-id"));
    // Its first step is recorded; the second is done.
    served.gate.entered().await;
    served.gate.open();
    let again = client.ask(&post("/later", "k-2")).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, "true")
    );
    assert_eq!(soon("the end", served.server.shutdown(LONG)).await.lost, 0);
    until("no task is left", || tasks() == before).await;
}

#[tokio::test]
async fn a_stop_waits_for_answers_and_not_for_sleepers() {
    let folder = TempDir::new().unwrap();
    let served = Served::keeping(folder.path(), |_| {}).await;
    let (mut sleeper, mut waits) = (served.connect().await, served.connect().await);
    sleeper.send(post("/asleep", "k-1")).await;
    waits.send(post("/gate", "k-2")).await;
    served.gate.entered().await;
    let gate = served.gate.clone();
    let stopping = tokio::spawn(served.server.shutdown(LONG));
    let told = sleeper.answer().await.unwrap();
    assert_eq!(code(&told), (503, "stopping".to_owned()));
    assert_eq!(told.header("x-run-id").len(), 36);
    assert!(!stopping.is_finished());
    gate.open();
    assert_eq!(waits.answer().await.unwrap().status, 200);
    let left = soon("the end", stopping).await.unwrap();
    assert_eq!((left.lost, left.kept.to_resume, left.kept.cut_off), (0, 1, 0));
}

#[tokio::test]
async fn after_the_limit_a_run_is_cut_off_and_not_lost() {
    let folder = TempDir::new().unwrap();
    let served = Served::keeping(folder.path(), |_| {}).await;
    let mut waits = served.connect().await;
    waits.send(post("/gate", "k")).await;
    served.gate.entered().await;
    let left = soon("the end", served.server.shutdown(Duration::from_millis(50))).await;
    let kept = Left {
        to_resume: 0,
        cut_off: 1,
    };
    assert_eq!(left, Leftover { lost: 0, kept });
}

#[tokio::test]
async fn connections_are_accepted_until_load_balancers_have_heard() {
    let delay = Duration::from_millis(300);
    let served = Served::start(|options| options.drain_delay = delay).await;
    let (address, admin) = (served.server.address(), served.server.admin_address());
    let stopping = tokio::spawn(served.server.shutdown(LONG));
    let mut admin = Client::connect(admin).await;
    let mut status = 200;
    while status == 200 {
        status = admin
            .ask("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .status;
    }
    assert_eq!(status, 503);
    let mut late = Client::connect(address).await;
    let answer = late.ask("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "ok": true })));
    assert_eq!(soon("the end", stopping).await.unwrap(), Leftover::default());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn hostile_keys_are_refused_and_nothing_breaks() {
    let folder = TempDir::new().unwrap();
    let served = Served::keeping(folder.path(), |_| {}).await;
    let malformed = (400, Some("malformed_request".to_owned()));
    for key in [
        "",
        "a b",
        "\"",
        "a,b",
        "\u{1F511}",
        "schl\u{fc}ssel",
        &"k".repeat(10_000),
        &"k".repeat(60_000),
    ] {
        let refusal = served.refusal(post("/gate", key)).await;
        assert_eq!(refusal, malformed, "{key}");
    }
    // What no header can hold, hyper refuses.
    for key in ["a\0b", "a\u{1}b", "a\u{7f}b"] {
        assert_eq!(served.refusal(post("/gate", key)).await, (400, None), "{key:?}");
    }
    let head = post("/gate", &"k".repeat(70_000));
    assert_eq!(served.refusal(head).await, (431, None));
}
