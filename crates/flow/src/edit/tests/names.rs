//! Names that change, with their uses.

use super::*;

#[test]
fn the_uses_of_an_id_follow() {
    let before = r#"steps:
  - id: user
    action: log
    with: { message: steps.user }
    on_error:
      - return: '{{default steps.user.error.code "steps.user"}}'
  - if: and steps.user.id (eq "steps.user" steps.[user].name)
    then:
      - set:
          a: |
            {{#each steps.user.list}}
            {{this.steps.user}} {{steps.user.x}} steps.user {{steps.users}}
            {{/each}}
          b: "\u0041 {{steps.user}}"
          notes: "{{steps.user}}"
    notes: "{{steps.user}}"
  - for_each: steps.user.list
    steps: []
    yield: ["{{steps.user}}"]
"#;
    let after = r#"steps:
  - id: person
    action: log
    with: { message: steps.user }
    on_error:
      - return: '{{default steps.person.error.code "steps.user"}}'
  - if: and steps.person.id (eq "steps.user" steps.[person].name)
    then:
      - set:
          a: |
            {{#each steps.person.list}}
            {{this.steps.user}} {{steps.person.x}} steps.user {{steps.users}}
            {{/each}}
          b: "\u0041 {{steps.person}}"
          notes: "{{steps.person}}"
    notes: "{{steps.user}}"
  - for_each: steps.person.list
    steps: []
    yield: ["{{steps.person}}"]
"#;
    assert_eq!(
        becomes(before, &rename_id("steps/0", "person"), after).unwrap(),
        "steps/0"
    );
    assert!(
        run(before, &rename_id("steps/0", "user"))
            .unwrap()
            .1
            .changes
            .is_empty()
    );
    assert!(fails(before, &rename_id("steps/0", "a b")).starts_with("`a b` is no name"));
    becomes(
        "steps:\n  - action: log\n",
        &rename_id("steps/0", "a"),
        "steps:\n  - id: a\n    action: log\n",
    );
    let two = "steps:\n  - id: a\n  - id: b\n";
    assert_eq!(
        fails(two, &rename_id("steps/0", "b")),
        "another step has the id `b`"
    );
}

#[test]
fn a_text_that_yaml_has_changed_is_written_anew() {
    // The name stands in two halves.
    becomes(
        "steps:\n  - id: user\n  - return: \"{{steps.\\\n      user}} \\t us\"\n",
        &rename_id("steps/0", "a"),
        "steps:\n  - id: a\n  - return: \"{{steps.\\\n      a}} \\t us\"\n",
    );
    becomes(
        "steps:\n  - id: user\n  - return: \"{{steps.us\\\n      er}} \\t us\"\n",
        &rename_id("steps/0", "a"),
        "steps:\n  - id: a\n  - return: \"{{steps.a}} \\t us\"\n",
    );
}

#[test]
fn variables_and_fields_are_renamed_everywhere() {
    let before = "\
trigger:
  http: { method: GET, path: \"/a/:id/:idea\", rate_limit: { limit: 1/s, by: input.id } }
input:
  id: string # it
concurrency: { limit: 1, key: \"{{input.id}}\" }
steps:
  - set: { id: \"{{input.id}}\" }
  - if: vars.id
    then:
      - set:
          # again
          id: 1
";
    becomes(
        before,
        &rename("", "/input/id", "who"),
        &before
            .replace(":id/", ":who/")
            .replace("input.id", "input.who")
            .replace("  id: string", "  who: string"),
    );
    becomes(
        before,
        &rename("steps/0", "/set/id", "who"),
        &before
            .replace("{ id: \"", "{ who: \"")
            .replace("vars.id", "vars.who")
            .replace("  id: 1", "  who: 1"),
    );
}

#[test]
fn other_keys_are_renamed_where_they_stand() {
    let before = "\
steps:
  - switch: a
    cases:
      free: [] # f
      \"7\": []
      8: []
    on_error: { x: continue }
";
    for (key, to, from, into) in [
        ("/cases/free", "pro", "free:", "pro:"),
        // As where a case is added: a number is one.
        ("/cases/free", "9", "free:", "9:"),
        ("/cases/7", "9", "\"7\":", "\"9\":"),
        ("/cases/8", "9", "8:", "9:"),
        ("/cases/8", "nine: x", "8:", "\"nine: x\":"),
        ("/on_error/x", "*", "x:", "\"*\":"),
        ("/on_error", "retry", "on_error:", "retry:"),
    ] {
        becomes(
            before,
            &rename("steps/0", key, to),
            &before.replacen(from, into, 1),
        );
    }
    assert_eq!(
        fails(before, &rename("steps/0", "/cases/free", "7")),
        "there is a `7` already"
    );
    assert_eq!(
        fails(before, &rename("steps/0", "/cases/pro", "x")),
        "there is no key `/cases/pro`"
    );
}
