//! Clients that take their time.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::served::{LARGE, Served, soon, tasks, until};

#[tokio::test]
async fn a_head_must_come_in_time() {
    let served = Served::start(|options| options.head_timeout = Duration::from_millis(50)).await;
    for beginning in ["", "G", "GET /ping HTTP/1.1\r\nHost: a\r\n"] {
        let mut client = served.connect().await;
        client.send(beginning).await;
        assert!(client.is_closed().await, "{beginning:?}");
    }
    served.still_serves().await;
}

/// The limit for idle connections is the other one; the next head's time begins with its first byte.
#[tokio::test]
async fn a_drip_wins_no_time() {
    let served = Served::start(|options| options.head_timeout = Duration::from_millis(200)).await;
    let mut client = served.connect().await;
    assert_eq!(
        client.ask("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n").await.status,
        200
    );
    client.send("GET /ping HTTP/1.1\r\n").await;
    let mut drops = 0;
    soon("the end of a dripping client", async {
        while client.stream.write_all(b"X-Drop: 1\r\n").await.is_ok() {
            drops += 1;
            assert!(
                drops < 100,
                "more fields than a head may have: it was not the time"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(drops > 1);
    served.still_serves().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let served = Served::start(|options| options.idle_timeout = Duration::from_millis(50)).await;
    let mut busy = served.connect().await;
    busy.send("POST /gate HTTP/1.1\r\nHost: a\r\n\r\n").await;
    served.gate.entered().await;
    let mut idle = served.connect().await;
    assert_eq!(
        idle.ask("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n").await.status,
        200
    );
    assert!(idle.is_closed().await);
    served.gate.open();
    assert_eq!(busy.answer().await.unwrap().status, 200);
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let served = Served::start(|options| options.write_timeout = Duration::from_millis(100)).await;
    let before = tasks();
    let mut client = served.connect().await;
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    soon("the answer begins", client.stream.readable()).await.unwrap();
    until("the connection is dropped", || tasks() == before).await;
    let mut rest = Vec::new();
    let _ = soon("the end", client.stream.read_to_end(&mut rest)).await;
    assert!(rest.len() < LARGE);
    served.still_serves().await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all() {
    let served = Served::start(|options| {
        options.write_timeout = Duration::from_secs(20);
        options.idle_timeout = Duration::from_millis(200);
    })
    .await;
    let mut client = served.connect().await;
    let answer = client.ask("GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.body.len(), LARGE + 2);
}

#[tokio::test]
async fn the_admin_port_has_the_same_limits() {
    let served = Served::start(|options| options.head_timeout = Duration::from_millis(50)).await;
    let mut client = crate::client::Client::connect(served.server.admin_address()).await;
    client.send("GET /healthz HTTP/1.1\r\n").await;
    assert!(client.is_closed().await);
}
