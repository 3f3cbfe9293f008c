//! What can be written where.

use lockgate_flow::assist::CompletionKind;

use crate::{Marked, labels};

/// Of a text with a cursor: what is offered. `+` must be there, `-` must not, and names without a mark come first in
/// this order. `=` says that nothing else is there.
#[track_caller]
fn check_file(path: &'static str, marked: &str, expected: &str) {
    let marked_text = Marked::file(path, marked);
    let found = marked_text.completions();
    let labels = labels(&found);
    let mut first = 0;
    for word in expected.split(", ").filter(|word| !word.is_empty()) {
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) => assert!(labels.contains(&name), "no {name} in {labels:?}\n{marked}"),
            (_, Some(name)) => assert!(!labels.contains(&name), "{name} in {labels:?}\n{marked}"),
            (None, None) if word == "=" => assert_eq!(labels.len(), first, "{labels:?}\n{marked}"),
            (None, None) => {
                assert_eq!(labels.get(first), Some(&word), "{labels:?}\n{marked}");
                first += 1;
            }
        }
    }
}

#[track_caller]
fn check(marked: &str, expected: &str) {
    check_file(crate::support::FLOW, marked, expected);
}

const HEAD: &str = "\
trigger: { http: POST /all }
input:
  email: { type: string, format: email, description: Where to reach them. }
  plan: { enum: [free, pro] }
  nick: { type: string, required: false }
  address: { type: object, properties: { city: { type: string }, zip: { type: string } }, required: [city] }
  people: { type: array, items: { type: object, properties: { email: { type: string } }, required: [email] } }
  secret: { type: string, secret: true }
steps:
  - id: user
    action: auth0.get_user
    with: { user_id: x }
";

/// A step behind [`HEAD`].
#[track_caller]
fn step(marked: &str, expected: &str) {
    check(&format!("{HEAD}{marked}"), expected);
}

#[test]
fn keys_of_a_flow() {
    check(
        "¦",
        "steps, +name, +trigger, +input, +on_error, +durable, +concurrency, -action, -id",
    );
    check("na¦\nsteps:\n  - return: 1\n", "name");
    check(
        "name: x\n¦\nsteps:\n  - return: 1\n",
        "-name, -steps, +timeout, +input",
    );
    check("trigger:\n  ¦\nsteps: []", "+http, +schedule, -method");
    check("trigger: { ¦ }\nsteps: []", "+http, +schedule");
    check(
        "trigger:\n  http:\n    ¦\nsteps: []",
        "method, path, +auth, +cors, +rate_limit, +max_body",
    );
    check(
        "trigger:\n  http:\n    method: POST\n    ¦",
        "path, +auth, -method",
    );
    check(
        "trigger:\n  http: { method: POST, path: /x, rate_limit: { ¦ } }",
        "limit, by, =",
    );
    check(
        "trigger: { schedule: { ¦ } }",
        "cron, +timezone, +missed, +overlap",
    );
    check("concurrency: { limit: 1, ¦ }", "+key, +total, +queue, -limit");
    check("input:\n  ¦\nsteps: []", "=");
    check(
        "input:\n  email:\n    ¦",
        "type, description, required, default, secret, +enum, +format, +properties",
    );
    check("input:\n  email: { type: string, ¦ }", "-type, +format, +default");
    check(
        "input:\n  a:\n    properties:\n      b:\n        ¦",
        "type, +format, -default",
    );
    check(
        "input:\n  a: { type: array, items: { ¦ } }",
        "type, +format, -default",
    );
}

#[test]
fn keys_of_a_step() {
    step(
        "  - ¦",
        "action, if, switch, +auth0.create_user, +id, +name, +return",
    );
    step("  - ret¦", "return");
    step("  - re¦\n  - return: 1\n", "+return, +respond, +redirect, +retry");
    step("  ¦", "action, if, +auth0.create_user, -id");
    step(
        "  - action: log\n    ¦",
        "with, id, name, +retry, +on_error, +timeout, -action, -connection, -then, -cases",
    );
    step("  - action: auth0.get_user\n    ¦", "with, connection, +id");
    step("  - action: auth0.get_user\n    wi¦\n    id: x\n", "with, -id");
    step("  - id: x\n    ¦", "action, +switch, +return, -then, -id");
    step("  - if: input.nick\n    ¦", "then, else, action, -if");
    step(
        "  - if: input.nick\n    then: []\n    ¦",
        "else, +on_error, -action, -then, -retry",
    );
    step("  - switch: input.plan\n    ¦", "cases, default, -with");
    step(
        "  - for_each: input.people\n    ¦",
        "as, at_once, steps, yield, -with",
    );
    step("  - call: greeting\n    ¦", "with, -connection, -retry");
    step("  - { action: log, ¦ }", "with, +id, -action");
    step("  - respond:\n      ¦", "status, headers, body, =");
    step("  - fail: { code: x, ¦ }", "message, +status, +details, -code");
    step("  - redirect: { ¦ }", "to, status, =");
    step("  - wait: { ¦ }", "until, =");
    step(
        "  - action: log\n    retry:\n      ¦",
        "attempts, delay, max_delay, codes, =",
    );
    step("  - set:\n      ¦", "=");
    step("  - return:\n      ¦", "=");
    step(
        "  - if: input.nick\n    then:\n      - ¦",
        "action, +fail, +auth0.get_user",
    );
    step("  - if: input.nick\n    then:\n      ¦", "action, +fail, -code");
    step(
        "  - parallel:\n      a:\n        - action: log\n          ¦",
        "with, +id",
    );
    step("  - for_each: input.people\n    steps:\n      - ac¦", "action");
}

