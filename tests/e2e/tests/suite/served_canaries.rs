//! Planted secrets of a server are found in nothing that it writes or answers: not in its log, spans and metrics, not in
//! what the admin port shows, not in a problem document. And what callers send besides (paths, queries, cookies, what is
//! shown at the door) is in none of what an operator keeps.
#![cfg(unix)]

use std::time::{SystemTime, UNIX_EPOCH};

use lockgate_http::testing::ClosedPort;
use serde_json::{Value, json};

use crate::canaries::{forms, quote};
use crate::collector::Collector;
use crate::folder::{Folder, read};
use crate::served::{Served, send};
use crate::stand_in::{Answer, Asked, StandIn};

/// The operator's, from the environment.
const CLIENT_SECRET: &str = "canary client-secret \"<&'\\ 1";
const CALLERS_TOKEN: &str = "canary-callers-token-2/+=";
const PARTNER_PASSWORD: &str = "canary partner pass \"<&'\\ 3";
const SIGNERS_SECRET: &str = "canary signers secret \"<&'\\ 4";
const ADMIN_TOKEN: &str = "canary-admin-token-5/+=";
/// Auth0's, as `canaries` gives it out.
const AUTH0_TOKEN: &str = "canary-token-abc.def.ghi-3";
/// Callers', in fields that are secret.
const PASSWORD: &str = "canary pass-word \"<&'\\ 6";
const SHORT: &str = "canár\"7";
const LONG: &str = "canary that is longer than a key may be, by a lot of letters \"<&'\\ 8";
const KEY: &str = "canary key ÄÖ/+? 9";
const PIN: &str = "73199466283517";
const CARD: &str = "canary card 10";

/// They are in nothing at all.
const SECRETS: [&str; 12] = [
    CLIENT_SECRET,
    CALLERS_TOKEN,
    PARTNER_PASSWORD,
    SIGNERS_SECRET,
    ADMIN_TOKEN,
    AUTH0_TOKEN,
    PASSWORD,
    SHORT,
    LONG,
    KEY,
    PIN,
    CARD,
];

/// Callers' own, which an answer to them may quote, and an operator need not see.
const WRONG: &str = "canary-shown-at-the-door-11";
const COOKIE: &str = "canary-cookie-12";
const PATH: &str = "canary-path-13";
const QUERY: &str = "canary-query-14";
const FIELD: &str = "canary-field-15";
const HEADER: &str = "canary-header-16";

const PRIVATE: [&str; 6] = [WRONG, COOKIE, PATH, QUERY, FIELD, HEADER];

/// Auth0 quotes it in what it says of a failure, and the log has that.
const EMAIL: &str = "canary-17@example";

const WORKSPACE: &str = "version: 1
http: { allow: [127.0.0.1] }
connections:
  auth0:
    type: auth0
    base_url: ${AUTH0_BASE_URL}
    client_id: ${AUTH0_CLIENT_ID}
    client_secret: ${AUTH0_CLIENT_SECRET}
  callers: { type: bearer, token: '${CALLERS_TOKEN}' }
  partner: { type: basic, username: partner, password: '${PARTNER_PASSWORD}' }
  signers: { type: hmac, secret: '${SIGNERS_SECRET}' }
config: { database: Username-Password-Authentication }
";

/// A secret goes to another service, which sends it back; and to everything that writes.
const SPREAD: &str = r#"
trigger: { http: { method: POST, path: /spread/:who, auth: bearer, max_body: 400b } }
input:
  who: string
  note: { type: string, required: false }
  key: { type: string, minLength: 12, maxLength: 40, secret: true }
  pin: { type: integer, maximum: 9999, secret: true, required: false }
  card: { type: object, required: false, properties: { number: { type: string, pattern: "^[0-9]+$", secret: true } } }
  cards: { type: array, default: [], items: { properties: { number: { type: string, secret: true } } } }
steps:
  - id: echo
    action: http.request
    with:
      method: POST
      url: "SERVICE/echo/{{input.who}}"
      query: { who: "{{input.who}}" }
      json: { key: "{{input.key}}" }
      headers: { x-key: "{{base64_encode input.key}}", x-cookie: "{{default request.headers.cookie 'none'}}" }
  - action: log
    with: { message: "the key is {{input.key}}", fields: { key: "{{input.key}}", cards: "{{input.cards}}" } }
  - set: { kept: "{{input.key}} and more" }
  - fail: { code: no_luck, status: 409, message: "the key {{input.key}} is no good; {{to_json steps.echo.body}}", details: { key: "{{vars.kept}}" } }
"#;

