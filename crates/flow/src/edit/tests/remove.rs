//! Steps and keys that are taken out.

use super::*;

#[test]
fn a_step_goes_with_its_comments() {
    let before = "\
steps:
  # one
  - a: 1 # end
    # inside, below

  # a section

  # two
  # of it
  - b: 1
    then:
      - c: 1
  # three
  - d: 1
  # nobody's
on_error:
  - e: 1
";
    becomes(
        before,
        &delete(&["steps/0"]),
        "steps:\n  # a section\n\n  # two\n  # of it\n  - b: 1\n    then:\n      - c: 1\n  # three\n  - d: 1\n  # nobody's\non_error:\n  - e: 1\n",
    );
    becomes(
        before,
        &delete(&["steps/1"]),
        "steps:\n  # one\n  - a: 1 # end\n    # inside, below\n\n  # a section\n\n  # three\n  - d: 1\n  # nobody's\non_error:\n  - e: 1\n",
    );
    let select = becomes(
        before,
        &delete(&["steps/2"]),
        "steps:\n  # one\n  - a: 1 # end\n    # inside, below\n\n  # a section\n\n  # two\n  # of it\n  - b: 1\n    then:\n      - c: 1\n  # nobody's\non_error:\n  - e: 1\n",
    );
    assert_eq!(select.unwrap(), "steps/1");
    let select = becomes(
        before,
        &delete(&["steps/1/then/0", "steps/0", "steps/2", "on_error/0"]),
        "steps:\n  # a section\n\n  # two\n  # of it\n  - b: 1\n    then: []\n  # nobody's\n",
    );
    assert_eq!(select.unwrap(), "steps/0");
}

#[test]
fn the_last_step_of_a_list_leaves_what_the_language_asks_for() {
    for (before, step, after, select) in [
        ("steps:\n  - a: 1\n", "steps/0", "steps: []\n", None),
        (
            "steps: # c\n  # of it\n  - a: 1",
            "steps/0",
            "steps: [] # c",
            None,
        ),
        (
            "steps:\n  - a: 1\n\n  # nobody's\n\nname: a\n",
            "steps/0",
            "steps: []\n\n  # nobody's\n\nname: a\n",
            None,
        ),
        (
            "steps:\n- if: a\n  then:\n  - b: 1\n  # why\n  else:\n  - c: 1\n",
            "steps/0/else/0",
            "steps:\n- if: a\n  then:\n  - b: 1\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- if: a\n  then:\n  - b: 1\n  else:\n  - c: 1\n",
            "steps/0/then/0",
            "steps:\n- if: a\n  then: []\n  else:\n  - c: 1\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- if: a\n  else:\n  - c: 1\n",
            "steps/0/else/0",
            "steps:\n- if: a\n  else: []\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- a: 1\n  on_error:\n    x:\n      - b: 1\n    y: continue\n",
            "steps/0/on_error/x/0",
            "steps:\n- a: 1\n  on_error:\n    y: continue\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- a: 1\n  on_error:\n    x:\n      - b: 1\n",
            "steps/0/on_error/x/0",
            "steps:\n- a: 1\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- a: 1\n  on_error:\n  - b: 1\n",
            "steps/0/on_error/0",
            "steps:\n- a: 1\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- switch: a\n  cases:\n    x:\n    - b: 1\n  default:\n  - c: 1\n",
            "steps/0/cases/x/0",
            "steps:\n- switch: a\n  cases:\n    x: []\n  default:\n  - c: 1\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- switch: a\n  cases: {}\n  default: [{ c: 1 }]\n",
            "steps/0/default/0",
            "steps:\n- switch: a\n  cases: {}\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- parallel:\n    x:\n    - b: 1\n    y: []\n",
            "steps/0/parallel/x/0",
            "steps:\n- parallel:\n    x: []\n    y: []\n",
            Some("steps/0"),
        ),
        (
            "steps:\n- for_each: a\n  steps:\n  - b: 1\n  yield: 1\n",
            "steps/0/each/#/steps/0",
            "steps:\n- for_each: a\n  steps: []\n  yield: 1\n",
            Some("steps/0"),
        ),
        ("steps: [{ a: 1 }]\n", "steps/0", "steps: []\n", None),
        (
            "steps: [ { a: 1 }, { b: 1 } ]\n",
            "steps/0",
            "steps: [ { b: 1 } ]\n",
            Some("steps/0"),
        ),
        (
            "steps: [ { a: 1 }, { b: 1 } ]\n",
            "steps/1",
            "steps: [ { a: 1 } ]\n",
            Some("steps/0"),
        ),
        (
            "steps: [\n  { a: 1 }, # a\n  # of b\n  { b: 1 } # b\n]\n",
            "steps/1",
            "steps: [\n  { a: 1 }, # a\n  # of b\n]\n",
            Some("steps/0"),
        ),
    ] {
        assert_eq!(
            becomes(before, &delete(&[step]), after).as_deref(),
            select,
            "{before}"
        );
    }
}

