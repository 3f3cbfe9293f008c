//! Keys that get values.

use super::*;

#[test]
fn only_the_value_changes() {
    for (before, key, value, after) in [
        (
            "- id: a\n  with:\n    b: \"x\" # why\n    c: 1\n",
            "/with/b",
            json!("y"),
            "- id: a\n  with:\n    b: \"y\" # why\n    c: 1\n",
        ),
        (
            "- with: { a: 1, b: 'x' }\n",
            "/with/b",
            json!("it's"),
            "- with: { a: 1, b: 'it''s' }\n",
        ),
        (
            "- with: { a: 1 }\n",
            "/with/b",
            json!("{{input.x}}"),
            "- with: { a: 1, b: \"{{input.x}}\" }\n",
        ),
        (
            "- with: { a: 1 }\n",
            "/with/b",
            json!({ "c": [1, "x,y"] }),
            "- with: { a: 1, b: { c: [1, \"x,y\"] } }\n",
        ),
        ("- with: {}\n", "/with/b", json!(1), "- with: { b: 1 }\n"),
        ("- with:\n", "/with/b", json!(1), "- with: { b: 1 }\n"),
        (
            "- with: # none\n",
            "/with/b",
            json!(1),
            "- with: { b: 1 } # none\n",
        ),
        (
            "- action: log\n",
            "/with/b/c",
            json!("x"),
            "- action: log\n  with:\n    b: { c: x }\n",
        ),
        (
            "- action: log\n",
            "/with/b",
            json!("a: b #c"),
            "- action: log\n  with: { b: \"a: b #c\" }\n",
        ),
        (
            "- with:\n    a: 1\n    # of b\n    b: 1\n",
            "/with/c",
            json!("two\nlines\n"),
            "- with:\n    a: 1\n    # of b\n    b: 1\n    c: |\n      two\n      lines\n",
        ),
        ("- return:\n", "/return", json!("x"), "- return: x\n"),
        (
            "- return: # nothing\n",
            "/return",
            json!({ "a": [[1], 2] }),
            "- return: # nothing\n    a:\n    - [1]\n    - 2\n",
        ),
        (
            "- return: x # was text\n",
            "/return",
            json!({ "a": { "b": [1] } }),
            "- return: # was text\n    a:\n      b: [1]\n",
        ),
        (
            "- return: x # was text\n",
            "/return",
            json!({ "plan": "pro" }),
            "- return: { plan: pro } # was text\n",
        ),
        (
            "- return: # k\n    a: 1 # a\n  id: b\n",
            "/return",
            json!(3),
            "- return: 3 # k\n  id: b\n",
        ),
        (
            "- return: |\n    a\n    b\n  id: b\n",
            "/return",
            json!("c\nd\n"),
            "- return: |\n    c\n    d\n  id: b\n",
        ),
        (
            "- return: | # k\n    a\n\n  id: b\n",
            "/return",
            json!("c\nd"),
            "- return: |- # k\n    c\n    d\n\n  id: b\n",
        ),
        (
            "- return: >-\n    a b\n    c\n",
            "/return",
            json!("d\ne"),
            "- return: >-\n    d\n\n    e\n",
        ),
        (
            "- return: >\n    a b\n    c\n",
            "/return",
            json!("plain"),
            "- return: plain\n",
        ),
        (
            "- return: |+\n    a\n\n",
            "/return",
            json!("b\n\n"),
            "- return: \"b\\n\\n\"\n",
        ),
        (
            "- id: a\n  action: log\n",
            "/if",
            json!("eq input.a \"b\""),
            "- if: eq input.a \"b\"\n  id: a\n  action: log\n",
        ),
        (
            "- id: a\n  # of it\n  action: log\n",
            "/name",
            json!("tell"),
            "- id: a\n  name: tell\n  # of it\n  action: log\n",
        ),
        (
            "- retry: 5\n",
            "/retry/delay",
            json!("1s"),
            "- retry: { attempts: 5, delay: 1s }\n",
        ),
        (
            "- redirect: https://a.b\n",
            "/redirect/status",
            json!(302),
            "- redirect: { to: https://a.b, status: 302 }\n",
        ),
        (
            "- wait: 5s\n",
            "/wait/until",
            json!("{{vars.a}}"),
            "- wait: { until: \"{{vars.a}}\" }\n",
        ),
        (
            "- respond:\n",
            "/respond/status",
            json!(201),
            "- respond: { status: 201 }\n",
        ),
        (
            "- respond:\n    body: 1\n",
            "/respond/status",
            json!(201),
            "- respond:\n    status: 201\n    body: 1\n",
        ),
        (
            "- on_error: continue\n",
            "/on_error/a",
            json!("continue"),
            "- on_error: { \"*\": continue, a: continue }\n",
        ),
        (
            "- x:\n    - 1\n    - 2\n",
            "/x/1",
            json!("b"),
            "- x:\n    - 1\n    - b\n",
        ),
        (
            "- x:\n    - 1\n    - 2\n",
            "/x/-",
            json!({ "a": 1 }),
            "- x:\n    - 1\n    - 2\n    - { a: 1 }\n",
        ),
        ("- x: [1, 2]\n", "/x/2", json!("3"), "- x: [1, 2, \"3\"]\n"),
        ("- x: []\n", "/x/0", json!(1), "- x: [1]\n"),
        (
            "- x:\n    a: 1 # a\n    b: 2\n    c: 3 # c\n",
            "/x",
            json!({ "c": 3, "a": 9, "d": [] }),
            "- x:\n    a: 9 # a\n    c: 3 # c\n    d: []\n",
        ),
        (
            "- x:\n    - 1 # a\n    - 2\n    - 3 # c\n",
            "/x",
            json!([1, 5, 6, 3]),
            "- x:\n    - 1 # a\n    - 5\n    - 6\n    - 3 # c\n",
        ),
        (
            "- x:\n    - 1 # a\n    - 2\n    - 3 # c\n",
            "/x",
            json!([1, 3]),
            "- x:\n    - 1 # a\n    - 3 # c\n",
        ),
        ("- x: [1, 2, 3]\n", "/x", json!([1, 3]), "- x: [1, 3]\n"),
        ("- x: [a, b] # c\n", "/x", json!([]), "- x: [] # c\n"),
        ("- x:\n    a\n    b\n", "/x", json!("c"), "- x:\n    c\n"),
        ("- x: 1\n", "/x", json!(null), "- x: null\n"),
        ("- x: 1\n", "/x", json!(1.5e300), "- x: 1.5e+300\n"),
        (
            "- x: 1\n",
            "/y",
            json!([{ "a": { "b": { "c": 1 } } }, "x\ny"]),
            "- x: 1\n  y:\n  - a:\n      b: { c: 1 }\n  - |-\n    x\n    y\n",
        ),
    ] {
        let before = format!("steps:\n{before}");
        let select = becomes(&before, &set("steps/0", key, value), &format!("steps:\n{after}"));
        assert_eq!(select.unwrap(), "steps/0");
    }
}

