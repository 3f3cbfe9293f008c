//! What a new user looks like: the defaults that Auth0 derives from a `POST /users` body, as recorded creates
//! show them since 2019; the default that `nickname` had before is a setting of the connection.

use md5::{Digest, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::connection::{Connection, Strategy, UsernameRule};
use super::schema::missing;
use super::user::User;
use crate::api_error::ApiError;
use crate::clock::Millis;

/// Where a new user comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Request,
    /// Any connection has users, and nobody logs in here: no password is needed.
    Seed,
}

/// What a connection refuses about a body that is well-formed.
pub(crate) fn check(
    body: &Map<String, Value>,
    connection: &Connection,
    origin: Origin,
) -> Result<(), ApiError> {
    let has = |field: &str| body.contains_key(field);
    if connection.strategy == Strategy::External && origin == Origin::Request {
        return Err(ApiError::refused(
            "Connection does not support user creation through the API. It must either be a database or passwordless connection.",
        ));
    }
    if !connection.enabled {
        return Err(ApiError::refused("Connection is disabled."));
    }
    if has("username")
        && (connection.strategy != Strategy::Database || connection.usernames == UsernameRule::Refused)
    {
        return Err(ApiError::refused(
            "Cannot set username for connection without requires_username.",
        ));
    }
    let required: &[&str] = match connection.strategy {
        Strategy::Database if connection.email_required => &["email", "password"],
        Strategy::Database => &["password"],
        Strategy::Email => &["email"],
        Strategy::Sms => &["phone_number"],
        Strategy::External => &[],
    };
    let needed = |field: &&&str| origin == Origin::Request || **field != "password";
    if let Some(field) = required.iter().filter(needed).find(|field| !has(field)) {
        return Err(missing(field));
    }
    if connection.strategy == Strategy::Database {
        if connection.usernames == UsernameRule::Required && !has("username") {
            return Err(missing("username"));
        }
        if !["email", "username", "phone_number"].into_iter().any(has) {
            return Err(missing("email"));
        }
        return check_password(body, connection);
    }
    if has("password") {
        return Err(ApiError::invalid_body(
            "Additional properties not allowed: password",
            None,
        ));
    }
    Ok(())
}

/// The password policy: a shortest length. (Histories and dictionaries are not emulated.)
pub(crate) fn check_password(body: &Map<String, Value>, connection: &Connection) -> Result<(), ApiError> {
    match body.get("password").and_then(Value::as_str) {
        Some(password) if password.chars().count() < connection.min_password => Err(ApiError::bad_request(
            "auth0_idp_error",
            "PasswordStrengthError: Password is too weak",
        )),
        _ => Ok(()),
    }
}