/// Nobody is there, whom the secret would go to.
const DEAD: &str = "
trigger: { http: { method: POST, path: /dead, auth: { basic: partner } } }
input: { key: { type: string, secret: true } }
steps:
  - action: http.request
    with: { url: 'DEAD/', query: { key: '{{input.key}}' } }
    retry: { attempts: 1 }
  - return: done
";

/// An expression that fails on the secret.
const CRASH: &str = "
trigger: { http: GET /crash/:who }
input: { who: string, key: { secret: true } }
steps:
  - return: '{{divide 1 input.key}}'
";

const SIGNED: &str = "
trigger: { http: { method: POST, path: /signed/:who, auth: hmac } }
input: { who: string, key: { type: string, secret: true } }
steps:
  - return: done
";

/// An Auth0 that quotes all that it gets. What it says of a user depends on the address.
fn auth0(asked: &Asked) -> Answer {
    let sent: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
    let quoted = format!("{} {:?} {}", asked.target, asked.headers, asked.body);
    let error = |status: u16| json!({ "statusCode": status, "error": quoted, "message": quoted, "errorCode": quoted });
    match sent["email"].as_str().and_then(|email| email.split('-').next()) {
        Some("ada") => {
            let id = format!("auth0|{}", sent["user_id"].as_str().unwrap());
            Answer::Json(201, json!({ "user_id": id, "email": sent["email"] }))
        }
        Some("taken") => Answer::Json(409, error(409)),
        Some(kind) => quote(kind.parse().unwrap(), asked),
        None if asked.target == "/oauth/token" => quote(0, asked),
        None => Answer::Json(404, error(404)),
    }
}

fn echo(asked: &Asked) -> Answer {
    let headers = format!("{:?}", asked.headers);
    Answer::Json(
        200,
        json!({ "target": asked.target, "headers": headers, "body": asked.body }),
    )
}

fn basic(name: &str, password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    format!("authorization: Basic {encoded}\r\n")
}

