//! Logs and spans of the real binary: what a collector gets, what a log line says, and what is in neither.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lockgate_http::testing::ClosedPort;
use serde_json::{Value, json};

use crate::collector::Collector;
use crate::emulated::{Emulated, until};
use crate::folder::Folder;
#[cfg(unix)]
use crate::served::{Served, send};
use crate::stand_in::{Answer, Asked, StandIn};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const PASSWORD: &str = "canary pass-word 1";
const EMAIL: &str = "canary@example.com";

const SIGN_UP: [&str; 8] = [
    "run",
    "sign-up",
    "--input",
    "email=canary@example.com",
    "--input",
    "password=canary pass-word 1",
    "--input",
    "plan=pro",
];

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The workspace that ships, whose spans go to a collector.
fn observed(collector: &Collector) -> Folder {
    let mut folder = Folder::shipped();
    folder.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    folder
}

#[track_caller]
fn assert_no_canary(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in [PASSWORD, EMAIL, "canary"] {
        assert!(!text.contains(canary), "{text}");
    }
}

#[test]
fn a_run_is_a_tree_of_spans() {
    let collector = Collector::start();
    let mut folder = observed(&collector);
    folder.set("OTEL_SERVICE_NAME", "front-door");
    folder.set(
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=test,team=blue",
    );
    folder.set("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=key-1");
    folder.set("TRACEPARENT", PARENT);
    let ended = folder
        .lockgate(&[&SIGN_UP[..], &["--emulated", "--json"]].concat())
        .run()
        .assert_code(0);
    assert_eq!(
        collector.tree(),
        "run sign-up
  user
    fetch a token
      client POST /oauth/token 200
    client POST /api/v2/users 201
  grant quota
    client PATCH /api/v2/users/{id} 200
  respond
",
        "{}",
        ended.transcript()
    );
    assert_eq!(collector.paths(), ["/v1/traces"]);
    assert_eq!(collector.headers()["x-api-key"], "key-1");
    let resource = collector.resource();
    for (name, value) in [
        ("service.name", "front-door"),
        ("deployment.environment.name", "test"),
        ("team", "blue"),
        ("telemetry.sdk.language", "rust"),
    ] {
        assert_eq!(resource[name], value);
    }
    assert!(resource.contains_key("service.version"));

    let run = collector.span("run sign-up");
    assert_eq!(
        (
            hex(&run.span.trace_id).as_str(),
            hex(&run.span.parent_span_id).as_str()
        ),
        (TRACE, &PARENT[36..52])
    );
    assert_eq!(run.attributes["lockgate.flow"], "sign-up");
    assert_eq!(run.attributes["lockgate.status"], "succeeded");
    assert_eq!(json!(run.attributes["lockgate.run_id"]), ended.json()["run_id"]);
    let step = collector.span("user");
    for (name, value) in [
        ("lockgate.step", "steps/0"),
        ("lockgate.step.id", "user"),
        ("lockgate.step.verb", "action"),
        ("lockgate.action", "auth0.create_user"),
        ("lockgate.attempts", "1"),
    ] {
        assert_eq!(step.attributes[name], value);
    }
    let call = collector.span("PATCH /api/v2/users/{id}");
    let port = call.attributes["server.port"].parse::<u16>().unwrap();
    assert!(
        ended.stderr.contains(&format!(":{port}")),
        "{}",
        ended.transcript()
    );
    for (name, value) in [
        ("http.request.method", "PATCH"),
        ("server.address", "127.0.0.1"),
        ("url.scheme", "http"),
        ("url.template", "/api/v2/users/{id}"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(call.attributes[name], value);
    }
    for exported in collector.spans() {
        assert!(exported.span.end_time_unix_nano >= exported.span.start_time_unix_nano);
        assert_eq!((exported.span.events.len(), exported.span.links.len()), (0, 0));
    }
    assert_no_canary(&collector.bytes());
}

#[test]
fn what_fails_is_marked() {
    let collector = Collector::start();
    let tenant = Emulated::with_faults(&["503:method=PATCH,count=2"]);
    let mut folder = Folder::connected(&tenant);
    folder.set(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        &format!("{}/custom/path", collector.url()),
    );
    folder.lockgate(&SIGN_UP).run().assert_code(0);
    folder.lockgate(&SIGN_UP).run().assert_code(1);
    assert_eq!(
        collector.tree(),
        "run sign-up
  user
    fetch a token
      client POST /oauth/token 200
    client POST /api/v2/users 201
  grant quota
    client PATCH /api/v2/users/{id} 503 503 ERROR
    client PATCH /api/v2/users/{id} 503 503 ERROR
    client PATCH /api/v2/users/{id} 200
  respond
run sign-up email_taken
  user user_exists ERROR
    fetch a token
      client POST /oauth/token 200
    client POST /api/v2/users 409 409 ERROR
    client GET /api/v2/users/{id} 404 404 ERROR
  fail email_taken email_taken
"
    );
    assert_eq!(collector.span("grant quota").attributes["lockgate.attempts"], "3");
    assert_eq!(collector.paths(), ["/custom/path", "/custom/path"]);
    assert_no_canary(&collector.bytes());
}

#[test]
fn nothing_is_exported_unless_it_is_asked_for() {
    let collector = Collector::start();
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        // The caller keeps no trace, so neither does the callee.
        (
            "TRACEPARENT",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ),
    ] {
        let mut folder = observed(&collector);
        folder.set(name, value);
        let ended = folder
            .lockgate(&[&SIGN_UP[..], &["--emulated"]].concat())
            .run()
            .assert_code(0);
        assert!(!ended.stderr.contains("warning"), "{}", ended.transcript());
    }
    assert_eq!(collector.paths(), <[String; 0]>::default());

    let mut folder = Folder::shipped();
    folder.set("OTEL_TRACES_EXPORTER", "console");
    let ended = folder
        .lockgate(&[&SIGN_UP[..], &["--emulated"]].concat())
        .run()
        .assert_code(0);
    assert!(
        ended.stderr.contains("only `otlp` is known"),
        "{}",
        ended.transcript()
    );
    let mut folder = observed(&collector);
    folder.set("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url");
    let ended = folder
        .lockgate(&[&SIGN_UP[..], &["--emulated"]].concat())
        .run()
        .assert_code(0);
    assert!(
        ended.stderr.contains("no spans are exported: "),
        "{}",
        ended.transcript()
    );
}

