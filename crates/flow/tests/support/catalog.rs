//! Declarations like those of the actions that ship, but small and independent of them.

use std::sync::Arc;

use lockgate_flow::catalog::{
    ActionSpec, Catalog, ConnectionSpec, Effect, ErrorSpec, InputProblem, KnownInput, ScopeNeed,
};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

/// `auth0.*` for users, `http.request`, `log`; the connection types `auth0`, `bearer` and `hmac`.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    catalog.add_connection(auth0());
    catalog.add_connection(bearer());
    catalog.add_connection(hmac());
    for spec in [
        create_user(),
        update_user(),
        get_user(),
        delete_user(),
        find_users_by_email(),
        http_request(),
        log(),
    ] {
        catalog.add_action(Arc::new(spec));
    }
    catalog
}

fn auth0() -> ConnectionSpec {
    ConnectionSpec {
        type_name: "auth0".into(),
        summary: "An Auth0 tenant.".into(),
        settings: Schema::new(json!({
            "type": "object",
            "properties": {
                "domain": { "type": "string", "minLength": 1 },
                "client_id": { "type": "string", "minLength": 1 },
                "client_secret": { "type": "string", "secret": true },
                "audience": { "type": "string" },
            },
            "required": ["domain", "client_id"],
            "additionalProperties": false,
        })),
        check: Some(|known: &KnownInput| {
            let domain = known.value["domain"].as_str().unwrap_or_default();
            if !domain.contains("://") {
                return Vec::new();
            }
            vec![InputProblem {
                pointer: "/domain".to_owned(),
                message: "the domain is a host name, not a URL".to_owned(),
                help: Some("leave out `https://` and everything after the host".to_owned()),
            }]
        }),
        example: "auth0:\n  type: auth0\n  domain: ${AUTH0_DOMAIN}\n  client_id: ${AUTH0_CLIENT_ID}\n  client_secret: ${AUTH0_CLIENT_SECRET}\n".into(),
    }
}

fn bearer() -> ConnectionSpec {
    ConnectionSpec {
        type_name: "bearer".into(),
        summary: "A token that callers must show.".into(),
        settings: Schema::new(json!({
            "type": "object",
            "properties": {
                "token": { "type": "string", "secret": true },
                "tokens": { "type": "array", "items": { "type": "string", "secret": true }, "secret": true },
            },
            "additionalProperties": false,
        })),
        check: None,
        example: "callers:\n  type: bearer\n  token: ${CALLERS_TOKEN}\n".into(),
    }
}

fn hmac() -> ConnectionSpec {
    ConnectionSpec {
        type_name: "hmac".into(),
        summary: "A secret that callers sign with.".into(),
        settings: Schema::new(json!({
            "type": "object",
            "properties": { "secret": { "type": "string", "secret": true } },
            "required": ["secret"],
            "additionalProperties": false,
        })),
        check: None,
        example: "partner:\n  type: hmac\n  secret: ${PARTNER_SECRET}\n".into(),
    }
}

fn user() -> Value {
    json!({
        "type": "object",
        "properties": {
            "user_id": { "type": "string" },
            "email": { "type": "string" },
            "email_verified": { "type": "boolean" },
            "name": { "type": "string" },
            "logins_count": { "type": "integer" },
            "app_metadata": { "type": "object" },
            "user_metadata": { "type": "object" },
            "identities": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": { "connection": { "type": "string" }, "provider": { "type": "string" } },
                    "required": ["connection", "provider"],
                },
            },
        },
        "required": ["user_id"],
    })
}

