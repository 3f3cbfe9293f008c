//! The declarations beside Auth0's own description of its API, where that lies beside the project.

use std::collections::BTreeSet;
use std::path::Path;

use lockgate_flow::catalog::KnownInput;
use serde_json::{Map, Value, json};

use super::user_schema;
use crate::scopes;

fn description() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/auth0/openapi-users.json");
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        #[expect(clippy::print_stderr, reason = "says that a test had nothing to test")]
        {
            eprintln!("Auth0's description is absent: nothing was compared");
        }
    }
    text.map(|text| serde_json::from_str(&text).unwrap())
}

fn names(fields: &Map<String, Value>) -> BTreeSet<&str> {
    fields.keys().map(String::as_str).collect()
}

#[track_caller]
fn compare(ours: &Map<String, Value>, theirs: &Value) {
    let theirs = theirs["properties"].as_object().unwrap();
    assert_eq!(names(ours), names(theirs));
    for (name, their) in theirs {
        // Metadata are described elsewhere, as objects with any keys.
        if their.get("$ref").is_some() {
            assert_eq!(ours[name]["type"], "object", "{name}");
            continue;
        }
        for keyword in ["type", "minLength", "maxLength", "pattern", "minimum", "maximum"] {
            let (our, their) = (ours[name].get(keyword), their.get(keyword));
            // `minLength: 0` says nothing.
            assert_eq!(
                our,
                their.filter(|value| **value != json!(0)),
                "{keyword} of {name}"
            );
        }
        let format = their.get("format").map(|format| {
            if format == "strict-uri" {
                json!("uri")
            } else {
                format.clone()
            }
        });
        assert_eq!(ours[name].get("format"), format.as_ref(), "format of {name}");
    }
}

#[test]
fn inputs_are_as_described() {
    let Some(description) = description() else { return };
    let schemas = &description["components"]["schemas"];
    let mut create = user_schema::create_fields();
    create.insert(
        "connection".to_owned(),
        json!({ "type": "string", "minLength": 1 }),
    );
    compare(&create, &schemas["CreateUserRequestContent"]);
    compare(
        &user_schema::update_fields(),
        &schemas["UpdateUserRequestContent"],
    );
}

#[test]
fn outputs_are_as_described() {
    let Some(description) = description() else { return };
    let schemas = &description["components"]["schemas"];
    let user = user_schema::user(true);
    let theirs = schemas["UserResponseSchema"]["properties"].as_object().unwrap();
    assert_eq!(names(user["properties"].as_object().unwrap()), names(theirs));
    let identity = &user["properties"]["identities"]["items"]["properties"];
    let theirs = schemas["UserIdentitySchema"]["properties"].as_object().unwrap();
    assert_eq!(names(identity.as_object().unwrap()), names(theirs));
}

/// Scopes that only a user's own token can have: no connection of ours ever gets them.
fn is_own_user(scope: &str) -> bool {
    scope.contains(":current_user")
}

#[test]
fn scopes_are_as_described() {
    let Some(description) = description() else { return };
    let mut compared = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(security) = operation["security"].as_array() else {
                continue;
            };
            let theirs: BTreeSet<&str> = security
                .iter()
                .filter_map(|scheme| scheme["oAuth2ClientCredentials"].as_array())
                .flatten()
                .filter_map(Value::as_str)
                .filter(|scope| !is_own_user(scope))
                .collect();
            let needs = scopes::of_endpoint(&method.to_uppercase(), &format!("/api/v2{path}"));
            assert_eq!(needs.len(), 1, "{method} {path}");
            let ours: BTreeSet<&str> = needs[0].0.iter().map(String::as_str).collect();
            assert!(
                ours.is_subset(&theirs),
                "{method} {path}: {ours:?}, but Auth0 takes {theirs:?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared} operations");
}

#[test]
fn each_action_names_a_scope_of_its_endpoint() {
    let mut actions = lockgate_engine::action::Actions::new();
    super::register(&mut actions);
    for (name, method, path, input) in [
        ("auth0.create_user", "POST", "/api/v2/users", json!({})),
        ("auth0.get_user", "GET", "/api/v2/users/{id}", json!({})),
        (
            "auth0.find_users_by_email",
            "GET",
            "/api/v2/users-by-email",
            json!({}),
        ),
        ("auth0.search_users", "GET", "/api/v2/users", json!({})),
        (
            "auth0.update_user",
            "PATCH",
            "/api/v2/users/{id}",
            json!({ "name": "a" }),
        ),
        ("auth0.delete_user", "DELETE", "/api/v2/users/{id}", json!({})),
        (
            "auth0.assign_roles",
            "POST",
            "/api/v2/users/{id}/roles",
            json!({ "roles": ["rol_NHBmr6NkzbRcHob1"] }),
        ),
        (
            "auth0.remove_roles",
            "DELETE",
            "/api/v2/users/{id}/roles",
            json!({ "roles": ["rol_NHBmr6NkzbRcHob1"] }),
        ),
        (
            "auth0.link_identities",
            "POST",
            "/api/v2/users/{id}/identities",
            json!({}),
        ),
        (
            "auth0.unlink_identity",
            "DELETE",
            "/api/v2/users/{id}/identities/{provider}/{user_id}",
            json!({}),
        ),
        ("auth0.block_user", "PATCH", "/api/v2/users/{id}", json!({})),
        (
            "auth0.send_verification_email",
            "POST",
            "/api/v2/jobs/verification-email",
            json!({}),
        ),
        (
            "auth0.verification_ticket",
            "POST",
            "/api/v2/tickets/email-verification",
            json!({}),
        ),
        (
            "auth0.change_password_ticket",
            "POST",
            "/api/v2/tickets/password-change",
            json!({}),
        ),
        (
            "auth0.send_request",
            "GET",
            "/api/v2/users",
            json!({ "method": "GET", "path": "/api/v2/users" }),
        ),
    ] {
        let rule = actions.get(name).unwrap().spec().scopes.unwrap();
        let needs = rule(&KnownInput {
            value: input,
            unknown: Vec::new(),
        });
        assert_eq!(needs, scopes::of_endpoint(method, path), "{name}");
    }
}
