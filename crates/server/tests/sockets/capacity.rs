//! As many as may, and no more.

use crate::served::{Served, until};

const GATE: &str = "POST /gate HTTP/1.1\r\nHost: a\r\n\r\n";
const PING: &str = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn when_all_places_are_taken_the_next_is_told_to_come_back() {
    let served = Served::start(|options| options.max_runs = 2).await;
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    first.send(GATE).await;
    second.send(GATE).await;
    served.gate.entered().await;
    served.gate.entered().await;
    let mut third = served.connect().await;
    let answer = third.ask(PING).await;
    assert_eq!(answer.kind(), (503, Some("busy".to_owned())));
    assert_eq!(answer.header("retry-after"), "1");
    served.gate.open();
    tokio::select! {
        answer = first.answer() => assert_eq!(answer.unwrap().status, 200),
        answer = second.answer() => assert_eq!(answer.unwrap().status, 200),
    }
    assert_eq!(third.ask(PING).await.status, 200);
}

#[tokio::test]
async fn a_run_keeps_its_place_when_its_caller_has_left() {
    let served = Served::start(|options| options.max_runs = 1).await;
    let mut caller = served.connect().await;
    assert_eq!(
        caller.ask("POST /later HTTP/1.1\r\nHost: a\r\n\r\n").await.status,
        202
    );
    served.gate.entered().await;
    drop(caller);
    let mut other = served.connect().await;
    assert_eq!(other.ask(PING).await.status, 503);
    served.gate.open();
    let mut status = 0;
    while status != 200 {
        status = other.ask(PING).await.status;
    }
}

#[tokio::test]
async fn a_body_that_is_on_its_way_takes_no_place() {
    let served = Served::start(|options| options.max_runs = 1).await;
    let mut slow = served.connect().await;
    slow.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{")
        .await;
    let mut expects = served.connect().await;
    expects
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        .await;
    // The server reads its body: it is past everything that could refuse it.
    assert_eq!(expects.answer().await.unwrap().status, 100);
    served.still_serves().await;
    assert_eq!(slow.ask("}").await.status, 200);
}

#[tokio::test]
async fn more_connections_than_may_be_open_wait() {
    let served = Served::start(|options| options.max_connections = 2).await;
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    assert_eq!(first.ask(PING).await.status, 200);
    assert_eq!(second.ask(PING).await.status, 200);
    let mut third = served.connect().await;
    third.send(PING).await;
    assert_eq!(second.ask(PING).await.status, 200);
    assert!(third.is_silent());
    drop(first);
    assert_eq!(third.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn closed_connections_leave_nothing_behind() {
    let served = Served::start(|_| {}).await;
    let before = crate::served::tasks();
    let mut clients = Vec::new();
    for _ in 0..300 {
        clients.push(served.connect().await);
    }
    for client in &mut clients {
        assert_eq!(client.ask(PING).await.status, 200);
    }
    drop(clients);
    until("all connections are gone", || crate::served::tasks() == before).await;
}
