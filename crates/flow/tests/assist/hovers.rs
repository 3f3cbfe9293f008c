//! What things are.

use crate::Marked;

/// What is explained, and parts of the explanation; nothing where there is none.
#[track_caller]
fn check_file(path: &'static str, marked: &str, about: &str, parts: &[&str]) {
    let marked_text = Marked::file(path, marked);
    let found = marked_text.assist().hover(marked_text.offset);
    let Some(found) = found else {
        assert_eq!(about, "", "nothing is explained: {marked}");
        return;
    };
    assert_eq!(&marked_text.text[found.span.range()], about, "{marked}");
    for part in parts {
        assert!(
            found.docs.contains(part),
            "no `{part}` in {}\n{marked}",
            found.docs
        );
    }
}

const HEAD: &str = "\
trigger: { http: POST /a }
input:
  email: { type: string, format: email, description: Where to reach them. }
  nick: { type: string, required: false }
  password: { type: string, secret: true }
steps:
";

#[track_caller]
fn step(marked: &str, about: &str, parts: &[&str]) {
    check_file(crate::support::FLOW, &format!("{HEAD}{marked}"), about, parts);
}

#[test]
fn actions_and_what_they_take() {
    step(
        "  - action: auth0.cre¦ate_user",
        "auth0.create_user",
        &[
            "Creates a user.",
            "happens once",
            "type `auth0`",
            "`create:users`",
            "`user_exists`",
            "status 409",
        ],
    );
    step("  - action: no¦ne", "", &[]);
    step(
        "  - action: auth0.create_user\n    with: { em¦ail: x }",
        "email",
        &["**`email`**: string (email), may be left out"],
    );
    step(
        "  - action: auth0.create_user\n    with:\n      conn¦ection: x",
        "connection",
        &["string, required", "The database or passwordless connection."],
    );
    step("  - action: auth0.create_user\n    with: { no¦ne: x }", "", &[]);
    step(
        "  - call: greeting\n    with: { na¦me: x }",
        "name",
        &["string, required", "Who is greeted."],
    );
    step(
        "  - call: gree¦ting",
        "greeting",
        &[
            "Says hello.",
            "- `name`: string, required",
            "`flows/greeting.yaml`",
        ],
    );
    step(
        "  - action: auth0.get_user\n    connection: au¦th0",
        "auth0",
        &["type `auth0`", "An Auth0 tenant."],
    );
}

#[test]
fn codes_and_keys() {
    step(
        "  - action: auth0.create_user\n    on_error:\n      user_ex¦ists: continue",
        "user_exists",
        &["status 409"],
    );
    step(
        "  - action: log\n    on_error:\n      time¦out: continue",
        "timeout",
        &["504", "`timeout`"],
    );
    step(
        "  - action: log\n    on_error:\n      \"¦*\": continue",
        "\"*\"",
        &["Any error"],
    );
    step(
        "  - action: auth0.get_user\n    retry: { codes: [rate_l¦imited] }",
        "rate_limited",
        &["503"],
    );
    step("  - acti¦on: log", "action", &["Calls an action"]);
    step(
        "  - i¦f: input.nick\n    then: []",
        "if",
        &["Whether the step runs"],
    );
    step(
        "  - action: log\n    on_e¦rror: continue",
        "on_error",
        &["`continue`"],
    );
    step(
        "  - action: log\n    retry: { atte¦mpts: 3 }",
        "attempts",
        &["How often"],
    );
    step(
        "  - action: log\n    retry: { max_d¦elay: 3s }",
        "max_delay",
        &["Never longer"],
    );
    step("  - respond: { sta¦tus: 200 }", "status", &["from 200 to 599"]);
    step("  - set: { co¦unt: 1 }", "count", &["**`vars.count`**: integer"]);
    check_file(crate::support::FLOW, "dura¦ble: false", "durable", &["journal"]);
    check_file(
        crate::support::FLOW,
        "input:\n  a: { for¦mat: email }",
        "format",
        &["text must look like"],
    );
    check_file(
        crate::support::FLOW,
        "input:\n  em¦ail: { type: string, description: x y }",
        "email",
        &["**`input.email`**: string, required", "X y."],
    );
    check_file(
        crate::support::FLOW,
        "trigger: { http: { rate_l¦imit: 1/s } }",
        "rate_limit",
        &["20/min"],
    );
}

#[test]
fn references_and_functions() {
    step(
        "  - return: \"{{input.em¦ail}}\"",
        "email",
        &["**`input.email`**: string (email)", "Where to reach them."],
    );
    step(
        "  - return: \"{{inp¦ut.email}}\"",
        "input",
        &["**`input`**: object"],
    );
    step(
        "  - return: \"{{input.ni¦ck}}\"",
        "nick",
        &["not there on every way", "default input.nick"],
    );
    step(
        "  - if: exists input.nick\n    return: \"{{input.ni¦ck}}\"",
        "nick",
        &["**`input.nick`**: string"],
    );
    step("  - return: \"{{input.pass¦word}}\"", "password", &["Secret"]);
    let user = "  - id: user\n    action: auth0.get_user\n    with: { user_id: x }\n";
    step(
        &format!("{user}  - return: \"{{{{steps.us¦er.name}}}}\""),
        "user",
        &["**`steps.user`**: object", "`auth0.get_user`", "Reads a user."],
    );
    step(
        &format!("{user}  - return: \"{{{{steps.user.na¦me}}}}\""),
        "name",
        &["**`steps.user.name`**: string", "may be missing"],
    );
    step(
        &format!("{user}  - return: \"{{{{steps.user.user¦_id}}}}\""),
        "user_id",
        &["**`steps.user.user_id`**: string"],
    );
    step("  - return: \"{{steps.no¦ne}}\"", "", &[]);
    step(
        "  - return: \"{{low¦er input.email}}\"",
        "lower",
        &["`lower text`", "→"],
    );
    step("  - if: eq input.email \"a¦b\"", "", &[]);
    step("  - if: e¦q input.email \"ab\"", "eq", &["`eq "]);
    step(
        "  - for_each: [1, 2]\n    steps:\n      - return: \"{{it¦em}}\"",
        "item",
        &["**`item`**: integer"],
    );
    step("  - return: \"{{run.attem¦pt}}\"", "attempt", &["integer"]);
}

#[test]
fn the_workspace_file() {
    let check = |marked: &str, about: &str, parts: &[&str]| check_file("lockgate.yaml", marked, about, parts);
    check(
        "version: 1\nconn¦ections: {}",
        "connections",
        &["What steps talk to"],
    );
    check(
        "version: 1\nconnections:\n  a:\n    type: au¦th0",
        "auth0",
        &["An Auth0 tenant.", "```yaml"],
    );
    check(
        "version: 1\nconnections:\n  a:\n    type: auth0\n    client_s¦ecret: x",
        "client_secret",
        &["string", "Masked"],
    );
    check(
        "version: 1\nconnections:\n  a:\n    ty¦pe: auth0",
        "type",
        &["remote end"],
    );
    check(
        "version: 1\nstore: { dura¦bility: full }",
        "durability",
        &["batched"],
    );
    check("version: 1\nconfig: { a¦: 1 }", "", &[]);
}
