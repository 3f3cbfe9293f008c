//! What a user looks like, going in and coming out: from the schemas of Auth0's OpenAPI description
//! (`CreateUserRequestContent`, `UpdateUserRequestContent`, `UserResponseSchema`).
//!
//! Auth0's `default` keywords are samples, not defaults, and are left out. Where the server is known to be
//! stricter or looser than its description, the server is followed, with a comment.

use serde_json::{Map, Value, json};

/// What a create takes, without `connection`.
pub(super) fn create_fields() -> Map<String, Value> {
    let mut fields = writable_fields(false);
    let more = json!({
        "user_id": {
            "type": "string",
            "maxLength": 255,
            "pattern": "^\\S*$",
            "description": "Local part of the user's id, after `auth0|`. Made from the run and the step when left out."
        },
        "password": {
            "type": "string",
            "minLength": 1,
            "secret": true,
            "description": "Initial password; needed for a database connection, refused by all others."
        }
    });
    extend(&mut fields, more);
    fields
}

/// What an update takes, without `user_id`.
pub(super) fn update_fields() -> Map<String, Value> {
    let mut fields = writable_fields(true);
    let more = json!({
        "connection": {
            "type": "string",
            "minLength": 1,
            "description": "Name of the connection whose identity is changed; needed for a secondary identity's \
                            email, phone number, username or password."
        },
        "password": {
            "type": ["string", "null"],
            "minLength": 1,
            "secret": true,
            "description": "New password; database connections only."
        },
        "verify_phone_number": {
            "type": "boolean",
            "description": "Whether a text message is sent after a change of the phone number (SMS connections)."
        },
        "client_id": {
            "type": "string",
            "minLength": 1,
            "description": "The application in whose name a verification message is sent; only with a new email."
        }
    });
    extend(&mut fields, more);
    fields
}

fn extend(fields: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        fields.extend(more);
    }
}

/// The fields that both take. In an update `null` removes a value.
fn writable_fields(nullable: bool) -> Map<String, Value> {
    let text = if nullable {
        json!(["string", "null"])
    } else {
        json!("string")
    };
    let name = |max: u32, description: &str| json!({ "type": text, "minLength": 1, "maxLength": max, "description": description });
    let flag = |description: &str| json!({ "type": "boolean", "description": description });
    let metadata = |description: &str| json!({ "type": "object", "description": description });
    let fields = [
        (
            "email",
            json!({ "type": text, "format": "email", "description": "The user's email. Databases keep it in lower case." }),
        ),
        (
            "email_verified",
            flag("Whether the email is verified. A create that leaves it out sends a verification email."),
        ),
        (
            "verify_email",
            flag("Whether a verification email is sent; overrules what `email_verified` implies."),
        ),
        (
            "phone_number",
            json!({
                "type": text,
                "pattern": "^\\+[0-9]{1,15}$",
                "description": "The user's phone number, in E.164 form."
            }),
        ),
        ("phone_verified", flag("Whether the phone number is verified.")),
        (
            "username",
            name(
                128,
                "The user's username; only where the connection asks for one.",
            ),
        ),
        ("given_name", name(150, "Given name.")),
        ("family_name", name(150, "Family name.")),
        (
            "name",
            name(300, "Full name. A create that leaves it out takes the email."),
        ),
        (
            "nickname",
            name(
                300,
                "Nickname. A create that leaves it out takes the email's local part.",
            ),
        ),
        (
            "picture",
            json!({ "type": text, "format": "uri", "description": "URL of the user's picture." }),
        ),
        ("blocked", flag("Whether an administrator has blocked the user.")),
        (
            "user_metadata",
            metadata(
                "What the user may read and change. An update merges the first level; `null` removes a key.",
            ),
        ),
        (
            "app_metadata",
            metadata(
                "What only applications may change. An update merges the first level; `null` removes a key.",
            ),
        ),
    ];
    fields
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// A user as Auth0 gives it. Identity providers add fields of their own.
///
/// `complete`: the answer is a whole user, not a projection through `fields`.
pub(super) fn user(complete: bool) -> Value {
    let mut schema = json!({
        "type": "object",
        "additionalProperties": true,
        "properties": {
            "user_id": { "type": "string", "description": "The user's id, like `auth0|507f1f77bcf86cd799439020`." },
            "email": { "type": "string", "format": "email" },
            // Some enterprise and custom databases send the text "true" or "false".
            "email_verified": { "type": ["boolean", "string"] },
            "username": { "type": "string" },
            "phone_number": { "type": "string" },
            "phone_verified": { "type": "boolean" },
            "created_at": { "type": "string", "format": "date-time" },
            "updated_at": { "type": "string", "format": "date-time" },
            "identities": { "type": "array", "items": identity() },
            "app_metadata": { "type": "object" },
            "user_metadata": { "type": "object" },
            "picture": { "type": "string" },
            "name": { "type": "string" },
            "nickname": { "type": "string" },
            "given_name": { "type": "string" },
            "family_name": { "type": "string" },
            "multifactor": { "type": "array", "items": { "type": "string" } },
            "multifactor_last_modified": { "type": "string", "format": "date-time" },
            "last_ip": { "type": "string" },
            "last_login": { "type": "string", "format": "date-time" },
            "last_password_reset": { "type": "string", "format": "date-time" },
            "logins_count": { "type": "integer" },
            "blocked": { "type": "boolean", "description": "There once it has been set." }
        }
    });
    if complete && let Some(schema) = schema.as_object_mut() {
        schema.insert(
            "required".to_owned(),
            json!(["user_id", "created_at", "updated_at", "identities"]),
        );
    }
    schema
}

pub(super) fn identity() -> Value {
    let token = json!({
        "type": "string",
        "secret": true,
        "description": "There for social and enterprise identities, with the scope `read:user_idp_tokens`."
    });
    json!({
        "type": "object",
        "additionalProperties": true,
        "properties": {
            "connection": { "type": "string" },
            "user_id": { "type": ["string", "integer"], "description": "The id without the provider." },
            "provider": { "type": "string", "description": "`auth0` for databases, `email`, `sms`, `google-oauth2`, …" },
            "isSocial": { "type": "boolean" },
            "access_token": token,
            "access_token_secret": token,
            "refresh_token": token,
            "profileData": { "type": "object" }
        }
    })
}

/// The input `user_id` of actions on one user.
pub(super) fn user_id() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "description": "The user's id, like `auth0|507f1f77bcf86cd799439020`. Written as it is, not encoded."
    })
}

/// The inputs `fields` and `include_fields` of actions that read.
pub(super) fn projection() -> [(String, Value); 2] {
    [
        (
            "fields".to_owned(),
            json!({
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "minLength": 1, "pattern": "^[^,]+$" },
                "description": "Only these fields of each user (or all but these). `user_id` is not added by itself."
            }),
        ),
        (
            "include_fields".to_owned(),
            json!({
                "type": "boolean",
                "description": "Whether `fields` are those to give (true, as when left out) or to leave out."
            }),
        ),
    ]
}

/// The query of a projection.
pub(super) fn projection_query(input: &Value) -> Vec<(String, String)> {
    let mut query = Vec::new();
    if let Some(fields) = input.get("fields").and_then(Value::as_array) {
        let fields: Vec<&str> = fields.iter().filter_map(Value::as_str).collect();
        query.push(("fields".to_owned(), fields.join(",")));
    }
    if let Some(include) = input.get("include_fields").and_then(Value::as_bool) {
        query.push(("include_fields".to_owned(), include.to_string()));
    }
    query
}

/// An object schema that takes these fields and no other.
pub(super) fn closed(fields: &Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": fields })
}