#[test]
fn arguments() {
    step(
        "  - action: auth0.create_user\n    with:\n      ¦",
        "connection, email, password, +app_metadata, -user_id",
    );
    step(
        "  - action: auth0.create_user\n    with:\n      connection: x\n      ¦\n      email: y\n",
        "password, -connection, -email",
    );
    step(
        "  - action: auth0.create_user\n    with: { em¦ }",
        "email, +email_verified, -password",
    );
    step(
        "  - action: auth0.create_user\n    with: { ¦, email: x }",
        "connection, password, -email",
    );
    step("  - with:\n      ¦\n    action: auth0.get_user\n", "user_id, =");
    step(
        "  - call: greeting\n    with:\n      ¦",
        "name, language, token, =",
    );
    step("  - action: nothing.known\n    with:\n      ¦", "=");
    step(
        "  - action: auth0.create_user\n    with:\n      app_metadata:\n        ¦",
        "=",
    );
    let marked = format!("{HEAD}  - action: auth0.create_user\n    with:\n      ¦");
    let found = Marked::flow(&marked).completions();
    assert_eq!(found.items[0].detail.as_deref(), Some("string, required"));
    assert_eq!(
        found.items[0].docs.as_deref(),
        Some("The database or passwordless connection.")
    );
    assert_eq!(found.items[1].detail.as_deref(), Some("string (email)"));
    assert_eq!(
        found.items[2].docs.as_deref(),
        Some("Masked wherever it would be written.")
    );
}

#[test]
fn codes() {
    step(
        "  - action: auth0.create_user\n    on_error:\n      ¦",
        "user_exists, weak_password, rate_limited, +timeout, +*, -user_not_found",
    );
    step(
        "  - action: auth0.create_user\n    on_error:\n      user_exists: continue\n      ¦",
        "weak_password, -user_exists",
    );
    step(
        "  - action: auth0.get_user\n    retry: { codes: [¦] }",
        "user_not_found, rate_limited, +unavailable, -missing_value",
    );
    step(
        "  - action: auth0.get_user\n    retry:\n      codes:\n        - ra¦",
        "rate_limited, =",
    );
    step(
        "  - if: input.nick\n    then:\n      - action: auth0.create_user\n    on_error:\n      ¦",
        "user_exists, +timeout",
    );
    step("  - action: log\n    on_error: ¦", "continue, =");
    step("  - action: log\n    on_error:\n      timeout: ¦", "continue, =");
    step(
        "  - action: log\n    on_error:\n      timeout:\n        - ¦",
        "action, +fail",
    );
}

