//! `lockgate test`: what it prints, what it writes, what it exits with.

use std::fs;

use regex::Regex;
use serde_json::json;

use crate::folder::{Folder, read};

const FLOW: &str = "\
input: { email: { type: string, format: email } }
steps:
  - id: user
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: '{{input.email}}', password: '{{uuid}}' }
  - action: log
    with: { message: 'signed up' }
  - wait: 3d
  - respond: { status: 201, body: { email: '{{input.email}}' } }
";

/// Without how long anything took on the wall.
fn steady(text: &str) -> String {
    let took = Regex::new(r"\d+(\.\d+)? (µs|ms|s)\b").unwrap();
    took.replace_all(text, "[time]").into_owned()
}

fn workspace(test: &str) -> Folder {
    Folder::with(&[
        ("lockgate.yaml", &read("lockgate.yaml")),
        ("flows/join.yaml", FLOW),
        ("flows/join.test.yaml", test),
    ])
}

#[test]
fn the_shipped_flows_pass_all_their_tests() {
    let folder = Folder::shipped();
    let ended = folder.lockgate(&["test"]).run().assert_code(0);
    assert!(
        ended.stdout.contains("✓ sign-up › Auth0 is down for a moment"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains(" passed in "), "{}", ended.stdout);
    // What flows log stands in nobody's way.
    assert_eq!(ended.stderr, "");
    let quiet = folder.lockgate(&["test", "-q"]).run().assert_code(0);
    assert_eq!(quiet.stdout.lines().count(), 1);
}

#[test]
fn the_example_of_the_docs_passes() {
    let page = read("docs/testing.md");
    let example = page
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = Folder::shipped();
    folder.write("flows/sign-up.test.yaml", example);
    let ended = folder.lockgate(&["test", "sign-up"]).run().assert_code(0);
    assert!(ended.stdout.contains("✓ 3 passed"), "{}", ended.stdout);
}

#[test]
fn a_case_that_fails_shows_what_was_expected_found_and_done() {
    let folder = workspace(
        "flow: join\ncases:\n  - name: nobody is there yet\n    input: { email: ada@example.com }\n    \
         expect: { response: { status: 200, body: { email: bob@example.com } } }\n  \
         - { name: later, skip: not yet written }\n  \
         - { name: fine, input: { email: ada@example.com }, expect: { duration: 3d } }\n",
    );
    let ended = folder.lockgate(&["test", "--jobs", "1"]).run().assert_code(1);
    insta::assert_snapshot!("test-failed", steady(&ended.stdout));
    let github = folder
        .lockgate(&["test", "--format", "github"])
        .run()
        .assert_code(1);
    assert!(
        github.stdout.contains(
            "::error file=flows/join.test.yaml,line=5,col=35,endLine=5,endColumn=38,title=LG0907::"
        ),
        "{}",
        github.stdout
    );
    let json = folder
        .lockgate(&["test", "--format", "json"])
        .run()
        .assert_code(1)
        .json();
    assert_eq!(
        (&json["passed"], &json["failed"], &json["skipped"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let failure = &json["cases"][0]["failures"][0];
    assert_eq!(failure["code"], "LG0907");
    assert_eq!(
        failure["actual"],
        json!({ "status": 201, "body": { "email": "ada@example.com" } })
    );
    assert_eq!(json["cases"][1]["reason"], "not yet written");
    assert_eq!(json["cases"][2]["runs"][0]["steps"][2]["verb"], "wait");
    // Only what was asked for is run.
    let ended = folder
        .lockgate(&["test", "--filter", "FINE"])
        .run()
        .assert_code(0);
    assert!(ended.stdout.contains("✓ 1 passed"), "{}", ended.stdout);
    let ended = folder
        .lockgate(&["test", "--fail-fast", "--jobs", "1"])
        .run()
        .assert_code(1);
    assert!(
        ended.stdout.contains("0 passed, 1 failed, 2 skipped"),
        "{}",
        ended.stdout
    );
}

#[test]
fn mistakes_keep_everything_from_running() {
    let folder = workspace("flow: jion\ncases:\n  - { nam: x }\n");
    let ended = folder.lockgate(&["test"]).run().assert_code(2);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("did you mean `join`?"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("2 errors; nothing was run"),
        "{}",
        ended.stderr
    );
    let json = folder
        .lockgate(&["test", "--format", "json"])
        .run()
        .assert_code(2)
        .json();
    assert_eq!(json.as_array().unwrap().len(), 2);
    folder.write("flows/join.yaml", "steps:\n  - action: nope\n");
    folder.write("flows/join.test.yaml", "flow: join\ncases: [{ name: x }]\n");
    let ended = folder.lockgate(&["test"]).run().assert_code(2);
    assert!(
        ended.stderr.contains("LG0201") && ended.stderr.contains("has mistakes"),
        "{}",
        ended.stderr
    );
    for (arguments, words) in [
        (&["test", "jion"][..], "did you mean `join`?"),
        (
            &["test", "--filter", "nope"][..],
            "no case has `nope` in its name",
        ),
    ] {
        folder.write("flows/join.yaml", FLOW);
        folder.write(
            "flows/join.test.yaml",
            "flow: join\ncases: [{ name: x, skip: true }]\n",
        );
        let ended = folder.lockgate(arguments).run().assert_code(2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn only_is_for_the_desk() {
    let folder = workspace(
        "flow: join\ncases:\n  - { name: a, only: true, input: { email: a@example.com } }\n  - { name: b, input: {} }\n",
    );
    let ended = folder.lockgate(&["test"]).run().assert_code(0);
    assert!(ended.stdout.contains("1 passed, 1 skipped"), "{}", ended.stdout);
    let ended = folder.lockgate(&["test", "--ci"]).run().assert_code(2);
    assert!(
        ended.stderr.contains("`only` keeps all other cases from running"),
        "{}",
        ended.stderr
    );
    folder.lockgate(&["test"]).env("CI", "true").run().assert_code(2);
}

#[test]
fn snapshots_are_written_compared_and_deleted() {
    let folder = workspace(
        "flow: join\ncases:\n  - { name: Someone new, input: { email: ada@example.com }, expect: snapshot }\n",
    );
    let path = folder.path().join("flows/join.test.snap/someone-new.json");
    folder.lockgate(&["test"]).run().assert_code(1);
    assert!(!path.exists());
    let ended = folder.lockgate(&["test", "--update"]).run().assert_code(0);
    assert!(
        ended.stderr.contains("new flows/join.test.snap/someone-new.json"),
        "{}",
        ended.stderr
    );
    let written = fs::read_to_string(&path).unwrap();
    folder.lockgate(&["test"]).run().assert_code(0);
    folder.edit("flows/join.yaml", "status: 201", "status: 202");
    let ended = folder.lockgate(&["test"]).run().assert_code(1);
    assert!(ended.stdout.contains("-     \"status\": 201"), "{}", ended.stdout);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    folder.lockgate(&["test", "--update"]).run().assert_code(0);
    assert_ne!(fs::read_to_string(&path).unwrap(), written);
    folder.edit("flows/join.test.yaml", "Someone new", "Another");
    let ended = folder.lockgate(&["test", "--update"]).run().assert_code(0);
    assert!(
        ended
            .stderr
            .contains("deleted flows/join.test.snap/someone-new.json"),
        "{}",
        ended.stderr
    );
    assert!(!path.exists());
}

#[test]
fn one_step_runs_alone() {
    let folder = Folder::shipped();
    let step = |arguments: &[&str]| {
        let line = [&["test", "sync-profile", "--step", "user"], arguments].concat();
        folder.lockgate(&line).run()
    };
    let given = r#"{"steps": {"profile": {"status": 200, "body": {"locale": "fr"}}}}"#;
    let ended = step(&["--input", "user_id=auth0|ada", "--given", given]).assert_code(0);
    assert_eq!(ended.json()["user_metadata"]["locale"], "fr");
    assert!(
        ended.stderr.contains("✓ user  auth0.update_user"),
        "{}",
        ended.stderr
    );
    let ended = step(&["--input", "user_id=auth0|nobody", "--given", given]).assert_code(1);
    assert_eq!(ended.json()["error"]["code"], "user_not_found");
    let ended = folder
        .lockgate(&["test", "sync-profile", "--step", "usr"])
        .run()
        .assert_code(2);
    assert!(ended.stderr.contains("did you mean `user`?"), "{}", ended.stderr);
}
