//! The flow `sync-profile`: `http.request` to a service on this machine, where the workspace allows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::emulated::Emulated;
use crate::folder::Folder;
use crate::stand_in::{Answer, StandIn};

/// A tenant with one user, a workspace that asks this service for profiles, and the user's id.
fn prepared(service: &StandIn, allows: bool) -> (Emulated, Folder, String) {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    folder.edit("lockgate.yaml", "https://profiles.example.com", service.url());
    folder.edit("flows/sync-profile.yaml", "delay: 500ms", "delay: 10ms");
    if allows {
        folder.edit(
            "lockgate.yaml",
            "config:\n",
            "http: { allow: [127.0.0.1] }\nconfig:\n",
        );
    }
    let create = [
        "run",
        "create-user",
        "--input",
        "email=ada@example.com",
        "--input",
        "password=correct horse 9",
    ];
    folder.lockgate(&create).run().assert_code(0);
    let id = tenant.users()[0]["user_id"].as_str().unwrap().to_owned();
    (tenant, folder, id)
}

#[test]
fn a_profile_is_copied() {
    let service = StandIn::start(|asked| {
        assert_eq!(asked.method, "GET");
        // The id's `|` is encoded, so that it stays one part of the path.
        assert!(asked.target.starts_with("/people/auth0%7C"), "{}", asked.target);
        Answer::Json(
            200,
            json!({ "locale": "en-GB", "company": { "name": "Analytical Engines" } }),
        )
    });
    let (tenant, folder, id) = prepared(&service, true);
    let input = format!("user_id={id}");
    folder
        .lockgate(&["run", "sync-profile", "--input", &input])
        .run()
        .assert_code(0)
        .snapshot("sync-profile");
    let metadata = &tenant.users()[0]["user_metadata"];
    assert_eq!(
        (&metadata["locale"], &metadata["company"]),
        (&json!("en-GB"), &json!("Analytical Engines"))
    );
    assert!(metadata["synced_at"].is_string(), "{metadata}");
}

#[test]
fn a_busy_service_is_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let service = StandIn::start({
        let asked = Arc::clone(&asked);
        move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Answer::Html(503, "<p>busy</p>".to_owned()),
            _ => Answer::Json(200, json!({})),
        }
    });
    let (_tenant, folder, id) = prepared(&service, true);
    let input = format!("user_id={id}");
    folder
        .lockgate(&["run", "sync-profile", "--input", &input])
        .run()
        .assert_code(0);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn somebody_unknown_is_told() {
    let service = StandIn::start(|_| Answer::Json(404, json!({ "error": "nobody" })));
    let (_tenant, folder, id) = prepared(&service, true);
    let input = format!("user_id={id}");
    let ended = folder
        .lockgate(&["run", "sync-profile", "--input", &input, "--json"])
        .run()
        .assert_code(1);
    assert_eq!(
        ended.json()["error"]["code"],
        "no_profile",
        "{}",
        ended.transcript()
    );
}

#[test]
fn this_machine_is_refused_unless_it_is_allowed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let service = StandIn::start({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Answer::Json(200, json!({}))
        }
    });
    let (tenant, folder, id) = prepared(&service, false);
    let input = format!("user_id={id}");
    let ended = folder
        .lockgate(&["run", "sync-profile", "--input", &input])
        .run()
        .assert_code(1);
    ended.snapshot("sync-profile-refused");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert!(tenant.users()[0].get("user_metadata").is_none());
}
