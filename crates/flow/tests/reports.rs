//! What a check says as a whole: all mistakes in one go, in order, in every rendering.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::diagnostic::{render_github, render_json, render_text};
use serde_json::json;

/// One mistake of each of many kinds. Each line says which.
const MANY: &str = r#"name: Sign Up                             # LG0208 no name for a flow
descripton: a misspelt key                # LG0103
trigger:
  http: POST sign-up                      # LG0409 no slash
  shedule: "0 6 * * *"                    # LG0103
input:
  email: { type: string, fromat: email }  # LG0103
  plan: { enum: [free, pro], default: x } # LG0407
  password: { type: string, secret: true }
  age: { type: integer, required: false }
timeout: 30                               # LG0408
steps:
  - id: my-user                           # LG0208
    action: auth0.creat_user              # LG0201
    with: { email: "{{input.email}}" }
  - id: user
    action: auth0.get_user
    with: { user: "{{input.email}}" }     # LG0403
    on_error:
      user_exists: continue               # LG0506
  - action: log
    with:
      message: "{{upcase input.emal}}"    # LG0204
      message: again                      # LG0102
  - action: log
    with:
      message: "{{upper input.age}} {{steps.user.email}}" # LG0304, LG0405
      level: loud                         # LG0401
  - if: eq input.plan = "pro"             # LG0406
    set: { quota: 01000 }                 # LG0106
  - for_each: input.email                 # LG0504
    as: one
    steps:
      - wait: soon                        # LG0408
  - action: log
    with: { message: "{{one}} {{error.code}} {{mail}} {{vars.nothing}} {{steps.none}}" }
  - respond: { body: "{{input.password}}" } # LG0602
  - respond: { status: 99 }               # LG0104, LG0502
  - call: nobody                          # LG0203
  - id: user                              # LG0206
    set: { a: 1, b-c: 2 }                 # LG0208
  - return: "{{request.ip}}"
  - action: log                           # LG0501, LG0402
"#;

/// Mistakes in the shape of steps. What runs before what is not known here, so nothing is said about it.
const SHAPES: &str = r#"steps:
  - action: log
    return: x                             # LG0213
  - id: user                              # LG0212
  - acton: log                            # LG0103
    with: { message: x }
  - return                                # LG0104
  - then: { return: x }                   # LG0104, LG0105
  - switch: config.limits.invites         # LG0105
  - parallel: [{ return: x }]             # LG0104
  - for_each: config.limits               # LG0105, LG0504
  - fail: { code: not-found }             # LG0105, LG0208
  - redirect: { to: /x, status: 200 }     # LG0104
  - return: "{{steps.user.name}}"
"#;

#[test]
fn all_mistakes_in_one_go() {
    insta::assert_snapshot!("many", render_text(&support::check_flow(MANY), false));
    insta::assert_snapshot!("shapes", render_text(&support::check_flow(SHAPES), false));
}

/// Two files with a finding that has places in both.
fn two_files() -> lockgate_flow::workspace::Workspace {
    support::check(&[
        (
            "flows/b.yaml",
            "trigger: { http: GET /é }\nsteps:\n  - return: x\n",
        ),
        (
            "flows/a.yaml",
            "trigger:\n  http: GET /hello\nsteps:\n  - id: grüße 🎉\n    wait: 5\n  - return: { zip: 0123 }\n",
        ),
        (
            "flows/c.yaml",
            "trigger: { http: GET /hello }\nsteps:\n  - return: { a: 1, a: 2, b: 100% }\n",
        ),
    ])
}

#[test]
fn json() {
    let found = render_json(&two_files().diagnostics);
    insta::assert_json_snapshot!(found);
    for finding in found.as_array().unwrap() {
        let keys: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
        let expect = [
            "code",
            "severity",
            "message",
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "help",
            "related",
        ];
        assert_eq!(keys, expect);
    }
}

#[test]
fn github() {
    let text = render_github(&two_files().diagnostics);
    insta::assert_snapshot!(text);
    assert!(
        text.lines()
            .all(|line| line.starts_with("::error file=") || line.starts_with("::warning file="))
    );
}

#[test]
fn findings_stand_in_the_order_of_files_and_places() {
    let found = render_json(&two_files().diagnostics);
    let places: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["file"].as_str().unwrap(),
                finding["line"].as_u64().unwrap(),
                finding["column"].as_u64().unwrap(),
            )
        })
        .collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(places, sorted);
    assert!(places.len() > 5);
}

#[test]
fn columns_count_characters() {
    let found = render_json(&support::check_flow("steps:\n  - return: \"🎉é {{input.x}}\"\n"));
    assert_eq!(found[0]["line"], json!(2));
    assert_eq!(found[0]["column"], json!(25));
    assert_eq!(found[0]["end_column"], json!(26));
}

#[test]
fn colours_are_only_around_the_text() {
    let findings = two_files().diagnostics;
    let plain = render_text(&findings, false);
    let coloured = render_text(&findings, true);
    assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        stripped.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
