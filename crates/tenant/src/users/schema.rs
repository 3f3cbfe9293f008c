//! The shape of request bodies: which fields `POST` and `PATCH` take, of which type and length. The table is
//! Auth0's OpenAPI document (users, 2026-06-30); the texts are those of the server's validator.
//!
//! The document lets `PATCH` take any further key; the server does not, and neither does this.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::payload::{is_email, is_url, type_name};

/// Which body is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Create,
    Update,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// At least, at most, and a format.
    Text(usize, usize, Format),
    Bool,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Any,
    Email,
    Phone,
    Uri,
    NoSpace,
    Username,
}

/// In which bodies a field may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum In {
    Create,
    Update,
    Both,
    /// Both, and `null` unsets it on `PATCH`.
    BothNullable,
}

struct Field {
    name: &'static str,
    kind: Kind,
    bodies: In,
    /// The parameter's description on `POST` and `PATCH`, which the server repeats in its errors.
    described: [&'static str; 2],
}

const FIELDS: &[Field] = &[
    field(
        "blocked",
        Kind::Bool,
        In::Both,
        ["Whether this user was blocked by an administrator (true) or not (false)."; 2],
    ),
    field(
        "email_verified",
        Kind::Bool,
        In::Both,
        [
            "Whether this email address is verified (true) or unverified (false). User will receive a verification email after creation if `email_verified` is false or not specified",
            "Whether this email address is verified (true) or unverified (false). If set to false the user will not receive a verification email unless `verify_email` is set to true.",
        ],
    ),
    field(
        "email",
        Kind::Text(0, usize::MAX, Format::Email),
        In::BothNullable,
        ["The user's email.", "Email address of this user."],
    ),
    field(
        "phone_number",
        Kind::Text(0, usize::MAX, Format::Phone),
        In::BothNullable,
        ["The user's phone number (following the E.164 recommendation)."; 2],
    ),
    field(
        "phone_verified",
        Kind::Bool,
        In::Both,
        ["Whether this phone number has been verified (true) or not (false)."; 2],
    ),
    field(
        "user_metadata",
        Kind::Object,
        In::Both,
        ["User metadata to which this user has read/write access."; 2],
    ),
    field(
        "app_metadata",
        Kind::Object,
        In::Both,
        ["User metadata to which this user has read-only access."; 2],
    ),
    field(
        "given_name",
        Kind::Text(1, 150, Format::Any),
        In::BothNullable,
        [
            "The user's given name(s).",
            "Given name/first name/forename of this user.",
        ],
    ),
    field(
        "family_name",
        Kind::Text(1, 150, Format::Any),
        In::BothNullable,
        [
            "The user's family name(s).",
            "Family name/last name/surname of this user.",
        ],
    ),
    field(
        "name",
        Kind::Text(1, 300, Format::Any),
        In::BothNullable,
        ["The user's full name.", "Name of this user."],
    ),
    field(
        "nickname",
        Kind::Text(1, 300, Format::Any),
        In::BothNullable,
        [
            "The user's nickname.",
            "Preferred nickname or alias of this user.",
        ],
    ),
    field(
        "picture",
        Kind::Text(0, usize::MAX, Format::Uri),
        In::BothNullable,
        [
            "A URI pointing to the user's picture.",
            "URL to picture, photo, or avatar of this user.",
        ],
    ),
    field(
        "user_id",
        Kind::Text(0, 255, Format::NoSpace),
        In::Create,
        ["The external user's id provided by the identity provider."; 2],
    ),
    field(
        "verify_email",
        Kind::Bool,
        In::Both,
        ["Whether the user will receive a verification email after creation (true) or no email (false). Overrides behavior of `email_verified` parameter.";
            2],
    ),
    field(
        "verify_phone_number",
        Kind::Bool,
        In::Update,
        ["Whether this user will receive a text after changing the phone number (true) or no text (false). Only valid when changing phone number for SMS connections.";
            2],
    ),
    // Gone from the document, but a client of 2020 may still send it.
    field(
        "verify_password",
        Kind::Bool,
        In::Update,
        ["Whether the user has to verify the new password."; 2],
    ),
    field(
        "password",
        Kind::Text(1, 72, Format::Any),
        In::BothNullable,
        [
            "Initial password for this user. Only valid for auth0 connection strategy.",
            "New password for this user. Only valid for database connections.",
        ],
    ),
    field(
        "connection",
        Kind::Text(1, usize::MAX, Format::Any),
        In::Both,
        [
            "Name of the connection this user should be created in.",
            "Name of the connection to target for this user update.",
        ],
    ),
    field(
        "client_id",
        Kind::Text(1, usize::MAX, Format::Any),
        In::Update,
        ["Auth0 client ID. Only valid when updating email address."; 2],
    ),
    field(
        "username",
        Kind::Text(1, 128, Format::Username),
        In::BothNullable,
        ["The user's username. Only valid if the connection requires a username."; 2],
    ),
];

const fn field(name: &'static str, kind: Kind, bodies: In, described: [&'static str; 2]) -> Field {
    Field {
        name,
        kind,
        bodies,
        described,
    }
}

