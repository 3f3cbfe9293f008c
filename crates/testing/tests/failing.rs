//! Tests that must fail: every kind of expectation has a case in which it does, and says why.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_testing::report::Verdict;
use support::Bed;

const FLOW: &str = r#"
input:
  email: { type: string, format: email }
  plan: { enum: [free, pro], default: free }
trigger: { http: POST /sign-up }
steps:
  - id: user
    action: auth0.create_user
    with: { connection: "{{config.database}}", email: "{{input.email}}", password: correct horse 9 }
    on_error:
      user_exists:
        - fail: { code: email_taken, status: 409, message: "{{input.email}} is taken." }
  - if: eq input.plan "pro"
    id: told
    action: http.request
    with: { method: POST, url: https://crm.example.com/, json: { email: "{{input.email}}", plan: "{{input.plan}}" } }
  - wait: 3d
  - respond: { status: 201, headers: { x-plan: "{{input.plan}}" }, body: { plan: "{{input.plan}}" } }
  - return: { email: "{{input.email}}" }
"#;

#[test]
fn every_kind_of_expectation_can_fail() {
    let test = r#"
flow: sign-up
tenant: { users: [{ email: taken@example.com }] }
mock:
  http.request: { value: { status: 204, success: true, headers: {}, body: "" } }
cases:
  - name: a status
    input: { email: ada@example.com }
    expect: { response: { status: 200 } }
  - name: a header
    input: { email: ada@example.com }
    expect: { response: { headers: { x-plan: pro } } }
  - name: a body
    input: { email: ada@example.com }
    expect: { response: { body: { plan: { matches: "^p" }, quota: 1000 } } }
  - name: an output
    input: { email: ada@example.com }
    expect: { output: { email: bob@example.com } }
  - name: an error that is none
    input: { email: ada@example.com }
    expect: { error: email_taken }
  - name: another error
    input: { email: taken@example.com }
    expect: { error: { code: email_taken, status: 422, message: { matches: "already" } } }
  - name: no error
    input: { email: taken@example.com }
    expect: { error: { absent: true } }
  - name: a status of the run
    input: { email: taken@example.com }
    expect: { status: succeeded }
  - name: an end that nobody spoke of
    input: { email: taken@example.com }
  - name: an end that nobody spoke of, among other things
    input: { email: taken@example.com }
    expect: { tenant: { users: 1 } }
  - name: an input that does not fit
    input: { email: ada, plan: gold, more: 1 }
    expect: { tenant: { users: 1 } }
  - name: a step that has not run
    input: { email: ada@example.com }
    expect: { steps: { told: { ran: true } } }
  - name: a step that has run
    input: { email: ada@example.com, plan: pro }
    expect: { steps: { told: { ran: false } } }
  - name: the output of a step
    input: { email: ada@example.com }
    expect: { steps: { user: { output: { email: bob@example.com, email_verified: { any: string } } } } }
  - name: the attempts of a step
    input: { email: ada@example.com }
    faults: [{ action: auth0.create_user, error: unavailable }]
    expect: { steps: { user: { attempts: 1 } } }
  - name: the error of a step
    input: { email: taken@example.com }
    expect: { status: failed, steps: { user: { error: weak_password } } }
  - name: the number of calls
    input: { email: ada@example.com }
    expect: { calls: { http.request: 1 } }
  - name: the inputs of calls
    input: { email: ada@example.com, plan: pro }
    expect: { calls: { http.request: [{ json: { email: bob@example.com } }], steps.user: [] } }
  - name: a user
    input: { email: ada@example.com }
    expect: { tenant: { user: { email: ADA@example.com, app_metadata: { plan: free } } } }
  - name: a user who is not there
    input: { email: ada@example.com }
    expect: { tenant: { user: { email: bob@example.com } } }
  - name: a user who is there
    input: { email: ada@example.com }
    expect: { tenant: { no_user: { email: ada@example.com } } }
  - name: how many users
    input: { email: ada@example.com }
    expect: { tenant: { users: 1 } }
  - name: all users
    input: { email: ada@example.com }
    expect: { tenant: { users: [{ email: ada@example.com }, { email: taken@example.com }] } }
  - name: what the tenant is asked
    input: { email: ada@example.com }
    expect: { tenant: { requests: [{ method: GET, path: /api/v2/users, status: 201 }] } }
  - name: how long it takes
    input: { email: ada@example.com }
    expect: { duration: 2d }
  - name: how long it takes at the most
    input: { email: ada@example.com }
    expect: { duration: { at_most: 1h30m } }
  - name: a snapshot
    input: { email: taken@example.com }
    expect: snapshot
  - name: an action without a mock
    mock: { steps.user: { error: user_exists } }
    input: { email: ada@example.com }
    expect: { error: weak_password }
  - name: two things at once
    input: { email: ada@example.com, plan: pro }
    expect:
      response: { status: 200, body: { plan: free } }
      calls: { http.request: 0 }
  - name: a later run
    runs:
      - { input: { email: ada@example.com }, expect: { response: { status: 201 } } }
      - { after: 1h, input: { email: "{{runs.[0].output.email}}" }, expect: { response: { status: 201 } } }
      - { input: { email: never@example.com }, expect: { response: { status: 400 } } }
  - name: what an earlier run did not give
    runs:
      - { input: { email: ada@example.com } }
      - { input: { email: "{{runs.[0].response.body.email}}" } }
  - name: one step alone
    step: user
    input: { email: taken@example.com }
    expect: { output: { email: taken@example.com } }
"#;
    let bed = Bed::sound(&[("flows/sign-up.yaml", FLOW), ("flows/sign-up.test.yaml", test)]);
    let report = bed.run();
    let passed: Vec<&str> = report
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::Failed)
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(passed, Vec::<&str>::new());
    insta::assert_snapshot!(bed.failures());
}

#[test]
fn a_call_without_a_mock_fails_whatever_the_flow_makes_of_it() {
    let flow = r#"
input: { email: string }
steps:
  - id: told
    action: http.request
    with: { url: https://crm.example.com/ }
    on_error: continue
  - id: again
    action: http.request
    with: { url: https://crm.example.com/ }
    on_error: { "*": [{ return: fine }] }
"#;
    let test = "
flow: told
cases:
  - name: nothing answers
    input: { email: a }
    expect: { output: fine }
  - name: one is answered
    mock: { steps.told: { value: { status: 200, success: true, headers: {}, body: null } } }
    input: { email: a }
    expect: { output: fine }
";
    let bed = Bed::sound(&[("flows/told.yaml", flow), ("flows/told.test.yaml", test)]);
    insta::assert_snapshot!(bed.failures());
}
