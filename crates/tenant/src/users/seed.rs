//! Users that a tenant starts with.

use serde_json::{Map, Value, json};

use super::connection::{Connection, Strategy};
use super::create::{self, Origin};
use super::schema::{self, Body};
use super::store::Users;
use super::user::User;
use crate::clock::Millis;
use crate::identifiers::Identifiers;
use crate::roles::Roles;
use crate::verification::local_id;

/// A user to start with, in one of two shapes.
///
/// An object with `identities` is a user as Auth0 answers it, and is stored as it is (so users of social and
/// enterprise connections, identity provider tokens, and any time of creation can be seeded); `user_id`, `created_at`
/// and `updated_at` are made up where they are missing.
///
/// Any other object is a body of `POST /api/v2/users`, checked and completed as a request would be, except that
///
/// - `connection` may be missing: it is the tenant's first database, or its first SMS connection for a user with
///   nothing but a phone number;
/// - no password is needed;
/// - a `user_id` with the provider's prefix (`auth0|ada`), as every answer has it, is taken as it is, and one of
///   another provider (`google-oauth2|1`) makes a social user;
/// - `created_at`, `updated_at`, `last_login`, `last_password_reset`, `last_ip`, `logins_count` and `multifactor` say
///   what happened before.
///
/// Either may have `roles`: names or ids of the tenant's roles.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedUser(Map<String, Value>);

/// A seeded user, and its roles as they were written.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) user: User,
    pub(crate) roles: Vec<String>,
}

impl Seeded {
    /// Stores the user, and who has which role.
    pub(crate) fn insert(self, users: &mut Users, roles: &mut Roles) -> Result<(), String> {
        let mut ids = Vec::new();
        for name in &self.roles {
            let role = roles
                .named(name)
                .ok_or_else(|| format!("the tenant has no role {name:?}"))?;
            ids.push(role.id.clone());
        }
        let user = users.insert(self.user).map_err(|taken| taken.to_string())?;
        for id in ids {
            roles.assign(user.id(), &id);
        }
        Ok(())
    }
}

/// Fields of an answer that no request can set.
const HISTORY: [(&str, Kind); 8] = [
    ("created_at", Kind::Time),
    ("last_ip", Kind::Text),
    ("last_login", Kind::Time),
    ("last_password_reset", Kind::Time),
    ("logins_count", Kind::Count),
    ("multifactor", Kind::Texts),
    ("multifactor_last_modified", Kind::Time),
    ("updated_at", Kind::Time),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Time,
    Text,
    Count,
    Texts,
}

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
        mut self,
        connections: &[Connection],
        ids: &Identifiers,
        now: Millis,
    ) -> Result<Seeded, String> {
        let roles = match self.0.shift_remove("roles") {
            None => Vec::new(),
            Some(roles) => texts(&roles).ok_or("`roles` is not a list of names or ids")?,
        };
        let user = if self.0.contains_key("identities") {
            as_answered(self.0, now)?
        } else {
            as_requested(self.0, connections, ids, now)?
        };
        Ok(Seeded { user, roles })
    }
}

/// A user that is stored as it is.
fn as_answered(mut profile: Map<String, Value>, now: Millis) -> Result<User, String> {
    if !profile.contains_key("user_id")
        && let Some(main) = profile.get("identities").and_then(|identities| identities.get(0))
        && let (Some(Value::String(provider)), Some(local)) = (main.get("provider"), main.get("user_id"))
    {
        let id = format!("{provider}|{}", local_id(local));
        profile.insert("user_id".to_owned(), id.into());
    }
    if !profile.get("user_id").is_some_and(Value::is_string) {
        return Err("a user with `identities` needs a `user_id`".to_owned());
    }
    let created = profile.get("created_at").cloned();
    let created = created.unwrap_or_else(|| now.rfc3339().into());
    for name in ["created_at", "updated_at"] {
        profile.entry(name).or_insert_with(|| created.clone());
    }
    Ok(User::new(profile))
}

