//! What flows can answer.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::laboratory::{body_of, codes, document_of, resolved, responses_of, statuses};

#[track_caller]
fn answers(rest: &str, expected: &[&str]) {
    let (_, responses) = responses_of(rest, &[]);
    assert_eq!(statuses(&responses), expected, "{responses:#}");
}

#[test]
fn each_way_to_end_has_its_status() {
    answers("steps:\n  - return: 1\n", &["200"]);
    answers("steps:\n  - set: { a: 1 }\n", &["204"]);
    answers("steps:\n  - respond: { status: 202 }\n", &["202"]);
    answers("steps:\n  - redirect: https://example.com\n", &["303"]);
    answers("steps:\n  - redirect: { to: /x, status: 307 }\n", &["307"]);
    answers(
        "steps:\n  - fail: { code: no, status: 418, message: No. }\n",
        &["418"],
    );
    answers(
        "input: { s: integer }\nsteps:\n  - respond: { status: '{{input.s}}' }\n",
        &["default"],
    );
}

#[test]
fn what_comes_after_an_answer_does_not_count() {
    answers(
        "steps:\n  - respond: { status: 201 }\n  - action: test.act\n  - fail: { code: late, status: 418, message: No. }\n",
        &["201", "504"],
    );
    answers(
        "input: { a: boolean }\nsteps:\n  - if: input.a\n    respond: { status: 201 }\n  - set: { b: 1 }\n",
        &["201", "204"],
    );
    answers(
        "input: { a: boolean }\nsteps:\n  - if: input.a\n    then: [{ respond: { status: 201 } }]\n    \
         else: [{ respond: { status: 202 } }]\n  - set: { b: 1 }\n",
        &["201", "202"],
    );
}

#[test]
fn errors_go_where_the_executor_sends_them() {
    answers(
        "steps:\n  - action: test.act\n  - return: 1\n",
        &["200", "410", "423", "502", "504"],
    );
    answers(
        "steps:\n  - action: test.act\n    on_error: { gone: [{ fail: { code: gone, status: 404, message: Gone. } }] }\n  \
         - return: 1\n",
        &["200", "404", "423", "502", "504"],
    );
    // `continue` takes all codes; only the run's own time is left.
    answers(
        "steps:\n  - action: test.act\n    on_error: continue\n  - return: 1\n",
        &["200", "504"],
    );
    // The step around it takes what its own steps leave.
    answers(
        "input: { a: boolean }\nsteps:\n  - if: input.a\n    then: [{ action: test.act }]\n    \
         on_error: { locked: [{ return: 2 }] }\n",
        &["200", "204", "410", "502", "504"],
    );
    // A code that is not declared as well.
    answers(
        "input: { a: boolean }\nsteps:\n  - if: input.a\n    then: [{ action: test.act, on_error: { gone: [{ return: 1 }] } }]\n    \
         on_error: { '*': [{ respond: { status: 299 } }] }\n",
        &["200", "204", "299", "504"],
    );
    answers(
        "steps:\n  - parallel: { a: [{ action: test.act }], b: [{ set: { c: 1 } }] }\n    \
         on_error: { gone: [{ respond: { status: 206 } }] }\n",
        &["204", "206", "423", "502", "504"],
    );
    // `fail` is no step's to take, only the flow's.
    answers(
        "steps:\n  - parallel: { a: [{ fail: { code: no, status: 418, message: No. } }], b: [{ set: { c: 1 } }] }\n    \
         on_error: { '*': [{ return: 1 }] }\n  - return: 2\n",
        &["418"],
    );
}

#[test]
fn the_flows_on_error_answers_or_does_not() {
    let steps = "steps:\n  - action: test.act\n  - return: 1\n";
    answers(
        &format!("{steps}on_error:\n  - respond: {{ status: 299 }}\n"),
        &["200", "299", "504"],
    );
    answers(
        &format!("{steps}on_error:\n  - set: {{ a: 1 }}\n"),
        &["200", "410", "423", "502", "504"],
    );
    answers(
        &format!("{steps}on_error:\n  - if: eq error.code \"gone\"\n    respond: {{ status: 299 }}\n"),
        &["200", "299", "410", "423", "502", "504"],
    );
}

#[test]
fn called_flows_give_their_errors_and_results_and_no_answers() {
    let inner = "name: inner\nsteps:\n  - respond: { status: 299 }\n  - action: test.act\n    on_error: { locked: continue }\n  \
                 - fail: { code: no, status: 418, message: No. }\n";
    let (document, responses) = responses_of(
        "steps:\n  - { id: got, call: inner, on_error: { gone: [{ return: gone }] } }\n  - return: '{{steps.got}}'\n",
        &[inner],
    );
    assert_eq!(statuses(&responses), ["200", "418", "502", "504"]);
    assert_eq!(codes(&document, &responses, "418"), ["no"]);

    let inner = "name: inner\ninput: { a: boolean }\nsteps:\n  - if: input.a\n    return: { x: 1 }\n";
    let (document, responses) = responses_of(
        "steps:\n  - { id: got, call: inner, with: { a: true } }\n  - return: '{{steps.got}}'\n",
        &[inner],
    );
    let body = body_of(&document, &responses, "200");
    assert_eq!(body["type"], json!(["object", "null"]));
    assert_eq!(
        body["properties"],
        json!({ "x": { "type": "integer", "const": 1 } })
    );
}

