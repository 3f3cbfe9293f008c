//! The user endpoints, after the bearer token and the rate limit have been looked at. Checks run in the server's
//! order: scope 403, path 400, body 400, connection 400, duplicate 409 (400 on `PATCH`), 404.

use http::StatusCode;
use serde_json::{Map, Value};

use super::connection::{Connection, Strategy};
use super::create::Origin;
use super::list::{Listing, Projection, email_parameter};
use super::schema::{self, Body};
use super::store::Taken;
use super::user::User;
use super::{create, identities, metadata, update};
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::lock::{read, write};
use crate::query_string::{only_known, pairs};
use crate::request::Authorized;
use crate::route::Operation;
use crate::state::State;

const READ: [&str; 3] = ["read:users", "read:user_idp_tokens", "read:current_user"];
const UPDATE: [&str; 3] = [
    "update:users",
    "update:users_app_metadata",
    "update:current_user_metadata",
];

pub(crate) fn handle(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    match request.asked.operation {
        Operation::CreateUser => create_user(state, request),
        Operation::ListUsers => list_users(state, request),
        Operation::UsersByEmail => users_by_email(state, request),
        Operation::GetUser => get_user(state, request),
        Operation::UpdateUser => update_user(state, request),
        Operation::DeleteUser => delete_user(state, request),
        Operation::LinkIdentity => identities::link(state, request),
        Operation::UnlinkIdentity => identities::unlink(state, request),
        _ => Err(ApiError::not_found()),
    }
}

fn create_user(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["create:users"])?;
    let body = request.user_body(Body::Create)?;
    metadata::check(&body)?;
    request.check_custom_domain(state)?;
    let connection = named_connection(state, &body)?.ok_or_else(|| schema::missing("connection"))?;
    create::check(&body, connection, Origin::Request)?;
    let now = state.clock.now();
    let user = create::build(&body, connection, state.identifiers.user(now), now);
    let user = write(&state.users).insert(user).map_err(|taken| match taken {
        Taken::Field("username") => {
            ApiError::bad_request("auth0_idp_error", "The username provided is in use already.")
        }
        Taken::Id | Taken::Field(_) => ApiError::user_exists(),
    })?;
    if sends_verification(&body, &user, connection) {
        state.messages.verification_email(&user, "create", now);
    }
    Ok(Answer::json(StatusCode::CREATED, user.json(false)))
}

/// A new address of a database is verified, unless it is said to be, or not to be asked about.
fn sends_verification(body: &Map<String, Value>, user: &User, connection: &Connection) -> bool {
    let is_verified = user.profile.get("email_verified") == Some(&Value::Bool(true));
    connection.strategy == Strategy::Database
        && user.text("email").is_some()
        && body
            .get("verify_email")
            .and_then(Value::as_bool)
            .unwrap_or(!is_verified)
}

fn list_users(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:users", "read:user_idp_tokens"])?;
    let listing = Listing::parse(&pairs(request.asked.query))?;
    let body = listing.render(read(&state.users).indexed(state.search_lag), request.idp_tokens());
    Ok(Answer::json(StatusCode::OK, body))
}

fn users_by_email(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:users"])?;
    let pairs = pairs(request.asked.query);
    let email = email_parameter(&pairs)?;
    let projection = Projection::parse(&pairs)?;
    let users = read(&state.users).with_email(email);
    Ok(Answer::json(
        StatusCode::OK,
        projection.render_all(&users, request.idp_tokens()),
    ))
}

fn get_user(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&READ)?;
    let id = request.user_id("ID of the user to retrieve.")?;
    request.require_own(&id, &["read:users", "read:user_idp_tokens"])?;
    let pairs = pairs(request.asked.query);
    only_known(&pairs, &["fields", "include_fields"])?;
    let projection = Projection::parse(&pairs)?;
    let user = read(&state.users).get(&id).ok_or_else(ApiError::no_such_user)?;
    let body = match projection {
        Projection::Whole => user.json(request.idp_tokens()),
        projection => projection.render(&user, request.idp_tokens()).into(),
    };
    Ok(Answer::json(StatusCode::OK, body))
}

