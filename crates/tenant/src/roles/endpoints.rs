//! The endpoints of roles, after the bearer token and the rate limit have been looked at.

use http::StatusCode;
use serde_json::{Value, json};

use super::role::Role;
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::lock::{read, write};
use crate::payload::{self, Kind, Shape, property};
use crate::query_string::{boolean, integer, only_known, pairs, value};
use crate::request::Authorized;
use crate::route::Operation;
use crate::state::State;

/// `ListUserRolesResponseContent` and its like page by 50.
const PAGE: usize = 50;

const ROLES: Shape = Shape {
    required: &["roles"],
    properties: &[property(
        "roles",
        Kind::Texts,
        "List of roles IDs to associated with the user.",
    )],
};

pub(crate) fn handle(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    match request.asked.operation {
        Operation::ListRoles => list(state, request),
        Operation::GetRole => get(state, request),
        Operation::ListUserRoles => of_user(state, request),
        Operation::AssignRoles => assign(state, request),
        Operation::RemoveRoles => remove(state, request),
        _ => Err(ApiError::not_found()),
    }
}

fn list(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:roles"])?;
    let pairs = pairs(request.asked.query);
    only_known(&pairs, &["per_page", "page", "include_totals", "name_filter"])?;
    // A part of the name, in any case.
    let filter = value(&pairs, "name_filter").unwrap_or_default().to_lowercase();
    let roles = read(&state.roles);
    let found = roles
        .all()
        .iter()
        .filter(|role| role.name.to_lowercase().contains(&filter));
    page(&pairs, found)
}

fn get(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:roles"])?;
    let id = request.parameter(0).unwrap_or_default();
    let roles = read(&state.roles);
    let role = roles.get(&id).ok_or_else(no_such_role)?;
    Ok(Answer::value(StatusCode::OK, &role.value()))
}

fn of_user(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["read:users", "read:roles", "read:role_members"])?;
    let id = request.user_id("ID of the user to list roles for.")?;
    let pairs = pairs(request.asked.query);
    only_known(&pairs, &["per_page", "page", "include_totals"])?;
    must_exist(state, &id)?;
    let roles = read(&state.roles);
    page(&pairs, roles.of(&id).into_iter())
}

fn assign(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["update:users", "create:role_members"])?;
    let id = request.user_id("ID of the user to associate roles with.")?;
    let ids = role_ids(request)?;
    must_exist(state, &id)?;
    let mut roles = write(&state.roles);
    if ids.iter().any(|id| roles.get(id).is_none()) {
        return Err(no_such_role());
    }
    for role in &ids {
        roles.assign(&id, role);
    }
    Ok(Answer::no_content())
}

fn remove(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["update:users", "delete:role_members"])?;
    let id = request.user_id("ID of the user to remove roles from.")?;
    let ids = role_ids(request)?;
    must_exist(state, &id)?;
    let mut roles = write(&state.roles);
    if ids.iter().any(|id| roles.get(id).is_none()) {
        return Err(no_such_role());
    }
    for role in &ids {
        roles.remove(&id, role);
    }
    Ok(Answer::no_content())
}

fn role_ids(request: &Authorized<'_>) -> Result<Vec<String>, ApiError> {
    let body = payload::check(request.body()?, &ROLES)?;
    let ids = body.get("roles").and_then(Value::as_array).into_iter().flatten();
    Ok(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect())
}

fn must_exist(state: &State, user_id: &str) -> Result<(), ApiError> {
    match read(&state.users).get(user_id) {
        Some(_) => Ok(()),
        None => Err(ApiError::no_such_user()),
    }
}

/// Recorded without an `errorCode`.
fn no_such_role() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, None, "The role does not exist.")
}

fn page<'a>(pairs: &[(String, String)], roles: impl Iterator<Item = &'a Role>) -> Result<Answer, ApiError> {
    let described = "Page index of the results to return. First page is 0.";
    let page = integer(pairs, "page", described, usize::MAX / 1000)?.unwrap_or(0);
    let limit = integer(pairs, "per_page", "Number of results per page.", 100)?.unwrap_or(PAGE);
    let described = "Return results inside an object that contains the total result count (true) or as a direct \
                     array of results (false, default).";
    let totals = boolean(pairs, "include_totals", described)?.unwrap_or(false);
    let all: Vec<&Role> = roles.collect();
    let start = page * limit;
    let shown: Vec<Value> = all
        .iter()
        .skip(start)
        .take(limit)
        .map(|role| role.value())
        .collect();
    let body = if totals {
        json!({ "roles": shown, "start": start, "limit": limit, "total": all.len() })
    } else {
        Value::from(shown)
    };
    Ok(Answer::value(StatusCode::OK, &body))
}
