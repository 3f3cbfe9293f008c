//! `lockgate serve`: routes to flows, reload on SIGHUP, a graceful end.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Answer, Served, ask};

const EMPTY: &str = "version: 1\n";

/// Answers with a version, and calls a slow service in the middle when it is asked to.
fn versioned(version: &str) -> String {
    format!("trigger: {{ http: GET /version }}\nsteps:\n  - return: {{ version: {version} }}\n")
}

/// A flow that calls a gate, and answers with its version when that lets it through. Its runs are not kept.
fn gated(version: &str, gate: &Gate) -> String {
    format!(
        "trigger: {{ http: GET /gated }}\ndurable: false\nsteps:\n  - action: http.request\n    with: {{ url: 'http://{}/' }}\n  - \
         return: {{ version: {version} }}\n",
        gate.address
    )
}

/// A service that answers when it is told to.
struct Gate {
    address: String,
    waiting: Arc<AtomicUsize>,
    open: Arc<AtomicBool>,
}

impl Gate {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (waiting, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let gate = Self {
            address,
            waiting: Arc::clone(&waiting),
            open: Arc::clone(&open),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (waiting, open) = (Arc::clone(&waiting), Arc::clone(&open));
                thread::spawn(move || let_through(stream.unwrap(), &waiting, &open));
            }
        });
        gate
    }

    fn until_waiting(&self, count: usize) {
        until("a run stands at the gate", || {
            self.waiting.load(Ordering::SeqCst) == count
        });
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

fn let_through(mut stream: TcpStream, waiting: &AtomicUsize, open: &AtomicBool) {
    let mut request = [0; 4096];
    if stream.read(&mut request).unwrap_or(0) == 0 {
        return;
    }
    waiting.fetch_add(1, Ordering::SeqCst);
    until("the gate is opened", || open.load(Ordering::SeqCst));
    // Whoever has been cut off reads nothing.
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
}

/// A workspace whose flow `gated` waits for a gate.
fn with_gate(gate: &Gate) -> Folder {
    Folder::with(&[
        ("lockgate.yaml", "version: 1\nhttp: { allow: [127.0.0.1] }\n"),
        ("flows/gated.yaml", &gated("1", gate)),
        ("flows/version.yaml", &versioned("1")),
    ])
}

/// Asks in a thread of its own.
fn ask_apart(served: &Served, path: &'static str) -> thread::JoinHandle<std::io::Result<Answer>> {
    let address = served.address().to_owned();
    thread::spawn(move || ask(&address, "GET", path, ""))
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    let body = json!({ "email": "ada@example.com", "password": "correct horse 9" }).to_string();
    let answer = served.ask("POST", "/sign-up", &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["plan"], "free");
    assert_eq!(tenant.emails(), ["ada@example.com"]);
    assert_eq!(ask(served.admin(), "GET", "/healthz", "").unwrap().status, 200);
    assert_eq!(served.get("/nowhere").status, 404);
    served.end("TERM").assert_code(0).snapshot("serve-ended");
}

#[test]
fn a_workspace_with_a_mistake_is_not_served() {
    let folder = Folder::with(&[
        ("lockgate.yaml", EMPTY),
        ("flows/version.yaml", &versioned("1")),
        ("flows/wrong.yaml", "steps:\n  - return: '{{steps.nobody.id}}'\n"),
    ]);
    let ended = folder
        .lockgate(&["serve", "--port", "0", "--admin-port", "0"])
        .run();
    ended.assert_code(2).snapshot("serve-mistake");
    let ended = Folder::shipped()
        .lockgate(&["serve", "--port", "0", "--admin-port", "0"])
        .run();
    ended.assert_code(2).snapshot("serve-no-credentials");
}

#[test]
fn what_it_cannot_do_is_told() {
    let folder = Folder::with(&[("lockgate.yaml", EMPTY), ("flows/version.yaml", &versioned("1"))]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(2);
    // What is shown of the command line has the port in it.
    let mut text = refused(&["serve", "--port", &port, "--admin-port", "0"]).stderr;
    text += &refused(&["serve", "--port", "0", "--admin-port", &port]).stderr;
    text += &refused(&["serve", "--admin-host", "0.0.0.0"]).stderr;
    text += &refused(&["serve", "--trust-proxy", "10.0.0"]).stderr;
    text += &refused(&["serve", "--shutdown-timeout", "30"]).stderr;
    text += &refused(&["serve", "--tls-cert", "cert.pem"]).stderr;
    crate::terminal::snapshot("serve-refused", &text);
}

#[test]
fn a_reload_drops_no_request() {
    let folder = Folder::with(&[("lockgate.yaml", EMPTY), ("flows/version.yaml", &versioned("1"))]);
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let address = served.address().to_owned();
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let answer = ask(&address, "GET", "/version", "").unwrap();
                    assert_eq!(answer.status, 200, "{answer:?}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for version in 2..12 {
        let before = answered.load(Ordering::SeqCst);
        folder.write("flows/version.yaml", &versioned(&version.to_string()));
        served.signal("HUP");
        until("the new version answers, while others ask", || {
            served.get("/version").json()["version"] == version
                && answered.load(Ordering::SeqCst) > before + 10
        });
    }
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.join().unwrap();
    }
    served.end("TERM").assert_code(0);
}

#[test]
fn a_run_keeps_the_definition_that_it_began_with() {
    let gate = Gate::start();
    let folder = with_gate(&gate);
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    let slow = ask_apart(&served, "/gated");
    gate.until_waiting(1);
    folder.write("flows/gated.yaml", &gated("2", &gate));
    folder.write("flows/version.yaml", &versioned("2"));
    served.signal("HUP");
    until("the new version answers", || {
        served.get("/version").json()["version"] == 2
    });
    gate.open();
    assert_eq!(slow.join().unwrap().unwrap().json()["version"], 1);
    assert_eq!(served.get("/gated").json()["version"], 2);
}

#[test]
fn a_reload_with_a_mistake_changes_nothing() {
    let folder = Folder::with(&[("lockgate.yaml", EMPTY), ("flows/version.yaml", &versioned("1"))]);
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    folder.write(
        "flows/version.yaml",
        "trigger: { http: GET /version }\nsteps:\n  - retrun: 2\n",
    );
    served.signal("HUP");
    served.until_said("not reloaded");
    assert!(served.said().contains("flows/version.yaml"), "{}", served.said());
    assert_eq!(served.get("/version").json()["version"], 1);
    folder.write("lockgate.yaml", "version: 1\nconnections: [");
    folder.write("flows/version.yaml", &versioned("3"));
    served.signal("HUP");
    until("it is said again", || {
        served.said().matches("not reloaded").count() == 2
    });
    assert_eq!(served.get("/version").json()["version"], 1);
    folder.write("lockgate.yaml", EMPTY);
    served.signal("HUP");
    until("the mended version answers", || {
        served.get("/version").json()["version"] == 3
    });
}

#[test]
fn a_connection_that_stays_the_same_keeps_its_token() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    folder.write("flows/version.yaml", &versioned("1"));
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    let sign_up = |email: &str| {
        let body = json!({ "email": email, "password": "correct horse 9" }).to_string();
        assert_eq!(served.ask("POST", "/sign-up", &body).status, 201);
    };
    sign_up("ada@example.com");
    folder.write("flows/version.yaml", &versioned("2"));
    served.signal("HUP");
    until("the new version answers", || {
        served.get("/version").json()["version"] == 2
    });
    sign_up("grace@example.com");
    assert_eq!(tenant.tokens(), 1);
    // Another setting, another connection.
    folder.edit(
        "lockgate.yaml",
        "    client_id:",
        "    audience: ${AUDIENCE:-http://example.com/api/v2/}\n    client_id:",
    );
    folder.edit("lockgate.yaml", "http://example.com/api/v2/", tenant.audience());
    folder.write("flows/version.yaml", &versioned("3"));
    served.signal("HUP");
    until("the new version answers", || {
        served.get("/version").json()["version"] == 3
    });
    sign_up("alan@example.com");
    assert_eq!(tenant.tokens(), 2);
}