#[test]
fn values() {
    step(
        "  - action: ¦",
        "auth0.create_user, auth0.delete_user, +log, +http.request",
    );
    step("  - action: auth0.¦", "auth0.create_user, -log");
    step("  - action: user¦", "auth0.create_user, -log");
    step("  - action:¦", "+log");
    step("  - action: auth0.get_user\n    connection: ¦", "auth0, =");
    step("  - call: ¦", "greeting, =");
    step(
        "  - action: http.request\n    with: { method: ¦ }",
        "GET, POST, PUT, PATCH, DELETE",
    );
    step(
        "  - action: auth0.update_user\n    with:\n      blocked: ¦",
        "true, false, -input.email",
    );
    step(
        "  - action: log\n    with: { level: ¦, message: x }",
        "debug, info, warn, error",
    );
    step("  - action: log\n    with: { level: \"¦\" }", "debug");
    step("  - switch: input.plan\n    cases:\n      ¦", "free, pro, =");
    step(
        "  - switch: input.plan\n    cases:\n      free: []\n      ¦",
        "pro, =",
    );
    step("  - switch: input.email\n    cases:\n      ¦", "=");
    step("  - action: log\n    secret: ¦", "true, false, =");
    step("  - redirect: { to: /x, status: ¦ }", "301, 302, 303, 307, 308");
    check("durable: ¦", "true, false, =");
    check("trigger:\n  http: ¦", "GET, POST, PUT, PATCH, DELETE, =");
    check("trigger:\n  http:\n    method: ¦", "GET, +DELETE");
    check(
        "trigger:\n  http: { method: POST, path: /x, auth: ¦ }",
        "none, bearer, basic, hmac, =",
    );
    check(
        "trigger:\n  http: { method: POST, path: /x, auth: { bearer: ¦ } }",
        "callers, =",
    );
    check(
        "trigger:\n  http:\n    rate_limit: { limit: 1/s, by: ¦ }\ninput: { email: string }",
        "address, input.email, =",
    );
    check("trigger: { schedule: { cron: x, missed: ¦ } }", "skip, once, =");
    check("input:\n  a: ¦", "string, integer, +array, -null");
    check("input:\n  a: { type: ¦ }", "string, integer");
    check(
        "input:\n  a: { type: string, format: ¦ }",
        "email, +date-time, +uuid",
    );
    check("input:\n  a: { type: string, secret: ¦ }", "true, false, =");
    check("input:\n  a:\n    items: { format: da¦ }", "date, date-time");
    check("# ¦", "=");
    check("name: \"x\" ¦", "=");
}

#[test]
fn expressions() {
    step(
        "  - return: \"{{¦}}\"",
        "input.email, +steps.user, +config, +run, +request, +lower, +#if, -vars, -error, -index",
    );
    step(
        "  - return: \"{{input.¦}}\"",
        "input.email, input.plan, input.nick, input.address, -input.address.city, -steps.user, -lower",
    );
    step(
        "  - return: \"{{input.address.¦}}\"",
        "input.address.city, input.address.zip, =",
    );
    step("  - return: \"{{input.people.0.¦}}\"", "input.people.0.email, =");
    step("  - return: \"{{steps.¦}}\"", "steps.user, =");
    step(
        "  - return: \"{{steps.user.e¦}}\"",
        "steps.user.email, steps.user.email_verified",
    );
    step("  - return: \"{{ema¦}}\"", "+input.email, +steps.user.email");
    step("  - return: \"{{low¦}}\"", "lower");
    step("  - return: \"{{lower ¦}}\"", "input.email, +steps.user");
    step("  - return: \"{{eq input.plan ¦}}\"", "free, pro, +input.email");
    step("  - return: '{{eq input.plan \"¦\"}}'", "free, pro, =");
    step(
        "  - return: \"{{config.¦}}\"",
        "config.support_email, config.limits, =",
    );
    step("  - return: \"{{run.¦}}\"", "run.id, run.flow, +run.attempt");
    step("  - return: \"{{request.¦}}\"", "request.method, +request.ip");
    step("  - return: a {{input.¦", "input.email, +input.plan");
    step(
        "  - return: \"a {{input.¦\n  - return: x\n",
        "input.email, +input.plan",
    );
    step("  - return: {{input.¦}}", "input.email");
    step("  - return: { a: \"{{input.¦\" }", "input.email");
    step("  - if: ¦", "input.email, +steps.user, +eq, +not, -#if");
    step("  - if: eq input.plan \"¦\"", "free, pro, =");
    step("  - if: exists steps.¦\n    then: []", "steps.user, =");
    step("  - if: \"{{¦", "input.email, +steps.user");
    step("  - for_each: input.pe¦", "input.people");
    step(
        "  - action: log\n    with:\n      message: |\n        one\n        {{input.¦}}\n        two\n",
        "input.email",
    );
    step(
        "  - action: log\n    with:\n      message: |\n        {{#if input.nick}}{{¦}}",
        "+input.email, +else, +/if",
    );
    step(
        "  - return: 'a {{#each input.people}}{{¦}}{{/each}}'",
        "this, @index, +@first, +input.email",
    );
    step(
        "  - return: 'a {{#each input.people}}{{this.¦}}{{/each}}'",
        "this.email, =",
    );
    step("  - return: 'a {{#if ¦}}'", "input.email, -#if, +eq");
    step(
        "  - id: later\n    action: log\n    with: { message: \"{{steps.¦}}\" }\n",
        "steps.user, =",
    );
    step("  - set: { a: 1, b: \"{{vars.¦}}\", c: 2 }", "vars.a, =");
    step(
        "  - for_each: input.people\n    as: person\n    steps:\n      - return: \"{{¦}}\"",
        "person, index",
    );
    step(
        "  - for_each: input.people\n    as: person\n    steps:\n      - return: \"{{person.¦}}\"",
        "person.email, =",
    );
    step(
        "  - for_each: input.people\n    steps:\n      - id: one\n        action: auth0.get_user\n        with: { user_id: x }\n    yield: \"{{steps.¦}}\"",
        "steps.one, steps.user, =",
    );
    step(
        "  - id: each\n    for_each: input.people\n    steps:\n      - action: log\n        with: { message: x }\n    yield: { at: 1 }\n  - return: \"{{steps.each.0.¦}}\"",
        "steps.each.0.at, =",
    );
    step(
        "  - id: hello\n    call: greeting\n    with: { name: x }\n  - return: \"{{steps.hello.¦}}\"",
        "steps.hello.text, steps.hello.length, =",
    );
    step(
        "  - action: log\n    with: { message: x }\n    on_error:\n      - return: \"{{error.¦}}\"",
        "error.code, error.message, error.status, error.step, error.provider",
    );
    check(
        "concurrency: { limit: 1, key: \"{{¦}}\" }\ninput: { email: string }\nsteps:\n  - id: x\n    action: log\n    with: { message: x }\n",
        "input.email, +config, +lower, -steps.x, -run",
    );
    step(
        "  - for_each:\n    steps:\n      - return: \"{{steps.¦}}\"",
        "steps.user, =",
    );
    step(
        "  - switch:\n    cases:\n      a:\n        - if: steps.¦",
        "steps.user, =",
    );
    step(
        "  - if: input.nick\n    then:\n      - id: inner\n        action: log\n        with: { message: x }\n      - return: \"{{steps.¦\n  - return: \"x\"\n",
        "steps.inner, steps.user, =",
    );
    step(
        "  - if: input.nick\n    then:\n      - id: inner\n        action: log\n        with: { message: x }\n      - action: auth0.get_user\n        with:\n          us¦\n          x: 1\n",
        "user_id, =",
    );
    check("steps:\n  - return: \"{{request.¦}}\"", "=");
    check(
        "steps:\n  - return: x\non_error:\n  - return: \"{{error.¦}}\"",
        "error.code",
    );
}

