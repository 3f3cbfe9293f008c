//! Which users the tenant held when a run began, as far as its calls tell.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::RecordedCall;

/// The action that makes users, and the error that says that there is one.
const CREATE: &str = "auth0.create_user";
const EXISTS: &str = "user_exists";

/// What a new user is told apart by.
const NAMES: [&str; 3] = ["email", "phone_number", "username"];

/// What is known of the tenant's users.
#[derive(Default)]
pub(super) struct Users {
    /// Those that were there.
    pub(super) before: Vec<Value>,
    /// Ids that were given out in the run: whole ones, and the part behind the provider.
    pub(super) made: BTreeSet<String>,
}

impl Users {
    /// From the calls of the tenant, in their order. What a call changed is as it was afterwards: nobody has recorded what
    /// was there before.
    pub(super) fn of<'a>(calls: impl IntoIterator<Item = &'a RecordedCall>) -> Self {
        let mut users = Self::default();
        for call in calls {
            let results = call.answers.iter().filter_map(|answer| answer.as_ref().ok());
            if call.action == CREATE {
                results.for_each(|user| users.make(user));
                let codes = call.answers.iter().filter_map(|answer| answer.as_ref().err());
                if codes.into_iter().any(|error| error["code"] == EXISTS) {
                    users.take(&call.input);
                }
            } else {
                results.for_each(|result| users.read(result));
            }
        }
        users
    }

    fn make(&mut self, user: &Value) {
        if let Some(id) = user["user_id"].as_str() {
            self.made.insert(id.to_owned());
            if let Some((_, local)) = id.split_once('|') {
                self.made.insert(local.to_owned());
            }
        }
    }

    /// Somebody had the name that a new user was to have.
    fn take(&mut self, input: &Value) {
        let mut user = Map::new();
        for key in ["connection"].iter().chain(&NAMES) {
            if let Some(value) = input.get(*key) {
                user.insert((*key).to_owned(), value.clone());
            }
        }
        let is_known = self.before.iter().any(|known| {
            NAMES
                .iter()
                .any(|name| user.contains_key(*name) && known.get(*name) == user.get(*name))
        });
        if !is_known {
            self.before.push(json!(user));
        }
    }

    /// Every user that stands in a result.
    fn read(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.read(item)),
            Value::Object(fields) => {
                let id = fields.get("user_id").and_then(Value::as_str);
                let is_user = fields.contains_key("identities") || fields.contains_key("email");
                match id.filter(|id| id.contains('|') && is_user) {
                    None => fields.values().for_each(|value| self.read(value)),
                    Some(id) if self.made.contains(id) => {}
                    Some(id) => {
                        let is_known = self.before.iter().any(|known| known["user_id"] == *id);
                        if !is_known {
                            self.before.push(value.clone());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, input: Value, answers: &[Result<Value, Value>]) -> RecordedCall {
        RecordedCall {
            flow: "a".to_owned(),
            step: None,
            action: action.to_owned(),
            input,
            answers: answers.to_vec(),
        }
    }

    #[test]
    fn users_are_those_that_were_read_and_not_made() {
        let user =
            |id: &str| json!({ "user_id": id, "email": format!("{id}@example.com"), "identities": [] });
        let calls = [
            call(
                "auth0.search_users",
                json!({}),
                &[Ok(
                    json!({ "total": 1, "users": [user("auth0|1"), user("auth0|2")] }),
                )],
            ),
            call(
                CREATE,
                json!({}),
                &[Err(json!({ "code": "unavailable" })), Ok(user("auth0|3"))],
            ),
            call("auth0.update_user", json!({}), &[Ok(user("auth0|3"))]),
            call("auth0.get_user", json!({}), &[Ok(user("auth0|2"))]),
            call(
                CREATE,
                json!({ "email": "x@example.com", "connection": "db", "password": "s" }),
                &[Err(json!({ "code": EXISTS }))],
            ),
            call(
                CREATE,
                json!({ "email": "auth0|1@example.com" }),
                &[Err(json!({ "code": EXISTS }))],
            ),
            call(
                "auth0.get_user",
                json!({}),
                &[Err(json!({ "code": "user_not_found" }))],
            ),
        ];
        let users = Users::of(&calls);
        let taken = json!({ "connection": "db", "email": "x@example.com" });
        assert_eq!(users.before, [user("auth0|1"), user("auth0|2"), taken]);
        assert_eq!(users.made, BTreeSet::from(["auth0|3", "3"].map(str::to_owned)));
    }
}
