//! One mistake gives one finding, also where it takes something away that other files or other lines rely on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::diagnostic::Code::{self, *};

const USES_ALL: &str = "\
input: { id: string }
steps:
  - { action: auth0.get_user, with: { user_id: \"{{input.id}}\" } }
  - { action: auth0.get_user, connection: auth0, with: { user_id: \"{{input.id}}\" } }
  - return: \"{{config.support_email}} {{config.limits.invites}}\"
";

fn check(name: &str, files: &[(&str, &str)], expect: &[Code]) {
    let findings = support::check(files).diagnostics;
    assert_eq!(
        support::codes(&findings),
        expect,
        "{name}\n{}",
        support::shown(&findings)
    );
}

#[test]
fn a_workspace_file_with_a_mistake() {
    let connections =
        support::WORKSPACE.find("connections:").unwrap()..support::WORKSPACE.find("config:").unwrap();
    let connections = &support::WORKSPACE[connections];
    for (name, from, to, expect) in [
        ("nothing", "version", "version", &[][..]),
        (
            "a syntax error at its beginning",
            "version: 1",
            "version: 1\n\tx: \"",
            &[Syntax],
        ),
        (
            "a syntax error in the middle",
            "    domain:",
            "    \"domain:",
            &[Syntax],
        ),
        ("a text", support::WORKSPACE, "hello", &[WrongType]),
        (
            "an unknown type",
            "type: auth0",
            "type: auth",
            &[UnknownConnectionType],
        ),
        ("no type", "    type: auth0\n", "", &[MissingKey]),
        ("a misspelt type", "type: auth0", "tpye: auth0", &[UnknownKey]),
        (
            "misspelt connections",
            "connections:",
            "conections:",
            &[UnknownKey],
        ),
        ("misspelt config", "config:", "confg:", &[UnknownKey]),
        (
            "a list of connections",
            connections,
            "connections:\n  - { name: auth0, type: auth0 }\n",
            &[WrongType],
        ),
        ("an unknown setting", "domain:", "domian:", &[UnknownKey]),
        (
            "a version that is none",
            "version: 1",
            "version: two",
            &[LanguageVersion],
        ),
        (
            "the same connection twice",
            "config:",
            "  auth0: { type: auth0 }\nconfig:",
            &[DuplicateKey],
        ),
        ("an empty file", support::WORKSPACE, "", &[NotOneDocument]),
    ] {
        let file = support::WORKSPACE.replacen(from, to, 1);
        assert!(from == to || file != support::WORKSPACE, "{name} changes nothing");
        check(
            name,
            &[("lockgate.yaml", &file), (support::FLOW, USES_ALL)],
            expect,
        );
    }
}

#[test]
fn a_called_flow_with_a_mistake() {
    let caller =
        "steps:\n  - { id: it, call: callee, with: { name: ada, age: 36 } }\n  - return: \"{{steps.it}}\"\n";
    let text = "name: callee\ninput:\n  name: { type: string }\n  age: { type: integer }\nsteps:\n  - return: \"{{input.name}} {{input.age}}\"\n";
    for (name, from, to, expect) in [
        ("nothing", "name", "name", &[][..]),
        (
            "a syntax error after the input",
            "  - return: \"",
            "  - wait: 1s\n  - return: [\"",
            &[Syntax],
        ),
        ("a syntax error in the input", "  age: {", "  age: {{", &[Syntax]),
        (
            "a syntax error before everything",
            "name: callee",
            "\"name: callee",
            &[Syntax],
        ),
        ("a text", text, "hello", &[WrongType]),
        ("an empty file", text, "", &[NotOneDocument]),
        (
            "a schema that is none",
            "type: integer",
            "type: int",
            &[InvalidSchema],
        ),
        (
            "a field of the wrong type",
            "{ type: integer }",
            "[integer]",
            &[WrongType],
        ),
        ("misspelt input", "input:", "inptu:", &[UnknownKey]),
        (
            "a list of fields",
            "input:\n  name: { type: string }\n  age: { type: integer }",
            "input: [name, age]",
            &[WrongType],
        ),
        ("a mistake in a step", "return: \"", "retrun: \"", &[UnknownKey]),
    ] {
        let changed = text.replacen(from, to, 1);
        assert!(from == to || changed != text, "{name} changes nothing");
        check(
            name,
            &[(support::FLOW, caller), ("flows/callee.yaml", &changed)],
            expect,
        );
    }
}

#[test]
fn a_duplicate_name_leaves_the_caller_alone() {
    let caller = "steps:\n  - { call: callee, with: { name: ada } }\n";
    let one = "name: callee\ninput: { name: string }\nsteps:\n  - return: x\n";
    let two = "name: callee\nsteps:\n  - return: x\n";
    check(
        "two",
        &[
            (support::FLOW, caller),
            ("flows/one.yaml", one),
            ("flows/two.yaml", two),
        ],
        &[DuplicateFlow],
    );
}

#[test]
fn yaml_as_people_write_it() {
    for (name, text) in [
        ("a byte order mark", "\u{feff}steps:\n  - return: x\n"),
        ("windows line ends", "steps:\r\n  - return: x\r\n"),
        ("no line end", "steps:\n  - return: x"),
        ("a document start", "---\nsteps:\n  - return: x\n"),
        ("a document end", "steps:\n  - return: x\n...\n"),
        ("a version directive", "%YAML 1.2\n---\nsteps:\n  - return: x\n"),
        (
            "comments",
            "# one\nsteps: # two\n  # three\n  - return: x # four\n# five\n",
        ),
        (
            "not indented",
            "steps:\n- return: x\n- action: log\n  if: input\n  with:\n    message: x\n",
        ),
        ("as JSON", "{\"steps\": [{\"return\": {\"a\": \"x\"}}]}"),
        ("quoted keys", "\"steps\":\n  - 'return': x\n"),
        ("blank lines with blanks", "steps:\n   \n  - return: x\n \n"),
        (
            "aliases of steps",
            "steps:\n  - if: input\n    then: &it\n      - action: log\n        with: { message: x }\n    else: *it\n",
        ),
        (
            "str, map and seq tags",
            "steps: !!seq\n  - !!map\n    return: !!str 01234\n",
        ),
        (
            "long text",
            &format!("steps:\n  - return: {}\n", "word ".repeat(5000)),
        ),
    ] {
        let findings = support::check_flow(text);
        let wrong: Vec<Code> = support::codes(&findings)
            .into_iter()
            .filter(|code| !matches!(code, Unreachable))
            .collect();
        assert!(wrong.is_empty(), "{name}\n{}", support::shown(&findings));
    }
}

#[test]
fn an_open_flow_that_calls_one_that_changes_users() {
    let open = "trigger: { http: POST /remove }\ninput: { id: string }\nsteps:\n  - { call: remove, with: { id: \"{{input.id}}\" } }\n";
    let guarded = "trigger: { http: { method: POST, path: /remove, auth: hmac } }\ninput: { id: string }\nsteps:\n  - { call: remove, with: { id: \"{{input.id}}\" } }\n";
    let between =
        "name: remove\ninput: { id: string }\nsteps:\n  - { call: inner, with: { id: \"{{input.id}}\" } }\n";
    let inner = "input: { id: string }\nsteps:\n  - { action: auth0.delete_user, with: { user_id: \"{{input.id}}\" } }\n";
    let harmless = "input: { id: string }\nsteps:\n  - { action: auth0.get_user, with: { user_id: \"{{input.id}}\" } }\n";
    for (name, outer, inner, expect) in [
        ("open", open, inner, &[OpenTrigger][..]),
        ("guarded", guarded, inner, &[]),
        ("harmless", open, harmless, &[]),
    ] {
        check(
            name,
            &[
                (support::FLOW, outer),
                ("flows/between.yaml", between),
                ("flows/inner.yaml", inner),
            ],
            expect,
        );
    }
}
