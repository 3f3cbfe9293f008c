//! What the Management API has beside users: their roles, identities, tickets and jobs; asked without a socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use http::Request;
use lockgate_tenant::{Builder, Connection, Role, Tenant};
use serde_json::{Value, json};

/// 2030-01-01, in milliseconds.
const NOW: i64 = 1_893_456_000_000;

struct Caller {
    tenant: Tenant,
    token: String,
}

impl Caller {
    async fn new(builder: Builder) -> Self {
        let mut caller = Self {
            tenant: builder.clock(|| NOW).build().unwrap(),
            token: String::new(),
        };
        let request = json!({
            "grant_type": "client_credentials", "client_id": caller.tenant.client_id(),
            "client_secret": caller.tenant.client_secret(), "audience": caller.tenant.audience(),
        });
        let (status, answer) = caller.ask("POST", "/oauth/token", &request).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut caller.token);
        caller
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.tenant.url()))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(if body.is_null() {
                Bytes::new()
            } else {
                body.to_string().into()
            })
            .unwrap();
        let answer = self.tenant.handle(request).await.unwrap();
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        (answer.status().as_u16(), body)
    }

    async fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let (status, answer) = self.ask(method, path, body).await;
        (status, answer["message"].as_str().unwrap_or_default().to_owned())
    }
}

fn seeded() -> Builder {
    let settings = json!({
        "roles": [
            { "name": "admin", "id": "rol_NHBmr6NkzbRcHob1", "description": "May do all" },
            { "name": "editor", "id": "rol_AfqmW4oauAJPyWYI" },
        ],
        "users": [
            { "user_id": "auth0|ada", "email": "ada@example.com", "email_verified": true },
            { "user_id": "auth0|bob", "email": "bob@example.com", "nickname": "bob", "app_metadata": { "lost": true } },
            { "user_id": "google-oauth2|115", "email": "ada@gmail.example", "given_name": "Ada" },
            { "user_id": "sms|7", "phone_number": "+491" },
        ],
    });
    Tenant::builder().settings(&settings).unwrap()
}

const ADA: &str = "/api/v2/users/auth0%7Cada";