/// The body as an object of known, well-formed fields.
///
/// # Errors
/// The first mistake, in the order of the server's validator: type of the body, missing properties, each
/// property, then all unknown properties at once.
pub(crate) fn check(body: Value, which: Body) -> Result<Map<String, Value>, ApiError> {
    let map = match body {
        Value::Object(map) => map,
        other => {
            let found = format!("Expected type object but found type {}", type_name(&other));
            return Err(ApiError::invalid_body(&found, None));
        }
    };
    if which == Body::Create && !map.contains_key("connection") {
        return Err(missing("connection"));
    }
    if which == Body::Update && map.is_empty() {
        return Err(nothing_to_update());
    }
    let mut unknown = Vec::new();
    for (key, value) in &map {
        match FIELDS
            .iter()
            .find(|field| field.name == key && field.stands_in(which))
        {
            Some(field) => field.check(value, which)?,
            None => unknown.push(key.as_str()),
        }
    }
    if unknown.is_empty() {
        return Ok(map);
    }
    let what = format!(
        "Additional properties not allowed: {} (consider storing them in app_metadata or user_metadata. See \
         \"Users Metadata\" in https://auth0.com/docs/api/v2/changes for more details)",
        unknown.join(",")
    );
    Err(ApiError::invalid_body(&what, None))
}

pub(crate) fn missing(property: &str) -> ApiError {
    ApiError::invalid_body(&format!("Missing required property: {property}"), None)
}

/// An update must change something: the server wants one of the fields and lists them all.
fn nothing_to_update() -> ApiError {
    let inner: Vec<String> = FIELDS
        .iter()
        .filter(|field| field.stands_in(Body::Update) && !["connection", "client_id"].contains(&field.name))
        .map(|field| missing(field.name).message)
        .collect();
    ApiError::bad_request(
        "invalid_body",
        format!(
            "Payload validation error: 'None of the valid schemas were met'. Inner errors: [ {} ].",
            inner.join(" (also) ")
        ),
    )
}

impl Field {
    fn stands_in(&self, which: Body) -> bool {
        match self.bodies {
            In::Both | In::BothNullable => true,
            In::Create => which == Body::Create,
            In::Update => which == Body::Update,
        }
    }

    fn check(&self, value: &Value, which: Body) -> Result<(), ApiError> {
        let described = self.described[usize::from(which == Body::Update)];
        let refuse = |what: String| Err(ApiError::invalid_body(&what, Some((self.name, described))));
        let nullable = which == Body::Update && self.bodies == In::BothNullable;
        if nullable && value.is_null() {
            return Ok(());
        }
        let expected = match (self.kind, value) {
            (Kind::Bool, Value::Bool(_)) | (Kind::Object, Value::Object(_)) => return Ok(()),
            (Kind::Text(min, max, format), Value::String(text)) => {
                return match text_mistake(text, min, max, format) {
                    Some(mistake) => refuse(mistake),
                    None => Ok(()),
                };
            }
            (Kind::Bool, _) => "boolean",
            (Kind::Object, _) => "object",
            (Kind::Text(..), _) if nullable => "string/null",
            (Kind::Text(..), _) => "string",
        };
        refuse(format!(
            "Expected type {expected} but found type {}",
            type_name(value)
        ))
    }
}

