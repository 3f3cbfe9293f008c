//! Heads that are too much, or none.

use crate::served::Served;

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let served = Served::start(|_| {}).await;
    for junk in [
        &b"GET /ping\r\n\r\n"[..],
        b"hello there\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nname with space: 1\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n X-Folded: 1\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nX-Nul: \0\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n\xff: 1\r\n\r\n",
        b"GET /ping HTTP/7.3\r\nHost: a\r\n\r\n",
        // The hello of TLS.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x5d\xf1\x00\x01\x02\x03\x04\x05",
        b"\0\0\0\0\0\0\0\0",
    ] {
        let refusal = served.refusal(junk).await;
        assert_eq!(refusal, (400, None), "{:?}", junk.escape_ascii().to_string());
    }
}

#[tokio::test]
async fn an_empty_or_half_head_is_closed_without_a_word() {
    let served = Served::start(|_| {}).await;
    assert!(served.exchange("").await.is_empty());
    assert!(served.exchange("\r\n\r\n").await.is_empty());
    assert!(served.exchange("GET /ping HTTP/1.1\r\nHos").await.is_empty());
}

#[tokio::test]
async fn heads_have_a_limit() {
    let served = Served::start(|options| options.max_head = 16 * 1024).await;
    let request = |head: &str| format!("GET /ping HTTP/1.1\r\nHost: a\r\n{head}\r\n");
    let many = "X-Field: value\r\n".repeat(100_000);
    assert_eq!(served.refusal(request(&many)).await, (431, None));
    let some = "X: y\r\n".repeat(101);
    assert_eq!(
        served.refusal(request(&some)).await,
        (431, None),
        "more than 100 fields"
    );
    let huge = format!("X-Huge: {}\r\n", "y".repeat(10_000_000));
    assert_eq!(served.refusal(request(&huge)).await, (431, None));
    let fits = format!("X-Fits: {}\r\n", "y".repeat(15 * 1024));
    assert_eq!(served.exchange(request(&fits)).await[0].status, 200);
}

#[tokio::test]
async fn a_request_has_one_host() {
    let served = Served::start(|_| {}).await;
    let malformed = (400, Some("malformed_request".to_owned()));
    assert_eq!(served.refusal("GET /ping HTTP/1.1\r\n\r\n").await, malformed);
    assert_eq!(
        served
            .refusal("GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            .await,
        malformed
    );
    assert_eq!(served.exchange("GET /ping HTTP/1.0\r\n\r\n").await[0].status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let served = Served::start(|_| {}).await;
    let requests: String = (0..50)
        .map(|index| match index % 3 {
            0 => format!("GET /people/{index} HTTP/1.1\r\nHost: a\r\n\r\n"),
            1 => format!("GET /nowhere/{index} HTTP/1.1\r\nHost: a\r\n\r\n"),
            _ => {
                let body = format!("{{\"number\":{index}}}");
                format!(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        })
        .collect();
    let answers = served.exchange(requests).await;
    assert_eq!(answers.len(), 50);
    for (index, answer) in answers.iter().enumerate() {
        let body = answer.json();
        match index % 3 {
            0 => assert_eq!(body["name"], index.to_string()),
            1 => assert_eq!(body["code"], "no_such_route"),
            _ => assert_eq!(body["number"], index),
        }
    }
}

#[tokio::test]
async fn old_and_closing_clients_are_closed_after_their_answer() {
    let served = Served::start(|_| {}).await;
    for request in [
        "GET /ping HTTP/1.0\r\n\r\n",
        "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ] {
        let mut client = served.connect().await;
        assert_eq!(client.ask(request).await.status, 200);
        assert!(client.is_closed().await);
    }
    let mut client = served.connect().await;
    for _ in 0..3 {
        let answer = client
            .ask("GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .await;
        assert_eq!((answer.status, answer.header("connection")), (200, "keep-alive"));
    }
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let served = Served::start(|_| {}).await;
    let mut client = served.connect().await;
    for _ in 0..2 {
        let answer = client.ask("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(answer.kind(), (500, Some("internal_error".to_owned())));
    }
    assert_eq!(
        client.ask("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n").await.status,
        200
    );
}
