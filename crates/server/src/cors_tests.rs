use http::HeaderMap;

use crate::testing::{Read, Served, request};

const FLOW: &str = "name: invite
trigger:
  http:
    method: POST
    path: /invite
    cors: [https://App.example.com:443, 'http://localhost:3000']
    rate_limit: 3/min
input: { name: { type: string, required: false } }
steps:
  - respond: { status: 201, headers: { vary: accept, access-control-allow-origin: 'https://elsewhere.example.com' } }
";

const OPEN: &str = "name: open
trigger: { http: { method: GET, path: /open, cors: '*' } }
steps:
  - respond: { headers: { access-control-expose-headers: x-total } }
";

const CLOSED: &str = "name: closed
trigger: { http: PUT /open }
steps:
  - return: 1
";

fn served() -> Served {
    Served::new(&[FLOW, OPEN, CLOSED])
}

/// All values of a header, as one list.
fn list(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    values.join(", ")
}

/// The headers of the protocol.
fn protocol(answer: &Read) -> Vec<&str> {
    let names = answer.headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn preflight(served: &Served, path: &str, origin: &str, method: &str) -> Read {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,x-own"),
    ];
    served
        .send(request(&format!("OPTIONS {path}"), &headers, ""))
        .await
}

#[tokio::test]
async fn a_page_that_may_call_hears_so() {
    let served = served();
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let answer = preflight(&served, "/invite", origin, "POST").await;
        assert_eq!(answer.status, 204);
        assert_eq!(list(&answer.headers, "access-control-allow-origin"), origin);
        assert_eq!(answer.header("access-control-allow-methods"), "POST");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "content-type,x-own"
        );
        assert_eq!(answer.header("access-control-max-age"), "600");
        assert_eq!(
            list(&answer.headers, "vary"),
            "origin, access-control-request-headers"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");

        let answer = served
            .send(request("POST /invite", &[("origin", origin)], ""))
            .await;
        assert_eq!(answer.status, 201);
        assert_eq!(list(&answer.headers, "access-control-allow-origin"), origin);
        assert_eq!(list(&answer.headers, "vary"), "accept, origin");
        assert!(
            answer
                .header("access-control-expose-headers")
                .starts_with("x-run-id, idempotency-replayed, preference-applied, retry-after")
        );
        assert_eq!(protocol(&answer).len(), 2);
    }
}

#[tokio::test]
async fn another_page_hears_nothing() {
    let served = served();
    for origin in [
        "https://evil.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://elsewhere.example.com",
        "null",
        "*",
        "",
    ] {
        let answer = preflight(&served, "/invite", origin, "POST").await;
        assert_eq!((answer.status, answer.header("allow")), (204, "POST, OPTIONS"));
        assert_eq!(protocol(&answer), [""; 0], "{origin}");
        assert_eq!(list(&answer.headers, "vary"), "origin");
    }
    // The call itself is answered: it is the browser that keeps the answer from the page.
    let answer = served
        .send(request(
            "POST /invite",
            &[("origin", "https://evil.example.com")],
            "",
        ))
        .await;
    assert_eq!((answer.status, protocol(&answer)), (201, vec![]));
    let answer = served.send(request("POST /invite", &[], "")).await;
    assert_eq!((answer.status, protocol(&answer)), (201, vec![]));
    assert_eq!(list(&answer.headers, "vary"), "accept, origin");
}

#[tokio::test]
async fn refusals_can_be_read_by_the_page() {
    let served = served();
    let origin = ("origin", "https://app.example.com");
    let answer = served.send(request("POST /invite?x=1", &[origin], "")).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (422, origin.1)
    );
    for _ in 0..2 {
        served.send(request("POST /invite", &[], "")).await;
    }
    let answer = served.send(request("POST /invite", &[origin], "")).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (429, origin.1)
    );
    // Asking costs nothing of the limit.
    assert_eq!(preflight(&served, "/invite", origin.1, "POST").await.status, 204);
}

#[tokio::test]
async fn a_star_is_for_everyone() {
    let served = served();
    for origin in ["https://anywhere.example.com", "null"] {
        for method in ["GET", "HEAD"] {
            let answer = preflight(&served, "/open", origin, method).await;
            assert_eq!(list(&answer.headers, "access-control-allow-origin"), "*");
            assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD");
            assert_eq!(list(&answer.headers, "vary"), "access-control-request-headers");
        }
        let answer = served.send(request("GET /open", &[("origin", origin)], "")).await;
        assert_eq!(list(&answer.headers, "access-control-allow-origin"), "*");
        assert!(list(&answer.headers, "access-control-expose-headers").starts_with("x-total, x-run-id"));
    }
}

#[tokio::test]
async fn each_method_of_a_path_has_its_own_rules() {
    let served = served();
    for method in ["PUT", "PATCH", "post", "P U T", ""] {
        let answer = preflight(&served, "/open", "https://anywhere.example.com", method).await;
        assert_eq!((answer.status, protocol(&answer)), (204, vec![]), "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD, PUT, OPTIONS");
    }
}
