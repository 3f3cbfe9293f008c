//! `lockgate tenant`: one line of JSON when it is ready, then a tenant until it is asked to end.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};

use serde_json::Value;

use crate::folder::Folder;
use crate::terminal::{Ended, Line};

struct Running {
    child: Child,
    line: Line,
    ready: Value,
    rest: BufReader<std::process::ChildStdout>,
}

fn start(folder: &Folder, arguments: &[&str]) -> Running {
    let mut line = folder.lockgate(arguments);
    let mut child = line.spawn();
    let mut rest = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    rest.read_line(&mut first).unwrap();
    assert!(first.ends_with('\n'), "{first}");
    let ready = serde_json::from_str(&first).unwrap();
    Running {
        child,
        line,
        ready,
        rest,
    }
}

/// Asks a process to end.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

impl Running {
    fn end(mut self, name: &str) -> Ended {
        signal(&self.child, name);
        let mut more = String::new();
        self.rest.read_line(&mut more).unwrap();
        assert_eq!(more, "", "one line is all that stdout has");
        self.child.stdout = None;
        let output = self.child.wait_with_output().unwrap();
        self.line.ended(output)
    }

    fn connect(&self, folder: &mut Folder) {
        for (name, key) in [
            ("AUTH0_BASE_URL", "url"),
            ("AUTH0_CLIENT_ID", "client_id"),
            ("AUTH0_CLIENT_SECRET", "client_secret"),
        ] {
            folder.set(name, self.ready[key].as_str().unwrap());
        }
    }
}

const SEED: &str = r#"[{
  "connection": "Username-Password-Authentication",
  "user_id": "507f1f77bcf86cd799439020",
  "password": "correct horse 9",
  "email": "grace@example.com",
  "name": "Grace",
  "app_metadata": { "plan": "free" }
}]"#;

#[test]
fn it_serves_what_it_was_seeded_with_until_it_is_told_to_end() {
    let mut folder = Folder::connected(&crate::emulated::Emulated::start());
    folder.write("users.json", SEED);
    let tenant = start(
        &folder,
        &[
            "tenant",
            "--seed",
            "users.json",
            "--fault",
            "503:once,path=/api/v2/*",
        ],
    );
    let keys: Vec<&String> = tenant.ready.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["url", "client_id", "client_secret"]);
    tenant.connect(&mut folder);
    let get = [
        "run",
        "get-user",
        "--input",
        "user_id=auth0|507f1f77bcf86cd799439020",
    ];
    folder
        .lockgate(&get)
        .run()
        .assert_code(0)
        .snapshot("tenant-get-seeded");
    let upsert = [
        "run",
        "upsert-user",
        "--input",
        "email=grace@example.com",
        "--input",
        "plan=pro",
    ];
    let ended = folder.lockgate(&upsert).run().assert_code(0);
    assert_eq!(ended.json()["created"], false);
    let ended = tenant.end("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.transcript());
    ended.snapshot("tenant-ended");
}

#[test]
fn ctrl_c_ends_it() {
    let folder = Folder::empty();
    let ended = start(&folder, &["tenant", "--quiet"]).end("INT").assert_code(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_it_cannot_do_is_told() {
    let folder = Folder::with(&[
        ("users.json", r#"[{"connection": "nowhere", "email": "x"}]"#),
        ("users.txt", "not JSON"),
    ]);
    let refused = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(2);
    refused(&["tenant", "--seed", "users.json"]).snapshot("tenant-bad-seed");
    refused(&["tenant", "--seed", "users.txt"]).snapshot("tenant-no-seed");
    refused(&["tenant", "--seed", "nowhere.json"]).snapshot("tenant-seed-not-there");
    refused(&["tenant", "--fault", "explode"]).snapshot("tenant-bad-fault");
    let tenant = start(&folder, &["tenant"]);
    let port = tenant.ready["url"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let taken = folder.lockgate(&["tenant", "--port", &port]).run().assert_code(2);
    assert!(taken.stderr.contains(&port), "{}", taken.transcript());
    tenant.end("TERM").assert_code(0);
}
