//! `lockgate doctor`: what is wrong with a machine, a store, a workspace.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::emulated::Emulated;
use crate::folder::Folder;
use crate::served::Served;

const GREET: &str = "trigger: { http: GET /greet }\nsteps:\n  - return: hello\n";

/// Whether a check of this name stands so.
#[track_caller]
fn assert_status(report: &Value, group: &str, name: &str, status: &str) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["group"] == group && check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no {group}/{name}: {report:#}"));
    assert_eq!(check["status"], status, "{check:#}");
    assert_eq!(check["help"].is_null(), status == "ok", "{check:#}");
}

fn report(folder: &Folder, code: i32) -> Value {
    folder
        .lockgate(&["doctor", "--json"])
        .run()
        .assert_code(code)
        .json()
}

#[test]
fn what_is_as_it_should_be_is_told() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let before = report(&folder, 0);
    assert_status(&before, "store", "file", "ok");
    assert_status(&before, "store", "owner", "ok");
    assert!(!folder.path().join(".lockgate").exists(), "it made a store");
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    let during = report(&folder, 0);
    for (group, name) in [
        ("store", "writable"),
        ("store", "owner"),
        ("store", "file"),
        ("store", "key"),
        ("store", "runs"),
        ("connections", "auth0"),
        ("clock", "time"),
        ("clock", "time zones"),
        ("environment", "workspace"),
    ] {
        assert_status(&during, group, name, "ok");
    }
    let ended = folder.lockgate(&["doctor"]).run().assert_code(0);
    let text = regex::Regex::new(r"\d+(\.\d+)? (B|kB|MB|GB|TB)\b")
        .unwrap()
        .replace_all(&ended.stdout, "[size]")
        .into_owned();
    // What this machine has is its own affair.
    let is_fixed = |line: &&str| {
        !["disk", "durability", "descriptors", "time zones", "help:"]
            .iter()
            .any(|name| line.contains(name))
    };
    let text: Vec<&str> = text.lines().filter(is_fixed).collect();
    let text = text.join("\n");
    let text = text.split("\n\n").take(4).collect::<Vec<_>>().join("\n\n");
    crate::terminal::snapshot("doctor", &text);
    served.end("TERM").assert_code(0);
    assert_eq!(
        fs::read_dir(folder.path().join(".lockgate"))
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_str()
                    .unwrap()
                    .contains("doctor")
            })
            .count(),
        0
    );
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let mut folder = Folder::with(&[
        (
            "lockgate.yaml",
            "version: 1\nconnections:\n  main: { type: auth0, domain: '${LOCKGATE_TEST_DOMAIN}', client_id: a, \
             client_secret: b }\n",
        ),
        ("flows/greet.yaml", GREET),
        (
            "flows/user.yaml",
            "steps:\n  - action: auth0.get_user\n    with: { user_id: auth0|1 }\n",
        ),
        (".env", "A=1\n"),
    ]);
    fs::set_permissions(folder.path().join(".env"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.lockgate(&["run", "greet"]).run().assert_code(0);
    let key = folder.path().join(".lockgate/runs.db.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let wrong = report(&folder, 1);
    assert_eq!(wrong["status"], "error");
    assert_status(&wrong, "store", "key", "error");
    assert_status(&wrong, "connections", "main", "error");
    assert_status(&wrong, "environment", ".env", "warning");
    fs::remove_file(&key).unwrap();
    assert_status(&report(&folder, 1), "store", "key", "error");
    folder.set(
        "LOCKGATE_STORE_KEY",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_status(&report(&folder, 1), "store", "key", "ok");
    fs::write(
        folder.path().join(".lockgate/runs.db"),
        "no database at all, but long enough to look like one",
    )
    .unwrap();
    assert_status(&report(&folder, 1), "store", "file", "error");
    folder.write("flows/greet.yaml", "steps:\n  - retrun: hello\n");
    assert_status(&report(&folder, 1), "environment", "workspace", "error");
    folder.lockgate(&["doctor"]).run().assert_code(1);
}
