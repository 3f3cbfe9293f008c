use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::options::ServerOptions;
use crate::testing::{Served, request};

const GREET: &str = "name: greet
trigger: { http: GET /people/:name }
input:
  name: { type: string, maxLength: 10 }
  age: { type: integer, default: 1 }
  tags: { type: array, items: { type: string }, required: false }
steps:
  - return: { name: '{{input.name}}', age: '{{input.age}}' }
";

const PUT: &str = "name: change
trigger: { http: PUT /people/:id }
input:
  id: { type: string }
  age: { type: integer }
steps:
  - respond: { status: 201, headers: { X-Count: 3, Location: '/people/{{input.id}}' }, body: '{{input}}' }
";

#[tokio::test]
async fn path_query_and_body_make_up_the_input() {
    let served = Served::new(&[GREET, PUT]);
    let answer = served.ask("GET /people/Ada%20L?age=36", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, json!({ "name": "Ada L", "age": 36 }));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-run-id").len(), 36);

    let answer = served.ask("PUT /people/a%2Fb", Some(json!({ "age": 2 }))).await;
    assert_eq!(
        (answer.status, &answer.body),
        (201, &json!({ "id": "a/b", "age": 2 }))
    );
    assert_eq!(answer.header("x-count"), "3");

    let form = request(
        "PUT /people/1",
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        "age=%32",
    );
    assert_eq!(served.send(form).await.body, json!({ "id": "1", "age": 2 }));
    let query = served.ask("PUT /people/1?age=3", None).await;
    assert_eq!(query.body, json!({ "id": "1", "age": 3 }));
}

#[tokio::test]
async fn all_mistakes_come_in_one_answer() {
    let served = Served::new(&[GREET, PUT]);
    let answer = served.ask("GET /people/0123456789x?age=old&size=3", None).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["code"], "invalid_input");
    let fields: Vec<&str> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["name", "age", "size"]);
    assert_eq!(answer.header("x-run-id"), "");
}

/// A request (line, headers, body), and the status and message of its problem.
type Refused<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let served = Served::new(&[GREET, PUT]);
    let json = [("content-type", "application/json")];
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let cases: Vec<Refused<'_>> = vec![
        (
            "PUT /people/1",
            &json,
            b"{\"age\": 1",
            400,
            "the body is not JSON",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"age\": 1} x",
            400,
            "the body is not JSON",
        ),
        (
            "PUT /people/1",
            &json,
            b"[1]",
            400,
            "the body is not a JSON object",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"age\": 1, \"age\": 2}",
            400,
            "the key `age` stands twice",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"x\": {\"a\": 1, \"a\": 2}}",
            400,
            "the key `a` stands twice",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"age\": 1e999}",
            400,
            "number out of range",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"age\": \"\xff\"}",
            400,
            "the body is not JSON",
        ),
        (
            "PUT /people/1",
            &json,
            b"{\"id\": \"2\", \"age\": 1}",
            400,
            "`id` comes twice, the second time in the body",
        ),
        (
            "PUT /people/1?age=1&age=2",
            &[],
            b"",
            400,
            "`age` comes twice, the second time in the query",
        ),
        (
            "PUT /people/1?age=1",
            &form,
            b"age=1",
            400,
            "`age` comes twice, the second time in the form",
        ),
        (
            "PUT /people/%ff?age=1",
            &[],
            b"",
            400,
            "the path's `id` is not UTF-8 text",
        ),
        (
            "PUT /people/1?age=%ff",
            &[],
            b"",
            400,
            "the query is not UTF-8 text",
        ),
        (
            "PUT /people/1",
            &form,
            b"age=%ff",
            400,
            "the form is not UTF-8 text",
        ),
        (
            "PUT /people/1",
            &[("content-type", "text/plain")],
            b"age",
            415,
            "the body is `text/plain`",
        ),
        (
            "PUT /people/1",
            &[("content-type", "multipart/form-data; boundary=x")],
            b"x",
            415,
            "multipart/form-data",
        ),
    ];
    for (line, headers, body, status, message) in cases {
        let answer = served.send(request(line, headers, body.to_vec())).await;
        let text = answer.body["message"].as_str().unwrap_or_default();
        assert_eq!(answer.status, status, "{line}: {text}");
        assert!(text.contains(message), "{line}: {text}");
        assert_eq!(answer.body["status"], status);
    }
    let deep = format!("{{\"age\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = served.send(request("PUT /people/1", &json, deep)).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body["message"]
            .as_str()
            .unwrap()
            .contains("recursion limit")
    );
}

