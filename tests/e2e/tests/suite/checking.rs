//! `lockgate check` and `explain`: findings in every format, and what they exit with.

use serde_json::Value;

use crate::folder::Folder;

const WARNED: &str = "steps:\n  - set: { a: 1 }\n  - if: true\n    return: 1\n";

#[test]
fn a_workspace_without_findings() {
    let folder = Folder::shipped();
    let check = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(0);
    check(&["check"]).snapshot("check-clean");
    check(&["check", "--quiet"]).snapshot("check-clean-quiet");
    check(&["check", "--format", "json"]).snapshot("check-clean-json");
    check(&["check", "--format", "github"]).snapshot("check-clean-github");
    check(&["check", "--deny-warnings", "flows/sign-up.yaml"]).snapshot("check-clean-one-file");
}

#[test]
fn every_mistake_in_one_go() {
    let folder = Folder::shipped();
    folder.write("flows/broken.yaml", include_str!("broken.yaml"));
    let check = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(2);
    check(&["check"]).snapshot("check-broken");
    check(&["check", "--format", "github"]).snapshot("check-broken-github");
    let json = check(&["check", "--format", "json"]);
    json.snapshot("check-broken-json");
    let findings = json.json();
    let findings = findings.as_array().unwrap();
    assert!(findings.len() >= 10, "{findings:#?}");
    for finding in findings {
        for (key, is_right) in [
            (
                "code",
                finding["code"]
                    .as_str()
                    .is_some_and(|code| code.starts_with("LG")),
            ),
            (
                "severity",
                ["error", "warning"]
                    .iter()
                    .any(|severity| finding["severity"] == *severity),
            ),
            ("message", finding["message"].is_string()),
            ("file", finding["file"] == "flows/broken.yaml"),
            ("line", finding["line"].as_u64() >= Some(1)),
            ("column", finding["column"].as_u64() >= Some(1)),
            (
                "end_line",
                finding["end_line"].as_u64() >= finding["line"].as_u64(),
            ),
            ("end_column", finding["end_column"].as_u64() >= Some(1)),
            (
                "help",
                finding
                    .get("help")
                    .is_some_and(|help| help.is_string() || help.is_null()),
            ),
        ] {
            assert!(is_right, "{key} of {finding:#}");
        }
        // Every code has its page.
        let code = finding["code"].as_str().unwrap();
        let page = folder.lockgate(&["explain", code]).run().assert_code(0);
        assert!(page.stdout.contains(code), "{}", page.transcript());
    }
    // Other files have none of it.
    folder
        .lockgate(&["check", "flows/sign-up.yaml"])
        .run()
        .assert_code(0);
}

#[test]
fn warnings_pass_unless_they_are_denied() {
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/warned.yaml", WARNED)]);
    folder
        .lockgate(&["check"])
        .run()
        .assert_code(0)
        .snapshot("check-warned");
    let denied = folder
        .lockgate(&["check", "--deny-warnings"])
        .run()
        .assert_code(2);
    denied.snapshot("check-warned-denied");
}

#[test]
fn what_cannot_be_checked() {
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/late.yml", WARNED)]);
    folder
        .lockgate(&["check"])
        .run()
        .assert_code(0)
        .snapshot("check-nothing");
    folder
        .lockgate(&["check", "flows/nowhere.yaml"])
        .run()
        .assert_code(2)
        .snapshot("check-no-file");
    folder.write("lockgate.yaml", "version: 7\nconnections: [\n");
    folder
        .lockgate(&["check"])
        .run()
        .assert_code(2)
        .snapshot("check-no-yaml");
    let nowhere = Folder::empty();
    nowhere
        .lockgate(&["check"])
        .run()
        .assert_code(2)
        .snapshot("check-no-workspace");
}

#[test]
fn a_custom_domain_and_a_written_secret_are_found() {
    let folder = Folder::with(&[
        (
            "lockgate.yaml",
            "version: 1\nconnections:\n  auth0:\n    type: auth0\n    domain: https://login.example.com/\n    client_id: abc\n    client_secret: kept-in-the-file\n",
        ),
        ("flows/one.yaml", "steps:\n  - return: 1\n"),
    ]);
    let ended = folder.lockgate(&["check"]).run().assert_code(2);
    ended.snapshot("check-connection");
    folder.edit("lockgate.yaml", "https://login.example.com/", "login.example.com");
    folder
        .lockgate(&["check"])
        .run()
        .assert_code(2)
        .snapshot("check-custom-domain");
}

#[test]
fn explain() {
    let folder = Folder::empty();
    let explain = |arguments: &[&str], code| folder.lockgate(arguments).run().assert_code(code);
    explain(&["explain", "LG0303"], 0).snapshot("explain");
    explain(&["explain", "LG9999"], 2).snapshot("explain-unknown");
    explain(&["explain"], 0).snapshot("explain-list");
    let list = explain(&["explain", "--json"], 0).json();
    let codes: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["code"])
        .collect();
    assert!(codes.len() > 40, "{codes:?}");
}
