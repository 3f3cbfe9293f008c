//! Faults over a real socket: what a client sees, and what has become of the write.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

mod support;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use lockgate_tenant::{Fault, Tenant};
use serde_json::{Value, json};
use support::{Caller, read};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const USERS: &str = "/api/v2/users";

fn account(email: &str) -> Value {
    json!({"connection": "Username-Password-Authentication", "email": email, "password": "correct horse"})
}

async fn with_fault(fault: &str) -> Caller {
    let caller = Caller::start(Tenant::builder()).await;
    caller.tenant.add_fault(fault.parse().unwrap());
    caller
}

/// Sends a create over a bare socket; gives everything that came back, and how the connection ended.
async fn raw_create(caller: &Caller) -> (String, std::io::Result<()>) {
    let body = account("ada@example.org").to_string();
    let request = format!(
        "POST {USERS} HTTP/1.1\r\nhost: tenant\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        caller.token,
        body.len()
    );
    let mut stream = TcpStream::connect(caller.tenant.address().unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let ended = stream.read_to_end(&mut received).await.map(|_| ());
    (String::from_utf8(received).unwrap(), ended)
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_announced_and_the_write_stands() {
    let caller = with_fault("truncate:method=POST").await;
    let (text, ended) = raw_create(&caller).await;
    ended.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 201 Created"), "{head}");
    let announced: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(body.len(), announced / 2, "half of the body arrives");
    assert!(body.starts_with(r#"{"created_at":"#));
    assert_eq!(caller.tenant.user_count(), 1);
    // An ordinary client notices.
    let error = caller
        .request("POST", USERS)
        .json(&account("b@example.org"))
        .send()
        .await
        .unwrap()
        .text()
        .await;
    assert!(error.is_err());
}

#[tokio::test]
async fn a_lost_answer_is_a_write_without_a_word() {
    let caller = with_fault("lost-answer:once,method=POST").await;
    let (text, ended) = raw_create(&caller).await;
    assert_eq!(text, "");
    ended.unwrap();
    assert_eq!(caller.tenant.user_count(), 1, "the write has happened");
    assert_eq!(caller.tenant.requests().pop().unwrap().status, None);
    let again = caller.post(USERS, &account("ada@example.org")).await;
    assert_eq!(again.status, 409, "as whoever repeats it finds out");
}

#[tokio::test]
async fn a_reset_comes_before_the_write() {
    let caller = with_fault("reset:once").await;
    let (text, ended) = raw_create(&caller).await;
    assert_eq!(text, "");
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(caller.tenant.user_count(), 0);
    assert_eq!(
        caller.post(USERS, &account("ada@example.org")).await.status,
        201,
        "once is once"
    );
}

#[tokio::test]
async fn an_html_page_is_a_gateways_and_nothing_is_written() {
    for (fault, status) in [("html", 502), ("html=503", 503)] {
        let caller = with_fault(fault).await;
        let answer = caller.post(USERS, &account("ada@example.org")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/html"))
        );
        assert!(answer.text.starts_with("<html>"), "{}", answer.text);
        assert_eq!(caller.tenant.user_count(), 0);
    }
}

#[tokio::test]
async fn statuses_have_the_bodies_of_the_api_that_was_asked() {
    let caller = Caller::start(Tenant::builder()).await;
    for (fault, body) in [
        (
            "429:retry-after=3",
            r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}"#,
        ),
        (
            "500",
            r#"{"statusCode":500,"error":"Internal Server Error","message":"An internal server error occurred"}"#,
        ),
        (
            "503",
            r#"{"statusCode":503,"error":"Service Unavailable","message":"Service Unavailable"}"#,
        ),
        (
            "401",
            r#"{"statusCode":401,"error":"Unauthorized","message":"Invalid token","attributes":{"error":"Invalid token"}}"#,
        ),
    ] {
        caller.tenant.set_faults([fault.parse().unwrap()]);
        let answer = caller.post(USERS, &account("ada@example.org")).await;
        assert_eq!(answer.text, body);
        let limited = answer.status == 429;
        assert_eq!(answer.header("x-ratelimit-remaining"), limited.then_some("0"));
        assert_eq!(answer.header("retry-after"), limited.then_some("3"));
    }
    for (fault, body) in [
        (
            "429",
            r#"{"error":"too_many_requests","error_description":"Rate limit exceeded. Please retry after some time."}"#,
        ),
        (
            "500",
            r#"{"error":"server_error","error_description":"Internal server error"}"#,
        ),
        (
            "401",
            r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
        ),
    ] {
        caller
            .tenant
            .set_faults([format!("{fault}:path=/oauth/*").parse().unwrap()]);
        let answer = read(
            caller
                .http
                .post(caller.url("/oauth/token"))
                .json(&caller.token_request()),
        )
        .await;
        assert_eq!(answer.text, body);
    }
    assert_eq!(caller.tenant.user_count(), 0);
    caller.tenant.clear_faults();
    assert_eq!(caller.post(USERS, &account("ada@example.org")).await.status, 201);
}

#[tokio::test]
async fn a_delay_holds_the_answer_back_and_nothing_else() {
    let caller = with_fault("delay=60ms:once").await;
    caller.tenant.add_fault(Fault::status(503).count(1));
    let start = Instant::now();
    assert_eq!(caller.get(USERS).await.status, 503, "other faults strike as well");
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(caller.get(USERS).await.status, 200);
    let struck: Vec<u64> = caller
        .tenant
        .faults()
        .into_iter()
        .map(|(_, count)| count)
        .collect();
    assert_eq!(struck, [1, 1]);
}

#[tokio::test]
async fn faults_can_be_set_before_the_start_and_by_chance() {
    let run = async |seed| {
        let fault = "503:p=0.5,path=/api/v2/*".parse().unwrap();
        let caller = Caller::start(Tenant::builder().faults([fault]).random_seed(seed)).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(caller.get(USERS).await.status);
        }
        statuses
    };
    let first = run(3).await;
    assert!(first.contains(&200) && first.contains(&503), "{first:?}");
    assert_eq!(first, run(3).await);
    assert_ne!(first, run(4).await);
}

#[tokio::test]
async fn a_shutdown_lets_a_running_request_end_and_closes_the_rest() {
    let caller = with_fault("delay=50ms:method=POST").await;
    let address = caller.tenant.address().unwrap();
    // An idle connection that is kept alive.
    assert_eq!(caller.get(USERS).await.status, 200);
    let request = caller.request("POST", USERS).json(&account("ada@example.org"));
    let running = tokio::task::spawn(read(request));
    while caller.tenant.faults()[0].1 == 0 {
        tokio::task::yield_now().await;
    }
    caller.tenant.shutdown().await;
    assert_eq!(running.await.unwrap().status, 201);
    assert_eq!(
        TcpStream::connect(address).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    // The port is free again at once.
    let again = Tenant::builder().port(address.port()).start().await.unwrap();
    let taken = Tenant::builder()
        .port(again.address().unwrap().port())
        .start()
        .await
        .unwrap_err();
    assert!(
        taken
            .to_string()
            .starts_with(&format!("listening on 127.0.0.1:{}: ", address.port())),
        "{taken}"
    );
    drop(again);
}