/// A user as a request would create it.
fn as_requested(
    mut body: Map<String, Value>,
    connections: &[Connection],
    ids: &Identifiers,
    now: Millis,
) -> Result<User, String> {
    let mut history = Map::new();
    for (name, kind) in HISTORY {
        if let Some(value) = body.shift_remove(name) {
            let value = kind
                .read(value)
                .ok_or_else(|| format!("`{name}` is not {}", kind.described()))?;
            history.insert(name.to_owned(), value);
        }
    }
    let foreign = foreign_id(&body);
    let social;
    let connection = match body.get("connection").and_then(Value::as_str) {
        Some(name) => connections.iter().find(|connection| connection.name == name),
        None => match &foreign {
            Some((provider, _)) => {
                social = Connection::external(provider.clone());
                Some(&social)
            }
            None => default_connection(&body, connections),
        },
    };
    let connection = connection.ok_or_else(|| match body.get("connection").and_then(Value::as_str) {
        Some(name) => format!("the tenant has no connection {name:?}"),
        None => "the tenant has no connection for such a user: write its `connection`".to_owned(),
    })?;
    body.entry("connection")
        .or_insert_with(|| connection.name.as_str().into());
    let mut body = schema::check(body.into(), Body::Create).map_err(|error| error.message)?;
    create::check(&body, connection, Origin::Seed).map_err(|error| error.message)?;
    if let Some(Value::String(id)) = body.get_mut("user_id")
        && let Some(local) = id
            .strip_prefix(connection.provider())
            .and_then(|rest| rest.strip_prefix('|'))
    {
        *id = local.to_owned();
    }
    let user = create::build(&body, connection, ids.user(now), now);
    let mut profile = user.profile;
    if let (Some((provider, local)), Strategy::External) = (foreign, connection.strategy) {
        profile.insert("user_id".to_owned(), format!("{provider}|{local}").into());
        let identity = json!({
            "provider": provider, "user_id": local, "connection": connection.name, "isSocial": true,
        });
        profile.insert("identities".to_owned(), json!([identity]));
    }
    if history.contains_key("created_at") && !history.contains_key("updated_at") {
        history.insert("updated_at".to_owned(), history["created_at"].clone());
    }
    if !history.is_empty() {
        // In alphabetical order, `app_metadata` after all others, as in every answer.
        let app_metadata = profile.shift_remove("app_metadata");
        profile.extend(history);
        profile.sort_keys();
        profile.extend(app_metadata.map(|value| ("app_metadata".to_owned(), value)));
    }
    Ok(User::new(profile))
}

/// Provider and own id of a `user_id` that is of none of Auth0's own providers.
fn foreign_id(body: &Map<String, Value>) -> Option<(String, String)> {
    let (provider, local) = body.get("user_id")?.as_str()?.split_once('|')?;
    let is_own = matches!(provider, "auth0" | "email" | "sms");
    (!is_own && !provider.is_empty() && !local.is_empty()).then(|| (provider.to_owned(), local.to_owned()))
}

/// The first connection that a user without one may be meant for.
fn default_connection<'a>(
    body: &Map<String, Value>,
    connections: &'a [Connection],
) -> Option<&'a Connection> {
    let provider = body
        .get("user_id")
        .and_then(Value::as_str)
        .and_then(|id| id.split_once('|'));
    let has = |name: &str| body.contains_key(name);
    let wanted = match provider {
        Some(("email", _)) => Strategy::Email,
        Some(("sms", _)) => Strategy::Sms,
        None if has("phone_number") && !has("email") && !has("username") => Strategy::Sms,
        _ => Strategy::Database,
    };
    connections
        .iter()
        .find(|connection| connection.strategy == wanted)
}

impl Kind {
    fn read(self, value: Value) -> Option<Value> {
        match self {
            Self::Time => value
                .as_str()
                .and_then(Millis::parse)
                .map(|time| time.rfc3339().into()),
            Self::Text => value.is_string().then_some(value),
            Self::Count => value.is_u64().then_some(value),
            Self::Texts => texts(&value).map(Value::from),
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Time => "a time like \"2030-01-01T00:00:00Z\"",
            Self::Text => "a text",
            Self::Count => "a number from 0",
            Self::Texts => "a list of texts",
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
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
                .unwrap()
                .user;
            let user: Value = serde_json::from_slice(&user.json(false)).unwrap();
            assert_eq!(user["user_id"], expected, "{given}");
            let local = expected.strip_prefix("auth0|").unwrap();
            assert_eq!(user["identities"][0]["user_id"], local, "{given}");
        }
    }
    fn seeded(user: Value) -> Result<Value, String> {
        let connections = Connection::defaults();
        let user = SeedUser::from_value(user).unwrap();
        let seeded = user.build(&connections, &Identifiers::new(1), Millis(0))?;
        Ok(serde_json::from_slice(&seeded.user.json(false)).unwrap())
    }