/// The new user. `generated` is the local id for a body that does not bring one.
pub(crate) fn build(
    body: &Map<String, Value>,
    connection: &Connection,
    generated: String,
    now: Millis,
) -> User {
    let text = |field: &str| body.get(field).and_then(Value::as_str);
    let given_id = text("user_id").filter(|id| !id.is_empty());
    let local_id = given_id.map_or(generated, str::to_owned);
    let provider = connection.provider();
    let identity = if given_id.is_some() {
        json!({"user_id": local_id, "connection": connection.name, "provider": provider, "isSocial": false})
    } else {
        json!({"connection": connection.name, "user_id": local_id, "provider": provider, "isSocial": false})
    };
    let email = text("email").map(str::to_lowercase);
    let username = text("username").map(str::to_lowercase);
    let called = email
        .as_deref()
        .or(username.as_deref())
        .or(text("phone_number"))
        .unwrap_or_default();
    let name = text("name").unwrap_or(called);
    let local_part = called.split_once('@').map_or(called, |(local, _)| local);
    let nickname = if connection.nickname_is_name {
        name
    } else {
        local_part
    };

    // Keys stand in alphabetical order, `app_metadata` after all others (it is kept apart on the server).
    let mut user = Map::new();
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            user.insert(field.to_owned(), value);
        }
    };
    let sent = |field: &str| body.get(field).cloned();
    let or_false = |field: &str, applies: bool| applies.then(|| sent(field).unwrap_or(Value::Bool(false)));
    put("blocked", sent("blocked"));
    put("created_at", Some(now.rfc3339().into()));
    put("email", email.as_deref().map(Value::from));
    put("email_verified", or_false("email_verified", email.is_some()));
    put("family_name", sent("family_name"));
    put("given_name", sent("given_name"));
    put("identities", Some(json!([identity])));
    put("name", Some(name.into()));
    // A user who is known by a number alone has nothing to derive these from.
    let derives = connection.strategy != Strategy::Sms;
    put(
        "nickname",
        sent("nickname").or_else(|| derives.then(|| nickname.into())),
    );
    put("phone_number", sent("phone_number"));
    put(
        "phone_verified",
        or_false("phone_verified", body.contains_key("phone_number")),
    );
    put(
        "picture",
        sent("picture").or_else(|| derives.then(|| picture(called, name).into())),
    );
    put("updated_at", Some(now.rfc3339().into()));
    put("user_id", Some(format!("{provider}|{local_id}").into()));
    put("user_metadata", sent("user_metadata"));
    put("username", username.map(Value::from));
    put(
        "app_metadata",
        sent("app_metadata").filter(|metadata| metadata.as_object().is_some_and(|map| !map.is_empty())),
    );
    User::new(user)
}