#[test]
fn a_dead_collector_holds_nobody_up_for_long() {
    let closed = ClosedPort::take();
    // One that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = format!("http://{}", silent.local_addr().unwrap());
    for (endpoint, said) in [
        (closed.url(), "the collector takes no spans"),
        (hangs, "the collector has not taken the last spans in time"),
    ] {
        let mut folder = Folder::shipped();
        folder.set("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
        let line = folder.lockgate(&[&SIGN_UP[..], &["--emulated"]].concat());
        let began = Instant::now();
        let ended = line.run().assert_code(0);
        // Without a limit of ours it would be the ten seconds of one request.
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        assert_eq!(ended.stderr.matches(said).count(), 1, "{}", ended.transcript());
    }
}

/// A flow that calls a service, and the service.
fn calling() -> (StandIn, Arc<Mutex<Vec<Asked>>>, String) {
    let seen = Arc::<Mutex<Vec<Asked>>>::default();
    let kept = Arc::clone(&seen);
    let service = StandIn::start(move |asked| {
        kept.lock().unwrap().push(asked);
        Answer::Json(200, json!({ "ok": true }))
    });
    let flow = format!(
        "trigger: {{ http: 'POST /call/:name' }}
input: {{ name: {{ type: string }} }}
steps:
  - action: http.request
    with: {{ url: '{}/{{{{input.name}}}}?q={{{{input.name}}}}' }}
  - action: log
    with: {{ message: sold, fields: {{ plan: pro }} }}
  - return: done
",
        service.url()
    );
    (service, seen, flow)
}

const OPEN: &str = "version: 1\nhttp: { allow: [127.0.0.1] }\n";

fn sent(asked: &Asked) -> [Option<&str>; 2] {
    ["traceparent", "tracestate"].map(|name| asked.headers.get(name).map(|value| value.to_str().unwrap()))
}

#[test]
fn without_an_exporter_the_callers_context_goes_on_as_it_is() {
    let (_service, seen, flow) = calling();
    let mut folder = Folder::with(&[("lockgate.yaml", OPEN), ("flows/call.yaml", &flow)]);
    let run = ["run", "call", "--input", "name=canary"];
    folder.lockgate(&run).run().assert_code(0);
    folder.set("TRACEPARENT", PARENT);
    folder.set("TRACESTATE", "a=1,b=2");
    folder.lockgate(&run).run().assert_code(0);
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.iter().map(sent).collect::<Vec<_>>(),
        [[None, None], [Some(PARENT), Some("a=1,b=2")]]
    );
}

