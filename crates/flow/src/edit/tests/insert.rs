//! Steps that are put in, copied and moved.

use super::*;

const TWO: &str = "\
steps:
  # the first
  - set: { a: 1 } # at its end

  # the second
  - if: input.x
    then:
      - return: 1
";

#[test]
fn a_file_with_nothing_in_it_becomes_a_flow() {
    for (before, after) in [
        ("", "steps:\n  - return: {}\n"),
        ("# only this\n", "# only this\nsteps:\n  - return: {}\n"),
        ("# only this", "# only this\nsteps:\n  - return: {}"),
        ("---\n", "---\nsteps:\n  - return: {}\n"),
        ("\n\n", "\n\nsteps:\n  - return: {}\n"),
        ("# a\r\n", "# a\r\nsteps:\r\n  - return: {}\r\n"),
    ] {
        assert_eq!(
            becomes(before, &verb("steps", 0, "return"), after).unwrap(),
            "steps/0"
        );
    }
    let on_error = becomes("", &verb("on_error", 0, "return"), "on_error:\n  - return: {}\n");
    assert_eq!(on_error.unwrap(), "on_error/0");
}

#[test]
fn a_list_that_is_not_there_gets_its_key_in_its_usual_place() {
    for (before, list, after) in [
        ("name: a\n", "steps", "name: a\nsteps:\n  - return: {}\n"),
        ("name: a", "steps", "name: a\nsteps:\n  - return: {}"),
        (
            "name: a\n\ninput:\n  b: string\n",
            "steps",
            "name: a\n\ninput:\n  b: string\n\nsteps:\n  - return: {}\n",
        ),
        ("steps: []\n", "steps", "steps:\n  - return: {}\n"),
        (
            "steps:   # none yet\n\ntimeout: 1s\n",
            "steps",
            "steps:   # none yet\n  - return: {}\n\ntimeout: 1s\n",
        ),
        (
            "steps: [] # none yet\n",
            "steps",
            "steps: # none yet\n  - return: {}\n",
        ),
        (
            "steps: [] # none yet",
            "steps",
            "steps: # none yet\n  - return: {}",
        ),
        (
            "steps:\n- if: a\n  then: []\n",
            "steps/0/then",
            "steps:\n- if: a\n  then:\n  - return: {}\n",
        ),
        (
            "steps:\n- if: a\n  then: []\n",
            "steps/0/else",
            "steps:\n- if: a\n  then: []\n  else:\n  - return: {}\n",
        ),
        (
            "steps:\n  - else: []\n    if: a\n",
            "steps/0/then",
            "steps:\n  - else: []\n    if: a\n    then:\n      - return: {}\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    # about it\n    timeout: 1s\n",
            "steps/0/on_error",
            "steps:\n  - set: { a: 1 }\n    # about it\n    timeout: 1s\n    on_error:\n      - return: {}\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n\n  - set: { b: 1 }\n",
            "steps/0/on_error/user_exists",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      user_exists:\n        - return: {}\n\n  - set: { b: 1 }\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error: continue # or\n",
            "steps/0/on_error",
            "steps:\n  - set: { a: 1 }\n    on_error: # or\n      - return: {}\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error: continue\n",
            "steps/0/on_error/timeout",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      timeout:\n        - return: {}\n      \"*\": continue\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error:\n      # all\n      - return: 1\n",
            "steps/0/on_error/timeout",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      timeout:\n        - return: {}\n      \"*\":\n        # all\n        - return: 1\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error:\n      a: continue\n      '*': continue\n",
            "steps/0/on_error/b",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      a: continue\n      b:\n        - return: {}\n      '*': continue\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error:\n      a: continue\n",
            "steps/0/on_error",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      a: continue\n      \"*\":\n        - return: {}\n",
        ),
        (
            "steps:\n  - set: { a: 1 }\n    on_error: { a: continue }\n",
            "steps/0/on_error/a",
            "steps:\n  - set: { a: 1 }\n    on_error:\n      a:\n        - return: {}\n",
        ),
        (
            "steps:\n  - switch: a\n    cases:\n      b: []\n",
            "steps/0/cases/pro%2Fx",
            "steps:\n  - switch: a\n    cases:\n      b: []\n      pro/x:\n        - return: {}\n",
        ),
        (
            "steps:\n  - switch: a\n",
            "steps/0/cases/7",
            "steps:\n  - switch: a\n    cases:\n      7:\n        - return: {}\n",
        ),
        (
            "steps:\n  - switch: a\n    cases: {}\n",
            "steps/0/default",
            "steps:\n  - switch: a\n    cases: {}\n    default:\n      - return: {}\n",
        ),
        (
            "steps:\n  - parallel:\n      a: []\n",
            "steps/0/parallel/b",
            "steps:\n  - parallel:\n      a: []\n      b:\n        - return: {}\n",
        ),
        (
            "steps:\n  - for_each: input.a\n    yield: 1\n",
            "steps/0/each/#/steps",
            "steps:\n  - for_each: input.a\n    steps:\n      - return: {}\n    yield: 1\n",
        ),
        (
            "name: a\n\nsteps:\n  - return: 1\n",
            "on_error",
            "name: a\n\nsteps:\n  - return: 1\n\non_error:\n  - return: {}\n",
        ),
        (
            "steps:\n  - { if: a, then: [{ return: 1 }] }\n",
            "steps/0/else",
            "steps:\n  - if: a\n    then: [{ return: 1 }]\n    else:\n      - return: {}\n",
        ),
        (
            "steps:\n  - if: a\n    then: [{ return: 1 }]\n",
            "steps/0/then",
            "steps:\n  - if: a\n    then:\n      - return: {}\n      - { return: 1 }\n",
        ),
        (
            "{ name: a, steps: [] }\n",
            "steps",
            "name: a\nsteps:\n  - return: {}\n",
        ),
        ("{}\n", "steps", "steps:\n  - return: {}\n"),
    ] {
        let select = becomes(before, &verb(list, 0, "return"), after).unwrap();
        let expected = match list {
            "steps/0/on_error" if after.contains('*') => "steps/0/on_error/*/0".to_owned(),
            list => format!("{list}/0"),
        };
        assert_eq!(select, expected, "{before}");
    }
}

