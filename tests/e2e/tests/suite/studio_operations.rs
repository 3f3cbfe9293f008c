//! What the studio does beyond texts and runs: tests, connections, scenarios. Through the real binary.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;

use lockgate_tenant::{Client, Tenant};
use serde_json::{Value, json};

use crate::canaries::forms;
use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Answer, Served};
use crate::studio_asked::{FILE, PASSWORD, TESTS, dev, get, ok, post, refused, run, taken, workspace};

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
