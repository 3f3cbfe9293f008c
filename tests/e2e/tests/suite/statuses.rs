//! Every status that a flow's endpoint can answer with, provoked through a socket; each body fits the schema that
//! `/openapi.json` declares for that status.
#![cfg(unix)]

use std::net::TcpListener;

use lockgate_http::testing::ClosedPort;
use serde_json::{Value, json};

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Answer, Served, ask, send};

const WORKSPACE: &str = "version: 1
http: { allow: [127.0.0.1] }
connections:
  auth0:
    type: auth0
    base_url: ${AUTH0_BASE_URL}
    client_id: ${AUTH0_CLIENT_ID}
    client_secret: ${AUTH0_CLIENT_SECRET}
  callers: { type: bearer, token: '${CALLERS_TOKEN}' }
";

const TOKEN: &str = "a-token-of-our-callers";

fn flow(name: &str, trigger: &str, input: &str, steps: &str) -> (String, String) {
    let text = format!("name: {name}\ntrigger: {{ http: {trigger} }}\ninput: {input}\nsteps:\n{steps}");
    (format!("flows/{name}.yaml"), text)
}

fn flows(dead: &str, silent: &str) -> Vec<(String, String)> {
    let sign_up = "  - id: user
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: '{{input.email}}', password: correct horse 9 }
    on_error:
      user_exists:
        - fail: { code: email_taken, status: 409, message: There is an account already. }
  - respond: { status: 201, body: { user_id: '{{steps.user.user_id}}' } }
";
    let get = |url: &str, limit: &str| {
        format!(
            "  - action: http.request\n    with: {{ url: '{url}', timeout: {limit} }}\n    retry: {{ attempts: 1 }}\n  - return: done\n"
        )
    };
    vec![
        flow(
            "double",
            "GET /double/:number",
            "{ number: integer }",
            "  - return: { twice: '{{multiply input.number 2}}' }\n",
        ),
        flow(
            "sign-up",
            "POST /sign-up",
            "{ email: { type: string, format: email } }",
            sign_up,
        ),
        flow(
            "later",
            "POST /later",
            "{ hold: { type: boolean, default: false } }",
            // One that is kept would give its place back while it sleeps.
            "  - respond: { status: 202 }\n  - if: input.hold\n    wait: 1h\ndurable: false\n",
        ),
        flow("nothing", "DELETE /nothing", "{}", "  - set: { a: 1 }\n"),
        flow(
            "elsewhere",
            "GET /elsewhere",
            "{}",
            "  - redirect: https://example.com/\n",
        ),
        flow(
            "guarded",
            "{ method: GET, path: /guarded, auth: bearer }",
            "{}",
            "  - return: in\n",
        ),
        flow(
            "small",
            "{ method: POST, path: /small, max_body: 20b }",
            "{ text: string }",
            "  - return: '{{input.text}}'\n",
        ),
        flow(
            "rare",
            "{ method: GET, path: /rare, rate_limit: 1/h }",
            "{}",
            "  - return: once\n",
        ),
        flow(
            "crash",
            "GET /crash",
            "{ by: { type: integer, default: 0 } }",
            "  - return: '{{divide 1 input.by}}'\n",
        ),
        flow("dead", "GET /dead", "{}", &get(dead, "5s")),
        flow("silent", "GET /silent", "{}", &get(silent, "100ms")),
    ]
}

/// The schema of an answer, as the document declares it; the document's own components are where its references lead.
pub(crate) fn schema(document: &Value, path: &str, method: &str, status: u16) -> Option<Value> {
    let responses = &document["paths"][path][method]["responses"];
    let mut response = responses.get(status.to_string())?;
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
    }
    let content = response["content"].as_object();
    let schema = content.map_or(json!(true), |types| {
        assert_eq!(types.len(), 1, "{path} {status}");
        types.values().next().unwrap()["schema"].clone()
    });
    Some(json!({ "components": document["components"], "allOf": [schema] }))
}

#[track_caller]
fn judge(document: &Value, path: &str, method: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    let schema = schema(document, path, method, status)
        .unwrap_or_else(|| panic!("{method} {path} does not declare {status}"));
    let body = if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    };
    let problems: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&body)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, Vec::<String>::new(), "{method} {path} {status}: {body}");
    if status >= 400 {
        assert!(
            answer
                .head
                .to_ascii_lowercase()
                .contains("content-type: application/problem+json"),
            "{answer:?}"
        );
        assert_eq!(body["status"], status);
    }
}