/// The lines of a log that are JSON objects.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Asks for the flow, with a trace context.
#[cfg(unix)]
fn ask(served: &Served) -> crate::served::Answer {
    let request = format!(
        "POST /call/canary HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntraceparent: {PARENT}\r\ntracestate: \
         a=1\r\ntracestate: b=2\r\ncontent-length: 0\r\n\r\n"
    );
    send(served.address(), &request).unwrap()
}

#[cfg(unix)]
#[test]
fn a_request_is_the_parent_of_its_run_and_a_child_of_its_caller() {
    let collector = Collector::start();
    let (_service, seen, flow) = calling();
    let mut folder = Folder::with(&[("lockgate.yaml", OPEN), ("flows/call.yaml", &flow)]);
    folder.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let served = Served::start(&folder, &["serve"]);
    assert_eq!(ask(&served).status, 200);
    assert_eq!(served.get("/canary").status, 404);
    // Spans that are still waiting are sent at the end.
    let ended = served.end("TERM").assert_code(0);
    assert_eq!(
        collector.tree(),
        "server POST /call/{name} 200
  run call
    http.request
      client GET 200
    log
    return
server GET 404
",
        "{}",
        ended.transcript()
    );
    let request = collector.span("POST /call/{name}");
    assert_eq!(
        (
            hex(&request.span.trace_id).as_str(),
            hex(&request.span.parent_span_id).as_str()
        ),
        (TRACE, &PARENT[36..52])
    );
    assert_eq!(request.span.trace_state, "a=1,b=2");
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/call/{name}"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(request.attributes[name], value);
    }
    let mut spans = collector.spans().into_iter();
    let client = spans.find(|exported| exported.attributes.contains_key("server.address"));
    let client = client.unwrap();
    assert!(!client.attributes.contains_key("url.template"));
    let expected = format!("00-{TRACE}-{}-01", hex(&client.span.span_id));
    assert_eq!(
        sent(&seen.lock().unwrap()[0]),
        [Some(expected.as_str()), Some("a=1,b=2")]
    );
    assert_no_canary(&collector.bytes());

    let lines = lines(&ended.stderr);
    let line = |target: &str| lines.iter().find(|line| line["target"] == target).unwrap();
    let access = line("lockgate::access");
    assert_eq!(access["trace_id"], TRACE);
    let run = collector.span("run call");
    assert_eq!(access["run_id"], run.attributes["lockgate.run_id"]);
    // The step's own span is where the line was written.
    let own = line("lockgate::log");
    assert_eq!(
        (&own["trace_id"], &own["run_id"]),
        (&json!(TRACE), &access["run_id"])
    );
    assert_eq!(own["span_id"], hex(&collector.span("log").span.span_id));
}