/// The Gravatar of the address, with an avatar of the name's first two letters to fall back on.
fn picture(email: &str, name: &str) -> String {
    let hash = Md5::digest(email.as_bytes());
    let initials: String = name.chars().take(2).collect::<String>().to_lowercase();
    let initials = utf8_percent_encode(&initials, NON_ALPHANUMERIC);
    format!(
        "https://s.gravatar.com/avatar/{}?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2F{initials}.png",
        crate::identifiers::hex(&hash)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_123);

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    fn made(body: Value, connection: &Connection) -> String {
        let user = build(&object(body), connection, "0123456789abcdef01234567".into(), NOW);
        String::from_utf8(user.json(false).to_vec()).unwrap()
    }

    #[test]
    fn nickname_defaults_to_the_local_part_or_as_once_to_the_name() {
        let body = json!({ "connection": "db", "email": "ada@example.org", "name": "Ada" });
        let now = Connection::database("db");
        for (connection, nickname) in [(now.clone(), "ada"), (now.nickname_from_name(), "Ada")] {
            let text = made(body.clone(), &connection);
            assert!(text.contains(&format!(r#""nickname":"{nickname}""#)), "{text}");
        }
    }

    #[test]
    fn a_database_user_gets_auth0s_defaults_in_auth0s_order() {
        let user = made(
            json!({"connection": "db", "email": "Ada.Byron@Example.org", "password": "correct horse"}),
            &Connection::database("db"),
        );
        assert_eq!(
            user,
            concat!(
                r#"{"created_at":"2023-11-14T22:13:20.123Z","email":"ada.byron@example.org","email_verified":false,"#,
                r#""identities":[{"connection":"db","user_id":"0123456789abcdef01234567","provider":"auth0","isSocial":false}],"#,
                r#""name":"ada.byron@example.org","nickname":"ada.byron","#,
                r#""picture":"https://s.gravatar.com/avatar/7d93bf40de13fa427b55b43be8b6e095?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fad.png","#,
                r#""updated_at":"2023-11-14T22:13:20.123Z","user_id":"auth0|0123456789abcdef01234567"}"#
            )
        );
    }

    #[test]
    fn what_is_sent_stands_in_its_place_and_secrets_are_dropped() {
        let user = made(
            json!({
                "connection": "db", "user_id": "ada", "email": "a@b.example", "password": "correct horse",
                "username": "ADA", "name": "Ada", "nickname": "countess", "given_name": "Ada", "family_name": "Byron",
                "picture": "https://p.example/a.png", "blocked": false, "verify_email": false, "email_verified": true,
                "user_metadata": {}, "app_metadata": {"plan": "pro"}
            }),
            &Connection::database("db"),
        );
        assert_eq!(
            user,
            concat!(
                r#"{"blocked":false,"created_at":"2023-11-14T22:13:20.123Z","email":"a@b.example","email_verified":true,"#,
                r#""family_name":"Byron","given_name":"Ada","#,
                r#""identities":[{"user_id":"ada","connection":"db","provider":"auth0","isSocial":false}],"#,
                r#""name":"Ada","nickname":"countess","picture":"https://p.example/a.png","#,
                r#""updated_at":"2023-11-14T22:13:20.123Z","user_id":"auth0|ada","user_metadata":{},"username":"ada","#,
                r#""app_metadata":{"plan":"pro"}}"#
            )
        );
    }

    #[test]
    fn empty_app_metadata_is_dropped() {
        let user = made(
            json!({"connection": "db", "email": "a@b.example", "password": "correct horse", "app_metadata": {}}),
            &Connection::database("db"),
        );
        assert!(!user.contains("app_metadata"), "{user}");
    }

    #[test]
    fn passwordless_users() {
        let user = made(
            json!({"connection": "email", "email": "a@b.example"}),
            &Connection::email("email"),
        );
        assert!(
            user.contains(r#""provider":"email""#) && user.contains(r#""user_id":"email|0123"#),
            "{user}"
        );
        let user = made(
            json!({"connection": "sms", "phone_number": "+15005550006"}),
            &Connection::sms("sms"),
        );
        assert_eq!(
            user,
            concat!(
                r#"{"created_at":"2023-11-14T22:13:20.123Z","#,
                r#""identities":[{"connection":"sms","user_id":"0123456789abcdef01234567","provider":"sms","isSocial":false}],"#,
                r#""name":"+15005550006","phone_number":"+15005550006","phone_verified":false,"#,
                r#""updated_at":"2023-11-14T22:13:20.123Z","user_id":"sms|0123456789abcdef01234567"}"#
            )
        );
    }

    #[test]
    fn connections_refuse_in_the_servers_words() {
        let database = Connection::database("db");
        for (connection, body, expect) in [
            (
                database.clone(),
                json!({}),
                "Payload validation error: 'Missing required property: email'.",
            ),
            (
                database.clone(),
                json!({"email": "a@b.example"}),
                "Payload validation error: 'Missing required property: password'.",
            ),
            (
                database.clone(),
                json!({"email": "a@b.example", "password": "short"}),
                "PasswordStrengthError: Password is too weak",
            ),
            (
                database.clone().usernames(UsernameRule::Refused),
                json!({"email": "a@b.example", "password": "correct horse", "username": "a"}),
                "Cannot set username for connection without requires_username.",
            ),
            (
                database.clone().usernames(UsernameRule::Required),
                json!({"email": "a@b.example", "password": "correct horse"}),
                "Payload validation error: 'Missing required property: username'.",
            ),
            (database.clone().disabled(), json!({}), "Connection is disabled."),
            (
                Connection::external("google-oauth2"),
                json!({"email": "a@b.example"}),
                "Connection does not support user creation through the API. It must either be a database or passwordless connection.",
            ),
            (
                Connection::email("email"),
                json!({}),
                "Payload validation error: 'Missing required property: email'.",
            ),
            (
                Connection::sms("sms"),
                json!({}),
                "Payload validation error: 'Missing required property: phone_number'.",
            ),
        ] {
            assert_eq!(
                check(&object(body.clone()), &connection, Origin::Request)
                    .unwrap_err()
                    .message,
                expect,
                "{body}"
            );
        }
        let by_username = json!({"username": "ada", "password": "correct horse"});
        assert!(
            check(
                &object(by_username),
                &database.clone().email_optional(),
                Origin::Request
            )
            .is_ok()
        );
        let four = json!({"email": "a@b.example", "password": "four"});
        assert!(check(&object(four), &database.min_password(4), Origin::Request).is_ok());
    }
}