#[tokio::test]
async fn bodies_are_limited() {
    let small = "name: small\ntrigger: { http: { method: POST, path: /, max_body: 10b } }\ninput: { a: string }\nsteps:\n  - return: '{{input.a}}'\n";
    let served = Served::new(&[small]);
    assert_eq!(
        served.ask("POST /", Some(json!({ "a": "b" }))).await.body,
        json!("b")
    );
    let answer = served.ask("POST /", Some(json!({ "a": "long text" }))).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (413, &json!("body_too_large"))
    );
}

#[tokio::test]
async fn bodies_do_not_take_all_of_the_memory() {
    let flow =
        "name: a\ntrigger: { http: POST / }\ninput: { a: string }\nsteps:\n  - return: '{{input.a}}'\n";
    let options = ServerOptions {
        max_unread_bodies: 20,
        ..ServerOptions::default()
    };
    let served = Served::with(&[flow], BTreeMap::new(), options);
    for _ in 0..3 {
        assert_eq!(served.ask("POST /", Some(json!({ "a": "b" }))).await.status, 200);
    }
    let answer = served.ask("POST /", Some(json!({ "a": "much too long" }))).await;
    assert_eq!((answer.status, &answer.body["code"]), (503, &json!("busy")));
    assert_eq!(served.ask("POST /", Some(json!({ "a": "b" }))).await.status, 200);
}

#[tokio::test]
async fn methods_are_what_http_wants() {
    let served = Served::new(&[GREET, PUT]);
    let answer = served.ask("DELETE /people/1", None).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, "GET, HEAD, PUT, OPTIONS")
    );
    let answer = served.ask("OPTIONS /people/1", None).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (204, "GET, HEAD, PUT, OPTIONS")
    );
    assert_eq!(served.ask("HEAD /people/1", None).await.status, 200);
    let answer = served.ask("GET /nothing", None).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (404, &json!("no_such_route"))
    );
    for path in [
        "/people/",
        "/people//",
        "/people/1/2",
        "/people/../people/1",
        "//people/1",
        "/PEOPLE/1",
    ] {
        assert_eq!(
            served.ask(&format!("GET {path}"), None).await.status,
            404,
            "{path}"
        );
    }
    let document = served.ask("GET /openapi.json", None).await;
    assert_eq!(
        (document.status, document.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(served.ask("POST /openapi.json", None).await.status, 405);
}

#[tokio::test]
async fn the_ends_of_a_run_are_answered() {
    let flows: Vec<String> = [
        ("nothing", "- set: { a: 1 }"),
        ("redirect", "- redirect: https://example.com/next"),
        (
            "fail",
            "- fail: { code: no_luck, status: 409, message: not today, details: { a: 1 } }",
        ),
        ("crash", "- set: { a: '{{divide 1 0}}' }"),
        (
            "text",
            "- respond: { headers: { content-type: text/plain }, body: hello }",
        ),
        ("empty", "- respond: { status: 204, body: hello }"),
        (
            "framing",
            "- respond: { headers: { x-a: '{{base64_decode \"AQ==\"}}' } }",
        ),
    ]
    .iter()
    .map(|(name, steps)| format!("name: {name}\ntrigger: {{ http: GET /{name} }}\nsteps:\n  {steps}\n"))
    .collect();
    let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
    let served = Served::new(&flows);
    let answer = served.ask("GET /nothing", None).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    let answer = served.ask("GET /redirect", None).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "https://example.com/next")
    );
    let answer = served.ask("GET /fail", None).await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("no_luck")));
    assert_eq!(answer.body["details"], json!({ "a": 1 }));
    assert_eq!(answer.body["run_id"], answer.header("x-run-id"));
    let answer = served.ask("GET /crash", None).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (500, &json!("invalid_expression"))
    );
    assert_eq!(answer.body["message"], "the flow could not be completed");
    let answer = served.ask("GET /text", None).await;
    assert_eq!(
        (answer.header("content-type"), &answer.body),
        ("text/plain", &json!("hello"))
    );
    let answer = served.ask("GET /empty", None).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    let answer = served.ask("GET /framing", None).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (500, &json!("internal_error"))
    );
    assert_eq!(answer.header("x-run-id").len(), 36);
}