fn errors(own: &[(&'static str, u16)]) -> Vec<ErrorSpec> {
    own.iter()
        .copied()
        .chain([
            ("rate_limited", 503),
            ("unavailable", 502),
            ("insufficient_scope", 500),
        ])
        .map(|(code, status)| ErrorSpec::new(code, status, "declared"))
        .collect()
}

fn scope(name: &str) -> Vec<ScopeNeed> {
    vec![ScopeNeed(vec![name.to_owned()])]
}

fn create_user() -> ActionSpec {
    ActionSpec {
        input: Schema::new(json!({
            "type": "object",
            "properties": {
                "connection": { "type": "string", "minLength": 1, "description": "the database or passwordless connection" },
                "email": { "type": "string", "format": "email" },
                "password": { "type": "string", "minLength": 1, "secret": true },
                "name": { "type": "string" },
                "email_verified": { "type": "boolean" },
                "verify_email": { "type": "boolean" },
                "app_metadata": { "type": "object" },
                "user_metadata": { "type": "object" },
            },
            "required": ["connection"],
            "additionalProperties": false,
        })),
        output: Schema::new(user()),
        errors: errors(&[("user_exists", 409), ("weak_password", 422)]),
        connection: Some("auth0".into()),
        scopes: Some(|_| scope("create:users")),
        ..ActionSpec::new("auth0.create_user", Effect::Once, "Creates a user.")
    }
}

fn update_user() -> ActionSpec {
    ActionSpec {
        input: Schema::new(json!({
            "type": "object",
            "properties": {
                "user_id": { "type": "string", "minLength": 1 },
                "email": { "type": "string", "format": "email" },
                "password": { "type": "string", "secret": true },
                "name": { "type": "string" },
                "given_name": { "type": "string" },
                "family_name": { "type": "string" },
                "blocked": { "type": "boolean" },
                "app_metadata": { "type": "object" },
                "user_metadata": { "type": "object" },
            },
            "required": ["user_id"],
            "additionalProperties": false,
        })),
        output: Schema::new(user()),
        errors: errors(&[("user_not_found", 404), ("weak_password", 422)]),
        connection: Some("auth0".into()),
        scopes: Some(|_| scope("update:users")),
        check: Some(|known: &KnownInput| {
            let both = known.value.get("email").is_some() && known.value.get("password").is_some();
            both.then(|| InputProblem {
                pointer: "/password".to_owned(),
                message: "`email` and `password` cannot be changed in one request".to_owned(),
                help: Some("change them in two steps".to_owned()),
            })
            .into_iter()
            .collect()
        }),
        changes_users: true,
        ..ActionSpec::new("auth0.update_user", Effect::Idempotent, "Changes a user.")
    }
}

fn user_id_only() -> Schema {
    Schema::new(json!({
        "type": "object",
        "properties": { "user_id": { "type": "string", "minLength": 1 } },
        "required": ["user_id"],
        "additionalProperties": false,
    }))
}

fn get_user() -> ActionSpec {
    ActionSpec {
        input: user_id_only(),
        output: Schema::new(user()),
        errors: errors(&[("user_not_found", 404)]),
        connection: Some("auth0".into()),
        scopes: Some(|_| scope("read:users")),
        ..ActionSpec::new("auth0.get_user", Effect::Read, "Reads a user.")
    }
}

fn delete_user() -> ActionSpec {
    ActionSpec {
        input: user_id_only(),
        output: Schema::new(json!({ "type": "null" })),
        errors: errors(&[]),
        connection: Some("auth0".into()),
        scopes: Some(|_| scope("delete:users")),
        changes_users: true,
        ..ActionSpec::new("auth0.delete_user", Effect::Idempotent, "Deletes a user.")
    }
}

fn find_users_by_email() -> ActionSpec {
    ActionSpec {
        input: Schema::new(json!({
            "type": "object",
            "properties": { "email": { "type": "string", "format": "email" } },
            "required": ["email"],
            "additionalProperties": false,
        })),
        output: Schema::new(json!({
            "type": "object",
            "properties": { "users": { "type": "array", "items": user() } },
            "required": ["users"],
            "additionalProperties": false,
        })),
        errors: errors(&[]),
        connection: Some("auth0".into()),
        scopes: Some(|_| scope("read:users")),
        ..ActionSpec::new(
            "auth0.find_users_by_email",
            Effect::Read,
            "Finds the users with an e-mail address.",
        )
    }
}

fn http_request() -> ActionSpec {
    ActionSpec {
        input: Schema::new(json!({
            "type": "object",
            "properties": {
                "method": { "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "default": "GET" },
                "url": { "type": "string", "format": "uri", "exposed": "a URL" },
                "query": { "type": "object", "exposed": "a URL" },
                "headers": { "type": "object", "additionalProperties": { "type": "string" } },
                "json": {},
                "timeout": { "type": "string", "default": "10s" },
                "accept_status": { "type": "array", "items": { "type": "integer" } },
            },
            "required": ["url"],
            "additionalProperties": false,
        })),
        output: Schema::new(json!({
            "type": "object",
            "properties": {
                "status": { "type": "integer" },
                "headers": { "type": "object" },
                "body": {},
                "success": { "type": "boolean" },
            },
            "required": ["status", "headers", "body", "success"],
            "additionalProperties": false,
        })),
        errors: errors(&[("status_not_accepted", 502)]),
        ..ActionSpec::new("http.request", Effect::Once, "Sends an HTTP request.")
    }
}

fn log() -> ActionSpec {
    ActionSpec {
        input: Schema::new(json!({
            "type": "object",
            "properties": {
                "message": { "type": "string" },
                "level": { "enum": ["debug", "info", "warn", "error"] },
                "fields": { "type": "object" },
            },
            "required": ["message"],
            "additionalProperties": false,
        })),
        output: Schema::new(json!({ "type": "null" })),
        ..ActionSpec::new("log", Effect::Pure, "Writes a line to the log.")
    }
}
