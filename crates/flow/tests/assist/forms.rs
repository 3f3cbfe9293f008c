//! Steps as forms.

use lockgate_flow::assist::Form;
use serde_json::{Value, json};

use crate::Marked;

fn form(steps: &str, path: &str) -> (Marked, Form) {
    let marked = Marked::flow(&format!(
        "input:\n  email: string\n  people: {{ type: array }}\nsteps:\n{steps}¦"
    ));
    let form = marked.assist().form(path).expect("a form");
    (marked, form)
}

/// Key, type, value; `*` where it must be given, `=` for an expression.
fn shown(form: &Form) -> Vec<String> {
    let fields = form.fields.iter().map(|field| {
        let needed = if field.required { "*" } else { "" };
        let bare = if field.is_expression { "=" } else { "" };
        let value = field.value.as_ref().map(Value::to_string).unwrap_or_default();
        format!("{}{needed}{bare} {} {value}", field.key, field.type_name)
            .trim()
            .to_owned()
    });
    fields.collect()
}

#[test]
fn an_action() {
    let (marked, form) = form(
        "  - id: user\n    action: auth0.create_user # new\n    with:\n      email: \"{{input.email}}\"\n      nick: 3\n      connection: db\n",
        "steps/0",
    );
    assert_eq!(form.verb, "action");
    assert_eq!(
        shown(&form),
        [
            "/with/connection* string \"db\"",
            "/with/email string \"{{input.email}}\"",
            "/with/password string",
            "/with/name string",
            "/with/email_verified boolean",
            "/with/verify_email boolean",
            "/with/app_metadata object",
            "/with/user_metadata object",
            "/with/nick any 3",
        ]
    );
    assert!(form.fields[2].secret && !form.fields[1].secret);
    let email = form.fields[1].span.unwrap();
    assert_eq!(&marked.text[email.range()], "\"{{input.email}}\"");
    assert_eq!(form.connections, ["auth0"]);
    assert!(!form.needs_connection);
    assert_eq!(form.action.as_ref().unwrap().name, "auth0.create_user");
    assert!(form.docs.contains("Creates a user."));
    assert_eq!(form.result.as_ref().unwrap()["required"], json!(["user_id"]));
    assert_eq!(form.value["with"]["nick"], json!(3));
}

#[test]
fn one_of_several_connections_must_be_chosen() {
    let two = "version: 1\nconnections:\n  a: { type: auth0, domain: a, client_id: b }\n  b: { type: auth0, domain: a, client_id: b }\n";
    let flow = "steps:\n  - action: auth0.get_user\n    with: { user_id: x }\n  - action: log\n";
    let workspace = crate::support::check(&[("lockgate.yaml", two), ("flows/a.yaml", flow)]);
    let catalog = crate::support::catalog::catalog();
    let assist = lockgate_flow::assist::Assist::new(&workspace, &catalog, "flows/a.yaml");
    let form = assist.form("steps/0").unwrap();
    assert_eq!(form.connections, ["a", "b"]);
    assert!(form.needs_connection);
    let log = assist.form("steps/1").unwrap();
    assert!(log.connections.is_empty() && !log.needs_connection);
}

