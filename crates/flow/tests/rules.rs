//! The checker's rules, as tables: a flow and the codes that it must give, in their order; `&[]` is a flow without a
//! finding. The prefixes [`USER`] and the like keep the cases short.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::needless_raw_string_hashes, reason = "the cases look alike")]

mod support;

use lockgate_flow::diagnostic::Code::{self, *};
use lockgate_flow::syntax::Missed;

/// `input` for most cases.
const INPUT: &str = "\
input:
  plan: { enum: [free, pro] }
  id: string
  ids: { type: array, items: { type: string } }
  nick: { type: string, required: false }
  password: { type: string, secret: true }
  limits: { type: object, properties: { quota: { type: integer } } }
steps:
";

fn check(cases: &[(&str, &str, &[Code])]) {
    let mut failures = Vec::new();
    for (name, steps, expect) in cases {
        let text = format!("{INPUT}{}", steps.trim_start_matches('\n'));
        let findings = support::check_flow(&text);
        if support::codes(&findings) != *expect {
            let shown = support::shown(&findings);
            failures.push(format!("== {name}: {expect:?} is expected\n{text}\n{shown}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn definite_assignment() {
    check(&[
        (
            "if with then and else, both run it",
            r#"
  - if: eq input.plan "pro"
    then:
      - { set: { quota: 1 } }
    else:
      - { set: { quota: 2 } }
  - return: "{{vars.quota}}"
"#,
            &[],
        ),
        (
            "if with then only",
            r#"
  - if: eq input.plan "pro"
    then:
      - { set: { quota: 1 } }
  - return: "{{vars.quota}}"
"#,
            &[UnknownVariable],
        ),
        (
            "the other branch ends with return",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
    else:
      - return: none
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "the other branch ends with fail",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
    else:
      - fail: { code: not_pro, message: "not pro" }
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "a guard before: if on fail",
            r#"
  - if: not (eq input.plan "pro")
    fail: { code: not_pro, message: "not pro" }
  - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "switch without default",
            r#"
  - switch: input.plan
    cases:
      free:
        - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
      pro:
        - { set: { done: true } }
  - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "switch with default, each sets",
            r#"
  - switch: input.plan
    cases:
      free:
        - { set: { quota: 1 } }
      pro:
        - { set: { quota: 2 } }
    default:
      - fail: { code: no_plan, message: "no such plan" }
  - return: "{{vars.quota}}"
"#,
            &[],
        ),
        (
            "set by the handler, and where the step has a result",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - set: { name: nobody }
  - if: exists steps.user
    set: { name: "{{steps.user.user_id}}" }
  - return: "{{vars.name}}"
"#,
            &[],
        ),
        (
            "set by the handler, and where another step has a result",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - set: { name: nobody }
  - { if: exists input.nick, id: other, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - if: exists steps.other
    set: { name: "{{steps.other.user_id}}" }
  - return: "{{vars.name}}"
"#,
            &[UnknownVariable],
        ),
        (
            "set by one of two handlers, and where the step has a result",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found:
        - set: { name: nobody }
      "*":
        - action: log
          with: { message: x }
  - if: not (exists steps.user)
    then:
      - action: log
        with: { message: "{{vars.name}}" }
"#,
            &[UnknownVariable],
        ),
        (
            "set where a step has run or where it has not",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
    else:
      - set: { name: nobody }
  - if: not (exists steps.user)
    return: "{{vars.name}}"
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "switch over every value of an enum, without default",
            r#"
  - switch: input.plan
    cases:
      free:
        - { set: { quota: 1 } }
      pro:
        - { set: { quota: 2 } }
  - return: "{{vars.quota}}"
"#,
            &[],
        ),
        (
            "parallel: all branches have run",
            r#"
  - parallel:
      left:
        - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
      right:
        - { set: { quota: 1 } }
  - return: "{{steps.user.user_id}} {{vars.quota}}"
"#,
            &[],
        ),
        (
            "parallel: one branch does not see the other",
            r#"
  - parallel:
      left:
        - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
      right:
        - { set: { name: "{{steps.user.user_id}}" } }
"#,
            &[MayNotHaveRun],
        ),
        (
            "a branch that ends the run does not hide the others",
            r#"
  - parallel:
      left:
        - fail: { code: mine, message: "no" }
      right:
        - { action: log, with: { message: "{{input.nop}}" } }
"#,
            &[UnknownField],
        ),
        (
            "parallel with if in a branch",
            r#"
  - parallel:
      left:
        - { if: exists input.nick, id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "on_error: continue",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "on_error: continue, with default",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - return: '{{default steps.user.user_id "none"}}'
"#,
            &[],
        ),
        (
            "on_error: continue, then its error is asked for",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - if: steps.user.error
    then:
      - return: "{{steps.user.error.code}}"
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "on_error: continue, exists, then and else",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - if: exists steps.user.error
    then:
      - return: "{{steps.user.error.message}}"
    else:
      - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "on_error: continue, whether there is a result, then and else",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - if: exists steps.user
    then:
      - return: "{{steps.user.user_id}}"
    else:
      - return: "{{steps.user.error.message}}"
"#,
            &[],
        ),
        (
            "the error of a step that keeps it, without asking",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - return: "{{steps.user.error.code}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "the error, optional",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continue
  - return: "{{optional steps.user.error.code}}"
"#,
            &[],
        ),
        (
            "a code arm says continue",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found: continue
  - if: exists steps.user.user_id
    then:
      - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "all handlers end, so the step has succeeded",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found:
        - fail: { code: gone, status: 404, message: "gone" }
      "*":
        - return: "{{error.message}}"
  - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "a handler that goes on",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - action: log
        with: { message: "{{error.code}}" }
  - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "a handler that goes on and repairs with a variable",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - set: { name: "{{error.message}}" }
  - if: exists steps.user
    set: { name: "{{steps.user.user_id}}" }
  - return: '{{default vars.name "none"}}'
"#,
            &[],
        ),
        (
            "the step's own handler does not see its result",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "a handler on a choice: its steps may not have run",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
      - { id: more, action: auth0.get_user, with: { user_id: "{{steps.user.user_id}}" } }
    else:
      - return: none
    on_error:
      - return: "{{optional steps.user.user_id}}"
  - return: "{{steps.more.user_id}}"
"#,
            &[],
        ),
        (
            "a handler on a choice: strict use",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
    on_error:
      - return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "after return",
            r#"
  - return: done
  - action: log
    with: { message: one }
  - action: log
    with: { message: two }
"#,
            &[Unreachable],
        ),
        (
            "both branches end",
            r#"
  - if: eq input.plan "pro"
    then:
      - return: one
    else:
      - return: two
  - action: log
    with: { message: never }
"#,
            &[Unreachable],
        ),
        (
            "a step uses its own result",
            r#"
  - { id: user, action: auth0.get_user, with: { user_id: "{{steps.user.user_id}}" } }
"#,
            &[LaterStep],
        ),
        (
            "a step's if uses its own result",
            r#"
  - { id: user, if: steps.user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
"#,
            &[LaterStep],
        ),
        (
            "redirect does not end",
            r#"
  - redirect: https://example.com/
  - action: log
    with: { message: after }
"#,
            &[],
        ),
        (
            "wait, then go on",
            r#"
  - wait: 5m
  - wait: { until: "{{add_time (now) \"1h\"}}" }
  - return: done
"#,
            &[],
        ),
    ]);
}

#[test]
fn loops() {
    check(&[
        (
            "item, index and inner steps",
            r#"
  - id: users
    for_each: input.ids
    steps:
      - { id: user, action: auth0.get_user, with: { user_id: "{{item}}" } }
      - { action: log, with: { message: "{{index}} {{steps.user.user_id}}" } }
    yield: { id: "{{steps.user.user_id}}", at: "{{index}}" }
  - return: "{{steps.users}}"
"#,
            &[],
        ),
        (
            "inner step outside",
            r#"
  - for_each: input.ids
    steps:
      - { id: user, action: auth0.get_user, with: { user_id: "{{item}}" } }
  - return: "{{steps.user}}"
"#,
            &[OutOfScope],
        ),
        (
            "item outside",
            r#"
  - for_each: input.ids
    as: person
    steps:
      - { action: log, with: { message: "{{person}}" } }
  - return: "{{person}}"
"#,
            &[OutOfScope],
        ),
        (
            "index outside",
            r#"
  - return: "{{index}}"
"#,
            &[OutOfScope],
        ),
        (
            "the list cannot use the item",
            r#"
  - for_each: item.all
    steps:
      - { action: log, with: { message: "{{item}}" } }
"#,
            &[OutOfScope],
        ),
        (
            "nested loops",
            r#"
  - id: outer
    for_each: input.ids
    as: outer
    steps:
      - id: inner
        for_each: input.ids
        as: inner
        steps:
          - { id: user, action: auth0.get_user, with: { user_id: "{{outer}}{{inner}}{{index}}" } }
        yield: "{{steps.user.user_id}}"
    yield: "{{steps.inner}}"
  - return: "{{steps.outer}}"
"#,
            &[],
        ),
        (
            "yield of a step that may not have run",
            r#"
  - id: users
    for_each: input.ids
    steps:
      - { if: eq item "x", id: user, action: auth0.get_user, with: { user_id: "{{item}}" } }
    yield: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "variables set before are visible in the loop",
            r#"
  - set: { prefix: auth0 }
  - for_each: input.ids
    steps:
      - { action: log, with: { message: "{{vars.prefix}}" } }
"#,
            &[],
        ),
        (
            "steps before are visible in the loop",
            r#"
  - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - for_each: input.ids
    steps:
      - { action: log, with: { message: "{{steps.user.user_id}}" } }
"#,
            &[],
        ),
        (
            "respond in a loop",
            r#"
  - for_each: input.ids
    steps:
      - respond: { body: "{{item}}" }
"#,
            &[SecondRespond],
        ),
        (
            "return in a loop ends the run: fine",
            r#"
  - for_each: input.ids
    steps:
      - if: eq item "x"
        return: found
  - return: not found
"#,
            &[],
        ),
        (
            "a list that is written out",
            r#"
  - for_each: [a, b]
    steps:
      - { action: log, with: { message: "{{item}}" } }
"#,
            &[],
        ),
        (
            "over a text",
            r#"
  - for_each: input.id
    steps:
      - { action: log, with: { message: "{{item}}" } }
"#,
            &[NotAList],
        ),
        (
            "over the result of a loop and of an action",
            r#"
  - { id: found, action: auth0.find_users_by_email, with: { email: ada@example.com } }
  - for_each: steps.found.users
    as: user
    steps:
      - { action: log, with: { message: "{{user.user_id}}" } }
"#,
            &[],
        ),
        (
            "a handler in a loop",
            r#"
  - id: results
    for_each: input.ids
    steps:
      - id: user
        action: auth0.get_user
        with: { user_id: "{{item}}" }
        on_error: continue
    yield: { id: "{{item}}", error: "{{optional steps.user.error.code}}" }
  - return: "{{steps.results}}"
"#,
            &[],
        ),
        (
            "what a loop sets may not be set after it",
            r#"
  - for_each: input.ids
    steps:
      - set: { last: "{{item}}" }
  - return: "{{vars.last}}"
"#,
            &[UnknownVariable],
        ),
        (
            "a template's own each",
            r#"
  - return: "{{#each input.ids}}{{this}} {{@index}}{{/each}}"
"#,
            &[],
        ),
        (
            "as takes the name of a root",
            r#"
  - for_each: input.ids
    as: input
    steps:
      - { action: log, with: { message: x } }
"#,
            &[InvalidName],
        ),
    ]);
}

#[test]
fn handlers() {
    check(&[
        (
            "error outside",
            r#"
  - return: "{{error.code}}"
"#,
            &[OutOfScope],
        ),
        (
            "error in an if of a handler's step",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - if: eq error.code "user_not_found"
        return: gone
      - fail: { code: broken, message: "{{error.message}}", details: { provider: "{{error.provider}}" } }
"#,
            &[],
        ),
        (
            "a branch named on_error is no handler",
            r#"
  - parallel:
      on_error:
        - { action: log, with: { message: "{{error.code}}" } }
"#,
            &[OutOfScope],
        ),
        (
            "error in a loop in a handler",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - for_each: input.ids
        steps:
          - { action: log, with: { message: "{{error.code}}" } }
"#,
            &[],
        ),
        (
            "an unknown field of error",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - { action: log, with: { message: "{{error.mesage}}" } }
"#,
            &[UnknownField],
        ),
        (
            "the handler of a code that the step cannot raise",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_exists: continue
"#,
            &[ErrorCannotOccur],
        ),
        (
            "common codes",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      timeout: continue
      missing_value: continue
"#,
            &[],
        ),
        (
            "a code of a step inside",
            r#"
  - parallel:
      left:
        - { action: log, with: { message: x } }
      right:
        - { action: auth0.get_user, with: { user_id: "{{input.id}}" } }
    on_error:
      user_not_found: continue
"#,
            &[],
        ),
        (
            "the code of a fail ends the flow",
            r#"
  - if: exists input.nick
    then:
      - fail: { code: mine, message: "no" }
    on_error:
      mine: continue
"#,
            &[ErrorCannotOccur],
        ),
        (
            "a code handled inside does not come out",
            r#"
  - if: exists input.nick
    then:
      - action: auth0.get_user
        with: { user_id: "{{input.id}}" }
        on_error: { user_not_found: continue }
    on_error:
      user_not_found: continue
"#,
            &[ErrorCannotOccur],
        ),
        (
            "retry of a code that cannot occur",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    retry: { attempts: 2, codes: [user_exists] }
"#,
            &[ErrorCannotOccur],
        ),
        (
            "on_error says nothing",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error: continu
"#,
            &[WrongType],
        ),
        (
            "on_error is null",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
"#,
            &[WrongType],
        ),
        (
            "an arm is steps, an arm is continue, and the rest",
            r#"
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found: continue
      rate_limited:
        - fail: { code: busy, status: 503, message: "later" }
      "*":
        - fail: { code: broken, status: 502, message: "{{error.message}}" }
  - return: "{{optional steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "one step in place of a list",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found:
        fail: { code: busy, message: "later" }
"#,
            &[WrongType],
        ),
        (
            "a respond in the step and in its handler are on two paths",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - respond: { status: 404 }
      - return: none
  - respond: { status: 200 }
"#,
            &[],
        ),
    ]);
}

#[test]
fn the_flow_s_own_handler() {
    let cases: &[(&str, &str, &[Code])] = &[
        (
            "error and optional results",
            r#"
steps:
  - { id: user, action: auth0.get_user, with: { user_id: x } }
on_error:
  - respond: { status: 500, body: { code: "{{error.code}}", user: "{{optional steps.user.user_id}}" } }
"#,
            &[],
        ),
        (
            "strict results",
            r#"
steps:
  - { id: user, action: auth0.get_user, with: { user_id: x } }
on_error:
  - respond: { status: 500, body: "{{steps.user.user_id}}" }
"#,
            &[MayNotHaveRun],
        ),
        (
            "request in it",
            r#"
trigger: { http: POST /x }
steps:
  - { id: user, action: auth0.get_user, with: { user_id: x } }
on_error:
  - respond: { status: 500, body: "{{request.ip}}" }
"#,
            &[],
        ),
        (
            "a respond in steps and one in on_error are no second answer for sure",
            r#"
steps:
  - respond: { status: 202 }
  - { id: user, action: auth0.get_user, with: { user_id: x } }
on_error:
  - respond: { status: 500 }
"#,
            &[],
        ),
        (
            "the flow's on_error takes steps only",
            r#"
steps:
  - { id: user, action: auth0.get_user, with: { user_id: x } }
on_error: continue
"#,
            &[WrongType],
        ),
    ];
    for (name, text, expect) in cases {
        let findings = support::check_flow(text);
        assert_eq!(
            support::codes(&findings),
            *expect,
            "{name}\n{}",
            support::shown(&findings)
        );
    }
}

#[test]
fn refinement() {
    check(&[
        (
            "an optional field, strict",
            r#"
  - return: "{{input.nick}}"
"#,
            &[UnknownField],
        ),
        (
            "an optional field with default, optional, omit_if_missing",
            r#"
  - return: { a: '{{default input.nick "x"}}', b: "{{optional input.nick}}", c: "{{omit_if_missing input.nick}}" }
"#,
            &[],
        ),
        (
            "if input.nick",
            r#"
  - if: input.nick
    return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "if exists input.nick",
            r#"
  - if: exists input.nick
    then:
      - return: "{{input.nick}}"
    else:
      - return: none
"#,
            &[],
        ),
        (
            "the other branch",
            r#"
  - if: exists input.nick
    then:
      - return: some
    else:
      - return: "{{input.nick}}"
"#,
            &[UnknownField],
        ),
        (
            "not exists, then end",
            r#"
  - if: not (exists input.nick)
    return: none
  - return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "and",
            r#"
  - if: and (exists input.nick) (eq input.nick "x")
    return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "and with three",
            r#"
  - if: and (exists input.nick) (eq input.plan "pro") (eq input.nick "x")
    return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "and, nested",
            r#"
  - if: and (eq input.plan "pro") (and input.nick (eq input.nick "x"))
    return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "or does not show it",
            r#"
  - if: or (exists input.nick) (eq input.plan "pro")
    return: "{{input.nick}}"
"#,
            &[UnknownField],
        ),
        (
            "or of negations, then end",
            r#"
  - if: or (not input.nick) (eq input.plan "free")
    return: none
  - return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "or looks at its second only where the first is false",
            r#"
  - if: or (not input.nick) (eq input.nick "x")
    return: none
"#,
            &[],
        ),
        (
            "is_empty",
            r#"
  - if: is_empty input.nick
    return: none
  - return: "{{input.nick}}"
"#,
            &[],
        ),
        (
            "eq of an optional field",
            r#"
  - if: eq input.nick "x"
    return: x
"#,
            &[UnknownField],
        ),
        (
            "eq of default",
            r#"
  - if: eq (default input.nick "") "x"
    return: x
"#,
            &[],
        ),
        (
            "a template's own if",
            r#"
  - return: "Hello{{#if input.nick}} {{input.nick}}{{/if}}"
"#,
            &[],
        ),
        (
            "a condition tests a step on a branch",
            r#"
  - if: eq input.plan "pro"
    then:
      - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - if: exists steps.user
    then:
      - return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "a condition tests a field of a step",
            r#"
  - if: eq input.plan "pro"
    id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
  - if: steps.user.email_verified
    return: "{{steps.user.user_id}}"
"#,
            &[],
        ),
        (
            "the same condition twice: nobody proves it, default it",
            r#"
  - if: eq input.plan "pro"
    id: user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
  - if: eq input.plan "pro"
    return: "{{steps.user.user_id}}"
"#,
            &[MayNotHaveRun],
        ),
        (
            "a variable, tested",
            r#"
  - if: eq input.plan "pro"
    set: { quota: 1 }
  - if: exists vars.quota
    return: "{{vars.quota}}"
"#,
            &[],
        ),
        (
            "switch on an optional field",
            r#"
  - switch: input.nick
    cases:
      x:
        - return: one
"#,
            &[UnknownField],
        ),
        (
            "switch on a default",
            r#"
  - switch: default input.nick "none"
    cases:
      x:
        - return: one
    default:
      - return: two
"#,
            &[],
        ),
        (
            "a value that the enum does not have",
            r#"
  - if: or (eq input.plan "prro") input.nick
    return: x
  - if: ne input.plan "pro"
    return: y
"#,
            &[ConstantCondition],
        ),
        (
            "a number and a text",
            r#"
  - if: eq (length input.id) "3"
    return: x
  - if: loose_eq (length input.id) "3"
    return: x
"#,
            &[ConstantCondition],
        ),
        (
            "what a remote end says may differ from its schema",
            r#"
  - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
  - if: eq steps.user.user_id null
    return: x
  - if: eq (default input.nick null) null
    return: y
"#,
            &[],
        ),
        (
            "a constant condition",
            r#"
  - if: true
    return: one
"#,
            &[ConstantCondition],
        ),
        (
            "coalesce",
            r#"
  - return: "{{coalesce input.nick input.id}}"
"#,
            &[],
        ),
        (
            "a field of an object that may be missing",
            r#"
  - return: "{{optional input.limits.quota}}"
"#,
            &[],
        ),
    ]);
}

#[test]
fn names_and_shapes() {
    check(&[
        (
            "misspelt verb",
            r#"
  - acton: log
    with: { message: x }
"#,
            &[UnknownKey],
        ),
        (
            "misspelt verb, with an id",
            r#"
  - id: user
    respnd: { status: 200 }
"#,
            &[UnknownKey],
        ),
        (
            "misspelt companion",
            r#"
  - action: log
    wiht: { message: x }
"#,
            &[UnknownKey],
        ),
        (
            "misspelt argument",
            r#"
  - action: log
    with: { mesage: x }
"#,
            &[UnknownArgument],
        ),
        (
            "misspelt common key",
            r#"
  - action: log
    with: { message: x }
    on_eror: continue
"#,
            &[UnknownKey],
        ),
        (
            "two verbs",
            r#"
  - action: log
    with: { message: x }
    return: done
"#,
            &[SeveralVerbs],
        ),
        (
            "three verbs",
            r#"
  - action: log
    set: { a: 1 }
    return: done
"#,
            &[SeveralVerbs],
        ),
        (
            "a verb and then",
            r#"
  - if: input.id
    action: log
    with: { message: x }
    then:
      - return: x
"#,
            &[SeveralVerbs],
        ),
        (
            "then without if",
            r#"
  - then:
      - return: x
"#,
            &[MissingKey],
        ),
        (
            "if alone",
            r#"
  - if: input.id
"#,
            &[NoVerb],
        ),
        (
            "an empty step",
            r#"
  - {}
"#,
            &[NoVerb],
        ),
        ("a null step", "  -\n", &[WrongType]),
        ("a text for a step", "  - return\n", &[WrongType]),
        ("return without a value", "  - return:\n", &[]),
        ("respond without anything", "  - respond:\n", &[]),
        (
            "steps is a map",
            r#"
    return: x
"#,
            &[WrongType],
        ),
        (
            "an unknown action does not cascade",
            r#"
  - id: user
    action: auth0.getuser
    with: { user_id: 1, what: "{{input.id}}" }
    on_error: { anything: continue }
  - return: "{{optional steps.user.anything}}"
"#,
            &[UnknownAction],
        ),
        (
            "a step with a mistake does not make its result unknown",
            r#"
  - id: user
    acton: auth0.get_user
    with: { user_id: "{{input.id}}" }
  - return: "{{steps.user.user_id}}"
"#,
            &[UnknownKey],
        ),
        (
            "a bad id is said once",
            r#"
  - id: the-user
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
  - return: "{{steps.the-user.user_id}}"
"#,
            &[InvalidName],
        ),
        (
            "a wrong expression in an argument is said once",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{nope input.id}}" }
"#,
            &[UnknownFunction],
        ),
        (
            "and, or give booleans",
            r#"
  - { action: auth0.update_user, with: { user_id: "{{input.id}}", blocked: "{{and input.id input.plan}}" } }
  - if: not (or input.id input.plan)
    return: x
"#,
            &[],
        ),
        (
            "a wrong switch is said once",
            r#"
  - switch: nope input.id
    cases:
      a:
        - { set: { x: 1 } }
    default:
      - { set: { x: 2 } }
  - return: "{{vars.x}}"
"#,
            &[UnknownFunction],
        ),
        (
            "a wrong if is said once",
            r#"
  - if: input.plan = "pro"
    return: x
  - return: y
"#,
            &[InvalidExpression],
        ),
        (
            "a wrong list is said once",
            r#"
  - id: users
    for_each: nope input.ids
    as: person
    steps:
      - { id: user, action: auth0.get_user, with: { user_id: "{{person}}" } }
    yield: "{{steps.user.user_id}}"
  - return: "{{steps.users}}"
"#,
            &[UnknownFunction],
        ),
        (
            "braces around a bare expression are not needed, and no mistake",
            r#"
  - if: "{{input.id}}"
    return: x
"#,
            &[],
        ),
        (
            "a case of another type",
            r#"
  - switch: input.plan
    cases:
      1:
        - return: x
"#,
            &[TypeMismatch],
        ),
        (
            "a case that the enum does not have",
            r#"
  - switch: input.plan
    cases:
      fre:
        - return: x
"#,
            &[TypeMismatch],
        ),
        (
            "cases of booleans and numbers",
            r#"
  - switch: exists input.nick
    cases:
      true:
        - return: x
      false:
        - return: y
"#,
            &[],
        ),
        (
            "cases that leave nothing over",
            r#"
  - switch: exists input.nick
    cases:
      true:
        - return: x
      false:
        - return: y
  - return: z
"#,
            &[Unreachable],
        ),
        (
            "status from an expression",
            r#"
  - respond: { status: "{{to_number input.id}}", headers: { x-id: "{{input.id}}" }, body: {} }
"#,
            &[],
        ),
        (
            "status that is none",
            "  - respond: { status: 99 }\n",
            &[WrongType],
        ),
        (
            "fail with a status that is none",
            "  - fail: { code: a, message: b, status: 200 }\n",
            &[WrongType],
        ),
        (
            "retry on a set",
            "  - { set: { a: 1 }, retry: 3 }\n",
            &[UnknownKey],
        ),
        (
            "retry short form",
            r#"
  - { action: log, with: { message: x }, retry: 5 }
"#,
            &[],
        ),
        (
            "with from one expression",
            r#"
  - { action: auth0.get_user, with: "{{input.limits}}" }
"#,
            &[],
        ),
        (
            "numbers for texts",
            r#"
  - { action: log, with: { message: 5 } }
"#,
            &[TypeMismatch],
        ),
        (
            "a text with several expressions for a text",
            r#"
  - { action: log, with: { message: "{{input.id}} {{input.plan}}" } }
"#,
            &[],
        ),
        (
            "null for an argument",
            r#"
  - { action: log, with: { message: } }
"#,
            &[TypeMismatch],
        ),
        (
            "optional for a text argument",
            r#"
  - { action: log, with: { message: "{{optional input.nick}}" } }
"#,
            &[TypeMismatch],
        ),
        (
            "omit_if_missing for a required argument",
            r#"
  - { action: log, with: { message: "{{omit_if_missing input.nick}}" } }
"#,
            &[MissingArgument],
        ),
        (
            "an email that is none",
            r#"
  - { action: auth0.find_users_by_email, with: { email: ada } }
"#,
            &[TypeMismatch],
        ),
        (
            "nested data with templates in lists",
            r#"
  - { action: log, with: { message: x, fields: { list: [1, "{{input.id}}", { deep: "{{input.ids.0}}" }] } } }
"#,
            &[],
        ),
        (
            "config",
            r#"
  - return: "{{config.support_email}} {{config.limits.invites}}"
"#,
            &[],
        ),
        (
            "config that is not there",
            r#"
  - return: "{{config.suport_email}}"
"#,
            &[UnknownField],
        ),
        (
            "run",
            r#"
  - return: "{{run.id}} {{run.flow}} {{run.started_at}} {{run.attempt}}"
"#,
            &[],
        ),
        (
            "run that is not there",
            r#"
  - return: "{{run.name}}"
"#,
            &[UnknownField],
        ),
        (
            "the item of a list of objects",
            r#"
  - { id: found, action: auth0.find_users_by_email, with: { email: ada@example.com } }
  - return: "{{optional steps.found.users.0.identities.[0].connection}}"
"#,
            &[],
        ),
        (
            "a misspelt field of a closed result",
            r#"
  - { id: got, action: http.request, with: { url: "https://example.com" } }
  - return: "{{steps.got.staus}}"
"#,
            &[UnknownField],
        ),
        (
            "any field of an open body",
            r#"
  - { id: got, action: http.request, with: { url: "https://example.com" } }
  - return: "{{steps.got.body.some.thing.0.else}}"
"#,
            &[],
        ),
    ]);
}

#[test]
fn triggers() {
    let cases: &[(&str, &str, &[Code])] = &[
        ("GET /users/:id", "id: string", &[]),
        ("GET /users/:id", "name: string", &[InvalidTrigger]),
        ("{ method: GET, path: /a, rate_limit: 20/min }", "id: string", &[]),
        (
            "{ method: GET, path: /a, rate_limit: { limit: 20/min, by: input.id } }",
            "id: string",
            &[],
        ),
        (
            "{ method: GET, path: /a, rate_limit: { limit: 20/min, by: input.ip } }",
            "id: string",
            &[UnknownField],
        ),
        (
            "{ method: GET, path: /a, rate_limit: { limit: 20/min, by: address } }",
            "id: string",
            &[],
        ),
        (
            "{ method: GET, path: /a, rate_limit: 20 per minute }",
            "id: string",
            &[InvalidTrigger],
        ),
        ("{ method: GET, path: /a, auth: none }", "id: string", &[]),
        ("{ method: GET, path: /a, auth: bearer }", "id: string", &[]),
        (
            "{ method: GET, path: /a, auth: { bearer: callers } }",
            "id: string",
            &[],
        ),
        (
            "{ method: GET, path: /a, auth: { bearer: partner } }",
            "id: string",
            &[ConnectionType],
        ),
        (
            "{ method: GET, path: /a, auth: { hmac: auth0 } }",
            "id: string",
            &[ConnectionType],
        ),
        (
            "{ method: GET, path: /a, auth: basic }",
            "id: string",
            &[UnknownConnection],
        ),
        (
            "{ method: GET, path: /a, auth: { bearer: auth1 } }",
            "id: string",
            &[UnknownConnection],
        ),
        (
            "{ method: GET, path: /a, auth: { none: auth0 } }",
            "id: string",
            &[ConnectionType],
        ),
        (
            "{ method: GET, path: /a, auth: baerer }",
            "id: string",
            &[InvalidTrigger],
        ),
        (
            "{ method: GET, path: /a, cors: '*', max_body: 1mb }",
            "id: string",
            &[],
        ),
        (
            "{ method: GET, path: /a, cors: ['https://a.example.com'], max_body: 512 }",
            "id: string",
            &[],
        ),
        (
            "{ method: GET, path: /a, cors: a.example.com }",
            "id: string",
            &[InvalidTrigger],
        ),
        ("{ method: FETCH, path: /a }", "id: string", &[InvalidTrigger]),
        ("{ method: GET, paht: /a }", "id: string", &[UnknownKey]),
        ("get /a", "id: string", &[InvalidTrigger]),
        ("GET a", "id: string", &[InvalidTrigger]),
        ("GET /a?b=c", "id: string", &[InvalidTrigger]),
        ("GET /:id/:id", "id: string", &[InvalidTrigger]),
        ("GET /", "id: string", &[]),
        ("GET /a/", "id: string", &[]),
    ];
    for (http, input, expect) in cases {
        let text = format!("trigger:\n  http: {http}\ninput: {{ {input} }}\nsteps:\n  - return: x\n");
        let findings = support::check_flow(&text);
        assert_eq!(
            support::codes(&findings),
            *expect,
            "{text}\n{}",
            support::shown(&findings)
        );
    }
}

#[test]
fn a_trigger_that_cannot_be_read_is_a_trigger() {
    let text = "trigger: { http: POST nowhere }\nsteps:\n  - return: \"{{request.ip}}\"\n";
    assert_eq!(support::codes(&support::check_flow(text)), [InvalidTrigger]);
}

/// A flow's top, and the codes that it must give.
fn check_tops(cases: &[(&str, &[Code])]) {
    for (top, expect) in cases {
        let text = format!("{}\nsteps:\n  - return: x\n", top.trim());
        let findings = support::check_flow(&text);
        let shown = support::shown(&findings);
        assert_eq!(support::codes(&findings), *expect, "{text}\n{shown}");
    }
}

#[test]
fn schedules() {
    check_tops(&[
        ("trigger: { schedule: '0 6 * * *' }", &[]),
        ("trigger: { schedule: '0 6 * *' }", &[InvalidTrigger]),
        ("trigger: { schedule: '0 6 30 2 *' }", &[InvalidTrigger]),
        ("trigger: { schedule: [] }", &[WrongType]),
        ("trigger: { schedule: { timezone: UTC } }", &[MissingKey]),
        (
            "trigger: { schedule: { cron: '0 6 * * *', timezone: Europe/Berlin, missed: once, overlap: true } }",
            &[],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', timezone: europe/berlin } }",
            &[],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', timezone: Europe/Atlantis } }",
            &[InvalidTrigger],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', timezone: '+02:00' } }",
            &[InvalidTrigger],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', missed: all } }",
            &[InvalidTrigger],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', missed: true } }",
            &[WrongType],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', overlap: never } }",
            &[WrongType],
        ),
        (
            "trigger: { schedule: { cron: '0 6 * * *', zone: UTC } }",
            &[UnknownKey],
        ),
        (
            "trigger: { schedule: '0 6 * * *' }\ninput: { a: string, b: string }",
            &[ScheduledInput, ScheduledInput],
        ),
        (
            "trigger: { schedule: '0 6 * * *' }\ninput: { a: { type: string, required: false }, b: { default: 1 } }",
            &[],
        ),
        // Also where somebody else could give it.
        (
            "trigger: { http: POST /a, schedule: '0 6 * * *' }\ninput: { a: string }",
            &[ScheduledInput],
        ),
    ]);
    // Several mistakes in one schedule are all told.
    check_tops(&[(
        "trigger: { schedule: { cron: '0 6', timezone: Nowhere, missed: all } }",
        &[InvalidTrigger, InvalidTrigger, InvalidTrigger],
    )]);
}

#[test]
fn the_request_of_a_flow_that_is_due_too() {
    for (step, expect) in [
        ("return: '{{request.ip}}'", &[NoRequest][..]),
        ("return: '{{lower request.headers.host}}'", &[NoRequest]),
        ("return: '{{default request.ip \"none\"}}'", &[]),
        ("return: '{{optional request.headers.host}}'", &[]),
        ("{ if: exists request.ip, return: '{{request.ip}}' }", &[]),
        ("{ if: exists request, return: '{{request.ip}}' }", &[]),
        (
            "{ if: exists request.ip, return: '{{request.path}}' }",
            &[NoRequest],
        ),
    ] {
        let text = format!("trigger: {{ http: POST /a, schedule: '0 6 * * *' }}\nsteps:\n  - {step}\n");
        let findings = support::check_flow(&text);
        assert_eq!(
            support::codes(&findings),
            expect,
            "{text}{}",
            support::shown(&findings)
        );
    }
}

#[test]
fn a_schedule_is_read() {
    let parsed = |text: &str| {
        let source = lockgate_flow::source::Source::new("flows/it.yaml", text);
        let flow = lockgate_flow::syntax::parse(&source).flow.unwrap();
        flow.trigger.schedule.unwrap()
    };
    let short = parsed("trigger: { schedule: '0 6 * * *' }");
    assert_eq!((short.missed, short.overlap), (Missed::Skip, false));
    assert_eq!(short.zone().unwrap().iana_name(), Some("UTC"));
    let long = parsed(
        "trigger: { schedule: { cron: '0 6 * * *', timezone: europe/berlin, missed: once, overlap: true } }",
    );
    assert_eq!((long.missed, long.overlap), (Missed::Once, true));
    assert_eq!(long.zone().unwrap().iana_name(), Some("Europe/Berlin"));
    let wrong = parsed("trigger: { schedule: { cron: '0 6 * * *', timezone: Nowhere } }");
    assert!(wrong.zone().is_none());
}

#[test]
fn concurrency() {
    let with = |line: &str| format!("concurrency: {line}\n{}", INPUT.trim_end_matches("steps:\n"));
    let cases: &[(&str, &[Code])] = &[
        ("5", &[]),
        ("{ limit: 5 }", &[]),
        ("{ limit: 1, key: \"{{input.id}}\", total: 50, queue: 0 }", &[]),
        ("{ limit: 2, key: \"{{input.id}}\", total: 2 }", &[]),
        (
            "{ limit: 1, key: \"{{config.support_email}} {{lower input.id}}\" }",
            &[],
        ),
        ("{ limit: 1, key: [\"{{input.id}}\", \"{{input.plan}}\"] }", &[]),
        ("{ limit: 1, key: { id: \"{{input.id}}\", fixed: 1 } }", &[]),
        ("{ limit: 1, key: \"{{optional input.nick}}\" }", &[]),
        ("{ limit: 1, key: \"{{omit_if_missing input.nick}}\" }", &[]),
        (
            "{ limit: 1, key: \"{{#if input.nick}}{{input.nick}}{{else}}{{input.id}}{{/if}}\" }",
            &[],
        ),
        ("{ limit: 1, key: \"{{sha256 input.id}}\" }", &[]),
        // Keys are held in memory only, and written nowhere.
        ("{ limit: 1, key: \"{{input.password}}\" }", &[]),
        ("0", &[WrongType]),
        ("1.5", &[WrongType]),
        ("many", &[WrongType]),
        ("[1]", &[WrongType]),
        ("{ key: \"{{input.id}}\" }", &[MissingKey]),
        ("{ limit: 0 }", &[WrongType]),
        ("{ limt: 1 }", &[UnknownKey]),
        ("{ limit: 1, queue: -1 }", &[WrongType]),
        ("{ limit: 1, total: 5 }", &[InvalidConcurrency]),
        (
            "{ limit: 5, total: 4, key: \"{{input.id}}\" }",
            &[InvalidConcurrency],
        ),
        ("{ limit: 1, key: input.id }", &[InvalidConcurrency]),
        ("{ limit: 1, key: 5 }", &[InvalidConcurrency]),
        (
            "{ limit: 1, key: \"{{config.support_email}}\" }",
            &[InvalidConcurrency],
        ),
        ("{ limit: 1, key: \"{{uuid}}\" }", &[InvalidConcurrency]),
        (
            "{ limit: 1, key: \"{{input.id}} {{now}}\" }",
            &[InvalidConcurrency],
        ),
        ("{ limit: 1, key: \"{{input.nick}}\" }", &[UnknownField]),
        ("{ limit: 1, key: \"{{input.emial}}\" }", &[UnknownField]),
        ("{ limit: 1, key: \"{{inptu.id}}\" }", &[UnknownRoot]),
        (
            "{ limit: 1, key: \"{{input.id}} {{config.limt}}\" }",
            &[UnknownField],
        ),
        ("{ limit: 1, key: \"{{lower input.id 5}}\" }", &[WrongArity]),
        ("{ limit: 1, key: \"{{lowr input.id}}\" }", &[UnknownFunction]),
        ("{ limit: 1, key: \"{{input.id}\" }", &[InvalidExpression]),
        ("{ limit: 1, key: \"{{steps.a.b}}\" }", &[OutOfScope]),
        ("{ limit: 1, key: \"{{vars.a}}\" }", &[OutOfScope]),
        ("{ limit: 1, key: \"{{request.ip}}\" }", &[OutOfScope]),
        ("{ limit: 1, key: \"{{run.id}}\" }", &[OutOfScope]),
        ("{ limit: 1, key: \"{{error.code}}\" }", &[OutOfScope]),
        ("{ limit: 1, key: \"{{index}}\" }", &[OutOfScope]),
    ];
    for (line, expect) in cases {
        check_tops(&[(&with(line), expect)]);
    }
    // A step that is there is not there yet.
    let steps = "steps:\n  - { id: a, action: auth0.get_user, with: { user_id: x } }\n";
    let text = format!("concurrency: {{ limit: 1, key: '{{{{steps.a.email}}}}' }}\n{steps}");
    assert_eq!(support::codes(&support::check_flow(&text)), [OutOfScope]);
    let text = text.replace(
        "limit: 1, key: '{{steps.a.email}}'",
        "limit: 1, key: '{{request.ip}}'",
    );
    let text = format!("trigger: {{ http: POST /a, }}\n{text}");
    assert_eq!(support::codes(&support::check_flow(&text)), [OutOfScope]);
}

#[test]
fn open_redirects() {
    let of = |trigger: &str, step: &str| {
        let input = INPUT.trim_end_matches("steps:\n");
        let text = format!(
            "trigger: {{ {trigger} }}\n{input}  web: {{ type: string, pattern: '^https://a[.]example/' }}\nsteps:\n  - {step}\n"
        );
        let findings = support::check_flow(&text);
        (support::codes(&findings), support::shown(&findings))
    };
    for (target, is_open) in [
        ("{{input.id}}", true),
        ("{{input.id}}/welcome", true),
        ("{{default input.nick \\\"https://a.example/\\\"}}", true),
        ("{{lower (trim input.id)}}", true),
        ("{{request.headers.referer}}", true),
        ("https://{{input.id}}", true),
        ("https://a.example{{input.id}}", true),
        ("/{{input.id}}", true),
        ("https://a.example/{{input.id}}", false),
        ("https://a.example?next={{input.id}}", false),
        ("/welcome/{{input.id}}", false),
        ("https://a.example/", false),
        ("{{input.plan}}", false),
        ("{{input.web}}", false),
        ("{{url_encode input.id}}", false),
        ("{{config.support_email}}", false),
        ("{{config.support_email}}/{{input.id}}", false),
    ] {
        let expect: &[Code] = if is_open { &[OpenRedirect] } else { &[] };
        for step in [
            format!("redirect: \"{target}\""),
            format!("redirect: {{ to: \"{target}\" }}"),
        ] {
            let (found, shown) = of("http: GET /a", &step);
            assert_eq!(found, expect, "{step}\n{shown}");
        }
    }
    let step = "redirect: \"{{input.id}}\"";
    for (trigger, is_open) in [
        ("http: { method: GET, path: /a, auth: none }", true),
        ("http: { method: GET, path: /a, auth: bearer }", false),
        ("http: { method: GET, path: /a, auth: hmac }", false),
    ] {
        let expect: &[Code] = if is_open { &[OpenRedirect] } else { &[] };
        assert_eq!(of(trigger, step).0, expect, "{trigger}");
    }
    let tested = "{ if: starts_with input.id \"https://a.example/\", redirect: \"{{input.id}}\" }";
    assert_eq!(of("http: GET /a", tested).0, []);
    // Without an HTTP trigger nobody is led anywhere.
    let flow = "input: { id: string }\nsteps:\n  - redirect: \"{{input.id}}\"\n";
    assert_eq!(support::codes(&support::check_flow(flow)), []);
}

#[test]
fn open_triggers() {
    let update = "action: auth0.update_user, with: { user_id: \"{{steps.user.user_id}}\" }";
    let other = "action: auth0.update_user, with: { user_id: \"{{input.id}}\" }";
    let create = "id: user, action: auth0.create_user, with: { connection: c }";
    let found = "id: user, action: auth0.get_user, with: { user_id: \"{{input.id}}\" }";
    let cases: &[(&str, [&str; 2], &[Code])] = &[
        ("POST /a", [create, update], &[]),
        ("POST /a", [create, other], &[OpenTrigger]),
        ("POST /a", [found, update], &[OpenTrigger]),
        ("{ method: POST, path: /a }", [found, update], &[OpenTrigger]),
        ("{ method: POST, path: /a, auth: none }", [found, update], &[]),
        ("{ method: POST, path: /a, auth: hmac }", [found, update], &[]),
    ];
    for (http, [one, two], expect) in cases {
        let text = format!(
            "trigger:\n  http: {http}\ninput: {{ id: string }}\nsteps:\n  - {{ {one} }}\n  - {{ {two} }}\n  - return: \"{{{{input.id}}}}\"\n"
        );
        let findings = support::check_flow(&text);
        assert_eq!(
            support::codes(&findings),
            *expect,
            "{text}\n{}",
            support::shown(&findings)
        );
    }
}

#[test]
fn secrets() {
    check(&[
        (
            "in a text",
            r#"
  - return: "your password is {{input.password}}"
"#,
            &[SecretExposed],
        ),
        (
            "through functions",
            r#"
  - return: "{{upper (trim input.password)}}"
"#,
            &[SecretExposed],
        ),
        (
            "through default",
            r#"
  - return: '{{default input.password "x"}}'
"#,
            &[SecretExposed],
        ),
        (
            "digest",
            r#"
  - return: "{{sha256 input.password}} {{length input.password}} {{eq input.password \"x\"}}"
"#,
            &[],
        ),
        (
            "in a URL",
            r#"
  - { action: http.request, with: { url: "https://example.com/?p={{input.password}}" } }
"#,
            &[SecretExposed],
        ),
        (
            "in a query",
            r#"
  - { action: http.request, with: { url: "https://example.com/", query: { p: "{{input.password}}" } } }
"#,
            &[SecretExposed],
        ),
        (
            "in a body and a header: where secrets go",
            r#"
  - { action: http.request, with: { url: "https://example.com/", json: { p: "{{input.password}}" }, headers: { x: "{{input.password}}" } } }
"#,
            &[],
        ),
        (
            "the whole input",
            r#"
  - return: "{{input}}"
"#,
            &[SecretExposed],
        ),
        (
            "by way of a variable",
            r#"
  - set: { p: "{{input.password}}" }
  - return: "{{vars.p}}"
"#,
            &[SecretExposed],
        ),
        (
            "in a block's test only",
            r#"
  - return: "{{#if input.password}}set{{else}}not set{{/if}}"
"#,
            &[],
        ),
        (
            "a step marked as secret",
            r#"
  - { id: got, action: http.request, with: { url: "https://example.com" }, secret: true }
  - return: "{{steps.got.body.token}}"
"#,
            &[SecretExposed],
        ),
        (
            "written out",
            r#"
  - { action: auth0.create_user, with: { connection: c, password: hunter2 } }
"#,
            &[WrittenSecret],
        ),
        (
            "fail and redirect",
            r#"
  - if: eq input.plan "pro"
    fail: { code: x, message: "{{input.password}}" }
  - redirect: "https://example.com/?{{input.password}}"
"#,
            &[SecretExposed, SecretExposed],
        ),
        (
            "plain http to loopback",
            r#"
  - { action: http.request, with: { url: "http://localhost:8080/" } }
"#,
            &[],
        ),
        (
            "plain http to a host that begins like loopback",
            r#"
  - { action: http.request, with: { url: "http://localhost.example.com/" } }
"#,
            &[InsecureUrl],
        ),
    ]);
}

#[test]
fn each_call_is_checked_against_its_own_flow() {
    // Many flows whose fields have the same name and other schemas.
    let flows: Vec<(String, String)> = (0..20)
        .map(|number| {
            let text = format!("input: {{ value: {{ enum: [a{number}] }} }}\nsteps:\n  - return: x\n");
            (format!("flows/callee-{number}.yaml"), text)
        })
        .collect();
    let caller = |offset: usize| {
        let calls = (0..20).map(|number| {
            let value = number + offset;
            format!("  - {{ call: callee-{number}, with: {{ value: a{value} }} }}\n")
        });
        format!("steps:\n{}", calls.collect::<String>())
    };
    for (offset, expect) in [(0, 0), (1, 20)] {
        let caller = caller(offset);
        let files: Vec<(&str, &str)> = flows
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .chain([(support::FLOW, caller.as_str())])
            .collect();
        let findings = support::check(&files).diagnostics;
        assert_eq!(findings.len(), expect, "{}", support::shown(&findings));
    }
}