fn update_user(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&UPDATE)?;
    let id = request.user_id("ID of the user to update.")?;
    let body = request.user_body(Body::Update)?;
    metadata::check(&body)?;
    request.check_updatable(&id, &body)?;
    update::check_combination(&body)?;
    request.check_custom_domain(state)?;
    let selected = named_connection(state, &body)?;

    // Read, change and replace are one step, or two updates at once would lose one of them.
    let mut users = write(&state.users);
    let user = users.get(&id).ok_or_else(ApiError::no_such_user)?;
    let connection = match selected {
        Some(connection) if user.has_connection(&connection.name) => connection,
        Some(_) => {
            return Err(ApiError::refused(
                "Connection is not supported for this operation.",
            ));
        }
        None => state.connection_of(&user),
    };
    update::check_connection(&body, connection)?;
    create::check_password(&body, connection)?;
    // An update sends one only where it is told to.
    let asks = body.get("verify_email") == Some(&Value::Bool(true)) && body.contains_key("email");
    let now = state.clock.now();
    let user = users
        .replace(update::apply(&user, body, now))
        // Unlike POST, which answers 409.
        .map_err(|taken| {
            let what = match taken {
                Taken::Field("username") => "username",
                Taken::Field("phone_number") => "phone number",
                _ => "email",
            };
            ApiError::bad_request(
                "auth0_idp_error",
                format!("The specified new {what} already exists"),
            )
        })?;
    if asks {
        state.messages.verification_email(&user, "update", now);
    }
    Ok(Answer::json(StatusCode::OK, user.json(request.idp_tokens())))
}

fn delete_user(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["delete:users", "delete:current_user"])?;
    let id = request.user_id("ID of the user to delete.")?;
    request.require_own(&id, &["delete:users"])?;
    // Answers the same whether the user was there or not.
    write(&state.users).remove(&id);
    write(&state.roles).forget(&id);
    Ok(Answer::no_content())
}

fn named_connection<'a>(
    state: &'a State,
    body: &Map<String, Value>,
) -> Result<Option<&'a Connection>, ApiError> {
    match body.get("connection").and_then(Value::as_str) {
        None => Ok(None),
        Some(name) => state
            .connection(name)
            .map(Some)
            .ok_or_else(ApiError::no_such_connection),
    }
}

impl Authorized<'_> {
    /// `update:users` covers everything, `update:users_app_metadata` only `app_metadata`,
    /// `update:current_user_metadata` only the own `user_metadata`.
    fn check_updatable(&self, id: &str, body: &Map<String, Value>) -> Result<(), ApiError> {
        if self.access.has("update:users") {
            return Ok(());
        }
        let app_metadata = self.access.has("update:users_app_metadata");
        if !app_metadata {
            self.require_own(id, &[])?;
        }
        let may = |field: &str| match field {
            "connection" => true,
            "app_metadata" => app_metadata,
            "user_metadata" => self.access.has("update:current_user_metadata") && self.access.subject == id,
            _ => false,
        };
        if body.keys().all(|field| may(field)) {
            return Ok(());
        }
        let message =
            "Some fields cannot be updated with the permissions granted by the bearer token scopes.";
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            Some("insufficient_scope"),
            message,
        ))
    }

    fn idp_tokens(&self) -> bool {
        self.access.has("read:user_idp_tokens")
    }

    fn user_body(&self, which: Body) -> Result<Map<String, Value>, ApiError> {
        schema::check(self.body()?, which)
    }

    /// A tenant with several verified custom domains wants to know which one is meant.
    fn check_custom_domain(&self, state: &State) -> Result<(), ApiError> {
        let domains = read(&state.custom_domains);
        if domains.len() < 2 {
            return Ok(());
        }
        let named = self
            .asked
            .headers
            .get("auth0-custom-domain")
            .and_then(|value| value.to_str().ok());
        match named {
            Some(name) if domains.iter().any(|domain| domain == name) => Ok(()),
            _ => Err(ApiError::custom_domain_conflict()),
        }
    }
}
