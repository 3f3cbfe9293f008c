//! Commands that tell what is there: actions, graphs, schemas, scopes, completions, help; and what `new` makes.

use std::fs;
use std::process::Stdio;

use crate::folder::{Folder, read};

#[test]
fn actions() {
    let folder = Folder::empty();
    let run = |arguments: &[&str], code| folder.lockgate(arguments).run().assert_code(code);
    run(&["actions"], 0).snapshot("actions");
    run(&["actions", "auth0.create_user"], 0).snapshot("actions-create-user");
    run(&["actions", "http.request"], 0).snapshot("actions-http-request");
    run(&["actions", "auth0.create_usr"], 2).snapshot("actions-unknown");
    let list = run(&["actions", "--json"], 0).json();
    for action in list.as_array().unwrap() {
        let name = action["name"].as_str().unwrap();
        let one = run(&["actions", name, "--json"], 0).json();
        assert_eq!(one["name"], name);
        assert!(run(&["actions", name], 0).stdout.contains(name));
    }
}

#[test]
fn graph() {
    let folder = Folder::shipped();
    let run = |arguments: &[&str], code| folder.lockgate(arguments).run().assert_code(code);
    run(&["graph", "sign-up"], 0).snapshot("graph-mermaid");
    run(&["graph", "sign-up", "--format", "dot"], 0).snapshot("graph-dot");
    run(&["graph", "sign-up", "--format", "text"], 0).snapshot("graph-text");
    let svg = run(&["graph", "sign-up", "--format", "svg"], 0).stdout;
    assert_eq!(
        svg,
        read("docs/images/sign-up.svg"),
        "the picture of the README is out of date"
    );
    run(&["graph", "sign-up", "--format", "svg", "-o", "sign-up.svg"], 0).snapshot("graph-to-file");
    assert_eq!(
        fs::read_to_string(folder.path().join("sign-up.svg")).unwrap(),
        svg
    );
    run(&["graph", "sign-down"], 2).snapshot("graph-unknown");
    folder.write("flows/broken.yaml", include_str!("broken.yaml"));
    // A draft can be drawn, too.
    run(&["graph", "broken"], 0).snapshot("graph-broken");
}

#[test]
fn schema() {
    let folder = Folder::empty();
    for (of, file) in [
        ("flow", "schemas/flow.schema.json"),
        ("workspace", "schemas/workspace.schema.json"),
    ] {
        let ended = folder.lockgate(&["schema", of]).run().assert_code(0);
        assert!(
            ended.stdout == read(file),
            "{file} is out of date; `cargo xtask generate` writes it"
        );
        assert_eq!(ended.stderr, "");
    }
    folder
        .lockgate(&["schema", "house"])
        .run()
        .assert_code(2)
        .snapshot("schema-unknown");
}

#[test]
fn scopes() {
    let folder = Folder::shipped();
    let run = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(0);
    run(&["scopes"]).snapshot("scopes");
    run(&["scopes", "--json"]).snapshot("scopes-json");
    run(&["connections"]).snapshot("connections");
    run(&["connections", "--json"]).snapshot("connections-json");
    let bare = Folder::with(&[
        ("lockgate.yaml", "version: 1\n"),
        ("flows/one.yaml", "steps:\n  - return: 1\n"),
    ]);
    bare.lockgate(&["scopes"])
        .run()
        .assert_code(0)
        .snapshot("scopes-none");
    bare.lockgate(&["connections"])
        .run()
        .assert_code(0)
        .snapshot("connections-none");
}

#[test]
fn completions() {
    let folder = Folder::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = folder.lockgate(&["completions", shell]).run().assert_code(0);
        assert_eq!(ended.stderr, "");
        for word in ["lockgate", "connections", "emulated"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    folder
        .lockgate(&["completions", "csh"])
        .run()
        .assert_code(2)
        .snapshot("completions-unknown");
}

#[test]
fn help() {
    let folder = Folder::empty();
    folder.lockgate(&["--help"]).run().assert_code(0).snapshot("help");
    folder
        .lockgate(&["--version"])
        .run()
        .assert_code(0)
        .snapshot("version");
    folder
        .lockgate::<&str>(&[])
        .run()
        .assert_code(2)
        .snapshot("help-none");
    for command in [
        "new",
        "run",
        "check",
        "explain",
        "graph",
        "actions",
        "schema",
        "connections",
        "scopes",
        "tenant",
        "completions",
    ] {
        let ended = folder.lockgate(&[command, "--help"]).run().assert_code(0);
        ended.snapshot(&format!("help-{command}"));
        assert!(ended.stdout.contains("Example"), "{command}");
    }
    folder
        .lockgate(&["connections", "check", "--help"])
        .run()
        .assert_code(0)
        .snapshot("help-connections-check");
    folder
        .lockgate(&["rnu"])
        .run()
        .assert_code(2)
        .snapshot("usage-unknown-command");
    folder
        .lockgate(&["run"])
        .run()
        .assert_code(2)
        .snapshot("usage-no-flow");
    folder
        .lockgate(&["check", "--formt", "json"])
        .run()
        .assert_code(2)
        .snapshot("usage-unknown-option");
}

#[test]
fn a_new_workspace_works_at_once() {
    let folder = Folder::empty();
    folder
        .lockgate(&["new", "my-flows"])
        .run()
        .assert_code(0)
        .snapshot("new");
    folder
        .lockgate(&["-C", "my-flows", "check"])
        .run()
        .assert_code(0)
        .snapshot("new-check");
    let run = [
        "-C",
        "my-flows",
        "run",
        "hello",
        "--emulated",
        "--input",
        "name=Ada",
    ];
    folder.lockgate(&run).run().assert_code(0).snapshot("new-run");
    folder
        .lockgate(&["new", "my-flows"])
        .run()
        .assert_code(2)
        .snapshot("new-again");
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::shipped();
    for arguments in [
        &["actions"][..],
        &["actions", "--json"],
        &["schema", "flow"],
        &["explain"],
        &["--help"],
        &["completions", "bash"],
        &["graph", "bulk-invite", "--format", "svg"],
        &["check", "--format", "json"],
    ] {
        let mut line = folder.lockgate(arguments);
        let mut child = line.spawn();
        // Nobody reads: the pipe is broken before a byte is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let ended = line.ended(output);
        assert_eq!(
            (ended.code, ended.stderr.contains("panicked")),
            (Some(0), false),
            "{}",
            ended.transcript()
        );
        assert!(!ended.stderr.contains("has a bug"), "{}", ended.transcript());
    }
    // As it is typed.
    let mut shell = std::process::Command::new("sh");
    let output = shell
        .args(["-c", "\"$LOCKGATE\" actions --quiet | head -1"])
        .env("LOCKGATE", crate::binary::binary("lockgate"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}
