//! What linking and unlinking have in common: how the other account is named, and finding out whether an earlier try has
//! done it already.

use lockgate_engine::action::ActionError;
use reqwest::Method;
use serde_json::{Value, json};

use super::get_user::user_path;
use crate::connection::{Request, Session};

/// The input `secondary_user_id`.
pub(super) fn secondary_user_id() -> Value {
    json!({
        "type": "string",
        "minLength": 3,
        "pattern": "^[^|]+\\|.+$",
        "description": "The other account's whole id, like `google-oauth2|115015401343387192604`."
    })
}

pub(super) fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["user_id", "identities"],
        "properties": {
            "user_id": { "type": "string", "description": "The account that stays." },
            "identities": {
                "type": "array",
                "description": "Its identities; the first is its own.",
                "items": super::user_schema::identity()
            }
        }
    })
}

/// Provider and own id of the input's `secondary_user_id`.
pub(super) fn secondary(input: &Value) -> Result<(&str, &str), ActionError> {
    input
        .get("secondary_user_id")
        .and_then(Value::as_str)
        .and_then(|id| id.split_once('|'))
        .filter(|(provider, local)| !provider.is_empty() && !local.is_empty())
        .ok_or_else(|| {
            ActionError::new(
                "invalid_request",
                "the request was not sent: `secondary_user_id` is no user id, like `google-oauth2|115015401343387192604`",
            )
        })
}

/// The identities of the user that stays, read again after a refusal. `None` where they cannot be read: the connection
/// may not read users, and the refusal is the better word.
pub(super) async fn read(session: &Session<'_>, input: &Value) -> Option<Vec<Value>> {
    let mut request = Request::new(Method::GET, user_path(input).ok()?);
    request.query = vec![("fields".to_owned(), "identities".to_owned())];
    match session.send_json(&request, true).await {
        Ok(user) => user.get("identities").and_then(Value::as_array).cloned(),
        Err(error) => {
            tracing::debug!(code = %error.code, "the identities could not be read");
            None
        }
    }
}

/// Whether an identity is that one. Some providers have numbers for ids.
pub(super) fn is(identity: &Value, provider: &str, local: &str) -> bool {
    let id = match identity.get("user_id") {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => return false,
    };
    identity.get("provider").and_then(Value::as_str) == Some(provider) && id == local
}