#[test]
fn a_key_goes_with_its_lines() {
    for (before, step, key, after) in [
        (
            "steps:\n  - id: a\n    # of the action\n    action: log\n    with: { b: 1 }\n",
            "steps/0",
            "/with",
            "steps:\n  - id: a\n    # of the action\n    action: log\n",
        ),
        (
            "steps:\n  - id: a\n    # of the action\n    action: log\n",
            "steps/0",
            "/id",
            "steps:\n  -\n    # of the action\n    action: log\n",
        ),
        (
            "steps:\n  - id: a # why\n    action: log\n",
            "steps/0",
            "/id",
            "steps:\n  - action: log\n",
        ),
        (
            "steps:\n  - a: 1\n    with:\n      # of b\n      b: 1\n      c: |\n        x\n      d: 1\n",
            "steps/0",
            "/with/c",
            "steps:\n  - a: 1\n    with:\n      # of b\n      b: 1\n      d: 1\n",
        ),
        (
            "steps:\n  - a: 1\n    with: { b: 1, c: 2 }\n",
            "steps/0",
            "/with/b",
            "steps:\n  - a: 1\n    with: { c: 2 }\n",
        ),
        (
            "steps:\n  - a: 1\n    with: { b: 1, c: 2 }\n",
            "steps/0",
            "/with/c",
            "steps:\n  - a: 1\n    with: { b: 1 }\n",
        ),
        (
            "steps:\n  - a: 1\n    with: { b: 1 }\n",
            "steps/0",
            "/with/b",
            "steps:\n  - a: 1\n",
        ),
        (
            "steps:\n  - a: 1\n    with:\n      b: 1\n",
            "steps/0",
            "/with/b",
            "steps:\n  - a: 1\n",
        ),
        (
            "steps:\n  - set:\n      b: 1\n",
            "steps/0",
            "/set/b",
            "steps:\n  - set: {}\n",
        ),
        (
            "steps:\n  - set: { b: 1 }\n",
            "steps/0",
            "/set/b",
            "steps:\n  - set: {}\n",
        ),
        (
            "steps:\n  - set: [1, 2]\n",
            "steps/0",
            "/set/0",
            "steps:\n  - set: [2]\n",
        ),
        (
            "steps:\n  - set:\n      - 1\n",
            "steps/0",
            "/set/0",
            "steps:\n  - set: []\n",
        ),
        ("# head\nname: a\nsteps: []\n", "", "/name", "# head\nsteps: []\n"),
        (
            "name: a\n\ninput:\n  b: string\n\nsteps: []\n",
            "",
            "/input/b",
            "name: a\n\nsteps: []\n",
        ),
        (
            "trigger: { http: GET /a }\nsteps: []\n",
            "",
            "/trigger/http",
            "steps: []\n",
        ),
        ("steps: []\ntimeout: 1s", "", "/timeout", "steps: []"),
        (
            "input: { \"a/b~\": string, c: string }\nsteps: []\n",
            "",
            "/input/a~1b~0",
            "input: { c: string }\nsteps: []\n",
        ),
    ] {
        becomes(before, &remove(step, key), after);
    }
    assert_eq!(
        fails("steps:\n  - a: 1\n", &remove("steps/0", "/b")),
        "there is no key `/b`"
    );
    fails("steps:\n  - a: 1\n", &remove("steps/0", "/a"));
    fails("steps:\n  - a: 1\n", &remove("steps/0", "a"));
}