#[test]
fn empty_values_take_expressions() {
    step(
        "  - action: auth0.get_user\n    with:\n      user_id: ¦",
        "steps.user.user_id, +input.email",
    );
    step(
        "  - action: auth0.create_user\n    with:\n      email: ¦\n      connection: x\n",
        "input.email, steps.user.email",
    );
    step(
        "  - action: auth0.create_user\n    with:\n      email: \"¦\"",
        "input.email",
    );
    step(
        "  - action: auth0.create_user\n    with:\n      email: some text ¦",
        "=",
    );
    step(
        "  - for_each: input.people\n    as: person\n    steps:\n      - action: auth0.create_user\n        with:\n          email: ¦",
        "input.email, +person.email",
    );
}

#[test]
fn what_is_put_in() {
    let put = |marked: &str, label: &str| {
        let marked = format!("{HEAD}{marked}");
        Marked::flow(&marked)
            .with(label)
            .strip_prefix(HEAD)
            .unwrap()
            .to_owned()
    };
    assert_eq!(put("  - ¦", "return"), "  - return: ¦");
    assert_eq!(
        put("  - ¦", "respond"),
        "  - respond:\n      status: 200\n      body: ¦"
    );
    assert_eq!(put("  ¦", "return"), "  - return: ¦");
    assert_eq!(
        put("  - get¦", "auth0.get_user"),
        "  - action: auth0.get_user\n    with:\n      user_id: ¦"
    );
    assert_eq!(
        put("  - action: auth0.get_user\n    w¦", "with"),
        "  - action: auth0.get_user\n    with:\n      user_id: ¦"
    );
    assert_eq!(
        put("  - action: log\n    wi¦: {}", "with"),
        "  - action: log\n    with: {}"
    );
    assert_eq!(put("  - action:¦", "log"), "  - action: log");
    assert_eq!(put("  - if: x\n    ¦", "then"), "  - if: x\n    then:\n      - ¦");
    assert_eq!(
        put("  - action: auth0.get_user\n    with: {¦}", "user_id"),
        "  - action: auth0.get_user\n    with: {user_id: ¦}"
    );
    assert_eq!(
        put(
            "  - action: auth0.create_user\n    with:\n      app¦",
            "app_metadata"
        ),
        "  - action: auth0.create_user\n    with:\n      app_metadata: { ¦ }"
    );
    assert_eq!(
        put(
            "  - action: auth0.get_user\n    with:\n      user_id: ¦",
            "steps.user.user_id"
        ),
        "  - action: auth0.get_user\n    with:\n      user_id: \"{{steps.user.user_id}}\""
    );
    assert_eq!(
        put("  - return: \"{{inp¦\"", "input.email"),
        "  - return: \"{{input.email}}\""
    );
    assert_eq!(
        put("  - return: \"{{inp¦}}\"", "input.email"),
        "  - return: \"{{input.email}}\""
    );
    assert_eq!(
        put("  - return: \"{{input.¦email}} x\"", "input.plan"),
        "  - return: \"{{input.plan}} x\""
    );
    assert_eq!(
        put("  - return: \"{{low¦}}\"", "lower"),
        "  - return: \"{{lower ¦}}\""
    );
    assert_eq!(
        put("  - return: \"{{not ¦}}\"", "eq"),
        "  - return: \"{{not (eq ¦)}}\""
    );
    assert_eq!(
        put("  - return: \"{{eq input.plan ¦}}\"", "pro"),
        "  - return: \"{{eq input.plan \\\"pro\\\"}}\""
    );
    assert_eq!(
        put("  - if: eq input.plan ¦", "pro"),
        "  - if: eq input.plan \"pro\""
    );
    assert_eq!(
        put("  - return: '{{¦}}'", "#if"),
        "  - return: '{{#if ¦}}{{/if}}'"
    );
    assert_eq!(
        put("  - action: log\n    on_error:\n      ¦", "*"),
        "  - action: log\n    on_error:\n      \"*\":\n        - ¦"
    );
    assert_eq!(
        put("  - switch: input.plan\n    cases: { ¦ }", "pro"),
        "  - switch: input.plan\n    cases: { pro: ¦ }"
    );
}

