//! Roles, identities, tickets and verification emails against the emulated tenant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lockgate_engine::action::Retry;
use lockgate_tenant::{Builder, Tenant};
use serde_json::{Value, json};
use support::in_process::join;

const ADA: &str = "auth0|ada";

fn seeded() -> Builder {
    let settings = json!({
        "roles": ["member", { "name": "editor", "id": "rol_AfqmW4oauAJPyWYI" }],
        "users": [
            { "user_id": ADA, "email": "ada@example.com", "email_verified": true, "roles": ["editor"] },
            { "user_id": "auth0|bob", "email": "bob@example.com" },
            { "user_id": "google-oauth2|115", "email": "ada@gmail.example" },
        ],
    });
    Tenant::builder().settings(&settings).unwrap()
}

fn names(roles: &[Value]) -> Vec<&str> {
    roles.iter().filter_map(|role| role["name"].as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn roles_are_given_and_taken_by_name_and_by_id() {
    let (tenant, bench) = join(seeded());
    let call = async |name: &str, roles: Value| {
        let input = json!({ "user_id": ADA, "roles": roles });
        bench.call(name, "run-1", 1, &input).await
    };
    call("auth0.assign_roles", json!(["member"])).await.unwrap();
    assert_eq!(names(&tenant.roles_of(ADA)), ["editor", "member"]);
    call("auth0.assign_roles", json!(["member", "rol_AfqmW4oauAJPyWYI"]))
        .await
        .unwrap();
    assert_eq!(
        names(&tenant.roles_of(ADA)),
        ["editor", "member"],
        "a repeat changes nothing"
    );
    call("auth0.remove_roles", json!(["editor"])).await.unwrap();
    assert_eq!(names(&tenant.roles_of(ADA)), ["member"]);
    for roles in [json!(["owner"]), json!(["rol_0000000000000000"])] {
        let error = call("auth0.assign_roles", roles).await.unwrap_err();
        assert_eq!((&*error.code, error.retry), ("role_not_found", Retry::Never));
    }
    let nobody = json!({ "user_id": "auth0|nobody", "roles": ["member"] });
    let error = bench
        .call("auth0.assign_roles", "run-1", 1, &nobody)
        .await
        .unwrap_err();
    assert_eq!(error.code, "user_not_found");
}

/// Each scope that an action declares is enough, and none less is.
#[tokio::test(start_paused = true)]
async fn the_declared_scopes_are_enough_and_needed() {
    for (name, input, scopes) in [
        (
            "auth0.assign_roles",
            json!({ "user_id": ADA, "roles": ["member"] }),
            &["create:role_members", "read:roles"][..],
        ),
        (
            "auth0.remove_roles",
            json!({ "user_id": ADA, "roles": ["rol_AfqmW4oauAJPyWYI"] }),
            &["delete:role_members"],
        ),
        (
            "auth0.link_identities",
            json!({ "user_id": ADA, "secondary_user_id": "auth0|bob" }),
            &["update:users"],
        ),
        ("auth0.block_user", json!({ "user_id": ADA }), &["update:users"]),
        (
            "auth0.send_verification_email",
            json!({ "user_id": ADA }),
            &["update:users"],
        ),
        (
            "auth0.change_password_ticket",
            json!({ "user_id": ADA }),
            &["create:user_tickets"],
        ),
        (
            "auth0.verification_ticket",
            json!({ "user_id": ADA }),
            &["create:user_tickets"],
        ),
    ] {
        let (_, bench) = join(seeded().scopes(scopes.iter().copied()));
        let done = bench.call(name, "run-1", 1, &input).await;
        assert!(done.is_ok(), "{name} with {scopes:?}: {done:?}");
        for without in scopes {
            let others = scopes.iter().copied().filter(|scope| scope != without);
            let (_, bench) = join(seeded().scopes(others.chain(["read:users"])));
            let error = bench.call(name, "run-1", 1, &input).await.unwrap_err();
            assert_eq!(
                error.code, "insufficient_scope",
                "{name} without {without}: {error}"
            );
            assert!(error.message.contains(without), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_are_linked_also_where_the_answer_is_lost() {
    for fault in [
        "",
        "lost-answer:once,method=POST,path=*/identities",
        "truncate:once,method=POST,path=*/identities",
        "503:once,method=POST,path=*/identities",
    ] {
        let builder = seeded().faults((!fault.is_empty()).then(|| fault.parse().unwrap()));
        let (tenant, bench) = join(builder);
        let input = json!({ "user_id": ADA, "secondary_user_id": "google-oauth2|115" });
        let linked = bench
            .step("auth0.link_identities", "run-1", &input, 3)
            .await
            .unwrap();
        assert_eq!(linked["identities"].as_array().unwrap().len(), 2, "{fault}");
        assert_eq!(linked["identities"][1]["provider"], "google-oauth2", "{fault}");
        assert_eq!(tenant.user_count(), 2, "{fault}");

        // To somebody else it is an error.
        let other = json!({ "user_id": "auth0|bob", "secondary_user_id": "google-oauth2|115" });
        let error = bench
            .call("auth0.link_identities", "run-1", 1, &other)
            .await
            .unwrap_err();
        assert_eq!(error.code, "identity_not_found", "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_come_apart_also_where_the_answer_is_lost() {
    for fault in [
        "",
        "lost-answer:once,method=DELETE",
        "truncate:once,method=DELETE",
    ] {
        let builder = seeded().faults((!fault.is_empty()).then(|| fault.parse().unwrap()));
        let (tenant, bench) = join(builder);
        let input = json!({ "user_id": ADA, "secondary_user_id": "google-oauth2|115" });
        bench
            .call("auth0.link_identities", "run-1", 1, &input)
            .await
            .unwrap();
        let left = bench
            .step("auth0.unlink_identity", "run-1", &input, 3)
            .await
            .unwrap();
        assert_eq!(left["identities"].as_array().unwrap().len(), 1, "{fault}");
        assert_eq!(
            tenant.user("google-oauth2|115").unwrap()["email"],
            "ada@gmail.example"
        );
        let main = json!({ "user_id": ADA, "secondary_user_id": ADA });
        let error = bench
            .call("auth0.unlink_identity", "run-1", 1, &main)
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_request", "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_is_blocked_and_let_in_again() {
    let (tenant, bench) = join(seeded());
    for (input, blocked) in [
        (json!({ "user_id": ADA }), true),
        (json!({ "user_id": ADA, "blocked": false }), false),
    ] {
        let user = bench.call("auth0.block_user", "run-1", 1, &input).await.unwrap();
        assert_eq!(user["blocked"], blocked);
        assert_eq!(tenant.user(ADA).unwrap()["blocked"], blocked);
        assert_eq!(
            tenant.user(ADA).unwrap()["email_verified"],
            true,
            "nothing else changes"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_was_lost_is_made_again() {
    for action in ["auth0.change_password_ticket", "auth0.verification_ticket"] {
        let lost = "lost-answer:once,path=/api/v2/tickets/*".parse().unwrap();
        let (tenant, bench) = join(seeded().faults([lost]));
        let input = json!({ "user_id": ADA, "ttl_sec": 60 });
        let ticket = bench.step(action, "run-1", &input, 3).await.unwrap();
        let given = tenant.tickets();
        assert_eq!(given.len(), 2);
        assert_eq!(given[1]["ticket"], ticket["ticket"]);
        assert_eq!(given[1]["expires_at"], "2030-01-01T00:01:00.000Z");
    }
}

#[tokio::test(start_paused = true)]
async fn a_verification_email_goes_out_once() {
    let (tenant, bench) = join(seeded());
    let action = "auth0.send_verification_email";
    let input = json!({ "user_id": "auth0|bob" });
    let job = bench.step(action, "run-1", &input, 3).await.unwrap();
    assert_eq!(tenant.jobs()[0]["id"], job["id"]);
    assert_eq!(tenant.verification_emails()[0]["to"], "bob@example.com");

    // Whether it went out is not known: it is not repeated.
    tenant.add_fault("lost-answer:once,path=/api/v2/jobs/*".parse().unwrap());
    let error = bench.step(action, "run-2", &input, 3).await.unwrap_err();
    assert_eq!(error.retry, Retry::Transient);
    assert_eq!(tenant.verification_emails().len(), 2);

    let social = json!({ "user_id": "google-oauth2|115" });
    let error = bench.call(action, "run-3", 1, &social).await.unwrap_err();
    assert_eq!(error.code, "invalid_connection");
    let mut with_identity = social;
    with_identity["identity"] = json!({ "user_id": "115", "provider": "google-oauth2" });
    bench.call(action, "run-3", 1, &with_identity).await.unwrap();
    assert_eq!(tenant.verification_emails()[2]["to"], "ada@gmail.example");
}