#[test]
fn codes_and_the_servers_own_answers() {
    let (document, responses) = responses_of(
        "input: { a: string }\nsteps:\n  - if: eq input.a \"x\"\n    fail: { code: bad_a, message: 'Not x.' }\n  \
         - if: eq input.a \"y\"\n    fail: { code: '{{input.a}}', status: '{{default 400 1}}', message: y }\n",
        &[],
    );
    assert_eq!(codes(&document, &responses, "422"), ["bad_a", "invalid_input"]);
    let text = responses["422"]["description"].as_str().unwrap();
    assert!(text.contains("- `bad_a`: Not x\n"), "{text}");
    assert!(responses["4XX"].is_object() && responses["5XX"].is_object());
    let busy = resolved(&document, &responses["503"]);
    assert!(busy["headers"]["Retry-After"].is_object());
    assert_eq!(
        codes(&document, &responses, "400"),
        ["body_cut", "idempotency_not_supported", "malformed_request"]
    );
    assert_eq!(codes(&document, &responses, "413"), ["body_too_large"]);

    let document = document_of(&[
        "name: a\ntrigger: { http: { method: GET, path: /a/:b, rate_limit: 1/s } }\ninput: { b: string }\nsteps:\n  - return: 1\n",
    ]);
    let responses = &document["paths"]["/a/{b}"]["get"]["responses"];
    let keys: Vec<&String> = responses.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["200", "400", "404", "422", "429", "500", "503"]);
    assert!(responses["200"]["headers"]["RateLimit-Limit"].is_object());
    assert!(responses["200"]["headers"]["X-Run-Id"].is_object());
}

#[test]
fn flows_whose_runs_are_kept_answer_more() {
    let flow = |name: &str, rest: &str| {
        format!(
            "name: {name}\ndurable: true\ntrigger: {{ http: {{ method: POST, path: /{name}, auth: none }} }}\n{rest}"
        )
    };
    let document = document_of(&[
        &flow("a", "concurrency: 1\nsteps:\n  - return: { x: 1 }\n"),
        &flow("b", "steps:\n  - respond: { status: 202, body: { y: 1 } }\n"),
    ]);
    let operation = &document["paths"]["/a"]["post"];
    let responses = &operation["responses"];
    let parameters = operation["parameters"].as_array().unwrap();
    let names: Vec<_> = parameters
        .iter()
        .map(|parameter| &resolved(&document, parameter)["name"])
        .collect();
    assert_eq!(names, ["Idempotency-Key", "Prefer"]);
    assert_eq!(
        codes(&document, responses, "422"),
        ["idempotency_key_reused", "invalid_input"]
    );
    assert_eq!(
        codes(&document, responses, "503"),
        [
            "busy",
            "cancelled",
            "interrupted",
            "queue_full",
            "stopping",
            "store_unavailable"
        ]
    );
    let accepted = resolved(&document, &responses["202"]);
    assert!(
        accepted["headers"]["Preference-Applied"].is_object(),
        "{accepted:#}"
    );
    // The name of its own answer is not changed by that.
    let own = &responses["200"]["content"]["application/json"]["schema"];
    assert_eq!(own["$ref"], "#/components/schemas/AOutput");
    // Two kinds of 202: neither is always there.
    let both = &document["paths"]["/b"]["post"]["responses"]["202"];
    assert_eq!(both["headers"]["Location"]["required"], false, "{both:#}");
    assert!(document["paths"]["/_runs/{run_id}"]["get"].is_object());

    let passing = document_of(&["name: a\ntrigger: { http: POST /a }\nsteps: [{ return: 1 }]\n"]);
    assert!(passing["paths"].get("/_runs/{run_id}").is_none());
    assert!(passing["paths"]["/a"]["post"].get("parameters").is_none());
}

/// The schema of `return: <template>`.
#[track_caller]
fn returned(template: &str) -> Value {
    let (document, responses) = responses_of(
        &format!(
            "input:\n  s: string\n  m: integer\n  n: {{ type: integer, required: false }}\n  e: {{ enum: [a, b] }}\n  \
             l: {{ type: array, items: {{ type: object, properties: {{ x: {{ type: string }} }}, required: [x] }} }}\n\
             steps:\n  - {{ id: act, action: test.act }}\n  \
             - {{ id: each, for_each: input.l, as: it, steps: [{{ set: {{ w: '{{{{it.x}}}}' }} }}], yield: '{{{{it.x}}}}' }}\n  \
             - set: {{ v: '{{{{input.s}}}}' }}\n  - set: {{ v: 3 }}\n  - return: {template}\n"
        ),
        &[],
    );
    let schema = &responses["200"]["content"]["application/json"]["schema"];
    let mut schema = resolved(&document, schema).clone();
    if let Value::Object(fields) = &mut schema {
        fields.shift_remove("description");
    }
    schema
}

