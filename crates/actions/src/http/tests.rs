//! `http.request` over real sockets on loopback.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use lockgate_engine::action::{ActionError, Reconciled, Retry};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::testing::LoneStep;
use lockgate_engine::trace::TraceContext;
use serde_json::{Value, json};

use lockgate_http::HttpPolicy;
use lockgate_http::testing::{ClosedPort, Names, Seen, Server, json as json_reply, reply};

use super::HttpRequest;

const NOTHING: Retry = Retry::NothingHappened { after: None };

fn step() -> LoneStep {
    LoneStep::on(SystemClock::new())
}

fn open() -> HttpRequest {
    HttpRequest::new(HttpPolicy::parse(["127.0.0.0/8"]).unwrap())
}

async fn call(input: Value) -> Result<Value, ActionError> {
    step().call(&open(), input).await
}

#[tokio::test]
async fn a_request_is_put_together() {
    let server = Server::start([
        json_reply(200, &json!({ "ok": true })),
        reply(200, &[], ""),
        reply(200, &[], ""),
    ])
    .await;
    let result = call(json!({
        "method": "POST",
        "url": server.url("/a?x=1"),
        "query": { "q": "ä b", "many": [1, true], "none": null },
        "headers": { "X-Team": "blue" },
        "bearer": "token-1",
        "json": { "b": 1, "a": [null] },
    }))
    .await
    .unwrap();
    assert_eq!(result["status"], 200);
    assert_eq!(result["body"], json!({ "ok": true }));
    assert_eq!(result["success"], true);
    assert_eq!(
        result["headers"]["content-type"],
        "application/json; charset=utf-8"
    );

    let basic = json!({ "username": "ada", "password": "correct horse" });
    call(json!({ "method": "PUT", "url": server.url("/"), "basic": basic, "form": { "a": "1 2", "b": [3, 4] } }))
        .await
        .unwrap();
    call(json!({ "url": server.url("/plain") })).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen[0].uri.to_string(), "/a?x=1&q=%C3%A4+b&many=1&many=true");
    assert_eq!(seen[0].headers["authorization"], "Bearer token-1");
    assert_eq!(seen[0].headers["x-team"], "blue");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    assert_eq!(seen[0].body, r#"{"b":1,"a":[null]}"#);
    assert!(
        seen[0].headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("lockgate/")
    );
    assert_eq!(seen[1].method, "PUT");
    assert_eq!(seen[1].headers["authorization"], "Basic YWRhOmNvcnJlY3QgaG9yc2U=");
    assert_eq!(seen[1].body, "a=1+2&b=3&b=4");
    assert_eq!(seen[2].method, "GET");
    assert_eq!(seen[2].headers.get("idempotency-key"), None);
    assert_eq!(seen[2].uri.to_string(), "/plain");
}

#[tokio::test]
async fn the_idempotency_key_stays_over_attempts_and_yields_to_the_authors() {
    let server = Server::start((0..4).map(|_| reply(204, &[], ""))).await;
    let input =
        |headers: Value| json!({ "method": "POST", "url": server.url("/"), "text": "x", "headers": headers });
    for attempt in [1, 2] {
        LoneStep { attempt, ..step() }
            .call(&open(), input(json!({})))
            .await
            .unwrap();
    }
    step()
        .call(&open(), input(json!({ "Idempotency-Key": "mine" })))
        .await
        .unwrap();
    let keys: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.headers["idempotency-key"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].len(), 32);
    assert_eq!(keys[2], "mine");
}

#[tokio::test]
async fn bodies_are_what_they_say() {
    let server = Server::start([]).await;
    let cases = [
        (
            reply(200, &[("content-type", "text/plain")], "hi"),
            Ok(json!("hi")),
        ),
        (
            reply(200, &[("content-type", "application/problem+json")], "[1]"),
            Ok(json!([1])),
        ),
        (
            reply(200, &[("content-type", "application/json")], ""),
            Ok(Value::Null),
        ),
        (reply(204, &[], ""), Ok(Value::Null)),
        (
            reply(200, &[("content-type", "application/json")], "{\"a\":"),
            Err("invalid_response"),
        ),
        (
            Response::new(Body::from(Bytes::from_static(b"\xff\xfe"))),
            Err("invalid_response"),
        ),
        (
            Response::new(Body::from(vec![b'a'; 1024 * 1024])),
            Ok(json!("a".repeat(1024 * 1024))),
        ),
        (
            Response::new(Body::from(vec![b'a'; 1024 * 1024 + 1])),
            Err("too_large"),
        ),
        // Without a length: counted while it comes.
        (
            Response::new(Body::from_stream(futures_util::stream::iter(
                (0..2000).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1000])),
            ))),
            Err("too_large"),
        ),
        (
            Response::new(Body::from_stream(futures_util::stream::iter([
                Ok(vec![b'a']),
                Err(std::io::Error::other("broken")),
            ]))),
            Err("unavailable"),
        ),
    ];
    for (number, (reply, expected)) in cases.into_iter().enumerate() {
        server.add(reply);
        let result = call(json!({ "url": server.url("/") })).await;
        let body = result
            .map(|result| result["body"].clone())
            .map_err(|error| error.code);
        assert_eq!(body, expected.map_err(Into::into), "case {number}");
    }
}