#[tokio::test]
async fn roles_are_listed_assigned_and_removed() {
    let caller = Caller::new(seeded()).await;
    let admin = json!({ "id": "rol_NHBmr6NkzbRcHob1", "name": "admin", "description": "May do all" });
    let (_, all) = caller.ask("GET", "/api/v2/roles", &Value::Null).await;
    assert_eq!(
        (all[0].clone(), all.as_array().unwrap().len()),
        (admin.clone(), 2)
    );
    let (_, found) = caller
        .ask(
            "GET",
            "/api/v2/roles?name_filter=DMI&include_totals=true",
            &Value::Null,
        )
        .await;
    assert_eq!(
        found,
        json!({ "roles": [admin], "start": 0, "limit": 50, "total": 1 })
    );
    let (_, second) = caller
        .ask("GET", "/api/v2/roles?per_page=1&page=1", &Value::Null)
        .await;
    assert_eq!(second[0]["name"], "editor");
    let one = caller
        .ask("GET", "/api/v2/roles/rol_NHBmr6NkzbRcHob1", &Value::Null)
        .await;
    assert_eq!(one, (200, admin.clone()));

    let both = json!({ "roles": ["rol_AfqmW4oauAJPyWYI", "rol_NHBmr6NkzbRcHob1"] });
    let roles = format!("{ADA}/roles");
    for _ in 0..2 {
        assert_eq!(caller.ask("POST", &roles, &both).await, (204, Value::Null));
    }
    assert_eq!(caller.tenant.roles_of("auth0|ada").len(), 2);
    let editor = json!({ "roles": ["rol_AfqmW4oauAJPyWYI"] });
    assert_eq!(caller.ask("DELETE", &roles, &editor).await.0, 204);
    assert_eq!(
        caller.ask("GET", &roles, &Value::Null).await,
        (200, json!([admin]))
    );
    assert_eq!(caller.ask("DELETE", ADA, &Value::Null).await.0, 204);
    assert_eq!(caller.tenant.roles_of("auth0|ada"), Vec::<Value>::new());

    for (method, path, body, status, message) in [
        (
            "POST",
            "/api/v2/users/auth0%7Cnobody/roles",
            &editor,
            404,
            "The user does not exist.",
        ),
        (
            "POST",
            "/api/v2/users/auth0%7Cbob/roles",
            &json!({ "roles": ["rol_0000000000000000"] }),
            404,
            "The role does not exist.",
        ),
        (
            "DELETE",
            "/api/v2/users/auth0%7Cbob/roles",
            &json!({ "roles": ["rol_0000000000000000"] }),
            404,
            "The role does not exist.",
        ),
        (
            "POST",
            "/api/v2/users/auth0%7Cbob/roles",
            &json!({}),
            400,
            "Payload validation error: 'Missing required property: roles'.",
        ),
        (
            "GET",
            "/api/v2/roles/rol_0000000000000000",
            &Value::Null,
            404,
            "The role does not exist.",
        ),
    ] {
        let refused = caller.refused(method, path, body).await;
        assert_eq!(refused, (status, message.to_owned()), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn each_endpoint_asks_for_its_scope() {
    let caller = Caller::new(seeded().scopes(["read:clients"])).await;
    for (method, path, scopes) in [
        ("GET", "/api/v2/roles", "read:roles"),
        ("GET", "/api/v2/roles/x", "read:roles"),
        (
            "GET",
            "/api/v2/users/auth0%7Cada/roles",
            "read:users,read:roles,read:role_members",
        ),
        (
            "POST",
            "/api/v2/users/auth0%7Cada/roles",
            "update:users,create:role_members",
        ),
        (
            "DELETE",
            "/api/v2/users/auth0%7Cada/roles",
            "update:users,delete:role_members",
        ),
        (
            "POST",
            "/api/v2/users/auth0%7Cada/identities",
            "update:users,update:current_user_identities",
        ),
        (
            "DELETE",
            "/api/v2/users/auth0%7Cada/identities/a/b",
            "update:users,update:current_user_identities",
        ),
        ("POST", "/api/v2/jobs/verification-email", "update:users"),
        ("GET", "/api/v2/jobs/job_1", "create:users,read:users"),
        ("POST", "/api/v2/tickets/password-change", "create:user_tickets"),
        (
            "POST",
            "/api/v2/tickets/email-verification",
            "create:user_tickets",
        ),
    ] {
        let refused = caller.refused(method, path, &Value::Null).await;
        let message = format!("Insufficient scope, expected any of: {scopes}");
        assert_eq!(refused, (403, message), "{method} {path}");
    }
}

#[tokio::test]
async fn a_verification_email_is_a_job() {
    let caller = Caller::new(seeded()).await;
    let path = "/api/v2/jobs/verification-email";
    let (status, job) = caller.ask("POST", path, &json!({ "user_id": "auth0|bob" })).await;
    assert_eq!(status, 201);
    let id = job["id"].as_str().unwrap();
    assert_eq!(
        job.to_string(),
        format!(
            r#"{{"type":"verification_email","status":"pending","created_at":"2030-01-01T00:00:00.000Z","id":"{id}"}}"#
        )
    );
    assert!(id.starts_with("job_") && id.len() == 20, "{id}");
    let (_, job) = caller
        .ask("GET", &format!("/api/v2/jobs/{id}"), &Value::Null)
        .await;
    assert_eq!(job["status"], "completed");
    let social = json!({
        "user_id": "google-oauth2|115", "identity": { "user_id": "115", "provider": "google-oauth2" }, "client_id": "abc",
    });
    assert_eq!(caller.ask("POST", path, &social).await.0, 201);
    let sent = caller.tenant.verification_emails();
    assert_eq!(
        sent[0],
        json!({
            "to": "bob@example.com", "user_id": "auth0|bob", "cause": "job", "sent_at": "2030-01-01T00:00:00.000Z"
        })
    );
    assert_eq!(
        (sent.len(), caller.tenant.jobs()[1]["client_id"].as_str()),
        (2, Some("abc"))
    );

    for (body, status, message) in [
        (
            json!({ "user_id": "auth0|nobody" }),
            404,
            "The user does not exist.",
        ),
        (
            json!({ "user_id": "sms|7" }),
            400,
            "The user does not have an email address.",
        ),
        (
            json!({ "user_id": "google-oauth2|115" }),
            400,
            "The user's main connection does not support this operation.",
        ),
        (
            json!({ "user_id": "auth0|bob", "identity": { "user_id": "115", "provider": "google-oauth2" } }),
            400,
            "The user exists, but does not contain the given identity.",
        ),
        (
            json!({ "user_id": "auth0|bob", "client_id": "#<Random>" }),
            400,
            "Payload validation error: 'Object didn't pass validation for format client-id: #<Random>' on property \
             client_id (client_id of the client (application). If no value provided, the global Client ID will be used).",
        ),
    ] {
        assert_eq!(
            caller.refused("POST", path, &body).await,
            (status, message.to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        caller.refused("GET", "/api/v2/jobs/job_none", &Value::Null).await,
        (404, "The job does not exist".to_owned())
    );
}

/// As Auth0 documents it under `email_verified` and `verify_email` of creates and updates.
#[tokio::test]
async fn creates_and_updates_send_verification_emails() {
    let caller = Caller::new(Tenant::builder()).await;
    for (number, more, sends) in [
        (0, json!({}), true),
        (1, json!({ "email_verified": false }), true),
        (2, json!({ "email_verified": true }), false),
        (3, json!({ "verify_email": false }), false),
        (4, json!({ "email_verified": true, "verify_email": true }), true),
    ] {
        let mut body = json!({
            "connection": "Username-Password-Authentication", "email": format!("u{number}@example.com"),
            "password": "correct horse", "user_id": format!("u{number}"),
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let before = caller.tenant.verification_emails().len();
        assert_eq!(caller.ask("POST", "/api/v2/users", &body).await.0, 201);
        let sent = caller.tenant.verification_emails().len() - before;
        assert_eq!(sent == 1, sends, "{body}");
    }
    let before = caller.tenant.verification_emails().len();
    for change in [
        json!({ "email": "new@example.com" }),
        json!({ "name": "U" }),
        json!({ "email": "newer@example.com", "verify_email": true }),
    ] {
        assert_eq!(
            caller.ask("PATCH", "/api/v2/users/auth0%7Cu0", &change).await.0,
            200
        );
    }
    let sent = caller.tenant.verification_emails().split_off(before);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (&sent[0]["to"], &sent[0]["cause"]),
        (&json!("newer@example.com"), &json!("update"))
    );
}

#[tokio::test]
async fn tickets_are_given_out() {
    let caller = Caller::new(seeded()).await;
    let (change, verify) = (
        "/api/v2/tickets/password-change",
        "/api/v2/tickets/email-verification",
    );
    let body = json!({ "user_id": "auth0|ada", "ttl_sec": 60, "result_url": "https://a.example/b" });
    let (status, answer) = caller.ask("POST", change, &body).await;
    assert_eq!(status, 201);
    let url = answer["ticket"].as_str().unwrap();
    assert!(
        url.starts_with("https://tenant.test/u/reset-password?ticket=") && url.ends_with('#'),
        "{url}"
    );
    let by_email = json!({
        "email": "Ada@example.com",
        "connection_id": Connection::database("Username-Password-Authentication").id(),
    });
    assert_eq!(caller.ask("POST", change, &by_email).await.0, 201);
    let (_, answer) = caller
        .ask("POST", verify, &json!({ "user_id": "auth0|bob" }))
        .await;
    assert!(
        answer["ticket"]
            .as_str()
            .unwrap()
            .contains("/u/email-verification?ticket="),
        "{answer}"
    );
    let tickets = caller.tenant.tickets();
    assert_eq!(
        tickets[0],
        json!({
            "user_id": "auth0|ada", "ttl_sec": 60, "result_url": "https://a.example/b", "type": "password_change",
            "ticket": url, "email": "ada@example.com", "created_at": "2030-01-01T00:00:00.000Z",
            "expires_at": "2030-01-01T00:01:00.000Z",
        })
    );
    assert_eq!(tickets[1]["user_id"], "auth0|ada");
    assert_eq!(tickets[2]["type"], "email_verification");
    assert_eq!(tickets[2]["expires_at"], "2030-01-06T00:00:00.000Z", "five days");
    let again = Caller::new(seeded()).await;
    again.ask("POST", change, &body).await;
    assert_eq!(again.tenant.tickets()[0], tickets[0], "the same in every run");

    for (path, body, status, message) in [
        (
            change,
            json!({ "user_id": "auth0|nobody" }),
            404,
            "The user does not exist.",
        ),
        (
            change,
            json!({ "user_id": "sms|7" }),
            400,
            "The user does not have an email address.",
        ),
        (
            change,
            json!({ "user_id": "google-oauth2|115" }),
            400,
            "The user's main connection does not support this operation.",
        ),
        (
            change,
            json!({ "email": "ada@example.com", "connection_id": "con_0000000000000000" }),
            400,
            "The connection with id con_0000000000000000 does not exist.",
        ),
        (
            change,
            json!({ "user_id": "auth0|ada", "new_password": "x" }),
            400,
            "Payload validation error: 'Additional properties not allowed: new_password'.",
        ),
        (
            verify,
            json!({}),
            400,
            "Payload validation error: 'Missing required property: user_id'.",
        ),
    ] {
        assert_eq!(
            caller.refused("POST", path, &body).await,
            (status, message.to_owned()),
            "{body}"
        );
    }
    for body in [
        json!({}),
        json!({ "email": "ada@example.com" }),
        json!({ "user_id": "auth0|ada", "email": "ada@example.com" }),
    ] {
        let (status, message) = caller.refused("POST", change, &body).await;
        assert_eq!(status, 400);
        assert!(
            message.contains("None of the valid schemas were met"),
            "{body}: {message}"
        );
    }
}

#[tokio::test]
async fn identities_are_linked_and_come_apart() {
    let caller = Caller::new(seeded().roles([Role::new("member")])).await;
    let path = format!("{ADA}/identities");
    // With the provider in front, and without.
    let bob = json!({ "provider": "auth0", "user_id": "auth0|bob" });
    let google = json!({ "provider": "google-oauth2", "user_id": "115" });
    let (status, identities) = caller.ask("POST", &path, &bob).await;
    assert_eq!(status, 201, "{identities}");
    assert_eq!(
        identities[0]["profileData"]["email"], "ada@example.com",
        "the main one has it here too"
    );
    assert_eq!(
        identities[1].to_string(),
        concat!(
            r#"{"profileData":{"email":"bob@example.com","nickname":"bob","#,
            r#""picture":"https://s.gravatar.com/avatar/4b9bb80620f03eb3719e0a061c14283d?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fbo.png","#,
            r#""email_verified":false,"name":"bob@example.com"},"#,
            r#""user_id":"bob","connection":"Username-Password-Authentication","provider":"auth0","isSocial":false}"#
        )
    );
    assert_eq!(caller.ask("POST", &path, &google).await.0, 201);
    assert_eq!(caller.tenant.user_count(), 2);
    let ada = caller.tenant.user("auth0|ada").unwrap();
    assert!(ada["identities"][0].get("profileData").is_none(), "{ada}");
    assert_eq!(ada["identities"][2]["provider"], "google-oauth2");
    assert_eq!(
        caller
            .ask("GET", "/api/v2/users/auth0%7Cbob", &Value::Null)
            .await
            .0,
        404
    );
    let taken = json!({
        "connection": "Username-Password-Authentication", "email": "bob@example.com", "password": "correct horse",
    });
    assert_eq!(
        caller.ask("POST", "/api/v2/users", &taken).await.0,
        409,
        "a linked address stays taken"
    );

    for (method, path, body, status, message) in [
        (
            "POST",
            path.as_str(),
            bob,
            409,
            "Specified identity already exists.",
        ),
        (
            "POST",
            &path,
            json!({ "provider": "auth0", "user_id": "ada" }),
            400,
            "Main identity and the new one are the same.",
        ),
        (
            "POST",
            &path,
            json!({ "provider": "github", "user_id": 7 }),
            400,
            "Provided secondary account not found.",
        ),
        (
            "POST",
            &path,
            json!({ "provider": "sms", "user_id": "7", "connection_id": "con_0000000000000000" }),
            400,
            "The provider/connection is not configured.",
        ),
        (
            "POST",
            &path,
            json!({ "link_with": "a.b.c" }),
            400,
            "Invalid token (link_with).",
        ),
        (
            "POST",
            &path,
            json!({ "user_id": "7" }),
            400,
            "Payload validation error: 'Missing required property: provider'.",
        ),
        (
            "DELETE",
            &format!("{path}/auth0/ada"),
            Value::Null,
            400,
            "Main identity cannot be removed.",
        ),
    ] {
        let refused = caller.refused(method, path, &body).await;
        assert_eq!(refused, (status, message.to_owned()), "{method} {path} {body}");
    }

    let (status, rest) = caller
        .ask("DELETE", &format!("{path}/auth0/bob"), &Value::Null)
        .await;
    assert_eq!((status, rest.as_array().unwrap().len()), (200, 2));
    let bob = caller.tenant.user("auth0|bob").unwrap();
    assert_eq!(bob["email"], "bob@example.com");
    assert!(bob.get("app_metadata").is_none(), "metadata are lost: {bob}");
    assert_eq!(bob["identities"][0]["user_id"], "bob");
    assert_eq!(
        caller
            .ask("DELETE", &format!("{path}/auth0/bob"), &Value::Null)
            .await
            .0,
        400,
        "it is not there any more"
    );
}
