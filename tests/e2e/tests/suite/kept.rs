//! Runs that are kept go on after the process is gone: by `kill -9`, and by a stop. What was asked for once happens once.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use lockgate_store::history::{History, RunDetail};
use lockgate_store::{RunId, Status};
use serde_json::{Value, json};

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Answer, Served, send};

/// A POST with these further lines of the head.
fn request(path: &str, head: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
         {}\r\n{head}\r\n{body}",
        body.len()
    )
}

fn field<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut fields = answer.head.lines().filter_map(|line| line.split_once(": "));
    let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value)
}

#[track_caller]
fn run_id(answer: &Answer) -> RunId {
    field(answer, "x-run-id")
        .unwrap_or_else(|| panic!("{answer:?}"))
        .parse()
        .unwrap()
}

pub(crate) fn history(folder: &Folder) -> History {
    History::open(&folder.path().join(".lockgate/runs.db")).unwrap()
}

/// How many runs stand how, of those that there are.
pub(crate) fn standing(folder: &Folder) -> Vec<(Status, u64)> {
    let counts = history(folder).counts().unwrap();
    counts.into_iter().filter(|(_, runs)| *runs > 0).collect()
}

#[track_caller]
pub(crate) fn ended(folder: &Folder, id: RunId) -> RunDetail {
    let history = history(folder);
    until("the run has ended", || {
        let run = history.run(id).unwrap().unwrap();
        !run.summary.status.is_unfinished()
    });
    history.run(id).unwrap().unwrap()
}

fn ada() -> Value {
    json!({ "email": "ada@example.com", "password": "correct horse 9", "plan": "pro" })
}

/// What the README shows.
#[test]
fn a_server_that_was_killed_finishes_what_it_had_begun() {
    let tenant = Emulated::with_faults(&["503:method=PATCH,path=/api/v2/users/*"]);
    let folder = Folder::connected(&tenant);
    let served = Served::start(&folder, &["serve"]);
    let sign_up = request("/sign-up", "idempotency-key: ada\r\n", &ada());
    let address = served.address().to_owned();
    let first = thread::spawn({
        let sign_up = sign_up.clone();
        move || send(&address, &sign_up)
    });
    until("the metadata is not taken", || {
        tenant.request_count("PATCH", "/api/v2/users/{id}") == Some(1)
    });
    served.signal("KILL");
    assert_eq!(served.ended().code, None);
    assert!(first.join().unwrap().is_err(), "nobody can have answered");
    assert_eq!(tenant.users()[0]["app_metadata"]["quota"], Value::Null);
    tenant.clear_faults();

    let served = Served::start(&folder, &["serve"]);
    until("the run went on by itself", || {
        tenant.users()[0]["app_metadata"]["quota"] == 1000
    });
    let answer = send(served.address(), &sign_up).unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(field(&answer, "idempotency-replayed"), Some("true"), "{answer:?}");
    assert_eq!(answer.json()["user_id"], tenant.users()[0]["user_id"]);
    assert_eq!((tenant.user_count(), tenant.creates()), (1, 1));
    let run = ended(&folder, run_id(&answer));
    assert_eq!(run.summary.status, Status::Succeeded);
    served.end("TERM").assert_code(0);
}

/// The create happened, its answer was lost with the process: `reconcile` finds the user by the derived id.
#[test]
fn a_create_whose_answer_was_lost_with_the_process_is_not_repeated() {
    let tenant = Emulated::with_faults(&[
        "lost-answer:method=POST,path=/api/v2/users",
        "delay=3s:method=GET,path=/api/v2/users/*,once",
    ]);
    let folder = Folder::connected(&tenant);
    let served = Served::start(&folder, &["serve"]);
    let sign_up = request("/sign-up", "idempotency-key: ada\r\n", &ada());
    let address = served.address().to_owned();
    let first = thread::spawn({
        let sign_up = sign_up.clone();
        move || send(&address, &sign_up)
    });
    // The user is there, and the server is about to find that out.
    until("the user is looked for", || {
        tenant.request_count("GET", "/api/v2/users/{id}") == Some(1)
    });
    served.signal("KILL");
    served.ended();
    assert!(first.join().unwrap().is_err());
    let served = Served::start(&folder, &["serve"]);
    let answer = send(served.address(), &sign_up).unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!((tenant.user_count(), tenant.creates()), (1, 1));
    served.end("TERM").assert_code(0);
}

const NAP: &str = "
name: nap
trigger: { http: POST /nap }
input: { text: string }
steps:
  - wait: 4s
  - return: { version: OLD, length: '{{length input.text}}' }
";