#[test]
fn a_new_step_stands_between_the_others() {
    becomes(
        TWO,
        &verb("steps", 0, "return"),
        "steps:\n  - return: {}\n\n  # the first\n  - set: { a: 1 } # at its end\n\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n",
    );
    becomes(
        TWO,
        &verb("steps", 1, "return"),
        "steps:\n  # the first\n  - set: { a: 1 } # at its end\n\n  - return: {}\n\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n",
    );
    let select = becomes(
        TWO,
        &verb("steps", 2, "return"),
        "steps:\n  # the first\n  - set: { a: 1 } # at its end\n\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n\n  - return: {}\n",
    );
    assert_eq!(select.unwrap(), "steps/2");
    becomes(
        "steps:\r\n- a: 1\r\n- b: 2 # \t tab ",
        &verb("steps", 2, "wait"),
        "steps:\r\n- a: 1\r\n- b: 2 # \t tab \r\n- wait: 1m",
    );
    becomes(
        "steps:\n    - a: |\n        x\n\n        y\n",
        &verb("steps", 1, "set"),
        "steps:\n    - a: |\n        x\n\n        y\n    - set:\n        value: \"\"\n",
    );
}

#[test]
fn an_action_comes_with_what_it_needs() {
    let before = "\
input:
  email: { type: string }
  to:
    type: integer
steps:
  - id: create_user
    action: auth0.create_user
  - if: input.email
    id: other
    action: auth0.create_user
";
    becomes(
        before,
        &action("steps", 2, "auth0.update_user"),
        &format!(
            "{before}  - id: update_user\n    action: auth0.update_user\n    with:\n      user_id: \"{{{{steps.create_user.user_id}}}}\"\n"
        ),
    );
    becomes(
        before,
        &action("steps", 2, "auth0.create_user"),
        &format!(
            "{before}  - id: create_user_2\n    action: auth0.create_user\n    with:\n      connection: \"\"\n      email: \"{{{{input.email}}}}\"\n"
        ),
    );
    becomes(
        before,
        &action("steps", 2, "otp.sendCode"),
        &format!(
            "{before}  - id: send_code\n    action: otp.sendCode\n    with:\n      to: \"\"\n      digits: 4\n      kind: sms\n      tags: []\n      more: {{}}\n      silent: false\n"
        ),
    );
    becomes(
        before,
        &action("steps", 2, "log"),
        &format!("{before}  - id: log\n    action: log\n"),
    );
    assert_eq!(
        fails(before, &action("steps", 2, "lug")),
        "there is no action `lug`"
    );
}

