//! What the two ways to have an address verified take alike.

use serde_json::{Map, Value, json};

use super::user_schema;

/// The fields of `auth0.send_verification_email` and `auth0.verification_ticket`, by the API's names.
pub(super) fn fields() -> Map<String, Value> {
    let fields = json!({
        "user_id": user_schema::user_id(),
        "client_id": client_id(),
        "organization_id": organization_id(),
        "identity": {
            "type": "object",
            "additionalProperties": false,
            "required": ["user_id", "provider"],
            "description": "Which identity's address is meant: needed for social, enterprise and passwordless users, and \
                            for linked identities.",
            "properties": {
                "user_id": {
                    "type": ["string", "integer"],
                    "description": "The identity's own id, as in `identities[].user_id`: without the provider."
                },
                "provider": { "type": "string", "minLength": 1, "description": "Like `google-oauth2`." },
                "connection_id": connection_id("The identity's connection.")
            }
        }
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

pub(super) fn client_id() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "description": "The application in whose name the person is asked; they return to its login page."
    })
}

pub(super) fn organization_id() -> Value {
    json!({
        "type": "string",
        "pattern": "^org_[A-Za-z0-9]{16}$",
        "description": "The organization whose branding is shown."
    })
}

pub(super) fn connection_id(what: &str) -> Value {
    json!({
        "type": "string",
        "pattern": "^con_[A-Za-z0-9]{16}$",
        "description": format!("{what} Its id, not its name.")
    })
}