#[expect(clippy::disallowed_methods, reason = "a signature has the time of now")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What is asked, and the status that is expected.
fn requests() -> Vec<(u16, String)> {
    let mut requests = Vec::new();
    let mut ask = |status: u16, line: &str, headers: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie: session={COOKIE}\r\nx-any: \
             {HEADER}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        requests.push((status, request));
    };
    let bearer = format!("authorization: Bearer {CALLERS_TOKEN}\r\n");

    // Auth0: a user, nobody, and every way of quoting.
    let sign_up = |who: &str, password: &str| {
        json!({ "email": format!("{who}-{EMAIL}.com"), "password": password }).to_string()
    };
    ask(201, "POST /sign-up", "", &sign_up("ada", PASSWORD));
    ask(409, "POST /sign-up", "", &sign_up("taken", PASSWORD));
    for (kind, status) in [("0", 422), ("1", 502), ("2", 502), ("3", 502)] {
        ask(status, "POST /sign-up", "", &sign_up(kind, PASSWORD));
    }

    // Inputs that do not fit, and bodies that are none.
    ask(422, "POST /sign-up", "", &sign_up("ada", SHORT));
    ask(
        422,
        "POST /sign-up",
        "",
        &json!({ "email": FIELD, "password": [PASSWORD, { "a": KEY }] }).to_string(),
    );
    ask(
        422,
        "POST /sign-up",
        "",
        &json!({ "email": FIELD, "password": { "password": PASSWORD } }).to_string(),
    );
    ask(
        400,
        &format!("POST /sign-up?password={PIN}"),
        "",
        &sign_up("ada", PASSWORD),
    );
    ask(422, &format!("POST /sign-up?password={PIN}&q={QUERY}"), "", "");
    let cut = json!({ "password": PASSWORD }).to_string();
    ask(400, "POST /sign-up", "", &cut[..cut.len() - 2]);
    ask(400, "POST /sign-up", "", &format!("{cut}{cut}"));
    ask(
        400,
        "POST /sign-up",
        "",
        &format!(r#"{{"password":"{PIN}","password":"{PIN}"}}"#),
    );
    ask(400, "POST /sign-up", "", &json!([PASSWORD]).to_string());
    ask(
        400,
        "POST /sign-up",
        "content-type: application/x-www-form-urlencoded\r\n",
        &format!("password={PIN}%FF"),
    );
    ask(
        415,
        "POST /sign-up",
        &format!("content-type: text/{HEADER}\r\n"),
        PASSWORD,
    );

    // Behind a token.
    let spread = |key: &str| json!({ "key": key, "note": FIELD, "cards": [{ "number": CARD }] }).to_string();
    let path = format!("POST /spread/{PATH}?q={QUERY}");
    let right = format!("POST /spread/{PATH}");
    ask(409, &right, &bearer, &spread(KEY));
    ask(422, &path, &bearer, &spread(KEY));
    ask(422, &right, &bearer, &spread(SHORT));
    ask(422, &right, &bearer, &spread(LONG));
    let pin: u64 = PIN.parse().unwrap();
    ask(
        422,
        &right,
        &bearer,
        &json!({ "key": pin, "pin": pin, "card": { "number": CARD } }).to_string(),
    );
    ask(
        422,
        &right,
        &bearer,
        &json!({ "key": KEY, "pin": PIN, "card": CARD }).to_string(),
    );
    ask(
        413,
        &right,
        &bearer,
        &json!({ "key": KEY.repeat(40) }).to_string(),
    );
    for shown in [
        String::new(),
        format!("authorization: Bearer {WRONG}\r\n"),
        format!("authorization: {WRONG}\r\n"),
        format!("authorization: Bearer {CALLERS_TOKEN}{WRONG}\r\n"),
        format!("{bearer}{bearer}"),
        basic("partner", PARTNER_PASSWORD),
    ] {
        ask(401, &right, &shown, &spread(KEY));
    }

    // Behind a password.
    let partner = basic("partner", PARTNER_PASSWORD);
    ask(502, "POST /dead", &partner, &json!({ "key": KEY }).to_string());
    ask(422, "POST /dead", &partner, &json!({ "key": [KEY] }).to_string());
    ask(
        401,
        "POST /dead",
        &basic("partner", WRONG),
        &json!({ "key": KEY }).to_string(),
    );
    ask(401, "POST /dead", &basic(WRONG, PARTNER_PASSWORD), "");

    // Behind a signature.
    let signed = format!("POST /signed/{PATH}?q={QUERY}");
    let signature = format!("t={},v1={}", now(), "ab".repeat(32));
    for shown in [
        signature,
        format!("t={WRONG},v1={WRONG}"),
        format!("t=1,v1={}", "ab".repeat(32)),
        WRONG.to_owned(),
    ] {
        let shown = format!("lockgate-signature: {shown}\r\n");
        ask(401, &signed, &shown, &json!({ "key": KEY }).to_string());
    }

    // What fails inside, and what is for nobody.
    ask(
        500,
        &format!("GET /crash/{PATH}?key={CARD}", CARD = CARD.replace(' ', "+")),
        "",
        "",
    );
    ask(422, &format!("GET /crash/{PATH}?q={QUERY}"), "", "");
    ask(404, &format!("GET /{PATH}?q={QUERY}&password={PIN}"), &bearer, "");
    ask(405, &format!("DELETE /spread/{PATH}?q={QUERY}"), &bearer, "");
    ask(204, &format!("OPTIONS /spread/{PATH}?q={QUERY}"), &bearer, "");
    ask(
        400,
        &format!("GET /spread/{PATH}"),
        &format!("authorization {WRONG}\r\n"),
        "",
    );
    ask(400, &format!("GET /spread/{PATH} {PATH}"), &bearer, "");
    requests
}

#[track_caller]
fn assert_none(canaries: &[&str], what: &str, text: &str) {
    for canary in canaries {
        for form in forms(canary) {
            assert!(!text.contains(&form), "{form} is in {what}:\n{text}");
        }
    }
}