/// Edited, or gone: a run ends with the flow that it began with.
#[test]
fn a_run_ends_with_the_definition_that_it_began_with() {
    let folder = Folder::with(&[
        ("lockgate.yaml", "version: 1\n"),
        ("flows/nap.yaml", NAP),
        ("flows/other.yaml", &NAP.replace("nap", "other")),
    ]);
    let served = Served::start(&folder, &["serve"]);
    let start = |path: &str| {
        let answer = send(
            served.address(),
            &request(path, "prefer: respond-async\r\n", &json!({ "text": "a" })),
        )
        .unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
        run_id(&answer)
    };
    let (edited, removed) = (start("/nap"), start("/other"));
    until("both sleep", || standing(&folder) == [(Status::Sleeping, 2)]);
    served.end("TERM").assert_code(0);
    folder.edit("flows/nap.yaml", "OLD", "NEW");
    std::fs::remove_file(folder.path().join("flows/other.yaml")).unwrap();

    let served = Served::start(&folder, &["serve"]);
    for id in [edited, removed] {
        let run = ended(&folder, id);
        assert_eq!(run.summary.status, Status::Succeeded, "{run:?}");
        assert_eq!(run.output.unwrap()["version"], "OLD");
    }
    let answer = served.ask("POST", "/nap", r#"{"text":"a"}"#);
    assert_eq!(answer.json()["version"], "NEW");
    served.end("TERM").assert_code(0);
}

/// So many at once with one key: one run, and its answer for everyone.
fn one_key(callers: usize) {
    let tenant = Emulated::with_faults(&["delay=300ms:path=/api/v2/users"]);
    let folder = Folder::connected(&tenant);
    let served = Served::start(&folder, &["serve"]);
    let sign_up = request("/sign-up", "idempotency-key: ada\r\n", &ada());
    let mut waiting = Vec::with_capacity(callers);
    for _ in 0..callers {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.write_all(sign_up.as_bytes()).unwrap();
        waiting.push(stream);
    }
    let answers: Vec<(String, bool)> = waiting
        .into_iter()
        .map(|mut stream| {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            let replayed = answer.contains("idempotency-replayed: true");
            (answer.split_once("\r\n\r\n").unwrap().1.to_owned(), replayed)
        })
        .collect();
    assert!(
        answers.iter().all(|(body, _)| *body == answers[0].0),
        "{answers:?}"
    );
    let first = answers.iter().filter(|(_, replayed)| !replayed);
    assert_eq!(first.count(), 1, "one of them has started the run");
    assert_eq!((tenant.user_count(), tenant.creates()), (1, 1));
    assert_eq!(standing(&folder), [(Status::Succeeded, 1)]);
    served.end("TERM").assert_code(0);
}

#[test]
fn many_requests_with_one_key_are_one_run() {
    one_key(400);
}

/// `LOCKGATE_E2E_BINARY=target/release/lockgate cargo test -p lockgate-e2e -- --ignored one_key`, with 25,000 descriptors.
#[test]
#[ignore = "needs more file descriptors than most machines give"]
fn ten_thousand_requests_with_one_key_are_one_run() {
    one_key(10_000);
}

/// The largest input that a server takes (256 kB) is kept and comes back whole.
#[test]
fn the_largest_input_survives() {
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/nap.yaml", NAP)]);
    let served = Served::start(&folder, &["serve"]);
    let around = json!({ "text": "" }).to_string().len();
    let text = "€\u{1f600}\\n".repeat(40_000);
    let mut text: String = text.chars().take(60_000).collect();
    while text.len() + around + text.matches('\\').count() < 256 * 1000 - 4 {
        text.push('x');
    }
    let answer = send(
        served.address(),
        &request("/nap", "prefer: respond-async\r\n", &json!({ "text": text })),
    )
    .unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = run_id(&answer);
    served.signal("KILL");
    served.ended();
    let served = Served::start(&folder, &["serve"]);
    let run = ended(&folder, id);
    assert_eq!(run.summary.status, Status::Succeeded, "{:?}", run.error);
    assert_eq!(run.output.unwrap()["length"], text.chars().count());
    assert_eq!(run.input["text"], *text);
    served.end("TERM").assert_code(0);
}

#[test]
fn keys_that_are_none_start_nothing() {
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/nap.yaml", NAP)]);
    let served = Served::start(&folder, &["serve"]);
    for (key, status) in [
        ("x".repeat(10_000), 400),
        (String::new(), 400),
        ("é".to_owned(), 400),
    ] {
        let head = format!("idempotency-key: {key}\r\n");
        let answer = send(served.address(), &request("/nap", &head, &json!({ "text": "a" }))).unwrap();
        assert_eq!(answer.status, status, "{key:?}: {answer:?}");
    }
    let long = format!(
        "idempotency-key: {}\r\nprefer: respond-async\r\n",
        "x".repeat(255)
    );
    let answer = send(served.address(), &request("/nap", &long, &json!({ "text": "a" }))).unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = send(served.address(), &request("/nap", &long, &json!({ "text": "b" }))).unwrap();
    assert_eq!(answer.status, 422, "{answer:?}");
    let runs: u64 = standing(&folder).iter().map(|(_, runs)| runs).sum();
    assert_eq!(runs, 1);
    served.end("TERM").assert_code(0);
}
