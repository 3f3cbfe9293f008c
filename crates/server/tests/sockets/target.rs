//! Request targets and methods.

use serde_json::json;

use crate::served::Served;

async fn get(served: &Served, line: &str) -> (u16, Option<String>) {
    served
        .refusal(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .await
}

#[tokio::test]
async fn paths_are_taken_as_they_stand() {
    let served = Served::start(|_| {}).await;
    // Nothing is cleaned up: what a proxy in front has allowed is what is served.
    for path in [
        "/",
        "//ping",
        "/ping/",
        "/./ping",
        "/people/../ping",
        "/people/%2e%2e/ping",
        "/%70ing",
        "/PING",
        "/people/",
        "/people/a/b",
        "/ping%00",
        "/ping;a=b",
        "\\ping",
    ] {
        let (status, code) = get(&served, &format!("GET {path}")).await;
        match code {
            Some(code) => assert_eq!((status, &*code), (404, "no_such_route"), "{path}"),
            None => assert_eq!((status, path), (400, "\\ping")),
        }
    }
}

#[tokio::test]
async fn parameters_are_decoded_once() {
    let served = Served::start(|_| {}).await;
    for (path, name) in [
        ("a%2Fb", "a/b"),
        ("..", ".."),
        ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "../../etc/passwd"),
        ("%252F", "%2F"),
        ("%00", "\0"),
        ("%E2%82%AC", "€"),
        ("a+b", "a+b"),
        ("%", "%"),
        ("%zz", "%zz"),
        ("{0}", "{0}"),
    ] {
        let request = format!("GET /people/{path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let answers = served.exchange(request).await;
        assert_eq!(answers[0].json(), json!({ "name": name }), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let served = Served::start(|_| {}).await;
    let malformed = (400, Some("malformed_request".to_owned()));
    assert_eq!(get(&served, "GET /people/%FF").await, malformed);
    assert_eq!(get(&served, "GET /people/a?name=%C0%AF").await, malformed);
    assert_eq!(
        get(&served, "GET /people/%ED%A0%80").await,
        malformed,
        "half a surrogate pair"
    );
    for raw in [
        &b"GET /people/\xff HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"GET /people/\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /people/a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /people/a\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /people/a?b=\xc0\xaf HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let refusal = served.refusal(raw).await;
        assert_eq!(refusal.0, 400, "{:?}", raw.escape_ascii().to_string());
    }
    let header = b"GET /ping HTTP/1.1\r\nHost: a\r\nX-Latin: \xe9\xff\r\n\r\n";
    assert_eq!(served.exchange(header).await[0].status, 200);
}

#[tokio::test]
async fn targets_have_a_limit() {
    let served = Served::start(|options| options.max_head = 128 * 1024).await;
    let long = format!("GET /people/{}", "a".repeat(66_000));
    assert_eq!(get(&served, &long).await, (414, None));
    let longer = format!("GET /people/{}", "a".repeat(1_000_000));
    assert_eq!(get(&served, &longer).await, (431, None));
    let fits = format!("GET /people/{}", "a".repeat(60_000));
    assert_eq!(get(&served, &fits).await.0, 200);
}

#[tokio::test]
async fn other_forms_of_targets_lead_nowhere_else() {
    let served = Served::start(|_| {}).await;
    assert_eq!(
        get(&served, "GET http://elsewhere.example/ping").await,
        (200, None)
    );
    assert_eq!(get(&served, "GET http://elsewhere.example").await.0, 404);
    assert_eq!(get(&served, "OPTIONS *").await.0, 404);
    assert_eq!(get(&served, "CONNECT elsewhere.example:443").await.0, 404);
    assert_eq!(get(&served, "GET elsewhere.example:443").await.0, 404);
    assert_eq!(get(&served, "GET ping").await.0, 404);
}

#[tokio::test]
async fn methods_that_nothing_takes_are_named_as_such() {
    let served = Served::start(|_| {}).await;
    for method in ["TRACE", "POST", "PROPFIND", "get", "X", &"A".repeat(1000)] {
        let request = format!("{method} /ping HTTP/1.1\r\nHost: a\r\n\r\n");
        let answers = served.exchange(request).await;
        assert_eq!(
            answers[0].kind(),
            (405, Some("method_not_allowed".to_owned())),
            "{method}"
        );
        assert_eq!(answers[0].header("allow"), "GET, HEAD, OPTIONS");
    }
    assert_eq!(get(&served, "G@T /ping").await, (400, None));
}
