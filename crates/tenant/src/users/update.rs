//! `PATCH /users/{id}`: which changes may stand together, which a user's connection allows, and what they make
//! of the user.

use serde_json::{Map, Value};

use super::connection::{Connection, Strategy};
use super::metadata;
use super::user::User;
use crate::api_error::ApiError;
use crate::clock::Millis;

/// Fields that steer the update and are never stored.
const NOT_STORED: [&str; 6] = [
    "connection",
    "password",
    "verify_email",
    "verify_phone_number",
    "verify_password",
    "client_id",
];

/// Root attributes that an external identity provider owns.
const SYNCED: [&str; 5] = ["family_name", "given_name", "name", "nickname", "picture"];

/// Pairs that one request must not change. `email` with `email_verified` is fine.
const EXCLUSIVE: [(&str, &str); 5] = [
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
];

/// Refuses changes that must not stand in one request.
pub(crate) fn check_combination(body: &Map<String, Value>) -> Result<(), ApiError> {
    let both = |(a, b): &&(&str, &str)| body.contains_key(*a) && body.contains_key(*b);
    match EXCLUSIVE.iter().find(both) {
        None => Ok(()),
        Some((a, b)) => Err(ApiError::bad_request(
            "operation_not_supported",
            format!("Cannot update {a} and {b} simultaneously."),
        )),
    }
}

/// Refuses what the connection of the user's identity does not allow.
pub(crate) fn check_connection(body: &Map<String, Value>, connection: &Connection) -> Result<(), ApiError> {
    let has = |field: &str| body.contains_key(field);
    let strategy = connection.strategy;
    if !connection.enabled && (has("email") || has("password")) {
        return Err(ApiError::refused(
            "Cannot change email or password for users in a disabled connection.",
        ));
    }
    if has("email") && matches!(strategy, Strategy::External | Strategy::Sms) {
        return Err(ApiError::refused("Cannot update email for non-database user."));
    }
    if has("email_verified") && matches!(strategy, Strategy::External | Strategy::Sms) {
        return Err(ApiError::refused(
            "Email verification is not supported for enterprise users.",
        ));
    }
    if strategy == Strategy::External && SYNCED.into_iter().any(has) {
        return Err(ApiError::refused(format!(
            "The following user attributes cannot be updated: {}. The connection must either be a database \
             connection (using the Auth0 store), a passwordless connection (email or sms) or has disabled 'Sync \
             user profile attributes at each login'.",
            SYNCED.join(", ")
        )));
    }
    let database_only = strategy != Strategy::Database && (has("password") || has("username"));
    let phone_only = matches!(strategy, Strategy::External | Strategy::Email) && has("phone_number");
    if database_only || phone_only {
        return Err(ApiError::refused(
            "Connection is not supported for this operation.",
        ));
    }
    Ok(())
}