#[tokio::test]
async fn a_status_that_is_not_accepted_is_an_error_with_what_was_said() {
    let server = Server::start([
        json_reply(409, &json!({ "code": "taken", "echo": "Bearer canary-1" })),
        reply(
            409,
            &[("x-request-id", "r-1"), ("set-cookie", "s=1")],
            "<html>no</html>",
        ),
        json_reply(409, &json!({})),
    ])
    .await;
    let input =
        json!({ "method": "POST", "url": server.url("/hook/canary-2?k=canary-3"), "bearer": "canary-1" });
    let error = call(input.clone()).await.unwrap_err();
    assert_eq!(error.code, "http_status");
    assert_eq!(
        error.message,
        format!("POST {} answered 409 Conflict", server.url(""))
    );
    let provider = error.provider.unwrap();
    assert_eq!(
        provider["body"],
        json!({ "code": "taken", "echo": "Bearer ••••" })
    );
    assert_eq!(provider["status"], 409);
    let provider = call(input.clone()).await.unwrap_err().provider.unwrap();
    assert_eq!(
        provider,
        json!({ "status": 409, "headers": { "x-request-id": "r-1" }, "body_excerpt": "<html>no</html>" })
    );
    let mut accepting = input;
    accepting["accept_status"] = json!(["2xx", 409]);
    let result = call(accepting).await.unwrap();
    assert_eq!(
        (&result["status"], &result["success"]),
        (&json!(409), &json!(false))
    );
}

#[tokio::test]
async fn what_may_be_repeated() {
    let server = Server::start([]).await;
    let after = |seconds| Retry::NothingHappened {
        after: Some(Duration::from_secs(seconds)),
    };
    for (method, status, headers, expected) in [
        ("GET", 503, &[][..], NOTHING),
        ("GET", 503, &[("retry-after", "7")][..], after(7)),
        ("PUT", 500, &[][..], NOTHING),
        ("DELETE", 504, &[][..], NOTHING),
        ("POST", 503, &[("retry-after", "7")][..], Retry::Transient),
        ("PATCH", 500, &[][..], Retry::Transient),
        ("POST", 429, &[("retry-after", "2")][..], after(2)),
        // A date that is over.
        (
            "POST",
            429,
            &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")][..],
            after(0),
        ),
        ("GET", 404, &[][..], Retry::Never),
        ("GET", 501, &[][..], Retry::Never),
    ] {
        server.add(reply(status, headers, ""));
        let error = call(json!({ "method": method, "url": server.url("/") }))
            .await
            .unwrap_err();
        assert_eq!(error.retry, expected, "{method} {status}");
    }
    for (method, idempotent, expected) in [
        ("GET", false, Reconciled::DidNotHappen),
        ("POST", false, Reconciled::Unknown),
        ("POST", true, Reconciled::DidNotHappen),
    ] {
        let input = json!({ "method": method, "url": server.url("/"), "idempotent": idempotent });
        assert_eq!(
            step().reconcile(&open(), &input).await.unwrap(),
            expected,
            "{method}"
        );
    }
    // Its author says that it may be repeated.
    server.add(reply(503, &[], ""));
    let input = json!({ "method": "POST", "url": server.url("/"), "idempotent": true });
    let error = call(input).await.unwrap_err();
    assert_eq!(error.retry, Retry::NothingHappened { after: None });
}

#[tokio::test]
async fn a_connection_that_does_not_stand_has_done_nothing() {
    let closed = ClosedPort::take();
    let input = json!({ "method": "POST", "url": format!("{}/canary?canary", closed.url()) });
    let error = call(input).await.unwrap_err();
    assert_eq!((&*error.code, error.retry), ("unavailable", NOTHING));
    assert!(!error.message.contains("canary"), "{error}");

    let nowhere = HttpRequest::with_resolver(HttpPolicy::default(), Arc::new(Names(&[])));
    let input = json!({ "method": "POST", "url": "http://nowhere.example/" });
    let error = step().call(&nowhere, input).await.unwrap_err();
    assert_eq!((&*error.code, error.retry), ("unavailable", NOTHING));
    assert!(error.message.contains("no such host"), "{error}");

    // Behind a redirect of a POST something has happened.
    let server = Server::start([reply(307, &[("location", &closed.url())], "")]).await;
    let error = call(json!({ "method": "POST", "url": server.url("/"), "text": "x" }))
        .await
        .unwrap_err();
    assert_eq!((&*error.code, error.retry), ("unavailable", Retry::Transient));
}

