//! What holds: each key of a case in one that passes, and would not without it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use lockgate_testing::coverage::FlowCoverage;
use serde_json::{Value, json};
use support::Bed;

#[track_caller]
fn passes(flow: &str, test: &str) -> Bed {
    let bed = Bed::sound(&[("flows/a.yaml", flow), ("flows/a.test.yaml", test)]);
    assert_eq!(bed.failures(), "");
    bed
}

const CALLS: &str = r#"
input: { id: string }
steps:
  - id: first
    action: http.request
    with: { url: "https://a.example.com/{{input.id}}" }
    retry: { attempts: 3, delay: 1s }
    on_error: { http_status: continue }
  - id: second
    action: http.request
    with: { url: https://b.example.com/ }
    timeout: 5s
    on_error: { timeout: [{ return: late }] }
  - return: ["{{optional steps.first.body}}", "{{steps.second.body}}"]
"#;

/// A mock of `http.request` that answers with this body.
fn ok(body: &str) -> String {
    format!("value: {{ status: 200, success: true, headers: {{}}, body: {body} }}")
}

#[test]
fn mocks_answer_by_step_by_action_and_in_turn() {
    let (a, b, c) = (ok("a"), ok("b"), ok("c"));
    passes(
        CALLS,
        &format!(
            r#"
flow: a
mock: {{ http.request: {{ {a} }} }}
cases:
  - name: the file's, for every call
    input: {{ id: "1" }}
    expect: {{ output: [a, a], calls: {{ http.request: [{{ url: https://a.example.com/1 }}, {{ url: https://b.example.com/ }}] }} }}
  - name: the case's goes before, a step's before an action's
    mock: {{ http.request: {{ {b} }}, steps.second: {{ {c} }} }}
    input: {{ id: "1" }}
    expect: {{ output: [b, c] }}
  - name: an action's of the case goes before a step's of the file
    mock: {{ http.request: {{ {b} }} }}
    input: {{ id: "1" }}
    expect: {{ output: [b, b] }}
  - name: one a call, the last stays
    mock: {{ http.request: [{{ error: unavailable }}, {{ {b} }}, {{ {c} }}] }}
    input: {{ id: "1" }}
    expect: {{ output: [b, c], steps: {{ first: {{ attempts: 2 }} }}, calls: {{ steps.first: 2, steps.second: 1 }} }}
  - name: an error with what the other end said
    mock: {{ steps.first: {{ error: {{ code: http_status, message: no, status: 418, provider: {{ status: 418 }} }} }} }}
    input: {{ id: "1" }}
    expect:
      output: [null, a]
      steps: {{ first: {{ attempts: 1, error: {{ code: http_status, message: no, status: 418, provider: {{ status: 418 }} }} }} }}
  - name: an answer that takes its time
    mock: {{ steps.second: {{ takes: 6s, {b} }} }}
    input: {{ id: "1" }}
    expect: {{ output: late, duration: 5s }}
  - name: an error that may pass, and does not
    mock: {{ http.request: {{ error: {{ code: unavailable, retry: never }} }} }}
    input: {{ id: "1" }}
    expect: {{ error: unavailable, steps: {{ first: {{ attempts: 1 }} }} }}
"#
        ),
    );
}

#[test]
fn faults_strike_before_the_action_works() {
    passes(
        CALLS,
        &format!(
            r#"
flow: a
mock: {{ http.request: {{ {} }} }}
faults: [{{ step: second, error: timeout }}]
cases:
  - name: of the file
    input: {{ id: "1" }}
    expect: {{ output: [x, x], steps: {{ second: {{ attempts: 2 }} }} }}
  - name: of the case and of the file
    faults: [{{ action: http.request, times: 2, error: unavailable }}]
    input: {{ id: "1" }}
    expect: {{ output: [x, x], steps: {{ first: {{ attempts: 3 }}, second: {{ attempts: 2 }} }}, duration: {{ at_least: 1s }} }}
  - name: one that does not pass
    faults: [{{ step: first, error: http_status }}]
    input: {{ id: "1" }}
    expect: {{ output: [null, x], steps: {{ first: {{ error: http_status }} }} }}
"#,
            ok("x")
        ),
    );
}

#[test]
fn runs_share_tenant_clock_and_codes() {
    let flow = r#"
input: { email: string, code: { type: string, default: "" } }
steps:
  - if: is_empty input.code
    then:
      - id: sent
        action: otp.generate
        with: { reference: "{{input.email}}", validity: 5m }
      - id: user
        action: auth0.create_user
        with: { connection: Username-Password-Authentication, email: "{{input.email}}", password: "{{uuid}}" }
      - return: { until: "{{steps.sent.expires_at}}" }
  - id: checked
    action: otp.verify
    with: { reference: "{{input.email}}", code: "{{input.code}}" }
  - return: "{{steps.checked.valid}}"
"#;
    let test = r#"
flow: a
now: 2031-05-06T07:08:09Z
cases:
  - name: a code that was sent
    runs:
      - input: { email: ada@example.com }
        expect: { tenant: { user: { created_at: 2031-05-06T07:08:09.000Z } } }
      - after: 4m
        input: { email: ada@example.com, code: "{{runs.[0].steps.sent.code}}" }
        expect: { output: true, tenant: { users: 1, requests: [] } }
      - input: { email: ada@example.com, code: "{{runs.[0].steps.sent.code}}" }
        expect: { output: false }
  - name: a code that is too old
    runs:
      - { input: { email: ada@example.com } }
      - after: 5m
        input: { email: ada@example.com, code: "{{runs.[0].steps.sent.code}}" }
        expect: { output: false }
  - name: an expectation that reads an earlier run
    runs:
      - { input: { email: ada@example.com } }
      - input: { email: bob@example.com }
        expect: { output: { until: 2031-05-06T07:13:09Z }, steps: { user: { output: { email: { one_of: ["{{runs.[0].steps.user.email}}", bob@example.com] } } } } }
"#;
    passes(flow, test);
}

#[test]
fn one_step_runs_alone_with_what_it_is_given() {
    let flow = r#"
input: { plan: string, more: { type: string } }
steps:
  - id: customer
    action: http.request
    with: { url: https://a.example.com/ }
  - set: { rate: 3 }
  - id: grant
    if: eq input.plan "pro"
    action: map_value
    with: { input: "{{steps.customer.body.kind}}", cases: { gold: "{{multiply vars.rate 100}}" }, fallback: 0 }
    on_error: { invalid_input: [{ return: wrong }] }
  - id: after
    action: http.request
    with: { url: https://a.example.com/ }
  - return: all
"#;
    let test = r"
flow: a
cases:
  - name: given what stands before it
    step: grant
    input: { plan: pro }
    given: { steps: { customer: { body: { kind: gold } } }, vars: { rate: 5 } }
    expect: { output: { result: 500 }, steps: { grant: { ran: true }, customer: { ran: false }, after: { ran: false } } }
  - name: its own guard counts
    step: grant
    input: { plan: free }
    given: { steps: { customer: { body: { kind: gold } } }, vars: { rate: 5 } }
    expect: { output: { absent: true }, steps: { grant: { ran: false } } }
  - name: what is not given is missing
    step: grant
    input: { plan: pro }
    given: { vars: { rate: 5 } }
    expect: { error: missing_value }
";
    passes(flow, test);
}

#[test]
fn answers_are_those_of_the_http_endpoint() {
    let flow = r#"
trigger: { http: "POST /a/:id" }
input: { id: string, how: { enum: [nothing, returns, responds, fails, breaks, redirects, empty] } }
steps:
  - switch: input.how
    cases:
      returns: [{ return: { a: 1 } }]
      responds: [{ respond: { status: 202, headers: { x-a: "1", content-type: text/plain }, body: hi } }]
      fails: [{ fail: { code: no, status: 418, message: tea } }]
      breaks: [{ return: "{{from_json input.id}}" }]
      redirects: [{ redirect: "https://a.example.com/{{request.path}}{{request.headers.x-b}}{{request.ip}}{{request.method}}" }]
      empty: [{ respond: { status: 204, body: lost } }]
"#;
    let test = r#"
flow: a
cases:
  - { name: nothing, input: { id: x, how: nothing }, expect: { response: { exactly: { status: 204, headers: {} } } } }
  - { name: returns, input: { id: x, how: returns }, expect: { response: { exactly: { status: 200, headers: { content-type: application/json }, body: { a: 1 } } } } }
  - { name: responds, input: { id: x, how: responds }, expect: { response: { exactly: { status: 202, headers: { x-a: "1", content-type: text/plain }, body: hi } } } }
  - { name: empty, input: { id: x, how: empty }, expect: { response: { exactly: { status: 204, headers: {} } } } }
  - { name: fails, input: { id: x, how: fails }, expect: { response: { status: 418, headers: { content-type: application/problem+json }, body: { code: no, message: tea } } } }
  - name: breaks
    input: { id: "{", how: breaks }
    expect:
      response: { status: 500, body: { code: invalid_expression, message: the flow could not be completed } }
      error: { message: { matches: JSON } }
  - name: redirects
    input: { id: x y, how: redirects }
    request: { headers: { X-B: "-" } }
    expect: { response: { status: 303, headers: { location: https://a.example.com//a/x y-203.0.113.7POST } } }
  - { name: refused, input: { id: 1 }, expect: { status: refused, response: { status: 422, body: { errors: [{ field: id }, { field: how }] } } } }
"#;
    passes(flow, test);
}

#[test]
fn loops_and_called_flows_are_seen() {
    let outer = r#"
input: { emails: { type: array, items: { type: string } } }
steps:
  - id: all
    for_each: input.emails
    as: email
    at_once: 2
    steps:
      - id: one
        call: inner
        with: { email: "{{email}}" }
        on_error: continue
    yield: "{{optional steps.one}}"
  - return: "{{steps.all}}"
"#;
    let inner = r#"
input: { email: { type: string, format: email } }
steps:
  - id: told
    action: http.request
    with: { url: "https://a.example.com/{{url_encode input.email}}" }
  - return: "{{steps.told.body}}"
"#;
    let test = format!(
        r"
flow: outer
cases:
  - name: each turn
    mock: {{ steps.told: [{{ {} }}, {{ {} }}] }}
    input: {{ emails: [a@example.com, nobody, b@example.com] }}
    expect:
      output: [1, null, 2]
      steps:
        one: {{ ran: true, turns: [{{ ran: true }}, {{ error: invalid_input }}, {{ output: 2 }}] }}
        told: {{ turns: [{{ output: {{ body: 1 }} }}, {{ output: {{ body: 2 }} }}] }}
      calls: {{ http.request: 2, steps.told: 2 }}
",
        ok("1"),
        ok("2")
    );
    let bed = Bed::sound(&[
        ("flows/outer.yaml", outer),
        ("flows/inner.yaml", inner),
        ("flows/outer.test.yaml", &test),
    ]);
    assert_eq!(bed.failures(), "");
}

#[test]
fn a_snapshot_is_the_same_each_time_and_keeps_no_secret() {
    let flow = r#"
input: { password: { type: string, secret: true } }
steps:
  - id: user
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: "{{random 8}}@example.com", password: "{{input.password}}" }
  - return: { id: "{{uuid}}", at: "{{now}}", user: "{{steps.user.user_id}}" }
"#;
    let test = "
flow: a
cases:
  - { name: a snapshot, input: { password: correct horse 9 }, expect: snapshot }
  - name: of each run
    runs:
      - { input: { password: correct horse 9 }, expect: { snapshot: true, status: succeeded } }
      - { after: 1m, input: { password: correct horse 9 }, expect: snapshot }
";
    let bed = Bed::sound(&[("flows/a.yaml", flow), ("flows/a.test.yaml", test)]);
    let first = bed.run();
    assert_eq!(first.totals().failed, 2);
    let written: BTreeMap<String, String> = first
        .cases
        .iter()
        .flat_map(|case| &case.snapshots)
        .map(|change| (change.path.clone(), change.text.clone()))
        .collect();
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        [
            "flows/a.test.snap/a-snapshot.json",
            "flows/a.test.snap/of-each-run.1.json",
            "flows/a.test.snap/of-each-run.2.json",
        ]
    );
    let kept = &written["flows/a.test.snap/a-snapshot.json"];
    assert!(!kept.contains("correct horse"), "{kept}");
    bed.snapshots.0.lock().unwrap().extend(written.clone());
    assert_eq!(bed.failures(), "");
    // What is another is found.
    let mut kept: Value = serde_json::from_str(kept).unwrap();
    kept["output"]["at"] = json!("2030-01-01T00:00:01Z");
    kept["steps"][0]["more"] = json!(1);
    let path = "flows/a.test.snap/a-snapshot.json".to_owned();
    bed.snapshots.0.lock().unwrap().insert(path, kept.to_string());
    insta::assert_snapshot!(bed.failures());
}

#[test]
fn cases_are_the_same_on_any_number_of_threads() {
    let flow = r#"
input: { n: integer }
steps:
  - id: a
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: "{{input.n}}@example.com", password: "{{uuid}}" }
  - parallel:
      left: [{ id: l, action: otp.generate, with: { reference: a } }, { wait: 1m }]
      right: [{ wait: 1s }, { id: r, action: totp.generate_secret, with: { account: a, issuer: b } }]
  - return: ["{{random 16}}", "{{steps.l}}", "{{steps.r}}", "{{steps.a}}"]
"#;
    let cases: Vec<String> = (0..24)
        .map(|n| format!("  - {{ name: case {n}, input: {{ n: {n} }}, expect: snapshot }}\n"))
        .collect();
    let cases = cases.concat();
    let bed = Bed::sound(&[
        ("flows/a.yaml", flow),
        ("flows/a.test.yaml", &format!("flow: a\ncases:\n{cases}")),
    ]);
    let seen = |jobs| {
        let cases = bed.run_with(jobs).cases;
        let outputs = cases.iter().map(|case| case.runs[0].output.clone().unwrap());
        outputs.collect::<Vec<Value>>()
    };
    let one = seen(1);
    assert_eq!(one.len(), 24);
    assert_eq!(seen(8), one);
    // Nothing of one case is left for another.
    assert_eq!(one[0][0], one[23][0]);
    assert_eq!(one[0][1], one[23][1]);
}

#[test]
fn what_ran_and_which_ways_were_taken_is_recorded() {
    let flow = r#"
input: { n: integer }
steps:
  - if: eq input.n 1
    name: guarded
    set: { a: 1 }
  - if: eq input.n 2
    then: [{ set: { b: 1 } }]
  - switch: input.n
    cases:
      3: [{ set: { c: 1 } }]
      4: []
  - id: told
    action: http.request
    with: { url: https://a.example.com/ }
    on_error: { timeout: continue, "*": [{ return: no }] }
"#;
    let test = |cases: &str| {
        format!(
            "flow: a\nmock: {{ http.request: {{ {} }} }}\ncases:\n{cases}",
            ok("1")
        )
    };
    let missed = |cases: &str| {
        let bed = Bed::sound(&[("flows/a.yaml", flow), ("flows/a.test.yaml", &test(cases))]);
        assert_eq!(bed.failures(), "");
        let workspace = bed.flow("a");
        let coverage = FlowCoverage::of(&workspace, &bed.run().visits());
        let missed = coverage
            .steps
            .iter()
            .chain(&coverage.branches)
            .filter(|covered| !covered.is_covered)
            .map(|covered| {
                format!("{} {}", covered.path, covered.label)
                    .trim_end()
                    .to_owned()
            });
        (missed.collect::<Vec<String>>(), coverage.counts())
    };
    let (found, (steps, branches)) = missed("  - { name: a, input: { n: 1 } }\n");
    assert_eq!(
        found,
        [
            "steps/1/then/0",
            "steps/2/cases/3/0",
            "steps/3/on_error/*/0",
            "steps/0 if is false",
            "steps/1 if is true",
            "steps/2 case 3",
            "steps/2 case 4",
            "steps/3 on_error timeout",
            "steps/3 on_error *",
        ]
    );
    assert_eq!((steps.covered, steps.total), (4, 7));
    assert_eq!((branches.covered, branches.total), (3, 9));
    assert!((branches.percent() - 100.0 / 3.0).abs() < 1e-9);
    let (found, _) = missed(
        "  - { name: a, input: { n: 1 } }
  - { name: b, input: { n: 2 } }
  - { name: c, input: { n: 3 } }
  - { name: d, input: { n: 4 }, faults: [{ action: http.request, error: { code: timeout, retry: never } }] }
  - { name: e, input: { n: 5 }, faults: [{ action: http.request, error: http_status }], expect: { output: no } }\n",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn connections_are_made_of_what_the_test_says() {
    let workspace = "
version: 1
connections:
  tokens: { type: jwt, algorithm: HS256, secret: '${TOKEN_SECRET}' }
";
    let flow = r#"
input: { id: string }
steps:
  - id: token
    action: jwt.sign
    with: { payload: { sub: "{{input.id}}" }, expires_in: 5m }
  - return: "{{steps.token.token}}"
"#;
    let test = "
flow: a
cases:
  - name: a made-up secret
    connections: { tokens: { secret: this-is-made-up-and-long-enough-for-hs256 } }
    input: { id: ada }
    expect: { output: { matches: '^eyJ' } }
";
    let bed = Bed::sound(&[
        ("lockgate.yaml", workspace),
        ("flows/a.yaml", flow),
        ("flows/a.test.yaml", test),
    ]);
    assert_eq!(bed.failures(), "");
    let without = test.replace(
        "    connections: { tokens: { secret: this-is-made-up-and-long-enough-for-hs256 } }\n",
        "",
    );
    let bed = Bed::sound(&[
        ("lockgate.yaml", workspace),
        ("flows/a.yaml", flow),
        ("flows/a.test.yaml", &without),
    ]);
    insta::assert_snapshot!(bed.failures());
}

#[test]
fn time_stands_still_while_something_computes() {
    let flow = r#"
steps:
  - id: hash
    action: hash.password
    timeout: 1s
    with: { password: correct horse 9, algorithm: argon2id }
  - id: same
    action: hash.verify_password
    timeout: 1s
    with: { password: correct horse 9, hash: "{{steps.hash.hash}}" }
  - return: "{{steps.same.valid}}"
"#;
    passes(
        flow,
        "flow: a\ncases: [{ name: x, expect: { output: true, duration: 0s } }]\n",
    );
}

#[test]
fn a_wait_of_a_year_takes_no_time() {
    let flow = "steps:\n  - wait: 400d\n  - return: { at: '{{now}}' }\n";
    let test = "
flow: a
now: 2030-01-01T00:00:00Z
cases:
  - { name: later, expect: { output: { at: { matches: ^2031-02-05 } }, duration: 400d } }
";
    let began = std::time::Instant::now();
    passes(flow, test);
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}
