//! What tests of the studio's operations stand on: a workspace, `lockgate dev` over it, and its admin port.
#![cfg(unix)]

use serde_json::{Value, json};

use crate::emulated::until;
use crate::folder::Folder;
use crate::served::{Answer, Served, ask};

pub(crate) const SCENARIO: &str = "custom-sign-up-fields";
pub(crate) const FILE: &str = "flows/sign-up-with-fields.yaml";
pub(crate) const TESTS: &str = "flows/sign-up-with-fields.test.yaml";
pub(crate) const PASSWORD: &str = "canary pass-word \"<&'\\ 9";

/// A workspace that a scenario begins.
pub(crate) fn workspace() -> Folder {
    let folder = Folder::empty();
    let line = folder.lockgate(&["new", "--scenario", SCENARIO, "--no-input"]);
    line.run().assert_code(0);
    folder
}

pub(crate) fn dev(folder: &Folder) -> Served {
    Served::start(folder, &["dev", "--log", "off"])
}

#[track_caller]
pub(crate) fn get(served: &Served, path: &str) -> Answer {
    ask(served.admin(), "GET", path, "").unwrap()
}

#[track_caller]
pub(crate) fn post(served: &Served, path: &str, body: &Value) -> Answer {
    ask(served.admin(), "POST", path, &body.to_string()).unwrap()
}

#[track_caller]
pub(crate) fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
    answer.json()["message"].as_str().unwrap().to_owned()
}

/// Starts a run and waits for its end.
#[track_caller]
pub(crate) fn run(served: &Served, flow: &str, body: &Value, status: &str) -> String {
    let started = post(served, &format!("/api/flows/{flow}/runs"), body);
    assert_eq!(started.status, 202, "{started:?}");
    let id = started.json()["id"].as_str().unwrap().to_owned();
    until(status, || {
        get(served, &format!("/api/runs/{id}")).json()["run"]["status"] == status
    });
    id
}

pub(crate) fn input() -> Value {
    json!({ "input": { "email": "ada@example.com", "password": PASSWORD, "company": "Engines" } })
}

/// The ways that were taken, as `path way`.
pub(crate) fn taken(path: &Value) -> Vec<String> {
    let ways = path["ways"].as_array().unwrap().iter();
    ways.filter(|way| way["taken"] == true)
        .map(|way| {
            format!(
                "{} {}",
                way["path"].as_str().unwrap(),
                way["way"].as_str().unwrap()
            )
        })
        .collect()
}

/// The steps that ran.
pub(crate) fn ran(path: &Value) -> Vec<&str> {
    let steps = path["steps"].as_object().unwrap().iter();
    steps
        .filter(|(_, ran)| **ran == true)
        .map(|(path, _)| path.as_str())
        .collect()
}