#[test]
fn the_flow_has_keys_too() {
    let flow = "# head\nname: a # its name\n\ninput:\n  email: string # e\n  plan: { type: string }\n\nsteps:\n  - return: 1\n";
    for (key, value, from, to) in [
        ("/name", json!("b"), "name: a #", "name: b #"),
        (
            "/description",
            json!("What it is: this"),
            "its name\n",
            "its name\ndescription: \"What it is: this\"\n",
        ),
        (
            "/trigger/http",
            json!("POST /x"),
            "its name\n",
            "its name\ntrigger: { http: POST /x }\n",
        ),
        (
            "/input/email",
            json!({ "type": "string", "format": "email" }),
            "email: string #",
            "email: { type: string, format: email } #",
        ),
        (
            "/input/email/format",
            json!("email"),
            "email: string #",
            "email: { type: string, format: email } #",
        ),
        (
            "/input/plan/enum",
            json!(["a", "b"]),
            "{ type: string }",
            "{ type: string, enum: [a, b] }",
        ),
        (
            "/input/new",
            json!({ "type": "string", "secret": true }),
            "string }\n",
            "string }\n  new: { type: string, secret: true }\n",
        ),
        ("/timeout", json!("5m"), "string }\n", "string }\ntimeout: 5m\n"),
        (
            "/durable",
            json!(false),
            "string }\n",
            "string }\ndurable: false\n",
        ),
        (
            "/on_error",
            json!([{ "return": 1 }]),
            "return: 1\n",
            "return: 1\n\non_error:\n  - return: 1\n",
        ),
    ] {
        assert_eq!(
            becomes(flow, &set("", key, value), &flow.replacen(from, to, 1)),
            None
        );
    }
    let http = "trigger:\n  http: POST /x # why\nsteps: []\n";
    becomes(
        http,
        &set("", "/trigger/http/auth", json!("bearer")),
        "trigger:\n  http: { method: POST, path: /x, auth: bearer } # why\nsteps: []\n",
    );
    becomes("", &set("", "/name", json!("a")), "name: a\n");
    becomes(
        "# c",
        &set("", "/input/a/type", json!("string")),
        "# c\ninput:\n  a: { type: string }",
    );
    becomes(
        "name: a\r\n",
        &set("", "/description", json!("x\ny\n")),
        "name: a\r\ndescription: |\r\n  x\r\n  y\r\n",
    );
}

#[test]
fn what_does_not_fit_says_so() {
    let flow = "steps:\n  - set: 1\n    x: &a { b: 1 }\n    y: *a\n    z: [1]\n";
    for (step, key, message) in [
        ("steps/1", "/a", "there is no step `steps/1`"),
        ("steps", "/a", "there is no step `steps`"),
        ("steps/0", "a", "`a` is no key: it begins with `/`"),
        ("steps/0", "/set/a", "`set` holds a single value: it has no `a`"),
        (
            "steps/0",
            "/y/b",
            "an alias stands here (`*name`): write its value out first",
        ),
        ("steps/0", "/z/3", "the list has no element `3`"),
    ] {
        assert_eq!(fails(flow, &set(step, key, json!(2))), message);
    }
    // Another place would change with it.
    assert!(fails(flow, &set("steps/0", "/x/b", json!(2))).contains("cannot be changed"));
    becomes(flow, &set("steps/0", "/y", json!(2)), &flow.replace("*a", "2"));
}
