//! What the studio does beyond texts: runs on their pictures, tests, connections, scenarios. Through the real binary.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;

use lockgate_tenant::{Client, Tenant};
use serde_json::{Value, json};

use crate::canaries::forms;
use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Answer, Served, ask};

const SCENARIO: &str = "custom-sign-up-fields";
const FILE: &str = "flows/sign-up-with-fields.yaml";
const TESTS: &str = "flows/sign-up-with-fields.test.yaml";
const PASSWORD: &str = "canary pass-word \"<&'\\ 9";

/// A flow that decides, branches, loops, calls and looks at its request; its runs are not kept.
const WAYS: &str = "\
name: ways
durable: false
trigger: { http: 'POST /ways/:n' }
input: { n: { type: integer } }
steps:
  - id: which
    switch: '{{request.method}}'
    cases:
      GET: [{ set: { way: read } }]
      POST: [{ set: { way: write } }]
    default: [{ set: { way: other } }]
  - if: gt input.n 7
    then: [{ set: { high: 1 } }]
  - parallel:
      a: [{ set: { x: 1 } }]
      b: [{ if: lt input.n 0, set: { z: 1 } }]
  - for_each: split \"a,b\" \",\"
    steps:
      - if: eq item \"b\"
        then: [{ call: inner, with: { n: 1 } }]
  - { id: flip, if: 'lt (to_number (random 1 \"digits\")) 5', then: [{ set: { side: low } }], else: [{ set: { side: high } }] }
  - return: '{{vars.way}} {{vars.side}}'
";

const INNER: &str =
    "input: { n: { type: integer } }\nsteps:\n  - if: gt input.n 0\n    then: [{ set: { y: 1 } }]\n";

/// A connector of the workspace's own, to where nobody is.
const OWN: &str = "\
connector: own
summary: Ours
docs: https://example.com/
base_url: http://127.0.0.1:9
auth: none
operations:
  ping:
    summary: Pings
    docs: It answers.
    effect: read
    request: { method: GET, path: /ping }
    output: { type: object }
";

const ASK: &str = "\
input: { n: { type: integer, default: 1 } }
steps:
  - if: gt input.n 0
    then:
      - { id: ping, action: own.ping, retry: { attempts: 1 }, on_error: continue }
  - set: { a: 1 }
  - return: 1
";

/// A workspace that a scenario begins.
fn workspace() -> Folder {
    let folder = Folder::empty();
    let line = folder.lockgate(&["new", "--scenario", SCENARIO, "--no-input"]);
    line.run().assert_code(0);
    folder
}

fn dev(folder: &Folder) -> Served {
    Served::start(folder, &["dev", "--log", "off"])
}

#[track_caller]
fn get(served: &Served, path: &str) -> Answer {
    ask(served.admin(), "GET", path, "").unwrap()
}

#[track_caller]
fn post(served: &Served, path: &str, body: &Value) -> Answer {
    ask(served.admin(), "POST", path, &body.to_string()).unwrap()
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
    answer.json()["message"].as_str().unwrap().to_owned()
}

/// Starts a run and waits for its end.
#[track_caller]
fn run(served: &Served, flow: &str, body: &Value, status: &str) -> String {
    let started = post(served, &format!("/api/flows/{flow}/runs"), body);
    assert_eq!(started.status, 202, "{started:?}");
    let id = started.json()["id"].as_str().unwrap().to_owned();
    until(status, || {
        get(served, &format!("/api/runs/{id}")).json()["run"]["status"] == status
    });
    id
}

fn input() -> Value {
    json!({ "input": { "email": "ada@example.com", "password": PASSWORD, "company": "Engines" } })
}

/// The ways that were taken, as `path way`.
fn taken(path: &Value) -> Vec<String> {
    let ways = path["ways"].as_array().unwrap().iter();
    ways.filter(|way| way["taken"] == true)
        .map(|way| {
            format!(
                "{} {}",
                way["path"].as_str().unwrap(),
                way["way"].as_str().unwrap()
            )
        })
        .collect()
}

/// The steps that ran.
fn ran(path: &Value) -> Vec<&str> {
    let steps = path["steps"].as_object().unwrap().iter();
    steps
        .filter(|(_, ran)| **ran == true)
        .map(|(path, _)| path.as_str())
        .collect()
}