#[test]
fn it_waits_for_runs_before_it_ends() {
    let gate = Gate::start();
    let folder = with_gate(&gate);
    let served = Served::start(
        &folder,
        &["serve", "--log", "lockgate=warn,lockgate::reload=info"],
    );
    let slow = ask_apart(&served, "/gated");
    gate.until_waiting(1);
    served.signal("TERM");
    served.until_said("stopping");
    gate.open();
    let ended = served.ended().assert_code(0);
    assert_eq!(slow.join().unwrap().unwrap().json()["version"], 1);
    ended.snapshot("serve-waited");
}

#[test]
fn it_waits_no_longer_than_it_may() {
    let gate = Gate::start();
    let folder = with_gate(&gate);
    let served = Served::start(&folder, &["serve", "--shutdown-timeout", "1ms", "--log", "off"]);
    let slow = ask_apart(&served, "/gated");
    gate.until_waiting(1);
    served.end("INT").assert_code(1).snapshot("serve-cut-off");
    assert!(slow.join().unwrap().is_err());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let gate = Gate::start();
    let folder = with_gate(&gate);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    let slow = ask_apart(&served, "/gated");
    gate.until_waiting(1);
    served.signal("TERM");
    served.until_said("stopping");
    served.end("TERM").assert_code(1).snapshot("serve-ended-at-once");
    assert!(slow.join().unwrap().is_err());
}