fn serve(command: &[&str]) {
    let auth0 = StandIn::start(|asked| auth0(&asked));
    let service = StandIn::start(|asked| echo(&asked));
    let dead = ClosedPort::take();
    let collector = Collector::start();
    let mut folder = Folder::with(&[
        ("lockgate.yaml", WORKSPACE),
        ("flows/sign-up.yaml", &read("flows/sign-up.yaml")),
        ("flows/spread.yaml", &SPREAD.replace("SERVICE", service.url())),
        ("flows/dead.yaml", &DEAD.replace("DEAD", &dead.url())),
        ("flows/crash.yaml", CRASH),
        ("flows/signed.yaml", SIGNED),
    ]);
    folder.edit(
        "flows/sign-up.yaml",
        "    action: auth0.create_user\n",
        "    action: auth0.create_user\n    retry: { attempts: 2, delay: 1ms }\n",
    );
    for (name, value) in [
        ("AUTH0_BASE_URL", auth0.url()),
        ("AUTH0_CLIENT_ID", "app"),
        ("AUTH0_CLIENT_SECRET", CLIENT_SECRET),
        ("CALLERS_TOKEN", CALLERS_TOKEN),
        ("PARTNER_PASSWORD", PARTNER_PASSWORD),
        ("SIGNERS_SECRET", SIGNERS_SECRET),
        ("LOCKGATE_ADMIN_TOKEN", ADMIN_TOKEN),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
    ] {
        folder.set(name, value);
    }
    let served = Served::start(&folder, &[command, &["--log", "trace"]].concat());
    let all = [&SECRETS[..], &PRIVATE].concat();
    let all_and_email = [&all[..], &[EMAIL]].concat();

    let mut answers = String::new();
    for (status, request) in requests() {
        let answer = send(served.address(), &request).unwrap();
        assert_eq!(answer.status, status, "{request}\n\n{answer:?}");
        assert_none(&SECRETS, &format!("the answer to\n{request}\n"), &answer.head);
        assert_none(&SECRETS, &format!("the answer to\n{request}\n"), &answer.body);
        answers += &answer.body;
    }
    // The flow was refused by what it has itself put together, and the caller is told so.
    assert!(answers.contains("the key •••• is no good"), "{answers}");
    assert!(answers.contains("invalid_input"), "{answers}");

    for path in [
        "/metrics",
        "/api/flows",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/nowhere",
    ] {
        for (token, path) in [
            (ADMIN_TOKEN, path.to_owned()),
            (WRONG, path.to_owned()),
            (ADMIN_TOKEN, format!("{path}?after={QUERY}")),
        ] {
            let request = format!(
                "GET {path} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncookie: a={COOKIE}\r\n\r\n"
            );
            let answer = send(served.admin(), &request).unwrap();
            for text in [&answer.head, &answer.body] {
                assert_none(&all_and_email, &path, text);
            }
        }
    }
    let document = served.get("/openapi.json").body;
    assert_none(&all_and_email, "the document", &document);
    let runs = admin_sees_no_secrets(&served);

    let ended = served.end("TERM").assert_code(0);
    assert!(
        ended.stderr.contains("DEBUG") && ended.stderr.contains("the run failed"),
        "{}",
        ended.transcript()
    );
    assert!(ended.stderr.contains("the key is ••••"), "{}", ended.transcript());
    let written = format!("{}{}", ended.stdout, ended.stderr);
    assert_none(&all, "the log", &written);
    let spans = String::from_utf8_lossy(&collector.bytes()).into_owned();
    assert!(collector.spans().len() > 50, "{}", collector.tree());
    assert_none(&all_and_email, "the spans", &spans);
    let store = if command[0] == "dev" { "dev.db" } else { "runs.db" };
    the_store_has_no_secrets(&folder, &format!(".lockgate/{store}"), &runs);
}

/// What the admin port shows of runs: inputs are there, secrets are not. The ids of the runs.
fn admin_sees_no_secrets(served: &Served) -> Vec<String> {
    let get = |path: &str| {
        let request =
            format!("GET {path} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\r\n");
        let answer = send(served.admin(), &request).unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_none(&SECRETS, path, &answer.head);
        assert_none(&SECRETS, path, &answer.body);
        answer
    };
    let list = get("/api/runs?limit=200").json();
    let runs: Vec<String> = list["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(runs.len() > 5, "{list}");
    let mut shown = String::new();
    for run in &runs {
        shown += &get(&format!("/api/runs/{run}")).body;
    }
    assert!(shown.contains(FIELD), "inputs are shown: {shown}");
    assert!(shown.contains("••••"), "secrets are masked: {shown}");
    runs
}

/// Nor do the files of the store have them, whoever reads those; nor what the command line makes of them.
fn the_store_has_no_secrets(folder: &Folder, store: &str, runs: &[String]) {
    // What came with a request besides its input is nobody's business: it is sealed as a whole. (A flow takes the cookie
    // into a step.)
    let canaries = [&SECRETS[..], &[WRONG, HEADER]].concat();
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.path().join(".lockgate")).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read(&path).unwrap();
        bytes += file.len();
        assert_none(
            &canaries,
            &path.display().to_string(),
            &String::from_utf8_lossy(&file),
        );
    }
    assert!(bytes > 10_000, "there is a store: {bytes}");
    let lockgate = |arguments: &[&str]| {
        let ended = folder
            .lockgate(&[&["runs", "--store", store], arguments].concat())
            .run()
            .assert_code(0);
        assert_none(&canaries, &format!("{arguments:?}"), &ended.transcript());
        ended.stdout
    };
    lockgate(&["list"]);
    for run in runs {
        lockgate(&["show", run]);
        lockgate(&["export", run]);
    }
}

#[test]
fn a_server_that_logs_everything() {
    serve(&["serve"]);
}

#[test]
fn a_server_that_logs_text() {
    serve(&["serve", "--log-format", "text"]);
}

#[test]
fn a_server_for_development() {
    serve(&["dev"]);
}
