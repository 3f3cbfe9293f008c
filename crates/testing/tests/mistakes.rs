//! Mistakes in test files: each is a finding with a code, a place and, where there is one, a way out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::diagnostic::render_text;
use support::Bed;

const FLOW: &str = r#"
trigger: { http: POST /a }
input: { email: { type: string, format: email } }
steps:
  - id: user
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: "{{input.email}}", password: "{{uuid}}" }
  - set: { plan: free }
  - id: each
    for_each: from_json "[1]"
    steps:
      - id: told
        action: http.request
        with: { url: https://a.example.com/ }
  - respond: { status: 201 }
"#;

/// The findings of a file that begins with `flow: a`, in short: code, line and column, message, help.
fn found(test: &str) -> Vec<String> {
    let bed = Bed::new(&[("flows/a.yaml", FLOW), ("flows/a.test.yaml", test)]);
    bed.findings
        .iter()
        .map(|finding| {
            let at = finding.primary.source.position(finding.primary.span.start);
            let help = finding
                .help
                .as_deref()
                .map_or_else(String::new, |help| format!(" ({help})"));
            format!(
                "{} {}:{} {}{help}",
                finding.code, at.line, at.column, finding.message
            )
        })
        .collect()
}

/// The findings of a case with these keys.
fn of_case(keys: &str) -> Vec<String> {
    found(&format!(
        "flow: a\ncases:\n  - name: x\n    mock: {{ http.request: {{ error: timeout }} }}\n    {keys}\n"
    ))
}

#[test]
fn mistakes_of_a_file() {
    for (test, expect) in [
        ("cases: []", vec!["LG0105 1:1 a test file has no `flow`"]),
        ("flow: a", vec!["LG0105 1:1 a test file has no `cases`"]),
        ("[]", vec!["LG0104 1:1 a test file must be a map, not a list"]),
        (
            "flow: a\ncases: {}",
            vec!["LG0104 2:8 `cases` must be a list, not a map"],
        ),
        (
            "flow: aa\ncases: []",
            vec!["LG0203 1:7 there is no flow `aa` (did you mean `a`?)"],
        ),
        (
            "flow: a\ncase: []\ncases: []",
            vec!["LG0103 2:1 unknown key `case` in a test file (did you mean `cases`?)"],
        ),
        (
            "flow: a\nnow: tomorrow\ncases: []",
            vec!["LG0104 2:6 `now` is a time, not `tomorrow` (write `2030-01-31T08:00:00Z`)"],
        ),
        (
            "flow: a\ntenant: { user: [] }\ncases: []",
            vec!["LG0103 2:11 unknown key `user` in `tenant` (did you mean `users`?)"],
        ),
        (
            "flow: a\ntenant: { users: [5] }\ncases: []",
            vec!["LG0104 2:19 a user must be a map, not a number"],
        ),
        (
            "flow: a\ntenant: { users: [{ email: nobody }] }\ncases: []",
            vec![
                "LG0902 2:19 the tenant refuses this user: Payload validation error: 'Object didn't pass validation for format email: nobody' on property email (The user's email).",
            ],
        ),
        (
            "flow: a\nconnections: { auht0: { domain: x } }\ncases: []",
            vec!["LG0202 2:16 the workspace has no connection `auht0` (did you mean `auth0`?)"],
        ),
        (
            "flow: a\ncases:\n  - { name: x, skip: later }\n  - { name: x, skip: later }",
            vec![
                "LG0901 4:13 two cases have the name `x` (a name is how a case is asked for, and where its snapshot is kept)",
            ],
        ),
        (
            "flow: a\ncases:\n  - { name: X y, expect: snapshot }\n  - { name: x-y, expect: snapshot }",
            vec!["LG0901 4:13 the snapshots of two cases stand in one place, `x-y`"],
        ),
        (
            "flow: a\ncases: [{ input: {} }]",
            vec!["LG0105 2:9 a case has no `name`"],
        ),
        (
            "flow: a\ncases: [{ name: ' ' }]",
            vec!["LG0104 2:17 the name is empty"],
        ),
    ] {
        assert_eq!(found(test), expect, "{test}");
    }
}

#[test]
fn mistakes_of_a_case() {
    for (keys, expect) in [
        (
            "inputs: {}",
            vec!["LG0103 5:5 unknown key `inputs` in a case (did you mean `input`?)"],
        ),
        ("input: []", vec!["LG0104 5:12 `input` must be a map, not a list"]),
        (
            "flow: b",
            vec!["LG0203 5:11 there is no flow `b` (did you mean `a`?)"],
        ),
        (
            "request: { header: {} }",
            vec!["LG0103 5:16 unknown key `header` in `request` (did you mean `headers`?)"],
        ),
        (
            "step: usr",
            vec!["LG0301 5:11 `a` has no step `usr` (did you mean `user`?)"],
        ),
        (
            "step: told",
            vec![
                "LG0902 5:11 the step `told` stands in a loop: it belongs to a turn, and cannot run alone (run the flow, with a list of one)",
            ],
        ),
        (
            "given: { vars: {} }",
            vec![
                "LG0902 5:5 `given` without `step` (a whole run makes its own: `given` is for one `step` alone)",
            ],
        ),
        (
            "{ step: user, given: { steps: { usr: 1 }, vars: { pln: 1 } } }",
            vec!["LG0101 5:5 "],
        ),
        (
            "runs: []",
            vec!["LG0104 5:11 `runs` must be a list of runs, not a list"],
        ),
        (
            "runs: [{ inputs: {} }]",
            vec!["LG0103 5:14 unknown key `inputs` in a run (did you mean `input`?)"],
        ),
        (
            "runs: [{ input: {} }, { input: { email: \"{{run.[0].output}}\" } }]",
            vec![
                "LG0205 5:48 `run` is nothing that a test can read (write `runs.[0].response.body.…`: what an earlier run of the case gave)",
            ],
        ),
        (
            "runs: [{ input: {} }, { input: { email: \"{{runs.[0].body}}\" } }]",
            vec![
                "LG0304 5:48 a run has no `body` (known here: `response`, `output`, `error`, `status`, `steps`)",
            ],
        ),
        (
            "skip: 5",
            vec!["LG0104 5:11 `skip` must be `true` or `false`, not a number"],
        ),
        (
            "tenant: { users: [{ email: a@example.com, connection: nope }] }",
            vec!["LG0902 5:23 the tenant refuses this user: the tenant has no connection \"nope\""],
        ),
    ] {
        let found = of_case(keys);
        if expect[0].ends_with("LG0101 5:5 ") {
            assert!(found[0].starts_with("LG0101"), "{found:?}");
            continue;
        }
        assert_eq!(found, expect, "{keys}");
    }
    let given = "step: user\n    given: { steps: { usr: 1 }, vars: { pln: 1 }, more: 1 }";
    assert_eq!(
        of_case(given),
        [
            "LG0103 6:51 unknown key `more` in `given` (known here: `steps`, `vars`)",
            "LG0301 6:23 `a` has no step `usr` (did you mean `user`?)",
            "LG0306 6:41 `a` sets no variable `pln` (did you mean `plan`?)",
        ]
    );
    let both = "runs: [{}]\n    input: {}\n    expect: {}";
    assert_eq!(
        of_case(both),
        [
            "LG0902 6:5 `input` beside `runs` (each run has a `input` of its own)",
            "LG0902 7:5 `expect` beside `runs` (each run has a `expect` of its own)",
        ]
    );
}

#[test]
fn mistakes_of_mocks_and_faults() {
    let mock = |mock: &str| found(&format!("flow: a\ncases:\n  - name: x\n    mock: {{ {mock} }}\n"));
    for (text, expect) in [
        (
            "http.reqest: { value: 1 }",
            vec!["LG0201 4:13 there is no action `http.reqest` (did you mean `http.request`?)"],
        ),
        (
            "user: { value: 1 }",
            vec!["LG0201 4:13 there is no action `user` (for the step of this id write `steps.user`)"],
        ),
        (
            "steps.usr: { value: 1 }",
            vec!["LG0301 4:13 there is no step `usr` (did you mean `user`?)"],
        ),
        (
            "steps.each: { value: 1 }",
            vec!["LG0903 4:13 the step `each` calls no action: it is a `for_each`"],
        ),
        (
            "log: { value: null }",
            vec!["LG0906 4:13 no step calls `log`: this mock changes nothing"],
        ),
        ("http.request: []", vec!["LG0903 4:27 a mock without an answer"]),
        (
            "http.request: { }",
            vec![
                "LG0903 4:27 an answer has a `value` or an `error` (write `{ value: … }` for its output, or `{ error: code }`)",
            ],
        ),
        (
            "http.request: { value: 1, error: timeout }",
            vec![
                "LG0903 4:27 `value` and `error` in one answer (an answer is a `value` or an `error`; write a list for one after the other)",
            ],
        ),
        (
            "http.request: { error: tiemout }",
            vec!["LG0903 4:36 http.request does not fail with `tiemout` (did you mean `timeout`?)"],
        ),
        (
            "http.request: { error: { code: timeout, retry: often } }",
            vec![
                "LG0903 4:60 `retry` cannot be `often` (known here: `never`, `transient`, `nothing_happened`)",
            ],
        ),
        (
            "http.request: { error: { status: 200, code: timeout } }",
            vec!["LG0104 4:46 `status` must be a whole number from 400 to 599, not 200"],
        ),
        (
            "steps.told: [{ error: timeout }, { value: { status: ok, success: true, headers: {}, body: 1 } }]",
            vec![
                "LG0903 4:65 http.request does not give this: \"ok\" is not of type \"integer\" (`lockgate actions http.request` shows what it gives)",
            ],
        ),
        (
            "http.request: { error: timeout, takes: soon }",
            vec![
                "LG0408 4:52 `takes`: `soon` is no duration; write one like `200ms`, `30s`, `5m`, `2h`, `3d` or `PT5M` (write `200ms`, `30s`, `5m`, `2h`, `3d` or ISO 8601 like `PT5M`)",
            ],
        ),
    ] {
        assert_eq!(mock(text), expect, "{text}");
    }
    for (text, expect) in [
        ("{}", vec!["LG0104 5:13 `faults` must be a list, not a map"]),
        ("[{ error: timeout }]", vec!["LG0902"]),
        (
            "[{ action: auth0.create_user, times: 0, error: unavailable }]",
            vec!["LG0104 5:50 `times` must be a whole number from 1 to 1000000, not 0"],
        ),
        ("[{ action: auth0.create_user, error: gone }]", vec!["LG0903"]),
        ("[{ step: user }]", vec!["LG0105 5:14 a fault has no `error`"]),
        (
            "[{ action: auth0.get_user, error: unavailable }]",
            vec![
                "LG0906 5:24 no step calls `auth0.get_user`: this fault changes nothing (did you mean `auth0.create_user`?)",
            ],
        ),
    ] {
        let found = of_case(&format!("faults: {text}"));
        if expect[0].len() == 6 {
            // The codes of the action are listed, and there will be more.
            assert!(found.len() == 1 && (found[0].starts_with("LG0903")), "{found:?}");
            continue;
        }
        assert_eq!(found, expect, "{text}");
    }
}

#[test]
fn mistakes_of_expectations() {
    for (expect, findings) in [
        (
            "snapshots",
            vec!["LG0104 5:13 `expect` must be a map, not a text"],
        ),
        (
            "{ respons: {} }",
            vec!["LG0103 5:15 unknown key `respons` in `expect` (did you mean `response`?)"],
        ),
        (
            "{ response: { code: 1 } }",
            vec!["LG0103 5:27 unknown key `code` in `response` (known here: `status`, `headers`, `body`)"],
        ),
        (
            "{ response: { status: 99 } }",
            vec!["LG0905 5:35 no answer has the status 99 (a status is a number from 200 to 599)"],
        ),
        (
            "{ response: { status: \"201\" } }",
            vec!["LG0905 5:35 no answer has the status 201 (a status is a number from 200 to 599)"],
        ),
        ("{ response: { status: { one_of: [200, 201] } } }", vec![]),
        ("{ response: { body: { any: object } } }", vec![]),
        (
            "{ response: { body: { matches: \"[\" } } }",
            vec!["LG0904 5:44 the regular expression cannot be read: unclosed character class"],
        ),
        (
            "{ status: sucessful }",
            vec!["LG0905 5:23 `status` is never `sucessful` (known here: `succeeded`, `failed`, `refused`)"],
        ),
        (
            "{ error: user_exist }",
            vec!["LG0905 5:22 nothing in `a` fails with `user_exist` (did you mean `user_exists`?)"],
        ),
        ("{ error: user_exists }", vec![]),
        (
            "{ error: user_exists, status: succeeded }",
            vec!["LG0905 5:43 a run that has succeeded has no error"],
        ),
        (
            "{ output: 1 }",
            vec!["LG0905 5:23 `a` returns nothing (what a run answers over HTTP is its `response`)"],
        ),
        (
            "{ steps: { usr: { ran: true } } }",
            vec!["LG0301 5:24 `a` has no step `usr` (did you mean `user`?)"],
        ),
        (
            "{ steps: { user: { run: true } } }",
            vec!["LG0103 5:32 unknown key `run` in a step (did you mean `ran`?)"],
        ),
        (
            "{ steps: { user: { ran: false, output: 1 } } }",
            vec!["LG0905 5:52 a step that has not run has no `output`"],
        ),
        (
            "{ steps: { user: { error: user_exist } } }",
            vec![
                "LG0905 5:39 auth0.create_user does not fail with `user_exist` (did you mean `user_exists`?)",
            ],
        ),
        (
            "{ steps: { told: { output: { sucess: true } } } }",
            vec!["LG0905 5:50 http.request gives no `sucess` (did you mean `success`?)"],
        ),
        (
            "{ calls: { http.request: one } }",
            vec![
                "LG0104 5:38 what an action is called with must be a list of inputs, or a number, not a text",
            ],
        ),
        ("{ calls: { log: 1 } }", vec!["LG0905"]),
        ("{ calls: { log: 0 } }", vec![]),
        (
            "{ calls: { steps.x: 1 } }",
            vec!["LG0905 5:24 `a` has no step `x`"],
        ),
        (
            "{ tenant: { user: ada } }",
            vec!["LG0104 5:31 `user` must be a map, not a text"],
        ),
        (
            "{ tenant: { usr: {} } }",
            vec!["LG0103 5:25 unknown key `usr` in `tenant` (did you mean `user`?)"],
        ),
        ("{ tenant: { requests: [{ verb: GET }] } }", vec!["LG0103"]),
        ("{ duration: long }", vec!["LG0408"]),
        (
            "{ duration: { at_least: 2s, at_most: 1s } }",
            vec!["LG0905 5:25 `at_least` is longer than `at_most`"],
        ),
        ("{ duration: { least: 2s } }", vec!["LG0103"]),
    ] {
        let found = of_case(&format!("expect: {expect}"));
        if findings.first().is_some_and(|first| first.len() == 6) {
            assert!(
                found.len() == 1 && found[0].starts_with(findings[0]),
                "{expect}: {found:?}"
            );
            continue;
        }
        assert_eq!(found, findings, "{expect}");
    }
}

#[test]
fn a_flow_with_mistakes_is_not_tested() {
    let files = [
        ("flows/a.yaml", "steps:\n  - action: nope\n"),
        ("flows/a.test.yaml", "flow: a\ncases: [{ name: x }]\n"),
    ];
    let bed = Bed::with_broken_flows(&files);
    insta::assert_snapshot!(render_text(&bed.findings, false));
}