#[test]
fn every_verb_is_read_as_a_flow() {
    let before =
        "input:\n  plan: { enum: [free, 7] }\n  people: { type: array }\n  agreed: boolean\nsteps: []\n";
    let head = "input:\n  plan: { enum: [free, 7] }\n  people: { type: array }\n  agreed: boolean\nsteps:\n";
    for (name, step) in [
        ("if", "  - if: input.agreed\n    then: []\n"),
        (
            "switch",
            "  - switch: input.plan\n    cases:\n      free: []\n      7: []\n",
        ),
        ("parallel", "  - parallel:\n      first: []\n      second: []\n"),
        (
            "for_each",
            "  - for_each: input.people\n    steps:\n      - set: { element: \"{{item}}\" }\n",
        ),
        ("set", "  - set:\n      value: \"\"\n"),
        ("wait", "  - wait: 1m\n"),
        ("call", "  - call: flow-name\n"),
        ("respond", "  - respond:\n      status: 200\n      body: {}\n"),
        ("redirect", "  - redirect: https://example.com\n"),
        ("return", "  - return: {}\n"),
        (
            "fail",
            "  - fail:\n      code: failed\n      message: This did not work.\n",
        ),
    ] {
        let after = format!("{head}{step}");
        becomes(before, &verb("steps", 0, name), &after);
        let findings = parse(&source(&after)).diagnostics;
        assert!(findings.is_empty(), "{name}: {findings:?}");
    }
    becomes(
        "",
        &verb("steps", 0, "if"),
        "steps:\n  - if: true\n    then: []\n",
    );
    becomes(
        "",
        &verb("steps", 0, "for_each"),
        "steps:\n  - for_each: [1]\n    steps:\n      - set: { element: \"{{item}}\" }\n",
    );
    assert_eq!(fails("", &verb("steps", 0, "goto")), "there is no verb `goto`");
}

#[test]
fn pasted_steps_are_indented_and_their_ids_are_free() {
    let before = "steps:\n- id: user\n  action: log\n";
    for (pasted, added) in [
        ("return: 1", "- return: 1\n"),
        (
            "# why\nreturn: |\n  a\n\n  b\n",
            "# why\n- return: |\n    a\n\n    b\n",
        ),
        ("- return: 1\n- return: 2\n", "- return: 1\n- return: 2\n"),
        (
            "    # in\n    - return: 1 # end\n\n    - return: 2",
            "# in\n- return: 1 # end\n\n- return: 2\n",
        ),
        (
            "[{ return: 1 }, { wait: 1m }]",
            "- { return: 1 }\n- { wait: 1m }\n",
        ),
        ("{ return: 1 }", "- { return: 1 }\n"),
        (
            "- id: user\n  action: log\n- return: \"{{steps.user}} {{lower steps.user.[a b]}} steps.user\"\n",
            "- id: user_2\n  action: log\n- return: \"{{steps.user_2}} {{lower steps.user_2.[a b]}} steps.user\"\n",
        ),
    ] {
        let select = becomes(before, &yaml("steps", 1, pasted), &format!("{before}{added}"));
        assert_eq!(select.unwrap(), "steps/1");
    }
    for pasted in ["", "text", "- text", "- [", "a: 1\n---\nb: 1\n", "[1]"] {
        fails(before, &yaml("steps", 1, pasted));
    }
}

#[test]
fn steps_move_with_their_comments() {
    becomes(
        TWO,
        &relocate(&["steps/0"], "steps", 2),
        "steps:\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n\n  # the first\n  - set: { a: 1 } # at its end\n",
    );
    becomes(
        TWO,
        &relocate(&["steps/1"], "steps", 0),
        "steps:\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n\n  # the first\n  - set: { a: 1 } # at its end\n",
    );
    let select = becomes(
        TWO,
        &relocate(&["steps/0"], "steps/1/then", 1),
        "steps:\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n      # the first\n      - set: { a: 1 } # at its end\n",
    );
    assert_eq!(select.unwrap(), "steps/0/then/1");
    let select = becomes(
        TWO,
        &relocate(&["steps/1/then/0"], "steps", 1),
        "steps:\n  # the first\n  - set: { a: 1 } # at its end\n\n  - return: 1\n\n  # the second\n  - if: input.x\n    then: []\n",
    );
    assert_eq!(select.unwrap(), "steps/1");
    let select = becomes(
        TWO,
        &relocate(&["steps/0"], "steps/1/else", 0),
        "steps:\n  # the second\n  - if: input.x\n    then:\n      - return: 1\n    else:\n      # the first\n      - set: { a: 1 } # at its end\n",
    );
    assert_eq!(select.unwrap(), "steps/0/else/0");
    for index in 0..2 {
        assert!(
            run(TWO, &relocate(&["steps/0"], "steps", index))
                .unwrap()
                .1
                .changes
                .is_empty()
        );
    }
    assert_eq!(
        fails(TWO, &relocate(&["steps/1"], "steps/1/then", 0)),
        "a step cannot be moved into itself"
    );
    assert_eq!(
        fails(TWO, &relocate(&["steps/1"], "steps/1/else", 0)),
        "a step cannot be moved into itself"
    );
}

