//! Ctrl-C in the middle of a run.
#![cfg(unix)]

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::tenant_command::signal;
use crate::terminal::Ended;

/// Interrupts `sign-up` while Auth0 is making up its mind.
fn interrupt(name: &str, more: &[&str]) -> Ended {
    let tenant = Emulated::with_faults(&["delay=60s:method=POST,path=/api/v2/users"]);
    let folder = Folder::connected(&tenant);
    let arguments = [
        "run",
        "sign-up",
        "--input",
        "email=ada@example.com",
        "--input",
        "password=correct horse 9",
    ];
    let mut line = folder.lockgate(&[&arguments[..], more].concat());
    let child = line.spawn();
    until("the user is asked for", || tenant.faults()[0].1 > 0);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    line.ended(output).assert_code(130)
}

#[test]
fn ctrl_c_says_which_step() {
    interrupt("INT", &[]).snapshot("interrupted");
}

#[test]
fn ctrl_c_leaves_whole_json() {
    let ended = interrupt("INT", &["--json"]);
    ended.snapshot("interrupted-json");
    assert_eq!(ended.json()["status"], "cancelled");
}

#[test]
fn sigterm_is_the_same() {
    assert!(interrupt("TERM", &["--quiet"]).stderr.contains("during user"));
}
