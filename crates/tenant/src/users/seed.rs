//! Users that a tenant starts with.

use serde_json::{Map, Value};

use super::connection::Connection;
use super::create;
use super::schema::{self, Body};
use super::user::User;
use crate::clock::Millis;
use crate::identifiers::Identifiers;

/// A user to start with, in one of two shapes.
///
/// An object with `identities` is a user as Auth0 answers it, and is stored as it is (so users of social and
/// enterprise connections, identity provider tokens, and any time of creation can be seeded). Any other object is
/// a body of `POST /api/v2/users`, checked and completed as a request would be; a `user_id` that has the provider's
/// prefix already (`auth0|ada`), as every answer has it, is taken as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedUser(Map<String, Value>);

/// Why a user cannot be seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The document is not a JSON array.
    #[error("reading users: {0}")]
    Json(#[from] serde_json::Error),
    /// An entry is not an object.
    #[error("reading user {index}: expected an object")]
    NotAnObject {
        /// The place in the list, from 0.
        index: usize,
    },
    /// The tenant refuses an entry.
    #[error("seeding user {index}: {reason}")]
    Refused {
        /// The place in the list, from 0.
        index: usize,
        /// What the tenant answers to such a request.
        reason: String,
    },
}

impl SeedUser {
    /// Takes one user; nothing if it is not an object.
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// Reads a file of users: a JSON array of objects.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, SeedError> {
        let values: Vec<Value> = serde_json::from_str(text)?;
        let one = |(index, value)| Self::from_value(value).ok_or(SeedError::NotAnObject { index });
        values.into_iter().enumerate().map(one).collect()
    }

    pub(crate) fn build(
        self,
        connections: &[Connection],
        ids: &Identifiers,
        now: Millis,
    ) -> Result<User, String> {
        if self.0.contains_key("identities") {
            return match self.0.get("user_id") {
                Some(Value::String(_)) => Ok(User::new(self.0)),
                _ => Err("a user with `identities` needs a `user_id`".to_owned()),
            };
        }
        let mut body = schema::check(self.0.into(), Body::Create).map_err(|error| error.message)?;
        let name = body.get("connection").and_then(Value::as_str).unwrap_or_default();
        let connection = connections
            .iter()
            .find(|connection| connection.name == name)
            .ok_or_else(|| format!("the tenant has no connection {name:?}"))?;
        create::check(&body, connection).map_err(|error| error.message)?;
        if let Some(Value::String(id)) = body.get_mut("user_id")
            && let Some(local) = id
                .strip_prefix(connection.provider())
                .and_then(|rest| rest.strip_prefix('|'))
        {
            *id = local.to_owned();
        }
        Ok(create::build(&body, connection, ids.user(now), now))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_taken_with_the_providers_prefix_and_without() {
        let connections = [Connection::database("db")];
        for (given, expected) in [
            ("u1", "auth0|u1"),
            ("auth0|u1", "auth0|u1"),
            ("auth0", "auth0|auth0"),
        ] {
            let user = SeedUser::from_value(json!({
                "connection": "db", "user_id": given, "email": "a@b.example", "password": "correct horse",
            }));
            let user = user
                .unwrap()
                .build(&connections, &Identifiers::new(1), Millis(0))
                .unwrap();
            let user: Value = serde_json::from_slice(&user.json(false)).unwrap();
            assert_eq!(user["user_id"], expected, "{given}");
            let local = expected.strip_prefix("auth0|").unwrap();
            assert_eq!(user["identities"][0]["user_id"], local, "{given}");
        }
    }
}
