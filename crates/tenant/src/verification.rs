//! What verification emails and tickets have in common: whose address is meant, and whether it can be verified.

use serde_json::{Map, Value};
use std::sync::Arc;

use crate::api_error::ApiError;
use crate::lock::read;
use crate::payload::{Format, Kind, Shape, property};
use crate::state::State;
use crate::users::{Strategy, User};

/// `identity` in a body.
pub(crate) const IDENTITY: Shape = Shape {
    required: &["user_id", "provider"],
    properties: &[
        property(
            "user_id",
            Kind::TextOrNumber,
            "user_id of the identity to be verified.",
        ),
        property(
            "provider",
            Kind::Text(Format::Any),
            "Identity provider name of the identity (e.g. google-oauth2).",
        ),
        property(
            "connection_id",
            Kind::Text(Format::ConnectionId),
            "connection_id of the identity.",
        ),
    ],
};

pub(crate) fn user(state: &State, id: &str) -> Result<Arc<User>, ApiError> {
    read(&state.users).get(id).ok_or_else(ApiError::no_such_user)
}

/// Refuses a user without an address.
pub(crate) fn email(user: &User) -> Result<&str, ApiError> {
    user.text("email")
        .ok_or_else(|| ApiError::refused("The user does not have an email address."))
}

/// The user that the body names, with an address that can be verified: the main identity's, where that is of a
/// database, or that of the `identity` which is named.
pub(crate) fn verifiable(state: &State, body: &Map<String, Value>) -> Result<Arc<User>, ApiError> {
    let id = body.get("user_id").and_then(Value::as_str).unwrap_or_default();
    let user = user(state, id)?;
    email(&user)?;
    match body.get("identity") {
        Some(identity) => {
            let provider = identity
                .get("provider")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let local = identity.get("user_id").map(local_id).unwrap_or_default();
            if user.identity(provider, &local).is_none() {
                return Err(ApiError::refused(
                    "The user exists, but does not contain the given identity.",
                ));
            }
        }
        None if state.connection_of(&user).strategy == Strategy::Database => {}
        None => {
            return Err(ApiError::refused(
                "The user's main connection does not support this operation.",
            ));
        }
    }
    Ok(user)
}

/// An identity's own id, which may be a number.
pub(crate) fn local_id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