fn text_mistake(text: &str, min: usize, max: usize, format: Format) -> Option<String> {
    let length = text.chars().count();
    if length < min {
        return Some(format!("String is too short ({length} chars), minimum {min}"));
    }
    if length > max {
        return Some(format!("String is too long ({length} chars), maximum {max}"));
    }
    let failed = |name: &str| Some(format!("Object didn't pass validation for format {name}: {text}"));
    let pattern = |pattern: &str| Some(format!("String does not match pattern: {pattern}"));
    match format {
        Format::Email if !is_email(text) => failed("email"),
        Format::Uri if !is_url(text) => failed("strict-uri"),
        Format::Username if !is_username(text) => failed("username"),
        Format::Phone if !is_phone(text) => pattern(r"^\+[0-9]{1,15}$"),
        Format::NoSpace if text.chars().any(char::is_whitespace) => pattern(r"^\S*$"),
        _ => None,
    }
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Letters, digits and a few marks; and never the look of an email address.
fn is_username(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "@^$!`-#.+'~_".contains(c))
        && !is_email(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(body: Value, which: Body) -> String {
        check(body, which).unwrap_err().message
    }

    #[test]
    fn mistakes_are_told_in_the_servers_words() {
        let too_long = "x".repeat(151);
        for (body, which, expect) in [
            (
                json!(null),
                Body::Create,
                "Payload validation error: 'Expected type object but found type null'.",
            ),
            (
                json!([]),
                Body::Update,
                "Payload validation error: 'Expected type object but found type array'.",
            ),
            (
                json!({}),
                Body::Create,
                "Payload validation error: 'Missing required property: connection'.",
            ),
            (
                json!({"connection": ""}),
                Body::Create,
                "Payload validation error: 'String is too short (0 chars), minimum 1' on property connection (Name of the connection this user should be created in).",
            ),
            (
                json!({"connection": "c", "email": "nobody"}),
                Body::Create,
                "Payload validation error: 'Object didn't pass validation for format email: nobody' on property email (The user's email).",
            ),
            (
                json!({"connection": "c", "email": null}),
                Body::Create,
                "Payload validation error: 'Expected type string but found type null' on property email (The user's email).",
            ),
            (
                json!({"email": 7}),
                Body::Update,
                "Payload validation error: 'Expected type string/null but found type number' on property email (Email address of this user).",
            ),
            (
                json!({"user_metadata": null}),
                Body::Update,
                "Payload validation error: 'Expected type object but found type null' on property user_metadata (User metadata to which this user has read/write access).",
            ),
            (
                json!({"blocked": "yes"}),
                Body::Update,
                "Payload validation error: 'Expected type boolean but found type string' on property blocked (Whether this user was blocked by an administrator (true) or not (false)).",
            ),
            (
                json!({"given_name": too_long}),
                Body::Update,
                "Payload validation error: 'String is too long (151 chars), maximum 150' on property given_name (Given name/first name/forename of this user).",
            ),
            (
                json!({"connection": "sms", "phone_number": "12"}),
                Body::Create,
                r"Payload validation error: 'String does not match pattern: ^\+[0-9]{1,15}$' on property phone_number (The user's phone number (following the E.164 recommendation)).",
            ),
            (
                json!({"connection": "c", "user_id": "a b"}),
                Body::Create,
                r"Payload validation error: 'String does not match pattern: ^\S*$' on property user_id (The external user's id provided by the identity provider).",
            ),
            (
                json!({"connection": "c", "plan": 1, "email": "a@b.example", "tier": 2}),
                Body::Create,
                r#"Payload validation error: 'Additional properties not allowed: plan,tier (consider storing them in app_metadata or user_metadata. See "Users Metadata" in https://auth0.com/docs/api/v2/changes for more details)'."#,
            ),
            (
                json!({"user_id": "x"}),
                Body::Update,
                r#"Payload validation error: 'Additional properties not allowed: user_id (consider storing them in app_metadata or user_metadata. See "Users Metadata" in https://auth0.com/docs/api/v2/changes for more details)'."#,
            ),
        ] {
            assert_eq!(message(body.clone(), which), expect, "{body}");
        }
    }

    #[test]
    fn an_empty_update_lists_what_it_could_be() {
        let message = message(json!({}), Body::Update);
        assert!(message.starts_with(
            "Payload validation error: 'None of the valid schemas were met'. Inner errors: [ Payload validation error: \
             'Missing required property: blocked'. (also) Payload validation error: 'Missing required property: email_verified'."
        ), "{message}");
        assert!(
            message.ends_with("'Missing required property: username'. ]."),
            "{message}"
        );
    }

    #[test]
    fn formats() {
        for (text, expect) in [
            ("a@b.example", true),
            ("a.b+c@d-e.example", true),
            ("rubytest-1}@b.example", true),
            ("a@b", false),
            ("a@@b.example", false),
            (".a@b.example", false),
            ("a b@c.example", false),
            ("a@b..example", false),
        ] {
            assert_eq!(is_email(text), expect, "{text}");
        }
        assert!(!is_email(&format!("{}@b.example", "a".repeat(65))));
        assert!(is_url("https://a.example/p.png") && !is_url("p.png") && !is_url("https://a.example/a b"));
        assert!(is_username("o'neil_1") && !is_username("a@b.example") && !is_username("ä"));
        assert!(is_phone("+15005550006") && !is_phone("+") && !is_phone("+1234567890123456"));
    }

    #[test]
    fn every_field_of_both_bodies_is_taken() {
        let create = json!({
            "connection": "c", "email": "a@b.example", "phone_number": "+1", "user_metadata": {}, "blocked": true,
            "email_verified": true, "phone_verified": true, "app_metadata": {}, "given_name": "A", "family_name": "B",
            "name": "N", "nickname": "n", "picture": "https://a.example/", "user_id": "x", "password": "p",
            "verify_email": true, "username": "u"
        });
        assert!(check(create, Body::Create).is_ok());
        let update = json!({
            "blocked": true, "email_verified": true, "email": null, "phone_number": null, "phone_verified": true,
            "user_metadata": {}, "app_metadata": {}, "given_name": null, "family_name": null, "name": null,
            "nickname": null, "picture": null, "verify_email": true, "verify_phone_number": true, "password": null,
            "connection": "c", "client_id": "i", "username": null, "verify_password": true
        });
        assert!(check(update, Body::Update).is_ok());
    }
}
