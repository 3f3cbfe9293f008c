//! What a finding says and what it tells the author to do: one finding for one mistake, and the words that help.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::diagnostic::Code::{self, *};

const INPUT: &str = "\
input:
  plan: { enum: [free, pro] }
  id: string
  n: integer
  name: { type: string, required: false }
  ids: { type: array, items: { type: string } }
steps:
";

/// A name, a flow's text, the code, and words of the message or the help.
type Advice<'a> = (&'a str, &'a str, Code, &'a [&'a str]);

fn check(cases: &[Advice<'_>]) {
    let mut failures = Vec::new();
    for (name, text, code, words) in cases {
        let findings = support::check_flow(text);
        let said: Vec<String> = findings
            .iter()
            .map(|finding| {
                format!(
                    "{}\n{}",
                    finding.message,
                    finding.help.as_deref().unwrap_or_default()
                )
            })
            .collect();
        let fits = support::codes(&findings) == [*code]
            && words.iter().all(|word| said.concat().contains(word))
            && findings.iter().all(|finding| finding.help.as_deref() != Some(""));
        if !fits {
            let shown = support::shown(&findings);
            failures.push(format!(
                "== {name}: {code:?} with {words:?} is expected\n{text}\n{shown}"
            ));
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

/// The same for steps below [`INPUT`].
fn check_steps(cases: &[Advice<'_>]) {
    let texts: Vec<String> = cases
        .iter()
        .map(|(_, steps, ..)| format!("{INPUT}{}", steps.trim_start_matches('\n')))
        .collect();
    let cases: Vec<Advice<'_>> = cases
        .iter()
        .zip(&texts)
        .map(|((name, _, code, words), text)| (*name, text.as_str(), *code, *words))
        .collect();
    check(&cases);
}

#[test]
fn a_file_that_is_no_yaml() {
    check(&[
        (
            "one space too many",
            "steps:\n  - action: log\n      with: { message: x }\n",
            Syntax,
            &["look at the indentation"],
        ),
        (
            "quotes in quotes",
            "steps:\n  - action: log\n    with: { message: \"it's \"quoted\"\" }\n",
            Syntax,
            &[],
        ),
        (
            "what stands before the mistake is not looked at",
            "steps:\n  - return: \"{{vars.x}}\"\n  - retrun: x\n  - return: [\n",
            Syntax,
            &[],
        ),
        (
            "a colon in a text",
            "steps:\n  - action: log\n    notes: this: that\n    with: { message: x }\n",
            Syntax,
            &["must stand in quotes"],
        ),
    ]);
}

#[test]
fn keys_and_values() {
    check_steps(&[
        (
            "an arm that is a map",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      user_not_found: { fail: { code: none, message: none } }
"#,
            WrongType,
            &[
                "an arm of `on_error` must be `continue` or a list of steps, not a map",
                "begin each step with `- `",
            ],
        ),
        (
            "arms that are a list",
            r#"
  - action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - user_not_found:
          - return: none
"#,
            WrongType,
            &["codes are keys of a map", "without `- `"],
        ),
        (
            "a number out of bounds",
            "  - for_each: input.ids\n    at_once: 0\n    steps:\n      - action: log\n        with: { message: x }\n",
            WrongType,
            &["a whole number from 1 to 1000, not 0"],
        ),
        (
            "a case in quotes for a number",
            "  - switch: input.n\n    cases:\n      \"1\":\n        - return: one\n",
            TypeMismatch,
            &["without quotes: `1`"],
        ),
        (
            "a case without quotes for a text",
            "  - switch: input.id\n    cases:\n      1:\n        - return: one\n",
            TypeMismatch,
            &["in quotes: `\"1\"`"],
        ),
        (
            "a duration without a unit",
            "  - action: http.request\n    with: { url: https://example.com, timeout: 10 }\n",
            TypeMismatch,
            &["`10s` for seconds"],
        ),
        (
            "arguments as a list",
            "  - action: auth0.get_user\n    with:\n      - user_id: x\n",
            WrongType,
            &["without `- `"],
        ),
        (
            "arguments as a text around an expression",
            "  - action: auth0.get_user\n    with: \"user {{input.id}}\"\n",
            TypeMismatch,
            &["a map of arguments"],
        ),
        (
            "when",
            "  - when: input.name\n    return: x\n",
            UnknownKey,
            &["did you mean `if`?"],
        ),
        (
            "a loop without steps",
            "  - for_each: input.ids\n    steps: []\n",
            MissingKey,
            &["has no step"],
        ),
        (
            "parallel without branches",
            "  - parallel: {}\n",
            MissingKey,
            &["has no branch"],
        ),
    ]);
}

#[test]
fn names_in_expressions() {
    check_steps(&[
        (
            "a function alone",
            "  - return: \"{{lower}}\"\n",
            WrongArity,
            &["`lower` is a function", "write `lower text`"],
        ),
        (
            "and alone",
            "  - return: \"{{and}}\"\n",
            WrongArity,
            &["`and` is a function"],
        ),
        (
            "len alone",
            "  - return: \"{{len}}\"\n",
            UnknownRoot,
            &["`length value`"],
        ),
        (
            "len with an argument",
            "  - return: \"{{len input.ids}}\"\n",
            UnknownFunction,
            &["`length value`"],
        ),
        (
            "concat",
            "  - return: \"{{concat input.id input.plan}}\"\n",
            UnknownFunction,
            &["side by side"],
        ),
        (
            "named arguments",
            "  - return: \"{{lower name=\\\"x\\\"}}\"\n",
            InvalidExpression,
            &["no named arguments", "write `lower text`"],
        ),
        (
            "a text without quotes",
            "  - if: eq input.plan pro\n    return: x\n",
            UnknownRoot,
            &["in quotes if it is meant as text: `\"pro\"`"],
        ),
        (
            "a misspelt element",
            "  - for_each: input.ids\n    as: person\n    steps:\n      - action: log\n        with: { message: \"{{persn}}\" }\n",
            UnknownRoot,
            &["did you mean `person`?"],
        ),
        (
            "a misspelt element in yield",
            "  - for_each: input.ids\n    as: person\n    steps:\n      - action: log\n        with: { message: x }\n    yield: \"{{persn}}\"\n",
            UnknownRoot,
            &["did you mean `person`?"],
        ),
        (
            "what is known in a loop",
            "  - for_each: input.ids\n    as: person\n    steps:\n      - action: log\n        with: { message: \"{{xyz.a}}\" }\n",
            UnknownRoot,
            &["known here: `input`, `steps`, `vars`, `config`, `run`, `person`, `index`"],
        ),
        (
            "a step of the other branch",
            r#"
  - parallel:
      left:
        - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
      right:
        - { set: { name: "{{steps.user.user_id}}" } }
"#,
            MayNotHaveRun,
            &["branches run at the same time", "after the `parallel`"],
        ),
        (
            "a step of a later branch",
            r#"
  - parallel:
      left:
        - { set: { name: "{{steps.user.user_id}}" } }
      right:
        - { id: user, action: auth0.get_user, with: { user_id: "{{input.id}}" } }
"#,
            MayNotHaveRun,
            &["branches run at the same time", "after the `parallel`"],
        ),
        (
            "a variable of a loop",
            "  - for_each: input.ids\n    steps:\n      - set: { y: \"{{item}}\" }\n  - return: \"{{vars.y}}\"\n",
            UnknownVariable,
            &["is set inside a `for_each`, and stays there", "`yield`"],
        ),
        (
            "the error of a step that has handled it",
            r#"
  - id: out
    action: auth0.get_user
    with: { user_id: "{{input.id}}" }
    on_error:
      - action: log
        with: { message: x }
  - return: "{{default steps.out.error.code \"none\"}}"
"#,
            UnknownField,
            &["only where `on_error` says `continue`", "use `error`"],
        ),
    ]);
}

#[test]
fn conditions_of_other_languages() {
    let cases = [
        ("\"{{input.n}} == 3\"", "write `eq input.n 3`"),
        ("gt(input.n, 2)", "write `gt input.n 2`"),
        (
            "gt input.n 2 and lt input.n 5",
            "write `and (gt input.n 2) (lt input.n 5)`",
        ),
        ("\"!input.n\"", "write `not input.n`"),
        ("input.plan == \"pro\"", "write `eq input.plan \"pro\"`"),
        ("input.n && input.id", "write `and input.n input.id`"),
    ];
    for (condition, expect) in cases {
        let findings = support::check_flow(&format!("{INPUT}  - if: {condition}\n    return: x\n"));
        let shown = support::shown(&findings);
        assert_eq!(findings.len(), 1, "{shown}");
        let help = findings[0].help.clone().unwrap_or_default();
        assert_eq!(help, expect, "{shown}");
    }
}

#[test]
fn input_fields() {
    let flow =
        |input: &str| format!("input:\n  x: {input}\nsteps:\n  - action: log\n    with: {{ message: x }}\n");
    for (input, code, words) in [
        ("{ type: strng }", InvalidSchema, "did you mean `string`?"),
        ("strng", InvalidSchema, "did you mean `string`?"),
        ("int", InvalidSchema, "did you mean `integer`?"),
        ("string?", InvalidSchema, "`{ type: string, required: false }`"),
        ("email", InvalidSchema, "`{ type: string, format: email }`"),
        (
            "{ type: array, items: { type: sting } }",
            InvalidSchema,
            "did you mean `string`?",
        ),
        (
            "{ type: string, optional: true }",
            UnknownKey,
            "write `required: false`",
        ),
        (
            "{ type: string, format: emial }",
            InvalidSchema,
            "did you mean `email`?",
        ),
        ("{ type: string, format: zip-code }", InvalidSchema, "`pattern`"),
        ("{ enum: [] }", InvalidSchema, "no value fits an empty `enum`"),
        (
            "{ enum: [a, b, c, d, e, f], default: zzzz }",
            InvalidSchema,
            "known here: `a`, `b`, `c`, `d`, `e`, `f`",
        ),
        (
            "{ type: string, secret: true, default: hunter2 }",
            WrittenSecret,
            "leave the default out",
        ),
        (
            "{ type: object, properties: { a: { type: string, default: b } } }",
            InvalidSchema,
            "has no effect",
        ),
    ] {
        check(&[(input, &flow(input), code, &[words])]);
    }
}

#[test]
fn the_workspace_file() {
    for (from, to, expect) in [
        ("${AUTH0_CLIENT_ID}", "${AUTH0_CLIENT_ID", "`${` is never closed"),
        (
            "${AUTH0_CLIENT_SECRET}",
            "${AUTH0_CLIENT_SECRET",
            "`${` is never closed",
        ),
        ("help@example.com", "${SUPPORT}", "`${…}` is not read in `config`"),
        (
            "help@example.com",
            "\"{{input.email}}\"",
            "`{{…}}` is not read in `config`",
        ),
    ] {
        let file = support::WORKSPACE.replacen(from, to, 1);
        let flow = "steps:\n  - return: x\n";
        let findings = support::check(&[("lockgate.yaml", &file), (support::FLOW, flow)]).diagnostics;
        let shown = support::shown(&findings);
        assert_eq!(support::codes(&findings), [InvalidSetting], "{shown}");
        assert!(findings[0].message.contains(expect), "{shown}");
    }
}

#[test]
fn schedules_and_limits() {
    let top = |top: &str| format!("{top}\nsteps:\n  - return: x\n");
    let schedule = |rest: &str| {
        top(&format!(
            "trigger: {{ schedule: {{ cron: '0 6 * * *', {rest} }} }}"
        ))
    };
    let concurrency = |rest: &str| {
        top(&format!(
            "concurrency: {{ limit: 2, {rest} }}\ninput: {{ email: string }}"
        ))
    };
    let cases: &[(&str, &str, Code, &[&str])] = &[
        (
            "a city",
            &schedule("timezone: Berlin"),
            InvalidTrigger,
            &["did you mean `Europe/Berlin`?"],
        ),
        (
            "a slip",
            &schedule("timezone: Amerika/New_York"),
            InvalidTrigger,
            &["`America/New_York`"],
        ),
        (
            "an offset",
            &schedule("timezone: '+02:00'"),
            InvalidTrigger,
            &[
                "there is no time zone `+02:00`",
                "a name of the IANA database",
                "summer time",
            ],
        ),
        (
            "another policy",
            &schedule("missed: all"),
            InvalidTrigger,
            &["`skip`, `once`"],
        ),
        (
            "another key",
            &schedule("time_zone: UTC"),
            UnknownKey,
            &["did you mean `timezone`?"],
        ),
        (
            "six fields",
            &top("trigger: { schedule: '0 0 6 * * *' }"),
            InvalidTrigger,
            &["it has 6 fields", "minute, hour"],
        ),
        (
            "a day that there is not",
            &top("trigger: { schedule: '0 6 31 2 *' }"),
            InvalidTrigger,
            &["`0 6 31 2 *` is never due"],
        ),
        (
            "no braces",
            &concurrency("key: input.email"),
            InvalidConcurrency,
            &["the same for every run", "`key: \"{{input.email}}\"`"],
        ),
        (
            "chance in a key",
            &concurrency("key: '{{input.email}} {{uuid}}'"),
            InvalidConcurrency,
            &["`uuid` gives another value each time"],
        ),
        (
            "less than the limit",
            &concurrency("key: '{{input.email}}', total: 1"),
            InvalidConcurrency,
            &["`total` is 1, and one key alone may have 2 runs"],
        ),
        (
            "what is not there yet",
            &concurrency("key: '{{run.id}}'"),
            OutOfScope,
            &["before the run begins", "`input` and `config`"],
        ),
        (
            "at a step",
            "steps:\n  - for_each: split \"a,b\" \",\"\n    concurrency: 5\n    steps: [{ set: { a: 1 } }]\n",
            UnknownKey,
            &["did you mean `at_once`?"],
        ),
    ];
    check(cases);
}

#[test]
fn retries_that_never_come() {
    check_steps(&[(
        "a timeout of an action that happens once",
        "  - action: http.request\n    with: { url: https://example.com }\n    retry: { codes: [timeout] }\n",
        ErrorCannotOccur,
        &["happens once: it is not repeated after `timeout`"],
    )]);
}

#[test]
fn variables_that_a_loop_sets() {
    let each = "  - for_each: input.ids\n    steps:\n";
    let outside = "  - set: { y: a }\n";
    let after = "  - return: \"{{vars.y}}\"\n";
    for (name, steps, expect) in [
        (
            "read after the loop",
            format!("{outside}{each}      - set: {{ y: \"{{{{item}}}}\" }}\n{after}"),
            &[LostVariable][..],
        ),
        (
            "built up",
            format!("{outside}{each}      - set: {{ y: \"{{{{vars.y}}}} {{{{item}}}}\" }}\n"),
            &[LostVariable],
        ),
        (
            "read in the loop only",
            format!(
                "{outside}{each}      - set: {{ y: \"{{{{item}}}}\" }}\n      - action: log\n        with: {{ message: \"{{{{vars.y}}}}\" }}\n"
            ),
            &[],
        ),
        (
            "set again after the loop, with another name in it",
            format!("{outside}{each}      - set: {{ z: \"{{{{vars.y}}}}\" }}\n{after}"),
            &[],
        ),
        (
            "built up within one element",
            format!(
                "{outside}{each}      - set: {{ y: b }}\n      - set: {{ y: \"{{{{vars.y}}}} {{{{item}}}}\" }}\n"
            ),
            &[],
        ),
        (
            "set again before it is read",
            format!("{outside}{each}      - set: {{ y: \"{{{{item}}}}\" }}\n{outside}{after}"),
            &[],
        ),
        (
            "yielded",
            format!("{outside}{each}      - set: {{ y: \"{{{{item}}}}\" }}\n    yield: \"{{{{vars.y}}}}\"\n"),
            &[],
        ),
    ] {
        let findings = support::check_flow(&format!("{INPUT}{steps}"));
        let shown = support::shown(&findings);
        assert_eq!(support::codes(&findings), expect, "{name}\n{steps}\n{shown}");
    }
}

#[test]
fn callers_and_headers() {
    let flow = |http: &str| {
        format!("trigger:\n  http: {{ method: POST, path: /a, {http} }}\nsteps:\n  - return: x\n")
    };
    let texts = [
        flow("auth: basic"),
        flow("auth: { bearer: caller }"),
        flow("auth: { bearer: partner }"),
        flow("auth: { basic: auth0 }"),
        flow("cors: 'https://*.example.com'"),
        flow("cors: 'https://app.example.com?x'"),
        flow("cors: ['https://app.example.com:8443', 'http://[::1]:3000', 'https://bücher.example', '*']"),
    ];
    check(&[
        (
            "nothing of the type",
            &texts[0],
            UnknownConnection,
            &[
                "`auth: basic` needs a connection of type `basic`",
                "lockgate.yaml",
            ],
        ),
        (
            "a slip",
            &texts[1],
            UnknownConnection,
            &["no connection `caller`", "did you mean `callers`?"],
        ),
        (
            "another type",
            &texts[2],
            ConnectionType,
            &["is a connection of type `hmac`", "of that type: `callers`"],
        ),
        (
            "another type, and nothing fits",
            &texts[3],
            ConnectionType,
            &["needs one of type `basic`", "declare one"],
        ),
        ("a pattern", &texts[4], InvalidTrigger, &["list each origin"]),
        ("a query", &texts[5], InvalidTrigger, &["a scheme and a host"]),
    ]);
    assert_eq!(support::codes(&support::check_flow(&texts[6])), []);
    check_steps(&[
        (
            "framing",
            "  - respond: { headers: { Content-Length: 3 } }",
            InvalidHeader,
            &["belongs to the connection", "leave it out"],
        ),
        (
            "a name with a space",
            "  - respond: { headers: { 'x y': 3 } }",
            InvalidHeader,
            &["`x y` is no name of a header"],
        ),
        (
            "a line break",
            "  - respond: { headers: { x: [a, \"b\\nset-cookie: c\"] } }",
            InvalidHeader,
            &["control character"],
        ),
        (
            "a map",
            "  - respond: { headers: { x: { a: 1 } } }",
            InvalidHeader,
            &["is text", "to_json"],
        ),
    ]);
    let fine = "  - respond: { headers: { x-a: [1, true, \"a\\tb\"], x-b: null, x-c: '{{input.id}}' } }";
    assert_eq!(
        support::codes(&support::check_flow(&format!("{INPUT}{fine}\n"))),
        []
    );
}

#[test]
fn several_connections_fit_the_callers() {
    let file = "version: 1\nconnections:\n  a: { type: bearer, token: '${A}' }\n  b: { type: bearer, tokens: ['${B}', written-out-0123456789] }\n";
    let flow = "trigger:\n  http: { method: POST, path: /a, auth: bearer }\nsteps:\n  - return: x\n";
    let findings = support::check(&[("lockgate.yaml", file), (support::FLOW, flow)]).diagnostics;
    assert_eq!(support::codes(&findings), [ConnectionNotChosen, WrittenSecret]);
    let help = findings[0].help.as_deref().unwrap();
    assert!(
        help.contains("`auth: { bearer: a }`") && help.contains("`b`"),
        "{help}"
    );
    // The place is that of the token, not of the list.
    let place = &findings[1].primary;
    assert_eq!(
        &file[place.span.start as usize..place.span.end as usize],
        "written-out-0123456789"
    );
}
