//! What assigning and removing roles have in common: roles by id or by name, and one request for all of them.

use lockgate_engine::action::{ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, KnownInput, ScopeNeed};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::get_user::path_error;
use super::user_schema;
use crate::connection::{Request, Session};
use crate::error::{self, code};
use crate::path::ApiPath;
use std::sync::Arc;

/// Roles on a page; the most that Auth0 gives.
const PAGE: usize = 100;

pub(super) fn input(what: &str) -> Value {
    let fields = Map::from_iter([
        ("user_id".to_owned(), user_schema::user_id()),
        (
            "roles".to_owned(),
            json!({
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "minLength": 1 },
                "description": format!(
                    "The roles to {what}: ids (`rol_` and 16 letters and digits) or names. A name costs a read more."
                )
            }),
        ),
    ]);
    user_schema::closed(&fields, &["user_id", "roles"])
}

pub(super) fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["user_id", "roles"],
        "properties": {
            "user_id": { "type": "string", "description": "The id that was given." },
            "roles": { "type": "array", "items": { "type": "string" }, "description": "The ids of the roles that were given." }
        }
    })
}

/// The scope of the change, and one more where a name has to be looked up, or may have to be.
pub(super) fn scopes(known: &KnownInput, change: &[&str]) -> Vec<ScopeNeed> {
    let need = |scopes: &[&str]| ScopeNeed(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    let mut needs = vec![need(change)];
    let all_ids = known
        .value
        .get("roles")
        .and_then(Value::as_array)
        .is_some_and(|roles| roles.iter().all(|role| role.as_str().is_some_and(is_id)));
    if !all_ids {
        needs.push(need(&["read:roles"]));
    }
    needs
}

/// Sends the roles of the input with this method to `/api/v2/users/{id}/roles`.
pub(super) async fn change(
    context: &ActionContext<'_>,
    spec: &Arc<ActionSpec>,
    method: Method,
    input: &Value,
) -> Result<Value, ActionError> {
    let session = Session::new(context, spec, input)?;
    let user_id = input.get("user_id").and_then(Value::as_str).unwrap_or_default();
    let path =
        ApiPath::filled("/api/v2/users/{id}/roles", &[user_id]).map_err(|problem| path_error(&problem))?;
    let written: Vec<&str> = input
        .get("roles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let names: Vec<&str> = written.iter().copied().filter(|role| !is_id(role)).collect();
    let found = if names.is_empty() {
        Map::new()
    } else {
        look_up(&session, &names).await?
    };
    let mut ids: Vec<&str> = Vec::new();
    for role in written {
        let id = match found.get(role) {
            Some(id) => id.as_str().unwrap_or_default(),
            None => role,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let body = json!({ "roles": ids });
    let request = Request {
        body: Some(&body),
        ..Request::new(method, path)
    };
    session.send(&request, false).await?;
    Ok(json!({ "user_id": user_id, "roles": ids }))
}

/// The ids of the roles with these names, by name. One request for one name, and as a rule for more.
async fn look_up(session: &Session<'_>, names: &[&str]) -> Result<Map<String, Value>, ActionError> {
    let mut found = Map::new();
    for page in 0.. {
        let mut request = Request::new(Method::GET, ApiPath::fixed("/api/v2/roles"));
        let mut ask = |name: &str, value: String| request.query.push((name.to_owned(), value));
        if let [name] = names {
            ask("name_filter", (*name).to_owned());
        }
        ask("per_page", PAGE.to_string());
        ask("page", page.to_string());
        let answer = session.send(&request, false).await?;
        let Value::Array(roles) = session.read_json(&answer)? else {
            return Err(error::unexpected(session.subject(), &answer, "no list of roles"));
        };
        for role in &roles {
            // The filter finds parts of names too.
            if let (Some(name), Some(id)) = (role["name"].as_str(), role["id"].as_str())
                && names.contains(&name)
            {
                found.insert(name.to_owned(), id.into());
            }
        }
        if names.iter().all(|name| found.contains_key(*name)) {
            return Ok(found);
        }
        if roles.len() < PAGE {
            break;
        }
    }
    let missing: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !found.contains_key(*name))
        .collect();
    Err(ActionError::new(
        code::ROLE_NOT_FOUND,
        format!(
            "the tenant has no role `{}`; nothing was changed",
            missing.join("`, no role `")
        ),
    ))
}

/// What looks like a role's id is one.
fn is_id(text: &str) -> bool {
    text.strip_prefix("rol_")
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_a_scope_more() {
        let need = |value: Value| {
            let known = KnownInput {
                value,
                unknown: Vec::new(),
            };
            scopes(&known, &["create:role_members"]).len()
        };
        assert_eq!(need(json!({ "roles": ["rol_NHBmr6NkzbRcHob1"] })), 1);
        assert_eq!(need(json!({ "roles": ["rol_NHBmr6NkzbRcHob1", "admin"] })), 2);
        assert_eq!(
            need(json!({ "roles": [null] })),
            2,
            "only known when the step runs"
        );
        assert_eq!(need(json!({ "roles": null })), 2);
    }
}