#[test]
fn steps_of_a_handler_move_beside_it() {
    let before = "steps:\n  - set: { a: 1 }\n    on_error: # c\n      # one\n      - b: 1\n\n      # two\n      - c: 1\n";
    becomes(
        before,
        &relocate(&["steps/0/on_error/0"], "steps/0/on_error/timeout", 0),
        "steps:\n  - set: { a: 1 }\n    on_error: # c\n      timeout:\n        # one\n        - b: 1\n      \"*\":\n        # two\n        - c: 1\n",
    );
    becomes(
        before,
        &relocate(
            &["steps/0/on_error/0", "steps/0/on_error/1"],
            "steps/0/on_error/timeout",
            0,
        ),
        "steps:\n  - set: { a: 1 }\n    on_error: # c\n      timeout:\n        # one\n        - b: 1\n\n        # two\n        - c: 1\n",
    );
}

#[test]
fn several_steps_move_in_the_order_of_the_text() {
    let before = "steps:\n  - a: 1\n  - b: 1\n  - c: 1\n  - d: 1\n    then:\n      - e: |\n          x\n\n           y\n";
    becomes(
        before,
        &relocate(&["steps/2", "steps/0"], "steps", 2),
        "steps:\n  - b: 1\n  - a: 1\n  - c: 1\n  - d: 1\n    then:\n      - e: |\n          x\n\n           y\n",
    );
    becomes(
        before,
        &relocate(&["steps/3/then/0", "steps/0"], "steps", 3),
        "steps:\n  - b: 1\n  - c: 1\n  - a: 1\n  - e: |\n      x\n\n       y\n  - d: 1\n    then: []\n",
    );
    becomes(
        before,
        &relocate(&["steps/0", "steps/1", "steps/2"], "steps/3/then", 0),
        "steps:\n  - d: 1\n    then:\n      - a: 1\n      - b: 1\n      - c: 1\n      - e: |\n          x\n\n           y\n",
    );
}

#[test]
fn steps_move_out_of_brackets_and_into_them() {
    becomes(
        "steps:\n  - if: a\n    then: [{ b: 1 }, { c: 1 }]\n  - d: 1\n",
        &relocate(&["steps/0/then/0"], "steps", 2),
        "steps:\n  - if: a\n    then: [{ c: 1 }]\n  - d: 1\n  - { b: 1 }\n",
    );
    becomes(
        "steps:\n  - if: a\n    then: [{ b: 1 }, { c: 1 }] # why\n  - d: 1 # d\n",
        &relocate(&["steps/1"], "steps/0/then", 1),
        "steps:\n  - if: a\n    then: # why\n      - { b: 1 }\n      - d: 1 # d\n      - { c: 1 }\n",
    );
    becomes(
        "steps:\n  - if: a\n    then: [{ b: 1 }, { c: 1 }]\n",
        &relocate(&["steps/0/then/1"], "steps/0/then", 0),
        "steps:\n  - if: a\n    then:\n      - { c: 1 }\n      - { b: 1 }\n",
    );
}

#[test]
fn copies_have_ids_of_their_own() {
    let before = "steps:\n  # reads\n  - id: user\n    action: log\n  - return: \"{{steps.user}}\" # it\n";
    let select = becomes(
        before,
        &copy(&["steps/1", "steps/0"], "steps", 2),
        &format!(
            "{before}  # reads\n  - id: user_2\n    action: log\n  - return: \"{{{{steps.user_2}}}}\" # it\n"
        ),
    );
    assert_eq!(select.unwrap(), "steps/2");
    becomes(
        before,
        &copy(&["steps/1"], "steps/0/on_error", 0),
        "steps:\n  # reads\n  - id: user\n    action: log\n    on_error:\n      - return: \"{{steps.user}}\" # it\n  - return: \"{{steps.user}}\" # it\n",
    );
}