/// The user after the changes. Root fields replace in place, `null` unsets, new ones are appended in alphabetical
/// order; metadata merges; `updated_at` always moves.
pub(crate) fn apply(user: &User, mut changes: Map<String, Value>, now: Millis) -> User {
    let before = user
        .text("updated_at")
        .and_then(Millis::parse)
        .unwrap_or(Millis(0));
    let changes_password = changes.get("password").is_some_and(Value::is_string);
    // The password is stored a few milliseconds before the document that says so.
    let gap = if changes_password { 4 } else { 0 };
    let now = now.max(before.plus(1 + gap));

    let new_email = changes
        .get("email")
        .and_then(Value::as_str)
        .map(str::to_lowercase);
    if new_email.is_some()
        && new_email.as_deref() != user.text("email")
        && !changes.contains_key("email_verified")
    {
        changes.insert("email_verified".into(), false.into());
    }

    let mut profile = user.profile.clone();
    let mut app_metadata = match profile.shift_remove("app_metadata") {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let mut changes: Vec<(String, Value)> = changes
        .into_iter()
        .filter(|(field, _)| !NOT_STORED.contains(&field.as_str()))
        .collect();
    if changes_password {
        changes.push(("last_password_reset".into(), now.plus(-gap).rfc3339().into()));
    }
    changes.push(("updated_at".into(), now.rfc3339().into()));
    changes.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (field, value) in changes {
        match (field.as_str(), value) {
            ("app_metadata", Value::Object(changes)) => metadata::merge(&mut app_metadata, changes),
            ("user_metadata", Value::Object(changes)) => {
                let stored = profile.entry(field).or_insert_with(|| Map::new().into());
                if let Value::Object(stored) = stored {
                    metadata::merge(stored, changes);
                }
            }
            (_, Value::Null) => {
                profile.shift_remove(&field);
            }
            ("email" | "username", Value::String(text)) => {
                profile.insert(field, text.to_lowercase().into());
            }
            (_, value) => {
                profile.insert(field, value);
            }
        }
    }
    if !app_metadata.is_empty() {
        profile.insert("app_metadata".into(), app_metadata.into());
    }
    User::new(profile)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CREATED: &str = "2023-11-14T22:13:20.123Z";
    const NOW: Millis = Millis(1_700_000_100_000);

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    fn user() -> User {
        User::new(object(json!({
            "created_at": CREATED, "email": "a@b.example", "email_verified": true, "name": "A", "nickname": "a",
            "updated_at": CREATED, "user_id": "auth0|1", "user_metadata": {"colour": "red", "size": 1},
            "username": "ada", "app_metadata": {"plan": "free"}
        })))
    }

    fn after(changes: Value) -> String {
        let user = apply(&user(), object(changes), NOW);
        let mut profile = user.profile;
        // What every update sets is asserted once, below.
        profile.shift_remove("updated_at");
        profile.shift_remove("created_at");
        Value::Object(profile).to_string()
    }

    #[test]
    fn changes_merge_in_auth0s_order() {
        let head = r#"{"email":"a@b.example","email_verified":true"#;
        for (changes, expect) in [
            (
                json!({"name": "Ada", "given_name": "Ada", "family_name": "Byron", "blocked": true}),
                format!(
                    r#"{head},"name":"Ada","nickname":"a","user_id":"auth0|1","user_metadata":{{"colour":"red","size":1}},"username":"ada","blocked":true,"family_name":"Byron","given_name":"Ada","app_metadata":{{"plan":"free"}}}}"#
                ),
            ),
            (
                json!({"nickname": null, "user_metadata": {"colour": null, "shape": {"n": null}}, "app_metadata": {"plan": "pro"}}),
                format!(
                    r#"{head},"name":"A","user_id":"auth0|1","user_metadata":{{"size":1,"shape":{{"n":null}}}},"username":"ada","app_metadata":{{"plan":"pro"}}}}"#
                ),
            ),
            (
                json!({"user_metadata": {}, "app_metadata": {}}),
                format!(
                    r#"{head},"name":"A","nickname":"a","user_id":"auth0|1","user_metadata":{{}},"username":"ada"}}"#
                ),
            ),
            (
                json!({"username": "GRACE", "connection": "db"}),
                format!(
                    r#"{head},"name":"A","nickname":"a","user_id":"auth0|1","user_metadata":{{"colour":"red","size":1}},"username":"grace","app_metadata":{{"plan":"free"}}}}"#
                ),
            ),
        ] {
            assert_eq!(after(changes.clone()), expect, "{changes}");
        }
    }

    #[test]
    fn a_new_email_is_unverified_unless_said_otherwise() {
        for (changes, email, verified) in [
            (json!({"email": "New@b.example"}), "new@b.example", false),
            (
                json!({"email": "new@b.example", "email_verified": true}),
                "new@b.example",
                true,
            ),
            (json!({"email": "A@b.example"}), "a@b.example", true),
        ] {
            let user = apply(&user(), object(changes), NOW);
            assert_eq!(user.text("email"), Some(email));
            assert_eq!(user.profile["email_verified"], json!(verified));
            assert_eq!(user.profile["name"], json!("A"), "the name is not derived again");
        }
    }

    #[test]
    fn updated_at_always_moves_and_a_password_leaves_its_mark() {
        let early = apply(&user(), object(json!({"blocked": true})), Millis(5));
        assert_eq!(early.text("updated_at"), Some("2023-11-14T22:13:20.124Z"));
        let changed = apply(&user(), object(json!({"password": "another horse"})), NOW);
        assert_eq!(changed.text("updated_at"), Some("2023-11-14T22:15:00.000Z"));
        assert_eq!(
            changed.text("last_password_reset"),
            Some("2023-11-14T22:14:59.996Z")
        );
        assert!(changed.profile.get("password").is_none());
        let keys: Vec<_> = changed.profile.keys().rev().take(2).collect();
        assert_eq!(keys, ["app_metadata", "last_password_reset"]);
    }

    #[test]
    fn combinations_are_refused_with_the_exact_text() {
        for (body, expect) in [
            (
                json!({"password": "x", "email": "y"}),
                Some("Cannot update password and email simultaneously."),
            ),
            (
                json!({"password": "x", "email_verified": true}),
                Some("Cannot update password and email_verified simultaneously."),
            ),
            (
                json!({"username": "x", "email": "y"}),
                Some("Cannot update username and email simultaneously."),
            ),
            (
                json!({"username": "x", "email_verified": true}),
                Some("Cannot update username and email_verified simultaneously."),
            ),
            (
                json!({"username": "x", "password": "y"}),
                Some("Cannot update username and password simultaneously."),
            ),
            (json!({"email": "x", "email_verified": true}), None),
            (json!({"password": "x", "app_metadata": {}}), None),
        ] {
            let message = check_combination(&object(body.clone()))
                .err()
                .map(|error| error.message);
            assert_eq!(message.as_deref(), expect, "{body}");
        }
    }

    #[test]
    fn connections_limit_what_can_change() {
        let attributes = "The following user attributes cannot be updated: family_name, given_name, name, nickname, \
                          picture. The connection must either be a database connection (using the Auth0 store), a \
                          passwordless connection (email or sms) or has disabled 'Sync user profile attributes at \
                          each login'.";
        for (connection, body, expect) in [
            (
                Connection::database("c"),
                json!({"email": "x", "name": "y"}),
                None,
            ),
            (
                Connection::database("c").disabled(),
                json!({"password": "x"}),
                Some("Cannot change email or password for users in a disabled connection."),
            ),
            (
                Connection::sms("c"),
                json!({"email": "x"}),
                Some("Cannot update email for non-database user."),
            ),
            (
                Connection::sms("c"),
                json!({"email_verified": true}),
                Some("Email verification is not supported for enterprise users."),
            ),
            (Connection::external("c"), json!({"name": "x"}), Some(attributes)),
            (Connection::external("c"), json!({"app_metadata": {}}), None),
            (Connection::email("c"), json!({"email": "x", "name": "y"}), None),
            (
                Connection::email("c"),
                json!({"password": "x"}),
                Some("Connection is not supported for this operation."),
            ),
            (Connection::sms("c"), json!({"phone_number": "+1"}), None),
        ] {
            let message = check_connection(&object(body.clone()), &connection)
                .err()
                .map(|error| error.message);
            assert_eq!(message.as_deref(), expect, "{body}");
        }
    }
}