#[test]
fn other_verbs() {
    for (steps, path, expected) in [
        (
            "  - if: eq input.email \"a\"\n    then: []\n",
            "steps/0",
            vec!["/if*= any \"eq input.email \\\"a\\\"\""],
        ),
        (
            "  - switch: input.email\n    cases: { a: [{ return: 1 }] }\n",
            "steps/0",
            vec!["/switch*= any \"input.email\""],
        ),
        (
            "  - switch: input.email\n    cases: { a/b: [{ return: 1 }] }\n",
            "steps/0/cases/a%2Fb/0",
            vec!["/return any 1"],
        ),
        (
            "  - for_each: input.people\n    steps: [{ return: 1 }]\n    at_once: 3\n",
            "steps/0",
            vec![
                "/for_each*= any \"input.people\"",
                "/as string",
                "/at_once integer 3",
                "/yield any",
            ],
        ),
        (
            "  - for_each: input.people\n    steps: [{ return: 1 }]\n",
            "steps/0/each/#/steps/0",
            vec!["/return any 1"],
        ),
        (
            "  - set: { a: 1, b/c: x }\n",
            "steps/0",
            vec!["/set/a* any 1", "/set/b~1c* any \"x\""],
        ),
        ("  - wait: 5m\n", "steps/0", vec!["/wait* string \"5m\""]),
        (
            "  - wait: { until: x }\n",
            "steps/0",
            vec!["/wait/until* string \"x\""],
        ),
        (
            "  - call: greeting\n    with: { name: x }\n",
            "steps/0",
            vec![
                "/call* string \"greeting\"",
                "/with/name* string \"x\"",
                "/with/language string",
                "/with/token string",
            ],
        ),
        (
            "  - action: log\n    with: \"{{input.email}}\"\n",
            "steps/0",
            vec![
                "/with/message* string",
                "/with/level string",
                "/with/fields object",
                "/with any \"{{input.email}}\"",
            ],
        ),
        (
            "  - respond: { status: 201, body: { a: 1 } }\n",
            "steps/0",
            vec![
                "/respond/status integer 201",
                "/respond/headers object",
                "/respond/body any {\"a\":1}",
            ],
        ),
        ("  - return:\n", "steps/0", vec!["/return any null"]),
        (
            "  - redirect: https://x\n",
            "steps/0",
            vec!["/redirect* string \"https://x\""],
        ),
        (
            "  - redirect: { to: https://x }\n",
            "steps/0",
            vec!["/redirect/to* string \"https://x\"", "/redirect/status integer"],
        ),
        (
            "  - fail: { code: a, message: b }\n",
            "steps/0",
            vec![
                "/fail/code* string \"a\"",
                "/fail/message* string \"b\"",
                "/fail/status integer",
                "/fail/details any",
            ],
        ),
        ("  - parallel: { a: [{ return: 1 }] }\n", "steps/0", vec![]),
        (
            "  - parallel: { each: [{ return: 1 }] }\n",
            "steps/0/parallel/each/0",
            vec!["/return any 1"],
        ),
        (
            "  - action: log\n    on_error: [{ return: 1 }]\n",
            "steps/0/on_error/0",
            vec!["/return any 1"],
        ),
        (
            "  - action: log\n    on_error: { '*': [{ return: 1 }] }\n",
            "steps/0/on_error/*/0",
            vec!["/return any 1"],
        ),
        ("  - id: x\n", "steps/0", vec![]),
    ] {
        let (_, form) = form(steps, path);
        assert_eq!(shown(&form), expected, "{steps}");
        let is_known = form.verb != "invalid";
        assert_eq!(form.docs.is_empty(), !is_known, "{steps}");
        let gives = matches!(form.verb.as_str(), "action" | "call" | "for_each");
        assert_eq!(form.result.is_some(), gives, "{steps}");
    }
    assert!(Marked::flow("steps: []¦").assist().form("steps/0").is_none());
}

#[test]
fn the_result_of_a_call_is_what_the_flow_returns() {
    let (_, form) = form("  - call: greeting\n    with: { name: x }\n", "steps/0");
    let result = form.result.unwrap();
    assert_eq!(result["properties"]["text"], json!({ "type": "string" }));
    assert_eq!(result["properties"]["length"], json!({ "type": "integer" }));
    assert_eq!(form.fields[3].schema["secret"], json!(true));
    assert!(form.fields[3].secret);
}

/// The step in a text that is broken further down.
#[test]
fn a_broken_text_has_forms_of_what_was_read() {
    let (_, form) = form(
        "  - return: 1\n  - action: log\n    with: { message: x }\n  - return: \"\n",
        "steps/1",
    );
    assert_eq!(shown(&form)[0], "/with/message* string \"x\"");
}