#[cfg(unix)]
#[test]
fn the_log_of_a_server_is_json_unless_it_is_text() {
    let (_service, _, flow) = calling();
    let folder = Folder::with(&[("lockgate.yaml", OPEN), ("flows/call.yaml", &flow)]);
    let served = Served::start(&folder, &["serve"]);
    assert_eq!(ask(&served).status, 200);
    let access = |log: &str| {
        lines(log)
            .into_iter()
            .find(|line| line["target"] == "lockgate::access")
    };
    until("the line is written", || access(&served.said()).is_some());
    let own = lines(&served.said())
        .into_iter()
        .find(|line| line["target"] == "lockgate::log");
    let own = own.unwrap();
    assert_eq!(
        (&own["message"], &own["fields"], &own["level"]),
        (&json!("sold"), &json!({ "plan": "pro" }), &json!("INFO"))
    );
    let ended = served.end("TERM").assert_code(0);
    let line = access(&ended.stderr).unwrap();
    for (name, value) in [
        ("level", json!("INFO")),
        ("message", json!("answered")),
        ("method", json!("POST")),
        ("route", json!("/call/{name}")),
        ("status", json!(200)),
        ("flow", json!("call")),
        // Nobody exports spans: it is the caller's.
        ("trace_id", json!(TRACE)),
    ] {
        assert_eq!(line[name], value, "{line}");
    }
    assert!(
        line["duration_ms"].is_f64() && line["run_id"].is_string() && line["timestamp"].is_string(),
        "{line}"
    );
    assert_no_canary(ended.stderr.as_bytes());

    let served = Served::start(
        &folder,
        &[
            "serve",
            "--log-format",
            "text",
            "--log",
            "warn,lockgate::access=info",
        ],
    );
    assert_eq!(ask(&served).status, 200);
    let ended = served.end("TERM").assert_code(0);
    assert!(
        ended
            .stderr
            .contains(" INFO lockgate::access: answered method=\"POST\""),
        "{}",
        ended.transcript()
    );
    assert_eq!(lines(&ended.stderr), <[Value; 0]>::default());
}

#[cfg(unix)]
#[test]
fn a_server_goes_on_when_nobody_reads_its_log() {
    let flow = "trigger: { http: GET /x }\nsteps: [{ return: 1 }]\n";
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/x.yaml", flow)]);
    let mut line = folder.lockgate(&["serve", "--port", "0", "--admin-port", "0"]);
    let mut child = line.spawn();
    let mut ready = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let urls: Value = serde_json::from_str(&ready).unwrap();
    let address = urls["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    // A pipe takes 64 kB.
    let requests = 600;
    for _ in 0..requests {
        assert_eq!(crate::served::ask(address, "GET", "/x", "").unwrap().status, 200);
    }
    crate::tenant_command::signal(&child, "TERM");
    let ended = line.ended(child.wait_with_output().unwrap()).assert_code(0);
    assert!(ended.stderr.len() > 64 * 1024);
    let lines = lines(&ended.stderr);
    let answered = lines.iter().filter(|line| line["target"] == "lockgate::access");
    assert_eq!(answered.count(), requests);
}

#[test]
fn a_command_that_ends_by_itself_logs_text_unless_it_is_json() {
    let (_service, _, flow) = calling();
    let folder = Folder::with(&[("lockgate.yaml", OPEN), ("flows/call.yaml", &flow)]);
    let run = ["run", "call", "--input", "name=x"];
    let ended = folder.lockgate(&run).run().assert_code(0);
    assert!(
        ended.stderr.contains(" INFO lockgate::log: sold"),
        "{}",
        ended.transcript()
    );
    let line = folder.lockgate(&run).env("LOCKGATE_LOG_FORMAT", "json");
    let ended = line.run().assert_code(0);
    assert_eq!(
        lines(&ended.stderr)[0]["target"],
        "lockgate::log",
        "{}",
        ended.transcript()
    );
}
