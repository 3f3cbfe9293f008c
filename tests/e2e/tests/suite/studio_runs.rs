//! Runs as the studio shows them: on the picture of their text, against an edited text, as a test. Through the real binary.
#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::canaries::forms;
use crate::emulated::until;
use crate::folder::Folder;
use crate::studio_asked::{
    FILE, PASSWORD, TESTS, dev, get, input, ok, post, ran, refused, run, taken, workspace,
};

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

/// A flow that sleeps, with something to compute and something to do after that.
const NAP: &str = "\
steps:
  - { action: log, with: { message: before } }
  - { wait: 1h }
  - { set: { a: 1 } }
  - { action: log, with: { message: after } }
";

#[test]
fn a_run_that_sleeps_has_gone_no_further_and_who_follows_it_hears_of_its_cancelling() {
    let folder = workspace();
    folder.write("flows/nap.yaml", NAP);
    let served = dev(&folder);
    // Who begins to follow it only when it is cancelled has heard nothing of the sleep: then with another run.
    let hears_both = || {
        let id = run(&served, "nap", &json!({}), "sleeping");
        let path = || ok(&get(&served, &format!("/api/runs/{id}/picture")))["path"].clone();
        assert_eq!(ran(&path()), ["steps/0"]);
        let followed = std::thread::scope(|scope| {
            let following = scope.spawn(|| get(&served, &format!("/api/runs/{id}/events")));
            ok(&post(&served, &format!("/api/runs/{id}/cancel"), &json!({})));
            following.join().unwrap().body
        });
        assert!(followed.contains("\"status\":\"cancelled\""), "{followed}");
        assert_eq!(ran(&path()), ["steps/0"]);
        followed.contains("\"status\":\"sleeping\"")
    };
    assert!((0..20).any(|_| hears_both()));
}