#[test]
fn a_run_is_seen_on_the_picture_of_the_text_that_it_ran() {
    let folder = workspace();
    let served = dev(&folder);
    let flow = "sign-up-with-fields";
    let first = run(&served, flow, &input(), "succeeded");
    let known = run(&served, flow, &input(), "succeeded");
    let picture = |id: &str| {
        let answer = get(&served, &format!("/api/runs/{id}/picture"));
        for form in forms(PASSWORD) {
            assert!(!answer.body.contains(&form), "{form}");
        }
        ok(&answer)
    };
    let seen = picture(&first);
    assert_eq!(
        (&seen["is_current"], &seen["is_exact"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(ran(&seen["path"]), ["steps/0", "steps/1"]);
    assert_eq!(taken(&seen["path"]), ["steps/0 next", "steps/1 next"]);
    assert_eq!(seen["document"]["flow"]["name"], flow);
    assert_eq!(seen["document"]["diagnostics"], json!([]));
    // Every step and way of the picture has a word.
    let cards = seen["document"]["picture"]["cards"].as_array().unwrap();
    assert!(cards.len() > 4, "{cards:?}");
    for step in seen["document"]["steps"].as_array().unwrap() {
        assert!(
            seen["path"]["steps"]
                .get(step["path"].as_str().unwrap())
                .is_some(),
            "{step}"
        );
    }
    let seen = picture(&known);
    let arm = "steps/0/on_error/user_exists";
    assert_eq!(
        ran(&seen["path"]),
        ["steps/0", &format!("{arm}/0"), &format!("{arm}/1")]
    );
    assert!(
        taken(&seen["path"]).contains(&"steps/0 error:0".to_owned()),
        "{seen:#}"
    );

    // The text that it ran, whatever stands on the disk now.
    folder.edit(FILE, "Create a user", "Make a user");
    let seen = picture(&first);
    assert_eq!(
        (&seen["is_current"], &seen["is_exact"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        seen["document"]["flow"]["description"],
        "Create a user with fields of your own."
    );
    // Its inside can be left out.
    let collapsed = ok(&get(
        &served,
        &format!("/api/runs/{known}/picture?collapsed=steps/0"),
    ));
    assert!(
        collapsed["document"]["picture"]["cards"]
            .as_array()
            .unwrap()
            .len()
            < cards.len()
    );
    refused(
        &get(&served, &format!("/api/runs/{first}/picture?colour=red")),
        400,
        "malformed_request",
    );
    for id in ["0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11", "last"] {
        refused(
            &get(&served, &format!("/api/runs/{id}/picture")),
            404,
            "no_such_run",
        );
    }
    served.end("TERM").assert_code(0);
}

#[test]
fn a_run_of_a_flow_that_is_not_durable_is_kept_and_its_whole_way_is_found() {
    let folder = workspace();
    folder.write("flows/ways.yaml", WAYS);
    folder.write("flows/inner.yaml", INNER);
    let served = dev(&folder);
    let path = "/api/flows/ways/runs";
    let body = json!({ "input": { "n": 8 }, "request": { "method": "POST" } });
    refused(&post(&served, path, &body), 409, "flow_not_kept");
    refused(
        &post(&served, path, &json!({ "input": { "n": 8 }, "keep": true })),
        409,
        "needs_request",
    );
    let near = post(&served, "/api/flows/wais/runs", &json!({}));
    assert!(refused(&near, 404, "no_such_flow").contains("did you mean `ways`?"));
    let mut sides = Vec::new();
    for n in [8, 7, 7, 7, 7] {
        let method = if n == 8 { "POST" } else { "PUT" };
        let body = json!({ "input": { "n": n }, "request": { "method": method, "path": "/" }, "keep": true });
        let id = run(&served, "ways", &body, "succeeded");
        let output = get(&served, &format!("/api/runs/{id}")).json()["output"].clone();
        let side = if output.as_str().unwrap().ends_with("low") {
            "then"
        } else {
            "else"
        };
        let seen = ok(&get(&served, &format!("/api/runs/{id}/picture")));
        assert_eq!(seen["is_exact"], true);
        let ways = taken(&seen["path"]);
        let choices: Vec<&str> = ways
            .iter()
            .map(String::as_str)
            .filter(|way| !way.ends_with(" next"))
            .collect();
        assert_eq!(
            choices,
            [
                if n == 8 {
                    "steps/0 case:1"
                } else {
                    "steps/0 default"
                },
                if n == 8 { "steps/1 then" } else { "steps/1 else" },
                "steps/2 branch:0",
                "steps/2 branch:1",
                "steps/2/parallel/b/0 else",
                "steps/3 body",
                "steps/3/each/#/steps/0 then",
                "steps/3/each/#/steps/0 else",
                &format!("steps/4 {side}"),
            ]
        );
        // Nothing of the flow that it calls.
        assert!(!seen["path"].to_string().contains("/call/"));
        sides.push(side);
    }
    served.end("TERM").assert_code(0);
}

/// A run whose definition this binary cannot run any more: an action of it is gone.
#[test]
fn where_a_run_cannot_be_followed_its_records_are_told() {
    let folder = Folder::with(&[
        (
            "lockgate.yaml",
            "version: 1\nconnections:\n  own: { type: own }\n",
        ),
        ("connectors/own.yaml", OWN),
        ("flows/ask.yaml", ASK),
    ]);
    folder.lockgate(&["check"]).run().assert_code(0);
    let served = dev(&folder);
    let id = run(&served, "ask", &json!({}), "succeeded");
    let picture = || ok(&get(&served, &format!("/api/runs/{id}/picture")));
    let seen = picture();
    assert_eq!(seen["is_exact"], true);
    assert_eq!(
        ran(&seen["path"]),
        ["steps/0", "steps/0/then/0", "steps/1", "steps/2"]
    );
    fs::remove_file(folder.path().join("connectors/own.yaml")).unwrap();
    until("the action is gone", || picture()["is_exact"] == false);
    let seen = picture();
    assert_eq!(ran(&seen["path"]), ["steps/0/then/0"]);
    assert_eq!(
        (&seen["path"]["ways"], &seen["is_current"]),
        (&json!([]), &json!(true))
    );
    // What is wrong with it now is told.
    assert_ne!(seen["document"]["diagnostics"], json!([]));
    served.end("TERM").assert_code(0);
}

#[test]
fn a_run_is_held_against_an_edited_text() {
    let folder = workspace();
    let served = dev(&folder);
    let id = run(&served, "sign-up-with-fields", &input(), "succeeded");
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    let compare = |text: &str| {
        let answer = post(
            &served,
            &format!("/api/runs/{id}/compare"),
            &json!({ "path": FILE, "text": text }),
        );
        for form in forms(PASSWORD) {
            assert!(!answer.body.contains(&form), "{form}");
        }
        ok(&answer)
    };
    let same = compare(&text);
    assert_eq!(
        same,
        json!({
            "departs": false, "departures": [], "end": "it does what the run did", "diagnostics": [],
        })
    );
    // The edit is not saved: what stands on the disk does not matter.
    let other = compare(&text.replace("{{trim input.company}}", "{{trim input.company}} Ltd"));
    assert_eq!(other["departs"], true);
    let departure = &other["departures"][0];
    assert_eq!(
        (&departure["step"], &departure["title"]),
        (&json!("steps/0"), &json!("auth0.create_user"))
    );
    let what = departure["what"].as_str().unwrap();
    assert!(what.starts_with("gets something else\n"), "{what}");
    assert!(
        what.contains("\n-     \"company\": \"Engines\"")
            && what.contains("\n+     \"company\": \"Engines Ltd\""),
        "{what}"
    );
    // A step before the others: they are found all the same.
    let more = compare(&text.replace(
        "steps:\n",
        "steps:\n  - action: log\n    with: { message: new }\n",
    ));
    assert_eq!(more["departures"][0]["step"], "steps/0");
    assert!(
        more["departures"][0]["what"]
            .as_str()
            .unwrap()
            .starts_with("`log` is not recorded"),
        "{more:#}"
    );
    assert_eq!(more["end"], "how it goes on from there is not known");
    // The last step is gone: it has no place in the text.
    let (gone, _) = text.split_once("  # Auth0 sends its verification").unwrap();
    let gone = compare(gone);
    let unused = &gone["departures"][0];
    assert_eq!(
        (&unused["step"], &unused["title"]),
        (&Value::Null, &json!("respond")),
        "{gone:#}"
    );
    let broken = compare(&text.replace("input.company", "input.firm"));
    assert_eq!(
        (&broken["departs"], &broken["departures"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(broken["diagnostics"][0]["step"], "steps/0", "{broken:#}");
    let other = json!({ "path": "flows/other.yaml", "text": "steps: [{ return: 1 }]\n" });
    let message = refused(
        &post(&served, &format!("/api/runs/{id}/compare"), &other),
        409,
        "other_flow",
    );
    assert!(
        message.contains("`sign-up-with-fields`") && message.contains("`other`"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), text);
    served.end("TERM").assert_code(0);
}

#[test]
fn a_run_becomes_a_test_that_passes() {
    let folder = workspace();
    folder.write("flows/slow.yaml", "steps: [{ wait: 1d }]\n");
    folder.write("flows/short.yaml", "steps: [{ return: 1 }]\n");
    folder.write(
        "flows/short.test.yaml",
        "flow: short\ncases: [{ name: a, expect: { output: 1 } }]\n",
    );
    let served = dev(&folder);
    let id = run(&served, "sign-up-with-fields", &input(), "succeeded");
    let before = fs::read_to_string(folder.path().join(TESTS)).unwrap();
    let case = ok(&post(&served, &format!("/api/runs/{id}/case"), &json!({})));
    let text = case["text"].as_str().unwrap();
    let version = ok(&get(&served, &format!("/api/files/{TESTS}")))["version"].clone();
    assert_eq!((&case["path"], &case["base"]), (&json!(TESTS), &version));
    assert!(
        text.starts_with(before.trim_end()) && !text.contains(PASSWORD),
        "{text}"
    );
    let line = usize::try_from(case["line"].as_u64().unwrap()).unwrap();
    assert!(
        text.lines()
            .nth(line - 1)
            .unwrap()
            .contains(&format!("recorded {id}")),
        "{line}: {text}"
    );
    // Nothing was written.
    assert_eq!(fs::read_to_string(folder.path().join(TESTS)).unwrap(), before);
    let tests = json!({ "flow": "sign-up-with-fields" });
    let count = ok(&post(&served, "/api/tests", &tests))["passed"]
        .as_u64()
        .unwrap();
    folder.write(TESTS, text);
    let report = ok(&post(&served, "/api/tests", &tests));
    // The password is sealed in the store: somebody has to fill it in.
    let gap = &report["diagnostics"][0];
    assert_eq!(
        (&report["cases"], &gap["path"]),
        (&json!([]), &json!(TESTS)),
        "{report:#}"
    );
    assert!(
        gap["message"].as_str().unwrap().contains("`password` is a gap"),
        "{gap}"
    );
    folder.write(TESTS, &text.replace("${GAP: password}", "correct horse 9"));
    let report = ok(&post(&served, "/api/tests", &tests));
    assert_eq!(
        (&report["failed"], &report["passed"]),
        (&json!(0), &json!(count + 1)),
        "{report:#}"
    );

    let slow = run(&served, "slow", &json!({}), "sleeping");
    refused(
        &post(&served, &format!("/api/runs/{slow}/case"), &json!({})),
        409,
        "run_status",
    );
    let short = run(&served, "short", &json!({}), "succeeded");
    let path = format!("/api/runs/{short}/case");
    assert!(refused(&post(&served, &path, &json!({})), 422, "case_refused").contains("appended"));
    fs::remove_file(folder.path().join("flows/short.test.yaml")).unwrap();
    let new = ok(&post(&served, &path, &json!({})));
    assert_eq!((&new["base"], &new["line"]), (&Value::Null, &json!(4)));
    fs::remove_file(folder.path().join("flows/short.yaml")).unwrap();
    refused(&post(&served, &path, &json!({})), 409, "no_such_flow");
    served.end("TERM").assert_code(0);
}

#[test]
fn tests_run_as_they_are_on_the_disk_with_what_they_cover() {
    let folder = workspace();
    let served = dev(&folder);
    let all = ok(&post(&served, "/api/tests", &json!({})));
    assert!(all["passed"].as_u64().unwrap() > 10, "{all:#}");
    assert_eq!((&all["failed"], &all["diagnostics"]), (&json!(0), &json!([])));
    assert_eq!(all["coverage"].as_object().unwrap().len(), 2);
    let covered = &all["coverage"]["sign-up-with-fields"];
    assert!(
        covered["steps"]
            .as_object()
            .unwrap()
            .values()
            .all(|ran| *ran == true)
    );
    let ways = taken(covered);
    for way in [
        "steps/0 next",
        "steps/0 error:0",
        "steps/0 error:1",
        "steps/1 next",
    ] {
        assert!(ways.contains(&way.to_owned()), "{way}: {ways:?}");
    }
    let case = &all["cases"][0];
    assert_eq!(
        (&case["status"], &case["reason"]),
        (&json!("passed"), &Value::Null)
    );
    assert!(
        case["runs"][0]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["path"].is_string())
    );

    // A case that fails, with its place, what was expected and what was found, and without secrets.
    folder.edit(
        TESTS,
        "company: Analytical Engines, phone",
        "company: Difference Engines, phone",
    );
    folder.edit(
        TESTS,
        "password: correct horse 9\n",
        &format!("password: {}\n", json!(PASSWORD)),
    );
    let one = post(&served, "/api/tests", &json!({ "flow": "sign-up-with-fields" }));
    for form in forms(PASSWORD) {
        assert!(!one.body.contains(&form), "{form}");
    }
    let one = ok(&one);
    assert_eq!(
        (&one["failed"], one["coverage"].as_object().unwrap().len()),
        (&json!(1), 1)
    );
    let failure = &one["cases"][0]["failures"][0];
    assert_eq!(
        (&failure["has_values"], &failure["diagnostic"]["path"]),
        (&json!(true), &json!(TESTS))
    );
    assert!(
        failure["expected"].to_string().contains("Difference"),
        "{failure:#}"
    );
    assert!(
        failure["actual"].to_string().contains("Analytical"),
        "{failure:#}"
    );

    // What has mistakes is not run; the rest is.
    folder.edit(TESTS, "cases:\n", "casess: 1\ncases:\n");
    let rest = ok(&post(&served, "/api/tests", &json!({})));
    assert!(
        rest["cases"]
            .as_array()
            .unwrap()
            .iter()
            .all(|case| case["flow"] == "complete-sign-up")
    );
    assert!(rest["passed"].as_u64().unwrap() > 1 && rest["failed"] == 0);
    assert_eq!(rest["diagnostics"][0]["path"], TESTS);
    folder.edit(TESTS, "casess: 1\ncases:\n", "cases:\n");
    folder.edit(FILE, "{{trim input.company}}", "{{trim input.firm}}");
    let broken = ok(&post(
        &served,
        "/api/tests",
        &json!({ "flow": "sign-up-with-fields" }),
    ));
    assert_eq!((&broken["cases"], &broken["coverage"]), (&json!([]), &json!({})));
    let found = broken["diagnostics"].as_array().unwrap();
    let found = found.iter().find(|finding| finding["path"] == FILE).unwrap();
    assert_eq!(
        (&found["step"], &found["code"]),
        (&json!("steps/0"), &json!("LG0304"))
    );
    let near = post(&served, "/api/tests", &json!({ "flow": "complete-signup" }));
    assert!(refused(&near, 404, "no_such_flow").contains("did you mean `complete-sign-up`?"));
    // A folder's name is no flow's.
    refused(
        &post(&served, "/api/tests", &json!({ "flow": "flows" })),
        404,
        "no_such_flow",
    );
    fs::rename(
        folder.path().join("lockgate.yaml"),
        folder.path().join("away.yaml"),
    )
    .unwrap();
    refused(
        &post(&served, "/api/tests", &json!({})),
        409,
        "workspace_unreadable",
    );
    served.end("TERM").assert_code(0);
}

const SECRETS: [&str; 3] = [
    "canary client-secret \"<&'\\ 1",
    "canary-token-abcdefghijklmnop",
    "http://127.0.0.1:9/services/canary-B000-X111",
];

/// Connections of all sorts; their secrets stand in `.env`, and one in the file itself.
fn connected() -> Folder {
    let folder = workspace();
    let more = format!(
        "\n  callers: {{ type: bearer, token: '${{CALLER_TOKEN}}' }}\n  others: {{ type: bearer, token: '${{OTHER_TOKEN}}' }}\n  \
         slack: {{ type: slack, url: {} }}\n  stripe: {{ type: stripe, secret_key: '${{STRIPE_KEY}}' }}\n  spare: {{ type: auth0, domain: \
         '${{SPARE_DOMAIN}}', client_id: x, client_secret: '${{CLIENT_SECRET}}' }}\n\nconfig:\n",
        json!(SECRETS[2])
    );
    folder.edit("lockgate.yaml", "\n\nconfig:\n", &more);
    for flow in ["flows/sign-up-with-fields.yaml", "flows/complete-sign-up.yaml"] {
        let text = fs::read_to_string(folder.path().join(flow)).unwrap();
        // Several of a type: each step says which it means.
        let mut named = String::new();
        for line in text.lines() {
            let _ = writeln!(named, "{line}");
            if let Some((indent, _)) = line.split_once("action: auth0.") {
                let _ = writeln!(named, "{}connection: auth0", indent.replace('-', " "));
            }
        }
        folder.write(flow, &named);
    }
    folder.write(
        "flows/told.yaml",
        "trigger: { http: { method: POST, path: /told, auth: { bearer: callers } } }\nsteps:\n  - action: stripe.create_customer\n    with: { \
         email: a@example.com }\n",
    );
    // Started by nobody but whoever tries it.
    folder.write(
        "flows/tried.yaml",
        "steps:\n  - action: slack.post_message\n    with: { text: b }\n",
    );
    folder.write(
        ".env",
        &format!(
            "CLIENT_SECRET='{}'\nCALLER_TOKEN={}\n",
            SECRETS[0].replace('\'', "'\\''"),
            SECRETS[1]
        ),
    );
    folder
}

#[test]
fn connections_are_told_and_tested_without_their_secrets() {
    let folder = connected();
    folder.lockgate(&["check"]).run().assert_code(0);
    let served = dev(&folder);
    let clean = |answer: Answer| {
        for form in SECRETS.iter().flat_map(|secret| forms(secret)) {
            assert!(!answer.body.contains(&form), "{form}: {}", answer.body);
        }
        answer
    };
    let list = ok(&clean(get(&served, "/api/connections")));
    let list = list.as_array().unwrap();
    let named = |name: &str| list.iter().find(|one| one["name"] == name).unwrap();
    for (name, target) in [
        ("auth0", "emulated"),
        ("callers", "set"),
        ("others", "unused"),
        ("slack", "provider"),
        ("stripe", "left_out"),
        ("spare", "unused"),
    ] {
        assert_eq!(named(name)["target"], target, "{:#}", named(name));
    }
    let auth0 = named("auth0");
    assert!(
        auth0["url"].as_str().unwrap().starts_with("http://127.0.0.1:"),
        "{auth0:#}"
    );
    assert_eq!(auth0["problem"], Value::Null);
    assert_eq!(auth0["flows"], json!(["complete-sign-up", "sign-up-with-fields"]));
    assert!(
        auth0["variables"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "AUTH0_DOMAIN", "is_set": false }))
    );
    assert!(
        auth0["settings"]
            .as_array()
            .unwrap()
            .contains(&json!("client_secret"))
    );
    let scopes = auth0["scopes"].as_array().unwrap();
    assert!(scopes.iter().all(|scope| scope["granted"].is_null()));
    assert_eq!(scopes[0]["any_of"], json!(["create:users"]));
    assert_eq!(
        scopes[0]["users"],
        json!(["sign-up-with-fields (auth0.create_user)"])
    );
    assert!(
        named("stripe")["problem"]
            .as_str()
            .unwrap()
            .contains("STRIPE_KEY"),
        "{:#}",
        named("stripe")
    );

    let check = |name: &str| {
        ok(&clean(post(
            &served,
            &format!("/api/connections/{name}/check"),
            &json!({}),
        )))
    };
    let auth0 = check("auth0");
    assert_eq!(
        (&auth0["ok"], &auth0["missing"]),
        (&json!(true), &json!([])),
        "{auth0:#}"
    );
    assert!(
        auth0["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|scope| scope["granted"] == true)
    );
    for (name, is_ok, words) in [
        ("callers", true, "what callers must show"),
        ("others", true, "made up, since OTHER_TOKEN is not set"),
        ("slack", true, "can be used; nobody was called"),
        ("stripe", false, "STRIPE_KEY"),
    ] {
        let told = check(name);
        assert_eq!(told["ok"], is_ok, "{told:#}");
        assert!(told["message"].as_str().unwrap().contains(words), "{told:#}");
    }
    let near = post(&served, "/api/connections/auth/check", &json!({}));
    assert!(refused(&near, 404, "no_such_connection").contains("did you mean `auth0`?"));
    // A flow that nothing starts has its connections, too.
    let id = run(&served, "tried", &json!({}), "failed");
    let error = get(&served, &format!("/api/runs/{id}")).json()["error"].to_string();
    assert!(
        !error.contains("no connection") && !error.contains("left out"),
        "{error}"
    );
    served.end("TERM").assert_code(0);
}

#[test]
fn a_test_of_a_connection_says_what_is_missing() {
    let secret = SECRETS[0];
    let tenant = Emulated::built(Tenant::builder().client(Client::new("me", secret).scopes(["read:users"])));
    let mut folder = Folder::connected(&tenant);
    folder.set("AUTH0_CLIENT_ID", "me");
    folder.set("AUTH0_CLIENT_SECRET", secret);
    let served = dev(&folder);
    let list = ok(&get(&served, "/api/connections"));
    assert_eq!(
        (&list[0]["target"], &list[0]["url"]),
        (&json!("real"), &json!(tenant.url()))
    );
    let checked = post(&served, "/api/connections/auth0/check", &json!({}));
    assert!(
        forms(secret).iter().all(|form| !checked.body.contains(form)),
        "{}",
        checked.body
    );
    let checked = ok(&checked);
    assert_eq!(checked["ok"], false);
    let missing = checked["missing"].as_array().unwrap();
    assert!(
        missing.contains(&json!("create:users")) && !missing.contains(&json!("read:users")),
        "{checked:#}"
    );
    for scope in checked["scopes"].as_array().unwrap() {
        let is_there = scope["any_of"].as_array().unwrap().contains(&json!("read:users"));
        assert_eq!(scope["granted"], is_there, "{scope}");
    }
    // It goes away.
    tenant.delete_client("me");
    tenant.expire_tokens();
    let checked = post(&served, "/api/connections/auth0/check", &json!({}));
    assert!(
        forms(secret).iter().all(|form| !checked.body.contains(form)),
        "{}",
        checked.body
    );
    assert_eq!(ok(&checked)["ok"], false);
    served.end("TERM").assert_code(0);
}

#[test]
fn scenarios_are_looked_at_and_added() {
    let folder = workspace();
    let served = dev(&folder);
    let all = ok(&get(&served, "/api/scenarios"));
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 15);
    let gdpr = all.iter().find(|scenario| scenario["name"] == "gdpr").unwrap();
    assert!(gdpr["readme"].as_str().unwrap().starts_with("# "));
    assert_eq!(
        gdpr["flows"],
        json!([
            "cancel-erasure",
            "confirm-erasure",
            "export-person",
            "request-erasure"
        ])
    );
    assert!(gdpr["connections"].as_array().unwrap().contains(&json!("auth0")));
    for picture in gdpr["pictures"].as_array().unwrap() {
        assert!(picture["svg"].as_str().unwrap().starts_with("<svg"), "{picture}");
    }
    let before = fs::read_to_string(folder.path().join("lockgate.yaml")).unwrap();
    let add = |name: &str, dry_run: bool| {
        post(
            &served,
            &format!("/api/scenarios/{name}"),
            &json!({ "dry_run": dry_run }),
        )
    };
    let plan = ok(&add("gdpr", true));
    assert_eq!((&plan["written"], &plan["clashes"]), (&json!(false), &json!([])));
    assert!(
        plan["new"]
            .as_array()
            .unwrap()
            .contains(&json!("flows/export-person.yaml"))
    );
    let grown = plan["grown"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grown| grown["path"] == "lockgate.yaml")
        .unwrap();
    assert!(grown["diff"].as_str().unwrap().contains("\n+"), "{grown}");
    assert_eq!(
        fs::read_to_string(folder.path().join("lockgate.yaml")).unwrap(),
        before
    );
    assert!(!folder.path().join("flows/export-person.yaml").exists());
    let done = ok(&add("gdpr", false));
    assert_eq!((&done["written"], &done["new"]), (&json!(true), &plan["new"]));
    assert!(folder.path().join("flows/export-person.yaml").exists());
    // It is there: once more changes nothing.
    let again = ok(&add("gdpr", false));
    assert_eq!(
        (&again["new"], &again["grown"], &again["written"]),
        (&json!([]), &json!([]), &json!(true))
    );
    until("it is served", || {
        let flows = get(&served, "/api/flows").json()["flows"].to_string();
        flows.contains("export-person")
    });
    assert_eq!(
        ok(&post(&served, "/api/tests", &json!({ "flow": "export-person" })))["failed"],
        0
    );

    // What is in the way, and why it cannot be put together; nothing is written then.
    folder.write("flows/import-user.yaml", "steps: [{ return: mine }]\n");
    let clash = ok(&add("bulk-import", false));
    assert_eq!(
        (&clash["written"], &clash["clashes"][0]["path"]),
        (&json!(false), &json!("flows/import-user.yaml"))
    );
    assert!(!folder.path().join("flows/import-users.yaml").exists());
    fs::remove_file(folder.path().join("flows/import-user.yaml")).unwrap();
    folder.write(
        "lockgate.yaml",
        "version: 1\nconnections: { auth0: { type: auth0, domain: a.eu.auth0.com } }\n",
    );
    let unable = ok(&add("bulk-import", false));
    assert_eq!(unable["written"], false);
    assert!(
        unable["notes"]
            .to_string()
            .contains("lockgate.yaml cannot be added to: the entries of `auth0` stand on its own line"),
        "{unable:#}"
    );
    assert!(refused(&add("gpdr", false), 404, "no_such_scenario").contains("did you mean `gdpr`?"));
    for wrong in [
        json!({}),
        json!({ "dry_run": 1 }),
        json!({ "dry_run": true, "force": true }),
    ] {
        refused(
            &post(&served, "/api/scenarios/gdpr", &wrong),
            400,
            "malformed_request",
        );
    }
    served.end("TERM").assert_code(0);
}

#[test]
fn a_server_that_is_read_only_adds_nothing() {
    let folder = Folder::with(&[
        ("lockgate.yaml", "version: 1\n"),
        (
            "flows/a.yaml",
            "durable: false\ntrigger: { http: GET /a }\nsteps: [{ return: 1 }]\n",
        ),
        (
            "flows/a.test.yaml",
            "flow: a\ncases:\n  - { name: b, expect: { output: 1 } }\n",
        ),
    ]);
    let served = Served::start(&folder, &["serve", "--studio", "--log", "off"]);
    let add = |dry_run| post(&served, "/api/scenarios/gdpr", &json!({ "dry_run": dry_run }));
    assert_eq!(ok(&add(true))["written"], false);
    refused(&add(false), 403, "forbidden");
    assert!(!folder.path().join("flows/export-person.yaml").exists());
    assert_eq!(ok(&post(&served, "/api/tests", &json!({})))["passed"], 1);
    assert_eq!(ok(&get(&served, "/api/connections")), json!([]));
    // It keeps no runs.
    let id = "0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11";
    refused(&get(&served, &format!("/api/runs/{id}/picture")), 404, "no_store");
    refused(
        &post(&served, &format!("/api/runs/{id}/case"), &json!({})),
        404,
        "no_store",
    );
    served.end("TERM").assert_code(0);
}