#[test]
fn bodies_have_the_types_of_their_templates() {
    let text = json!({ "type": "string" });
    for (template, expected) in [
        ("done", json!({ "type": "string", "const": "done" })),
        ("3", json!({ "type": "integer", "const": 3 })),
        ("1.5", json!({ "type": "number", "const": 1.5 })),
        ("[]", json!({ "type": "array" })),
        (
            "[1, a]",
            json!({ "type": "array", "items": { "type": ["string", "integer"] } }),
        ),
        ("'hello {{input.s}}'", text.clone()),
        ("'{{input.m}}'", json!({ "type": "integer" })),
        ("'{{optional input.n}}'", json!({ "type": ["integer", "null"] })),
        (
            "'{{omit_if_missing input.n}}'",
            json!({ "type": ["integer", "null"] }),
        ),
        ("'{{default input.n 0}}'", json!({ "type": "integer" })),
        (
            "'{{default input.n \"none\"}}'",
            json!({ "anyOf": [{ "type": "string", "const": "none" }, { "type": "integer" }] }),
        ),
        ("'{{input.e}}'", json!({ "type": "string", "enum": ["a", "b"] })),
        ("'{{upper input.s}}'", text.clone()),
        ("'{{now}}'", json!({ "type": "string", "format": "date-time" })),
        ("'{{eq input.s \"a\"}}'", json!({ "type": "boolean" })),
        ("'{{steps.act.count}}'", json!({ "type": "integer" })),
        ("'{{steps.act.token}}'", text.clone()),
        ("'{{steps.act.tags.[0]}}'", text.clone()),
        ("'{{steps.each}}'", json!({ "type": "array", "items": text })),
        ("'{{input.l.[0].x}}'", text.clone()),
        (
            "'{{vars.v}}'",
            json!({ "anyOf": [{ "type": "integer", "const": 3 }, { "type": "string" }] }),
        ),
        ("'{{run.attempt}}'", json!({ "type": "integer", "minimum": 1 })),
        ("'{{request.headers.host}}'", text.clone()),
        ("'{{first input.l}}'", json!({})),
        (
            "{ a: '{{omit_if_missing input.n}}', b: true }",
            json!({
                "type": "object",
                "properties": { "a": { "type": "integer" }, "b": { "type": "boolean", "const": true } },
                "required": ["b"]
            }),
        ),
    ] {
        assert_eq!(returned(template), expected, "{template}");
    }
    // A named result, whose references lead into it.
    let act = returned("'{{steps.act}}'");
    assert_eq!(act["required"], json!(["id", "count"]));
    assert!(act["properties"]["token"].get("secret").is_none());
    assert_eq!(
        act["properties"]["node"]["$ref"],
        "#/components/schemas/TestActResult/$defs/node"
    );
}

#[test]
fn variables_that_double_each_other_stay_small() {
    let mut rest = "input: { a: string }\nsteps:\n  - set: { v0: '{{input.a}}' }\n".to_owned();
    for number in 1..60 {
        let before = number - 1;
        let _ = writeln!(
            rest,
            "  - set: {{ v{number}: {{ a: '{{{{vars.v{before}}}}}', b: '{{{{vars.v{before}}}}}' }} }}"
        );
    }
    rest.push_str("  - return: '{{vars.v59}}'\n");
    let (document, _) = responses_of(&rest, &[]);
    assert!(document.to_string().len() < 1_000_000);
}

#[test]
fn headers_and_media_types() {
    let (document, responses) = responses_of(
        "input: { a: { type: string, required: false } }\nsteps:\n  - respond:\n      status: 201\n      headers:\n        \
         X-One: 1\n        X-Two: '{{optional input.a}}'\n        Content-Type: text/html; charset=utf-8\n      \
         body: '<p>{{optional input.a}}</p>'\n",
        &[],
    );
    let created = &responses["201"];
    assert_eq!(
        created["headers"]["X-One"],
        json!({ "required": true, "schema": { "type": "string", "const": "1" } })
    );
    assert_eq!(created["headers"]["X-Two"]["required"], false);
    assert_eq!(
        created["content"],
        json!({ "text/html": { "schema": { "type": "string" } } })
    );
    drop(document);
    let (_, responses) = responses_of("steps:\n  - redirect: 'https://example.com/{{run.id}}'\n", &[]);
    let location = &responses["303"]["headers"]["Location"];
    assert_eq!(
        *location,
        json!({ "required": true, "schema": { "type": "string" } })
    );
}
