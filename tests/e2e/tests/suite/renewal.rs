//! What changes at Auth0 in the middle of a run: tokens end, scopes are granted and taken away.

use std::sync::Arc;

use lockgate_tenant::{Client, Tenant};
use serde_json::json;

use crate::emulated::Emulated;
use crate::folder::Folder;
use crate::stand_in::{Answer, StandIn};
use crate::terminal::Ended;

/// Between the two calls, a service is asked, and that is when something happens.
const FLOW: &str = r#"
input:
  service: { type: string }
steps:
  - id: user
    action: auth0.create_user
    with: { connection: Username-Password-Authentication, email: ada@example.com, password: correct horse 9 }
  - action: http.request
    with: { url: "{{input.service}}" }
  - id: changed
    action: auth0.update_user
    with: { user_id: "{{steps.user.user_id}}", given_name: Ada }
  - return: "{{steps.changed.given_name}}"
"#;

fn run(scopes: &[&str], happens: impl Fn(&Tenant) + Send + Sync + 'static) -> (Arc<Emulated>, Ended) {
    let client = Client::new("my-app", "my-app-secret").scopes(scopes.iter().copied());
    let tenant = Arc::new(Emulated::built(Tenant::builder().client(client)));
    let folder = Folder::connected(&tenant);
    folder.edit(
        "lockgate.yaml",
        "config:\n",
        "http: { allow: [127.0.0.1] }\nconfig:\n",
    );
    folder.write("flows/change.yaml", FLOW);
    let service = StandIn::start({
        let tenant = Arc::clone(&tenant);
        move |_| {
            happens(&tenant);
            Answer::Json(200, json!({}))
        }
    });
    let input = format!("service={}", service.url());
    let ended = folder.lockgate(&["run", "change", "--input", &input]).run();
    drop(service);
    (tenant, ended)
}

const ALL: [&str; 3] = ["create:users", "read:users", "update:users"];

#[test]
fn a_token_that_ends_is_renewed_once() {
    let (tenant, ended) = run(&ALL, Tenant::expire_tokens);
    let ended = ended.assert_code(0);
    assert_eq!(ended.json(), "Ada");
    assert_eq!(tenant.tokens(), 2, "{}", ended.transcript());
    assert_eq!(tenant.request_count("PATCH", "/api/v2/users/{id}"), Some(2));
}

#[test]
fn one_token_is_enough_otherwise() {
    let (tenant, ended) = run(&ALL, |_| {});
    ended.assert_code(0);
    assert_eq!(tenant.tokens(), 1);
}

#[test]
fn a_scope_that_is_granted_is_picked_up() {
    let (tenant, ended) = run(&["create:users", "read:users"], |tenant| {
        assert!(tenant.grant_scope("my-app", "update:users"));
    });
    let ended = ended.assert_code(0);
    assert_eq!(tenant.tokens(), 2, "{}", ended.transcript());
    assert_eq!(tenant.users()[0]["given_name"], "Ada");
}

#[test]
fn a_scope_that_is_taken_away_is_named() {
    let (tenant, ended) = run(&ALL, |tenant| {
        assert!(tenant.revoke_scope("my-app", "update:users"));
        tenant.expire_tokens();
    });
    let ended = ended.assert_code(1);
    ended_mentions(
        &ended,
        &[
            "insufficient_scope",
            "update:users",
            "auth0.update_user",
            "Permissions",
            "changed",
        ],
    );
    assert!(tenant.users()[0].get("given_name").is_none());
    // The token is renewed for the 401, and once more for the 403 at the most.
    assert!(tenant.tokens() <= 3, "{}", tenant.tokens());
}

#[test]
fn an_application_that_is_deleted_is_told() {
    let (tenant, ended) = run(&ALL, |tenant| {
        assert!(tenant.delete_client("my-app"));
        tenant.expire_tokens();
    });
    ended_mentions(&ended.assert_code(1), &["unauthorized", "client_id"]);
    assert_eq!(tenant.user_count(), 1);
}

#[test]
fn a_missing_scope_is_named_before_anything_is_written() {
    let client = Client::new("my-app", "my-app-secret").scopes(["read:users"]);
    let tenant = Emulated::built(Tenant::builder().client(client));
    let folder = Folder::connected(&tenant);
    let input = [
        "run",
        "create-user",
        "--input",
        "email=ada@example.com",
        "--input",
        "password=correct horse 9",
    ];
    folder
        .lockgate(&input)
        .run()
        .assert_code(1)
        .snapshot("run-missing-scope");
    assert_eq!(
        (tenant.user_count(), tenant.creates()),
        (0, 2),
        "it tries again with a new token"
    );
}

#[track_caller]
fn ended_mentions(ended: &Ended, words: &[&str]) {
    for word in words {
        assert!(
            ended.stderr.contains(word),
            "{word} is not in\n{}",
            ended.transcript()
        );
    }
}