#[tokio::test]
async fn what_is_inside_is_shown_to_developers_only() {
    let flow = "name: a\ntrigger: { http: GET / }\nsteps:\n  - id: gate\n    action: test.gate\n    with: { fail: the inside }\n";
    for (shows_internals, message) in [(false, "the flow could not be completed"), (true, "the inside")] {
        let options = ServerOptions {
            shows_internals,
            ..ServerOptions::default()
        };
        let served = Served::with(&[flow], BTreeMap::new(), options);
        served.gate.open.add_permits(1);
        let answer = served.ask("GET /", None).await;
        assert_eq!((answer.status, &answer.body["code"]), (502, &json!("refused")));
        assert_eq!(answer.body["message"], message);
        assert_eq!(answer.body["step"], "gate");
    }
}

#[tokio::test]
async fn a_run_goes_on_after_its_answer_and_when_its_caller_leaves() {
    let early = "name: early\ntrigger: { http: GET /early }\nsteps:\n  - respond: { status: 202 }\n  - action: test.gate\n";
    let late = "name: late\ntrigger: { http: GET /late }\nsteps:\n  - action: test.gate\n";
    let served = Arc::new(Served::new(&[early, late]));
    assert_eq!(served.ask("GET /early", None).await.status, 202);
    assert_eq!(served.state.capacity.taken(), 1);

    {
        let asked = served.ask("GET /late", None);
        tokio::pin!(asked);
        let waits = futures_util::FutureExt::now_or_never(&mut asked);
        assert!(waits.is_none());
        assert_eq!(served.state.capacity.taken(), 2);
    }
    served.gate.open.add_permits(2);
    served.gate.passed.acquire_many(2).await.unwrap().forget();
    assert_eq!(
        served
            .state
            .capacity
            .drained(std::time::Duration::from_secs(10))
            .await,
        0
    );
}

#[tokio::test]
async fn a_full_server_says_so() {
    let flow =
        "name: a\ntrigger: { http: GET / }\nsteps:\n  - respond: { status: 202 }\n  - action: test.gate\n";
    let options = ServerOptions {
        max_runs: 1,
        ..ServerOptions::default()
    };
    let served = Served::with(&[flow], BTreeMap::new(), options);
    assert_eq!(served.ask("GET /", None).await.status, 202);
    let answer = served.ask("GET /", None).await;
    assert_eq!((answer.status, &answer.body["code"]), (503, &json!("busy")));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn the_request_is_seen_by_flows_that_look_at_it() {
    let inner = "name: inner\ntrigger: { http: GET /inner }\nsteps:\n  - return: '{{request}}'\n";
    let outer = "name: outer\ntrigger: { http: POST /outer }\nsteps:\n  - id: seen\n    call: inner\n  - return: '{{steps.seen.path}}'\n";
    let options = ServerOptions {
        trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()],
        ..ServerOptions::default()
    };
    let served = Served::with(&[inner, outer], BTreeMap::new(), options);
    assert_eq!(served.ask("POST /outer", None).await.body, json!("/outer"));
    let headers = [
        ("X-Forwarded-For", "203.0.113.9, 198.51.100.7"),
        ("x-forwarded-for", "192.0.2.8"),
        ("Accept", "a"),
        ("accept", "b"),
    ];
    let answer = served.send(request("GET /inner", &headers, "")).await;
    assert_eq!(answer.body["method"], "GET");
    assert_eq!(answer.body["ip"], "198.51.100.7");
    assert_eq!(answer.body["headers"]["accept"], "a, b");
}

/// The access log, each line as the names of its fields.
#[derive(Clone, Default)]
struct AccessLog(Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for AccessLog {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "lockgate::access"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut names = Vec::new();
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                names.push(match field.name() {
                    "message" => format!("{value:?}:"),
                    name => name.to_owned(),
                });
            },
        );
        self.0.lock().unwrap().push(names.join(" "));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn each_request_is_a_line_in_the_log_also_where_the_caller_leaves() {
    let flow = "name: a\ntrigger: { http: GET /a }\nsteps:\n  - action: test.gate\n";
    let served = Served::new(&[flow]);
    let log = AccessLog::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    assert!(futures_util::FutureExt::now_or_never(served.ask("GET /a", None)).is_none());
    served.gate.open.add_permits(2);
    assert_eq!(served.ask("GET /a", None).await.status, 204);
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "the caller left without an answer: method route duration_ms flow",
            "answered: method route status duration_ms flow run_id"
        ]
    );
}
