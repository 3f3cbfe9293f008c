//! Linking and unlinking identities: a user becomes an identity of another, and comes apart again.
//!
//! Linking with a token of the secondary user (`link_with`) is refused: nobody logs in here, so there is none.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::user::User;
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::lock::write;
use crate::payload::{self, Format, Kind, Shape, property};
use crate::request::Authorized;
use crate::state::State;
use crate::verification::local_id;

const LINK: Shape = Shape {
    required: &[],
    properties: &[
        property(
            "provider",
            Kind::Text(Format::Any),
            "Identity provider of the secondary user account being linked.",
        ),
        property(
            "connection_id",
            Kind::Text(Format::ConnectionId),
            "connection_id of the secondary user account being linked when more than one `auth0` database provider \
             exists.",
        ),
        property(
            "user_id",
            Kind::TextOrNumber,
            "user_id of the secondary user account being linked.",
        ),
        property(
            "link_with",
            Kind::Text(Format::Any),
            "JWT for the secondary account being linked. If sending this parameter, `provider`, `user_id`, and \
             `connection_id` must not be sent.",
        ),
    ],
};

const SCOPES: [&str; 2] = ["update:users", "update:current_user_identities"];

/// What an identity keeps of the user that it was, in the order of recorded answers.
const PROFILE: [&str; 10] = [
    "email",
    "given_name",
    "family_name",
    "username",
    "nickname",
    "picture",
    "email_verified",
    "phone_number",
    "phone_verified",
    "name",
];

pub(crate) fn link(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&SCOPES)?;
    let id = request.user_id("ID of the primary user account to link a second user account to.")?;
    request.require_own(&id, &SCOPES[..1])?;
    let body = payload::check(request.body()?, &LINK)?;
    if body.contains_key("link_with") {
        return Err(ApiError::refused("Invalid token (link_with)."));
    }
    let required = |name: &str| {
        body.get(name)
            .ok_or_else(|| ApiError::invalid_body(&format!("Missing required property: {name}"), None))
    };
    let provider = required("provider")?.as_str().unwrap_or_default();
    // With the provider in front, or without: both are taken.
    let given = local_id(required("user_id")?);
    let local = given
        .strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix('|'))
        .unwrap_or(&given);
    let connection = match body.get("connection_id").and_then(Value::as_str) {
        None => None,
        Some(id) => {
            let known = state.connections.iter().find(|connection| connection.id() == id);
            Some(known.ok_or_else(|| ApiError::refused("The provider/connection is not configured."))?)
        }
    };

    // Taking one user in and away is one step.
    let mut users = write(&state.users);
    let primary = users.get(&id).ok_or_else(ApiError::no_such_user)?;
    if primary.is_main(provider, local) {
        return Err(ApiError::refused("Main identity and the new one are the same."));
    }
    if primary.identity(provider, local).is_some() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            None,
            "Specified identity already exists.",
        ));
    }
    let secondary = users
        .get(&format!("{provider}|{local}"))
        .filter(|user| connection.is_none_or(|connection| user.has_connection(&connection.name)))
        .ok_or_else(|| ApiError::refused("Provided secondary account not found."))?;
    let linked = linked(&primary, &secondary, state.clock.now());
    let answer = shown(&linked);
    users.remove(secondary.id());
    users
        .replace(linked)
        .map_err(|_| ApiError::refused("Unable to link with the secondary account."))?;
    drop(users);
    write(&state.roles).forget(secondary.id());
    Ok(Answer::value(StatusCode::CREATED, &answer))
}

pub(crate) fn unlink(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&SCOPES)?;
    let id = request.user_id("ID of the primary user account.")?;
    request.require_own(&id, &SCOPES[..1])?;
    let provider = request.parameter(1).unwrap_or_default();
    let local = request.parameter(2).unwrap_or_default();
    let now = state.clock.now();
    let mut users = write(&state.users);
    let primary = users.get(&id).ok_or_else(ApiError::no_such_user)?;
    if primary.is_main(&provider, &local) {
        return Err(ApiError::refused("Main identity cannot be removed."));
    }
    // No document says what the server answers to an identity that the user does not have.
    let identity = primary
        .identity(&provider, &local)
        .cloned()
        .ok_or_else(|| ApiError::refused("The user does not have the specified identity."))?;
    let without = without(&primary, &provider, &local, now);
    let answer = shown(&without);
    users
        .replace(without)
        .and_then(|_| users.insert(apart(identity, &provider, &local, now)))
        .map_err(|taken| ApiError::refused(format!("The identity cannot be unlinked: {taken}.")))?;
    Ok(Answer::value(StatusCode::OK, &answer))
}

/// The primary user with all identities of the secondary. The secondary's metadata are lost, as at Auth0.
fn linked(primary: &User, secondary: &User, now: Millis) -> User {
    let mut profile = primary.profile.clone();
    let mut identities = primary.identities().cloned().collect::<Vec<_>>();
    for (place, identity) in secondary.identities().enumerate() {
        let mut identity = identity.clone();
        if place == 0
            && let Some(map) = identity.as_object_mut()
        {
            map.insert("profileData".to_owned(), profile_data(&secondary.profile));
        }
        identities.push(identity);
    }
    profile.insert("identities".to_owned(), identities.into());
    profile.insert("updated_at".to_owned(), now.rfc3339().into());
    User::new(profile)
}

fn without(primary: &User, provider: &str, local: &str, now: Millis) -> User {
    let mut profile = primary.profile.clone();
    let identities: Vec<Value> = primary
        .identities()
        .filter(|identity| !is_identity(identity, provider, local))
        .cloned()
        .collect();
    profile.insert("identities".to_owned(), identities.into());
    profile.insert("updated_at".to_owned(), now.rfc3339().into());
    User::new(profile)
}

/// The user that an identity becomes when it is alone again.
fn apart(mut identity: Value, provider: &str, local: &str, now: Millis) -> User {
    let data = identity
        .as_object_mut()
        .and_then(|identity| identity.shift_remove("profileData"));
    let mut profile = match data {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    for (name, value) in [
        ("created_at", Value::from(now.rfc3339())),
        ("identities", json!([identity])),
        ("updated_at", now.rfc3339().into()),
        ("user_id", format!("{provider}|{local}").into()),
    ] {
        profile.insert(name.to_owned(), value);
    }
    profile.sort_keys();
    User::new(profile)
}

/// The answer's list: every identity with `profileData`, the main one too, which has none in a user's own document.
fn shown(user: &User) -> Value {
    let mut identities: Vec<Value> = match user.visible(false).shift_remove("identities") {
        Some(Value::Array(identities)) => identities,
        _ => Vec::new(),
    };
    for identity in &mut identities {
        let Some(map) = identity.as_object_mut() else {
            continue;
        };
        let data = map
            .shift_remove("profileData")
            .unwrap_or_else(|| profile_data(&user.profile));
        map.shift_insert(0, "profileData".to_owned(), data);
    }
    identities.into()
}

fn profile_data(profile: &Map<String, Value>) -> Value {
    PROFILE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), profile.get(*name)?.clone())))
        .collect::<Map<_, _>>()
        .into()
}

pub(super) fn is_identity(identity: &Value, provider: &str, local: &str) -> bool {
    identity.get("provider").and_then(Value::as_str) == Some(provider)
        && identity.get("user_id").map(local_id).as_deref() == Some(local)
}