    #[test]
    fn the_connection_is_told_by_what_the_user_has() {
        for (user, id, connection) in [
            (
                json!({ "email": "a@b.example" }),
                "auth0|",
                "Username-Password-Authentication",
            ),
            (
                json!({ "username": "ada", "email": "a@b.example" }),
                "auth0|",
                "Username-Password-Authentication",
            ),
            (json!({ "phone_number": "+491" }), "sms|", "sms"),
            (
                json!({ "user_id": "email|1", "email": "a@b.example" }),
                "email|1",
                "email",
            ),
            (
                json!({ "connection": "email", "email": "a@b.example" }),
                "email|",
                "email",
            ),
            (
                json!({ "user_id": "google-oauth2|115", "email": "a@b.example" }),
                "google-oauth2|115",
                "google-oauth2",
            ),
        ] {
            let seeded = seeded(user.clone()).unwrap();
            assert!(
                seeded["user_id"].as_str().unwrap().starts_with(id),
                "{user}: {seeded}"
            );
            assert_eq!(seeded["identities"][0]["connection"], connection, "{user}");
        }
    }

    #[test]
    fn all_that_a_user_has_can_be_seeded() {
        let user = json!({
            "email": "a@b.example", "email_verified": true, "blocked": true, "user_metadata": { "a": 1 },
            "app_metadata": { "plan": "pro" }, "created_at": "2020-01-01T00:00:00Z", "last_login": "2021-01-01T00:00:00Z",
            "logins_count": 7, "last_ip": "203.0.113.1", "name": "Ada", "user_id": "auth0|ada",
            "picture": "https://p.example/a.png",
        });
        assert_eq!(
            seeded(user).unwrap().to_string(),
            concat!(
                r#"{"blocked":true,"created_at":"2020-01-01T00:00:00.000Z","email":"a@b.example","email_verified":true,"#,
                r#""identities":[{"user_id":"ada","connection":"Username-Password-Authentication","provider":"auth0","isSocial":false}],"#,
                r#""last_ip":"203.0.113.1","last_login":"2021-01-01T00:00:00.000Z","logins_count":7,"name":"Ada","nickname":"a","#,
                r#""picture":"https://p.example/a.png","#,
                r#""updated_at":"2020-01-01T00:00:00.000Z","user_id":"auth0|ada","user_metadata":{"a":1},"app_metadata":{"plan":"pro"}}"#
            )
        );
        let identities =
            json!([{ "provider": "github", "user_id": 7, "connection": "github", "isSocial": true }]);
        let user = seeded(json!({ "email": "g@b.example", "identities": identities })).unwrap();
        assert_eq!(user["user_id"], "github|7");
        assert_eq!(user["created_at"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn mistakes_are_told() {
        for (user, expected) in [
            (
                json!({}),
                "Payload validation error: 'Missing required property: email'.",
            ),
            (
                json!({ "email": "a@b.example", "roles": "admin" }),
                "`roles` is not a list of names or ids",
            ),
            (
                json!({ "email": "a@b.example", "last_login": "yesterday" }),
                "`last_login` is not a time like \"2030-01-01T00:00:00Z\"",
            ),
            (
                json!({ "email": "a@b.example", "logins_count": -1 }),
                "`logins_count` is not a number from 0",
            ),
            (
                json!({ "email": "a@b.example", "connection": "nowhere" }),
                "the tenant has no connection \"nowhere\"",
            ),
            (
                json!({ "email": "a@b.example", "password": "short" }),
                "PasswordStrengthError: Password is too weak",
            ),
            (
                json!({ "identities": [] }),
                "a user with `identities` needs a `user_id`",
            ),
        ] {
            assert_eq!(seeded(user.clone()).unwrap_err(), expected, "{user}");
        }
        let error = seeded(json!({ "email": "a@b.example", "colour": "red" })).unwrap_err();
        assert!(
            error.contains("Additional properties not allowed: colour"),
            "{error}"
        );
    }
}