#[test]
fn every_status_is_declared_and_fits_its_schema() {
    let tenant = Emulated::start();
    // Where nothing listens; and somebody who never answers.
    let dead = ClosedPort::take();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut folder = Folder::with(&[("lockgate.yaml", WORKSPACE)]);
    let flows = flows(&dead.url(), &format!("http://{}/", silent.local_addr().unwrap()));
    for (name, text) in flows {
        folder.write(&name, &text);
    }
    folder.connect(&tenant);
    folder.set("CALLERS_TOKEN", TOKEN);
    let served = Served::start(&folder, &["serve", "--max-runs", "1"]);
    let document = served.get("/openapi.json").json();

    let person = r#"{"email": "ada@example.com"}"#;
    let raw = |method: &str, path: &str, headers: &str, body: &str| {
        let address = served.address();
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        send(address, &text).unwrap()
    };
    let json = "content-type: application/json\r\n";
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    let cases = [
        (200, "get", "/double/{number}", served.get("/double/21")),
        (422, "get", "/double/{number}", served.get("/double/half")),
        (201, "post", "/sign-up", served.ask("POST", "/sign-up", person)),
        (409, "post", "/sign-up", served.ask("POST", "/sign-up", person)),
        (
            400,
            "post",
            "/sign-up",
            served.ask("POST", "/sign-up", "{\"email\":"),
        ),
        (
            415,
            "post",
            "/sign-up",
            raw("POST", "/sign-up", "content-type: text/plain\r\n", "ada"),
        ),
        (
            422,
            "post",
            "/sign-up",
            served.ask("POST", "/sign-up", r#"{"email": "ada"}"#),
        ),
        (202, "post", "/later", served.ask("POST", "/later", "{}")),
        (204, "delete", "/nothing", served.ask("DELETE", "/nothing", "")),
        (303, "get", "/elsewhere", served.get("/elsewhere")),
        (401, "get", "/guarded", served.get("/guarded")),
        (
            401,
            "get",
            "/guarded",
            raw("GET", "/guarded", "authorization: Bearer no\r\n", ""),
        ),
        (200, "get", "/guarded", raw("GET", "/guarded", &bearer, "")),
        (
            413,
            "post",
            "/small",
            raw("POST", "/small", json, r#"{"text": "too much of it"}"#),
        ),
        (
            200,
            "post",
            "/small",
            raw("POST", "/small", json, r#"{"text": "a"}"#),
        ),
        (200, "get", "/rare", served.get("/rare")),
        (429, "get", "/rare", served.get("/rare")),
        (500, "get", "/crash", served.get("/crash")),
        (502, "get", "/dead", served.get("/dead")),
        (504, "get", "/silent", served.get("/silent")),
        (
            202,
            "post",
            "/later",
            served.ask("POST", "/later", r#"{"hold": true}"#),
        ),
        (503, "get", "/double/{number}", served.get("/double/21")),
    ];
    for (status, method, path, answer) in &cases {
        judge(&document, path, method, answer, *status);
    }
    let header = |index: usize, name: &str| {
        let head = cases[index].3.head.to_ascii_lowercase();
        head.lines().any(|line| line.starts_with(&format!("{name}: ")))
    };
    assert!(header(0, "x-run-id") && header(2, "x-run-id") && header(3, "x-run-id"));
    assert!(header(9, "location") && header(10, "www-authenticate"));
    assert!(header(16, "retry-after") && header(16, "ratelimit-limit") && header(21, "retry-after"));

    // What belongs to no operation is a problem document of the same shape.
    for (status, method, path) in [(404, "GET", "/nowhere"), (405, "PATCH", "/sign-up")] {
        let answer = served.ask(method, path, "");
        assert_eq!(answer.status, status);
        let schema = json!({ "components": document["components"], "$ref": "#/components/schemas/Problem" });
        assert!(
            jsonschema::validator_for(&schema)
                .unwrap()
                .is_valid(&answer.json()),
            "{answer:?}"
        );
    }
    // Each user once, whatever was asked.
    assert_eq!(tenant.emails(), ["ada@example.com"]);

    // A held run is cut off by a second signal, and nothing is left.
    served.signal("TERM");
    served.until_said("stop");
    let address = served.address().to_owned();
    served.end("TERM");
    until("nothing listens", || {
        ask(&address, "GET", "/double/1", "").is_err()
    });
}
