//! Bodies: lies about their length, and what is in them.

use std::time::Duration;

use serde_json::json;

use crate::served::Served;

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}")
}

fn json_post(path: &str, body: &str) -> String {
    post(
        path,
        &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ),
        body,
    )
}

fn malformed() -> (u16, Option<String>) {
    (400, Some("malformed_request".to_owned()))
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_cut() {
    let served = Served::start(|_| {}).await;
    let refusal = served
        .refusal(post("/echo", "Content-Length: 10\r\n", "{}"))
        .await;
    assert_eq!(refusal, (400, Some("body_cut".to_owned())));
    let refusal = served
        .refusal(post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n"))
        .await;
    assert_eq!(refusal, (400, Some("body_cut".to_owned())));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let served = Served::start(|options| options.body_timeout = Duration::from_millis(50)).await;
    let mut client = served.connect().await;
    let answer = client.ask(post("/echo", "Content-Length: 10\r\n", "{")).await;
    assert_eq!(answer.kind(), (408, Some("body_timeout".to_owned())));
    assert_eq!(answer.header("connection"), "close");
    client.close_own_side().await;
    assert!(client.is_closed().await);
    served.still_serves().await;
}

#[tokio::test]
async fn a_body_longer_than_announced_is_no_second_request_of_ours() {
    let served = Served::start(|_| {}).await;
    let answers = served
        .exchange(post("/echo", "Content-Length: 2\r\n", "{}{}{}\r\n\r\n"))
        .await;
    assert_eq!(answers.len(), 2);
    assert_eq!((answers[0].status, answers[1].kind()), (200, (400, None)));
}

#[tokio::test]
async fn lengths_that_are_none_are_refused() {
    let served = Served::start(|_| {}).await;
    for length in [
        "-1",
        "+2",
        "0x2",
        "2, 3",
        "99999999999999999999999999",
        "2 2",
        "",
        "٢",
    ] {
        let request = post("/echo", &format!("Content-Length: {length}\r\n"), "{}");
        assert_eq!(served.refusal(request).await, (400, None), "{length}");
    }
    let twice = post("/echo", "Content-Length: 2\r\nContent-Length: 3\r\n", "{} ");
    assert_eq!(served.refusal(twice).await, (400, None));
}

#[tokio::test]
async fn a_request_cannot_be_smuggled_in_another() {
    let served = Served::start(|_| {}).await;
    let hidden = "GET /people/hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for lengths in [
        "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 60\r\n",
    ] {
        // RFC 9112, section 6.3: the chunks count, and the connection ends.
        let answers = served
            .exchange(post("/echo", lengths, &format!("0\r\n\r\n{hidden}")))
            .await;
        assert_eq!(answers.len(), 1, "{lengths}");
        assert_eq!(answers[0].header("connection"), "close");
    }
    for encoding in ["gzip", "chunked, gzip", "xchunked", "identity", "chunked;q=1"] {
        let request = post(
            "/echo",
            &format!("Transfer-Encoding: {encoding}\r\n"),
            "0\r\n\r\n",
        );
        assert_eq!(served.refusal(request).await, (400, None), "{encoding}");
    }
    let old = "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(served.refusal(old).await, (400, None));
}

#[tokio::test]
async fn chunks_that_are_none_are_refused() {
    let served = Served::start(|_| {}).await;
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}XX0\r\n\r\n",
        "2\n{}\n0\n\n",
        "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2 {}\r\n",
    ] {
        let request = post("/echo", "Transfer-Encoding: chunked\r\n", chunks);
        assert_eq!(
            served.refusal(request).await,
            (400, Some("body_cut".to_owned())),
            "{chunks:?}"
        );
    }
    let extension = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(1_000_000));
    let request = post("/echo", "Transfer-Encoding: chunked\r\n", &extension);
    assert_eq!(served.refusal(request).await, (400, Some("body_cut".to_owned())));
    let sound = post(
        "/echo",
        "Transfer-Encoding: chunked\r\n",
        "1\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
    );
    assert_eq!(served.exchange(sound).await[0].json(), json!({}));
}

#[tokio::test]
async fn bodies_have_a_limit_and_their_senders_can_read_why() {
    let served = Served::start(|_| {}).await;
    let too_large = (413, Some("body_too_large".to_owned()));
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(4_000_000));
    assert_eq!(served.refusal(json_post("/small", &large)).await, too_large);
    let chunked = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = post("/small", "Transfer-Encoding: chunked\r\n", &chunked);
    assert_eq!(served.refusal(chunked).await, too_large);

    // One who asks first need not send it.
    let mut client = served.connect().await;
    let ask = |length: usize| {
        post(
            "/small",
            &format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"),
            "",
        )
    };
    assert_eq!(client.ask(ask(1_000_000_000)).await.kind(), too_large);
    let mut client = served.connect().await;
    assert_eq!(client.ask(ask(2)).await.status, 100);
    assert_eq!(client.ask("{}").await.status, 200);
}

#[tokio::test]
async fn json_that_is_none_is_refused() {
    let served = Served::start(|_| {}).await;
    for body in [
        "{",
        "{}{}",
        "[]",
        "null",
        "\u{feff}{}",
        "{\"number\":1e999}",
        "{\"number\":NaN}",
        "{\"number\":01}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"data\":{\"a\":1,\"\\u0061\":2}}",
        &format!("{{\"number\":{}}}", "9".repeat(400)),
        &format!("{{\"data\":{}", "{\"a\":".repeat(100_000)),
        &format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        let refusal = served.refusal(json_post("/echo", body)).await;
        assert_eq!(refusal, malformed(), "{}", &body[..body.len().min(60)]);
    }
    let mut request = json_post("/echo", "{\"text\":\"..\"}").into_bytes();
    let at = request.len() - 4;
    request[at] = 0xff;
    assert_eq!(served.refusal(request).await, malformed());
}

#[tokio::test]
async fn large_numbers_keep_to_what_json_numbers_are() {
    let served = Served::start(|_| {}).await;
    let digits = format!("{{\"number\":{}}}", "9".repeat(200));
    let answers = served.exchange(json_post("/echo", &digits)).await;
    assert_eq!(answers[0].json()["number"], json!(1e200));
    let answers = served.exchange(json_post("/echo", "{\"number\":1e-999}")).await;
    assert_eq!(answers[0].json()["number"], json!(0.0));
}
