//! The user endpoints, after the bearer token and the rate limit have been looked at. Checks run in the server's
//! order: scope 403, path 400, body 400, connection 400, duplicate 409 (400 on `PATCH`), 404.

use http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::connection::Connection;
use super::list::{Listing, Projection, email_parameter, only_known, pairs};
use super::schema::{self, Body};
use super::store::Taken;
use super::{create, metadata, update};
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::lock::{read, write};
use crate::request::ApiRequest;
use crate::route::Operation;
use crate::state::State;
use crate::token::Access;

/// A request to one of the user endpoints, and what its token allows.
struct UserRequest<'a> {
    asked: &'a ApiRequest<'a>,
    access: &'a Access,
}

const READ: [&str; 3] = ["read:users", "read:user_idp_tokens", "read:current_user"];
const UPDATE: [&str; 3] = [
    "update:users",
    "update:users_app_metadata",
    "update:current_user_metadata",
];

pub(crate) fn handle(state: &State, asked: &ApiRequest<'_>, access: &Access) -> Result<Answer, ApiError> {
    let request = &UserRequest { asked, access };
    match asked.operation {
        Operation::CreateUser => create_user(state, request),
        Operation::ListUsers => list_users(state, request),
        Operation::UsersByEmail => users_by_email(state, request),
        Operation::GetUser => get_user(state, request),
        Operation::UpdateUser => update_user(state, request),
        Operation::DeleteUser => delete_user(state, request),
        Operation::Token | Operation::Jwks | Operation::Discovery | Operation::Unknown => {
            Err(ApiError::not_found())
        }
    }
}

fn create_user(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
    request.require(&["create:users"])?;
    let body = request.body(Body::Create)?;
    metadata::check(&body)?;
    request.check_custom_domain(state)?;
    let connection = named_connection(state, &body)?.ok_or_else(|| schema::missing("connection"))?;
    create::check(&body, connection)?;
    let now = state.clock.now();
    let user = create::build(&body, connection, state.identifiers.user(now), now);
    match write(&state.users).insert(user) {
        Ok(user) => Ok(Answer::json(StatusCode::CREATED, user.json(false))),
        Err(Taken::Field("username")) => Err(ApiError::bad_request(
            "auth0_idp_error",
            "The username provided is in use already.",
        )),
        Err(Taken::Id | Taken::Field(_)) => Err(ApiError::user_exists()),
    }
}

fn list_users(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:users", "read:user_idp_tokens"])?;
    let listing = Listing::parse(&pairs(request.asked.query))?;
    let body = listing.render(read(&state.users).indexed(state.search_lag), request.idp_tokens());
    Ok(Answer::json(StatusCode::OK, body))
}

fn users_by_email(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
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

fn get_user(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
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

fn update_user(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
    request.require(&UPDATE)?;
    let id = request.user_id("ID of the user to update.")?;
    let body = request.body(Body::Update)?;
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
    match users.replace(update::apply(&user, body, state.clock.now())) {
        Ok(user) => Ok(Answer::json(StatusCode::OK, user.json(request.idp_tokens()))),
        // Unlike POST, which answers 409.
        Err(Taken::Field("username")) => Err(ApiError::bad_request(
            "auth0_idp_error",
            "The specified new username already exists",
        )),
        Err(Taken::Field("phone_number")) => Err(ApiError::bad_request(
            "auth0_idp_error",
            "The specified new phone number already exists",
        )),
        Err(_) => Err(ApiError::bad_request(
            "auth0_idp_error",
            "The specified new email already exists",
        )),
    }
}

fn delete_user(state: &State, request: &UserRequest<'_>) -> Result<Answer, ApiError> {
    request.require(&["delete:users", "delete:current_user"])?;
    let id = request.user_id("ID of the user to delete.")?;
    request.require_own(&id, &["delete:users"])?;
    // Answers the same whether the user was there or not.
    write(&state.users).remove(&id);
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

impl UserRequest<'_> {
    fn require(&self, any_of: &[&str]) -> Result<(), ApiError> {
        if any_of.iter().any(|scope| self.access.has(scope)) {
            Ok(())
        } else {
            Err(ApiError::insufficient_scope(any_of))
        }
    }

    /// A token with nothing but `…:current_user…` scopes may act on its own subject only.
    fn require_own(&self, id: &str, for_all: &[&str]) -> Result<(), ApiError> {
        if self.access.subject == id || for_all.iter().any(|scope| self.access.has(scope)) {
            Ok(())
        } else {
            Err(ApiError::unowned_resource())
        }
    }

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

    fn user_id(&self, described: &str) -> Result<String, ApiError> {
        let refuse = |id: &str| {
            let what = format!("Object didn't pass validation for format user-id: {id}");
            ApiError::invalid_uri(&what, Some(("id", described)))
        };
        let id = percent_decode_str(self.asked.id)
            .decode_utf8()
            .map_err(|_| refuse(self.asked.id))?;
        match id.split_once('|') {
            Some((provider, local)) if !provider.is_empty() && !local.is_empty() => Ok(id.into_owned()),
            _ => Err(refuse(&id)),
        }
    }

    fn body(&self, which: Body) -> Result<Map<String, Value>, ApiError> {
        let content_type = self
            .asked
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = content_type
            .unwrap_or("application/json")
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let body = match essence {
            _ if self.asked.body.is_empty() => Value::Null,
            "application/json" => serde_json::from_slice(&self.asked.body)
                .map_err(|_| ApiError::refused("Invalid request payload JSON format"))?,
            "application/x-www-form-urlencoded" => {
                let pairs: Vec<(String, String)> =
                    serde_urlencoded::from_bytes(&self.asked.body).unwrap_or_default();
                pairs
                    .into_iter()
                    .map(|(name, value)| (name, Value::from(value)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            _ => {
                return Err(ApiError::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    None,
                    "Unsupported Media Type",
                ));
            }
        };
        schema::check(body, which)
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