/// What is put in at once is a step that reads.
#[test]
fn steps_to_begin_with_are_steps() {
    let marked = Marked::flow(&format!("{HEAD}  - ¦"));
    let found = marked.completions();
    let steps: Vec<&str> = found
        .items
        .iter()
        .filter(|item| item.kind == CompletionKind::Step)
        .map(|item| item.label.as_str())
        .collect();
    assert_eq!(steps.len(), 12 + 7, "{steps:?}");
    for label in steps {
        let text = marked.with(label).replace('¦', "x");
        let workspace = crate::support::check(&[(crate::support::FLOW, &text)]);
        let syntax: Vec<String> = workspace
            .diagnostics
            .iter()
            .filter(|finding| finding.code.as_str() < "LG0102")
            .map(|finding| format!("{} {}", finding.code, finding.message))
            .collect();
        assert_eq!(syntax, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_workspace_file() {
    let check = |marked: &str, expected: &str| check_file("lockgate.yaml", marked, expected);
    check("¦", "version, connections, config, http, store, =");
    check("ver¦", "version, =");
    check("version: ¦", "1, =");
    check("version: 1\nconnections:\n  auth0:\n    ¦", "type, =");
    check(
        "version: 1\nconnections:\n  auth0:\n    type: ¦",
        "auth0, bearer, hmac, =",
    );
    check(
        "version: 1\nconnections:\n  auth0:\n    type: auth0\n    ¦",
        "domain, client_id, client_secret, audience, =",
    );
    check(
        "version: 1\nconnections:\n  auth0: { type: auth0, domain: x, ¦ }",
        "client_id, +client_secret, -domain, -type",
    );
    check(
        "version: 1\nconnections:\n  my-auth:\n    type: auth0\n    domain: ¦",
        "${MY_AUTH_DOMAIN}, =",
    );
    check("version: 1\nstore:\n  ¦", "path, durability, +retention");
    check("version: 1\nstore:\n  durability: ¦", "full, batched, =");
    check("version: 1\nconfig:\n  ¦", "=");
    check("version: 1\nconnections:\n  ¦", "=");
    check("version: 1\nstore: { retention: { ¦ } }", "age, count, =");
}

#[test]
fn nothing_is_known_of_other_files() {
    let marked = Marked::flow("name: x¦");
    let catalog = crate::support::catalog::catalog();
    for path in [
        "flows/none.yaml",
        "flows/example.test.yaml",
        "connectors/x.yaml",
        "",
    ] {
        let assist = lockgate_flow::assist::Assist::new(&marked.workspace, &catalog, path);
        assert_eq!(assist.complete(3).items, Vec::new(), "{path}");
        assert!(assist.hover(3).is_none() && assist.definition(3).is_none());
        assert!(assist.scope("").is_none() && assist.form("steps/0").is_none());
    }
}
