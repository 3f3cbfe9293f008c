//! What becomes of a server whose store is not as it should be: full, damaged, in use, not to be written.
#![cfg(unix)]

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::process::Command;

use lockgate_store::Status;

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::kept::standing;
use crate::served::Served;
use crate::terminal::Ended;

const PORTS: [&str; 5] = ["serve", "--port", "0", "--admin-port", "0"];

const NOTE: &str = "
name: note
trigger: { http: POST /note }
input: { text: string }
steps:
  - respond: { status: 201 }
  - set: { done: true }
";

fn folder() -> Folder {
    Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/note.yaml", NOTE)])
}

fn store(folder: &Folder) -> PathBuf {
    folder.path().join(".lockgate/runs.db")
}

/// Refuses to start, and says with which file and what to do.
#[track_caller]
fn refused(folder: &Folder, what: &str) -> Ended {
    let ended = folder.lockgate(&PORTS).run();
    assert_eq!(ended.code, Some(2), "{}", ended.transcript());
    assert!(ended.stderr.contains("runs.db"), "{}", ended.transcript());
    assert!(ended.stderr.contains(what), "{}", ended.transcript());
    ended
}

#[test]
fn a_second_server_on_the_same_store_is_refused() {
    let folder = folder();
    let served = Served::start(&folder, &["serve"]);
    let ended = refused(&folder, "in use by another process");
    assert!(
        ended.stderr.contains(&served.process().to_string()),
        "the other's id: {}",
        ended.transcript()
    );
    assert_eq!(served.ask("POST", "/note", r#"{"text":"a"}"#).status, 201);
    served.end("TERM").assert_code(0);
    let served = Served::start(&folder, &["serve"]);
    served.end("TERM").assert_code(0);
}

#[test]
fn a_damaged_store_is_refused() {
    let folder = folder();
    let served = Served::start(&folder, &["serve"]);
    for number in 0..50 {
        let body = format!(r#"{{"text":"{number}"}}"#);
        assert_eq!(served.ask("POST", "/note", &body).status, 201);
    }
    served.end("TERM").assert_code(0);
    let good = fs::read(store(&folder)).unwrap();

    // No database at all.
    fs::write(store(&folder), "this is a text, and not a short one: it is longer than the head of a database is, which has 100 bytes")
        .unwrap();
    refused(&folder, "cannot be used as a store");

    // Pages that are nonsense.
    fs::write(store(&folder), &good).unwrap();
    let mut file = OpenOptions::new().write(true).open(store(&folder)).unwrap();
    file.seek(SeekFrom::Start(100)).unwrap();
    file.write_all(&vec![0xa5; good.len().min(8192) - 100]).unwrap();
    drop(file);
    refused(&folder, "cannot be used as a store");

    // What was moved away and put back is the store that it was.
    fs::write(store(&folder), &good).unwrap();
    let served = Served::start(&folder, &["serve"]);
    assert_eq!(standing(&folder), [(Status::Succeeded, 50)]);
    served.end("TERM").assert_code(0);
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = folder();
    // Also for root, who may write everywhere else.
    folder.write(
        "lockgate.yaml",
        "version: 1\nstore: { path: flows/note.yaml/runs.db }\n",
    );
    let ended = folder.lockgate(&PORTS).run().assert_code(2);
    assert!(
        ended.stderr.contains("flows/note.yaml/runs.db"),
        "{}",
        ended.transcript()
    );
}

/// Room for files again.
fn lift_the_limit(served: &Served) {
    let process = served.process().to_string();
    let status = Command::new("prlimit")
        .args(["--pid", &process, "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(status.success());
}

/// New runs are refused and nothing that was recorded is lost; when there is room again, everything goes on by itself.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_refuses_new_runs_and_loses_none() {
    let tenant = Emulated::with_faults(&["delay=50ms:path=/api/v2/users"]);
    let folder = Folder::connected(&tenant);
    // Made without a limit.
    Served::start(&folder, &["serve"]).end("TERM").assert_code(0);
    let length = fs::metadata(store(&folder)).unwrap().len();
    let blocks = u32::try_from(length / 512).unwrap() + 200;
    let served = Served::of(folder.lockgate(&PORTS).with_short_files(blocks));
    let mut answered = Vec::new();
    let mut refused = 0;
    let sign_up = |number: u32| {
        let body =
            format!(r#"{{"email":"ada-{number}@example.com","password":"correct horse 9","plan":"pro"}}"#);
        served.ask("POST", "/sign-up", &body)
    };
    for number in 0..2000 {
        let answer = sign_up(number);
        match answer.status {
            201 => answered.push(number),
            503 => refused += 1,
            _ => panic!("{answer:?}"),
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "the limit was never met: {}", answered.len());
    assert!(!answered.is_empty());
    let ready = crate::served::ask(served.admin(), "GET", "/readyz", "").unwrap();
    assert_eq!(ready.status, 503, "{ready:?}");

    lift_the_limit(&served);
    until("runs are taken again", || sign_up(5000).status == 201);
    until("every run has ended", || {
        standing(&folder)
            .iter()
            .all(|(status, _)| !status.is_unfinished())
    });
    served.end("TERM").assert_code(0);
    let emails = tenant.emails();
    for number in answered {
        let email = format!("ada-{number}@example.com");
        assert_eq!(
            emails.iter().filter(|known| **known == email).count(),
            1,
            "{email}"
        );
    }
    // Whoever was begun was finished.
    for user in tenant.users() {
        assert_eq!(user["app_metadata"]["quota"], 1000, "{user}");
    }
}
