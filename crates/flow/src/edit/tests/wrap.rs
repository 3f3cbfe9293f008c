//! Steps that are put inside another, and taken out of it.

use super::*;

const FLOW: &str = "\
input:
  plan: { enum: [free, pro] }
  people: { type: array }
steps:
  # one
  - id: user
    action: log # end
    with:
      message: |
        a

          b

  # two
  - set: { a: 'x

      y' }
";

fn inside(head: &str, body: &str) -> String {
    format!("input:\n  plan: {{ enum: [free, pro] }}\n  people: {{ type: array }}\nsteps:\n{head}{body}")
}

#[test]
fn steps_stand_inside_a_new_one() {
    let body = |indent: usize| {
        let pad = " ".repeat(indent);
        format!(
            "{pad}# one\n{pad}- id: user\n{pad}  action: log # end\n{pad}  with:\n{pad}    message: |\n{pad}      a\n\n{pad}        b\n\n{pad}# two\n{pad}- set: {{ a: 'x\n\n{pad}    y' }}\n"
        )
    };
    let both = ["steps/0", "steps/1"];
    for (within, head, indent) in [
        (Wrapper::If, "  - if: input.plan\n    then:\n", 6),
        (
            Wrapper::Switch,
            "  - switch: input.plan\n    cases:\n      free:\n",
            8,
        ),
        (Wrapper::ForEach, "  - for_each: input.people\n    steps:\n", 6),
    ] {
        let after = inside(head, &body(indent));
        assert_eq!(becomes(FLOW, &wrap(&both, within), &after).unwrap(), "steps/0");
        becomes(&after, &unwrap("steps/0"), FLOW);
    }
    let after = inside(
        "  - parallel:\n      user:\n",
        &body(8).replace("        # two", "      set:\n        # two"),
    );
    becomes(FLOW, &wrap(&both, Wrapper::Parallel), &after);
    becomes(
        "steps:\n- a: 1\n- b: 1\n- c: 1",
        &wrap(&["steps/1"], Wrapper::If),
        "steps:\n- a: 1\n- if: true\n  then:\n  - b: 1\n- c: 1",
    );
    becomes(
        "steps:\n- a: 1\n- call: do-it\n- call: do-it",
        &wrap(&["steps/1", "steps/2"], Wrapper::Parallel),
        "steps:\n- a: 1\n- parallel:\n    do_it:\n    - call: do-it\n    do_it_2:\n    - call: do-it",
    );
    becomes(
        "steps:\n  - if: a\n    then: [{ b: 1 }, { c: 1 }, { d: 1 }]\n",
        &wrap(&["steps/0/then/1", "steps/0/then/2"], Wrapper::If),
        "steps:\n  - if: a\n    then: [{ b: 1 }, { if: true, then: [{ c: 1 }, { d: 1 }] }]\n",
    );
    becomes(
        "steps: [{ set: {} }, { wait: 1 }]\n",
        &wrap(&["steps/0", "steps/1"], Wrapper::Parallel),
        "steps: [{ parallel: { set: [{ set: {} }], wait: [{ wait: 1 }] } }]\n",
    );
    becomes(
        "steps: [{ set: {} }]\n",
        &wrap(&["steps/0"], Wrapper::Switch),
        "steps: [{ switch: run.flow, cases: { value: [{ set: {} }] } }]\n",
    );
    becomes(
        "steps: [{ set: {} }]\n",
        &wrap(&["steps/0"], Wrapper::ForEach),
        "steps: [{ for_each: [1], steps: [{ set: {} }] }]\n",
    );
    let error = fails(
        "steps:\n- a: 1\n- b: 1\n- c: 1\n",
        &wrap(&["steps/0", "steps/2"], Wrapper::If),
    );
    assert_eq!(
        error,
        "only steps that follow each other can be put inside one step"
    );
}

#[test]
fn steps_come_out_of_the_one_around() {
    becomes(
        "steps:\n  - x: 1\n\n  # about it\n  - if: a # if\n    # then\n    then:\n      # b\n      - b: 1 # end\n\n      - c: 1\n    else: []\n    # below\n  - y: 1\n",
        &unwrap("steps/1"),
        "steps:\n  - x: 1\n\n  # about it\n  # if\n  # then\n  # below\n  # b\n  - b: 1 # end\n\n  - c: 1\n  - y: 1\n",
    );
    becomes(
        "steps:\n- parallel:\n    a:\n    - b: 1\n    c:\n    - d: 1",
        &unwrap("steps/0"),
        "steps:\n- b: 1\n- d: 1",
    );
    becomes(
        "steps:\n- if: a\n  then: [{ b: 1 }, { c: 1 }]\n",
        &unwrap("steps/0"),
        "steps:\n- { b: 1 }\n- { c: 1 }\n",
    );
    becomes(
        "steps: [{ if: a, then: [{ b: 1 }, { c: 1 }] }]\n",
        &unwrap("steps/0"),
        "steps: [{ b: 1 }, { c: 1 }]\n",
    );
    let both = "steps:\n- if: a\n  then:\n  - b: 1\n  else:\n  - c: 1\n";
    assert!(fails(both, &unwrap("steps/0")).starts_with("there are steps on several ways"));
    assert!(
        fails(
            "steps:\n- for_each: a\n  if: b\n  steps:\n  - b: 1\n",
            &unwrap("steps/0")
        )
        .contains("`if`")
    );
    assert_eq!(
        fails("steps:\n- set: {}\n", &unwrap("steps/0")),
        "there is no step inside"
    );
}

/// A text among the steps is a mistake, and stays; selected is a step.
#[test]
fn what_is_no_step_is_not_selected() {
    let before = "steps:\n- if: a\n  then:\n  - text\n  - b: 1\n";
    let (after, changed) = run(before, &unwrap("steps/0")).unwrap();
    assert_eq!(after, "steps:\n- text\n- b: 1\n");
    assert_eq!(changed.select.as_deref(), Some("steps/1"));
    let before = "steps:\n- if: a\n  then:\n  - text\n";
    let (after, changed) = run(before, &unwrap("steps/0")).unwrap();
    assert_eq!(after, "steps:\n- text\n");
    assert_eq!(changed.select, None);
    let before = "steps:\n- text\n- b: 1\n";
    let (_, changed) = run(before, &relocate(&["steps/0"], "steps", 2)).unwrap();
    assert_eq!(changed.select, None);
}
