//! `lockgate connections check`, and what else is told about credentials.

use lockgate_tenant::{Client, Tenant};

use crate::emulated::Emulated;
use crate::folder::Folder;

fn with_scopes(scopes: &[&str]) -> Emulated {
    let client = Client::new("my-app", "my-app-secret").scopes(scopes.iter().copied());
    Emulated::built(Tenant::builder().client(client))
}

#[test]
fn everything_is_granted() {
    let tenant = with_scopes(&["create:users", "read:users", "update:users", "delete:users"]);
    let folder = Folder::connected(&tenant);
    let check = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(0);
    check(&["connections", "check"]).snapshot("connections-check");
    check(&["connections", "check", "--json"]).snapshot("connections-check-json");
    check(&["connections", "check", "auth0", "--emulated"]).snapshot("connections-check-emulated");
    check(&["connections"]).snapshot("connections-set");
}

#[test]
fn a_scope_is_missing() {
    let tenant = with_scopes(&["create:users", "read:users", "update:users_app_metadata"]);
    let folder = Folder::connected(&tenant);
    folder
        .lockgate(&["connections", "check"])
        .run()
        .assert_code(1)
        .snapshot("connections-check-missing");
    let json = folder
        .lockgate(&["connections", "check", "--json"])
        .run()
        .assert_code(1);
    json.snapshot("connections-check-missing-json");
    let nothing = with_scopes(&[]);
    let mut folder = folder;
    folder.connect(&nothing);
    folder
        .lockgate(&["connections", "check"])
        .run()
        .assert_code(1)
        .snapshot("connections-check-nothing");
}

#[test]
fn the_credentials_are_wrong() {
    let tenant = Emulated::start();
    let mut folder = Folder::connected(&tenant);
    folder.set("AUTH0_CLIENT_SECRET", "canary-wrong-secret");
    let ended = folder.lockgate(&["connections", "check"]).run().assert_code(1);
    ended.snapshot("connections-check-wrong-secret");
    let json = folder
        .lockgate(&["connections", "check", "--json"])
        .run()
        .assert_code(1);
    json.snapshot("connections-check-wrong-secret-json");
    let run = ["run", "get-user", "--input", "user_id=auth0|1"];
    let ended = folder.lockgate(&run).run().assert_code(1);
    ended.snapshot("run-wrong-secret");
    for text in [json.transcript(), ended.transcript()] {
        assert!(!text.contains("canary"), "{text}");
    }
    folder
        .lockgate(&["connections", "check", "auth1"])
        .run()
        .assert_code(2)
        .snapshot("connections-check-unknown");
}

#[test]
fn a_custom_domain_stands_where_the_tenant_domain_belongs() {
    let folder = Folder::shipped();
    let check = |domain: &str| {
        folder
            .lockgate(&["connections", "check"])
            .env("AUTH0_DOMAIN", domain)
            .env("AUTH0_CLIENT_ID", "abc")
            .env("AUTH0_CLIENT_SECRET", "canary")
            .run()
            .assert_code(2)
    };
    check("login.example.com").snapshot("connections-check-custom-domain");
    check("https://acme.eu.auth0.com").snapshot("connections-check-url");
    check("acme.eu.auth0.com/api/v2").snapshot("connections-check-path");
}

#[test]
fn credentials_come_from_the_environment_over_the_file() {
    let tenant = Emulated::start();
    let mut folder = Folder::connected(&tenant);
    folder
        .lockgate(&["connections", "check", "-q"])
        .run()
        .assert_code(0);
    let file = format!(
        "AUTH0_BASE_URL={}\nAUTH0_CLIENT_ID={}\nAUTH0_CLIENT_SECRET='{}'\n",
        tenant.url(),
        tenant.client_id(),
        tenant.client_secret()
    );
    folder.write(".env", &file);
    // An empty variable is as good as none.
    for name in ["AUTH0_BASE_URL", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"] {
        folder.set(name, "");
    }
    folder
        .lockgate(&["connections", "check", "-q"])
        .run()
        .assert_code(0);
    folder.set("AUTH0_CLIENT_SECRET", "another");
    folder
        .lockgate(&["connections", "check", "-q"])
        .run()
        .assert_code(1);
    folder.write(".env", "AUTH0_CLIENT_ID=abc\ncanary secret\n");
    let ended = folder.lockgate(&["connections", "check"]).run().assert_code(2);
    ended.snapshot("env-file-broken");
}

#[test]
fn nobody_is_there() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    drop(tenant);
    let ended = folder.lockgate(&["connections", "check"]).run().assert_code(1);
    ended.snapshot("connections-check-nobody");
}