#[tokio::test]
async fn time_is_limited() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for (method, expected) in [("GET", NOTHING), ("POST", Retry::Transient)] {
        let error = call(json!({ "method": method, "url": url, "timeout": "30ms" }))
            .await
            .unwrap_err();
        assert_eq!((&*error.code, error.retry), ("timeout", expected));
        assert!(error.message.ends_with("no answer within 30ms"), "{error}");
    }
}

#[tokio::test]
async fn the_limits_around_the_step_are_the_engines() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut step = step();
    step.time_left = Some(Duration::from_nanos(1));
    let error = step
        .call(&open(), json!({ "url": url, "timeout": "30ms" }))
        .await
        .unwrap_err();
    assert!(error.message.ends_with("no answer within 30ms"), "{error}");
}

#[tokio::test]
async fn private_addresses_are_refused_wherever_they_come_from() {
    let server = Server::start([]).await;
    let closed = HttpRequest::with_resolver(
        HttpPolicy::default(),
        Arc::new(Names(&[
            ("inside.example", &["127.0.0.1", "::1"]),
            ("mapped.example", &["::ffff:127.0.0.1"]),
        ])),
    );
    let port = server.url("").rsplit(':').next().unwrap().to_owned();
    for host in [
        "127.0.0.1",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "127.1",
        "169.254.169.254",
        "inside.example",
        "mapped.example",
    ] {
        let input = json!({ "url": format!("http://{host}:{port}/canary") });
        let error = step().call(&closed, input).await.unwrap_err();
        // `localhost.` is unknown to this resolver; everything else is refused for its address.
        let expected = if host == "localhost." {
            "unavailable"
        } else {
            "forbidden_address"
        };
        assert_eq!(error.code, expected, "{host}: {error}");
    }
    assert!(server.seen().is_empty());

    // The system's own resolver is behind the guard too.
    let input = json!({ "url": server.url_at("localhost", "/") });
    let error = step()
        .call(&HttpRequest::new(HttpPolicy::default()), input.clone())
        .await
        .unwrap_err();
    assert_eq!(error.code, "forbidden_address");
    assert!(
        error.message.contains("`http: { allow: [\"localhost\"] }`"),
        "{error}"
    );

    server.add(reply(200, &[], "in"));
    let allowed = HttpRequest::new(HttpPolicy::parse(["localhost"]).unwrap());
    assert_eq!(step().call(&allowed, input).await.unwrap()["body"], "in");
    // The host is allowed by its name, not its address.
    let error = step()
        .call(&allowed, json!({ "url": server.url("/") }))
        .await
        .unwrap_err();
    assert_eq!(error.code, "forbidden_address");
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_tried() {
    let server = Server::start([reply(200, &[], "in")]).await;
    let policy = HttpPolicy::parse(["127.0.0.1"]).unwrap();
    let action = HttpRequest::with_resolver(
        policy,
        Arc::new(Names(&[("both.example", &["10.255.255.1", "127.0.0.1"])])),
    );
    let input = json!({ "url": server.url_at("both.example", "/") });
    assert_eq!(step().call(&action, input).await.unwrap()["body"], "in");
}

#[tokio::test]
async fn every_redirect_is_checked() {
    let server = Server::start([]).await;
    let policy = HttpPolicy::parse(["outside.example"]).unwrap();
    let names = Names(&[
        ("outside.example", &["127.0.0.1"]),
        ("inside.example", &["127.0.0.1"]),
    ]);
    let action = HttpRequest::with_resolver(policy, Arc::new(names));
    for target in [
        "http://169.254.169.254/latest",
        "http://inside.example/",
        "http://[::1]/",
    ] {
        server.add(reply(302, &[("location", target)], ""));
        let input = json!({ "url": server.url_at("outside.example", "/") });
        assert_eq!(
            step().call(&action, input).await.unwrap_err().code,
            "forbidden_address",
            "{target}"
        );
    }
    for target in ["file:///etc/passwd", "http://a:b@outside.example/", "http://"] {
        server.add(reply(302, &[("location", target)], ""));
        let input = json!({ "url": server.url_at("outside.example", "/") });
        assert_eq!(
            step().call(&action, input).await.unwrap_err().code,
            "invalid_response",
            "{target}"
        );
    }
}

#[tokio::test]
async fn redirects_are_followed_as_their_status_says() {
    let server = Server::start([]).await;
    for (method, status, expected_method, expected_body) in [
        ("POST", 301, "GET", ""),
        ("POST", 302, "GET", ""),
        ("POST", 303, "GET", ""),
        ("PUT", 303, "GET", ""),
        ("PUT", 302, "PUT", "x"),
        ("POST", 307, "POST", "x"),
        ("POST", 308, "POST", "x"),
    ] {
        server.add(reply(status, &[("location", "/next?a=1#b")], ""));
        server.add(reply(200, &[], "there"));
        let input =
            json!({ "method": method, "url": server.url("/first"), "text": "x", "bearer": "token-1" });
        assert_eq!(call(input).await.unwrap()["body"], "there");
        let seen = server.seen().pop().unwrap();
        assert_eq!(
            (seen.method.as_str(), seen.body.as_str()),
            (expected_method, expected_body),
            "{method} {status}"
        );
        assert_eq!(seen.uri.to_string(), "/next?a=1");
        assert_eq!(seen.headers["authorization"], "Bearer token-1");
    }
    server.add(reply(302, &[("location", "/next")], ""));
    let input = json!({ "url": server.url("/"), "follow_redirects": false, "accept_status": [302] });
    assert_eq!(call(input).await.unwrap()["headers"]["location"], "/next");
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The trace context that a request came with.
fn trace_of(seen: &Seen) -> [Option<&str>; 2] {
    ["traceparent", "tracestate"].map(|name| seen.headers.get(name).map(|value| value.to_str().unwrap()))
}

#[tokio::test]
async fn the_callers_trace_context_goes_on_to_who_is_called_and_no_further() {
    let (first, second) = (Server::start([]).await, Server::start([]).await);
    let mut step = step();
    step.caller = TraceContext::parse(PARENT).map(|context| context.with_state(["a=1", "b=2"]));
    first.add(reply(307, &[("location", "/again")], ""));
    first.add(reply(307, &[("location", &second.url("/"))], ""));
    second.add(reply(307, &[("location", &first.url("/back"))], ""));
    first.add(reply(200, &[], ""));
    step.call(&open(), json!({ "url": first.url("/") }))
        .await
        .unwrap();
    let (first_seen, second_seen) = (first.seen(), second.seen());
    let all = [&first_seen[0], &first_seen[1], &second_seen[0], &first_seen[2]];
    let ours = [Some(PARENT), Some("a=1,b=2")];
    assert_eq!(all.map(trace_of), [ours, ours, [None; 2], [None; 2]]);

    // What an author writes counts, and nothing is added to it.
    first.add(reply(200, &[], ""));
    let input = json!({ "url": first.url("/"), "headers": { "Traceparent": "written" } });
    step.call(&open(), input).await.unwrap();
    assert_eq!(trace_of(&first.seen()[3]), [Some("written"), None]);

    // A run that belongs to no trace says nothing.
    first.add(reply(200, &[], ""));
    call(json!({ "url": first.url("/") })).await.unwrap();
    assert_eq!(trace_of(&first.seen()[4]), [None; 2]);
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let (first, second) = (
        Server::start([]).await,
        Server::start([reply(200, &[], "")]).await,
    );
    first.add(reply(307, &[("location", &second.url("/"))], ""));
    let input = json!({
        "method": "POST", "url": first.url("/"), "json": {}, "bearer": "canary",
        "headers": { "Cookie": "canary", "X-Api-Key": "canary", "Accept": "text/plain" },
    });
    call(input).await.unwrap();
    let seen = &second.seen()[0];
    assert!(
        !format!("{:?}", seen.headers).contains("canary"),
        "{:?}",
        seen.headers
    );
    assert_eq!(seen.headers["accept"], "text/plain");
    assert_eq!(seen.body, "{}");
    assert_eq!(first.seen()[0].headers["x-api-key"], "canary");
}

#[tokio::test]
async fn redirects_end() {
    let circle = || reply(302, &[("location", "/")], "");
    let server = Server::start((0..6).map(|_| circle())).await;
    assert_eq!(
        call(json!({ "url": server.url("/") })).await.unwrap_err().code,
        "too_many_redirects"
    );
    assert_eq!(server.seen().len(), 6);
    let server = Server::start((0..5).map(|_| circle()).chain([reply(200, &[], "")])).await;
    assert_eq!(
        call(json!({ "url": server.url("/") })).await.unwrap()["status"],
        200
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_not_sent() {
    let error = call(json!({ "url": "http://127.0.0.1", "json": {} }))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ActionError::new("invalid_request", "the request was not sent: a GET has no body")
    );
}
