//! The shape of request bodies beside those of users (`users::schema`): tables of properties after Auth0's OpenAPI
//! document (2026-06-30), refused in the words of the server's validator.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::request::is_user_id;

/// An object that takes these properties and no other.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) required: &'static [&'static str],
    pub(crate) properties: &'static [Property],
}

/// One property. `described` is what the document says of it; the server repeats that in its errors.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) described: &'static str,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Text(Format),
    /// A text, or a whole number.
    TextOrNumber,
    Bool,
    /// A whole number from 0.
    Number,
    /// At least one text, none of them empty.
    Texts,
    Object(&'static Shape),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Any,
    Email,
    Url,
    UserId,
    ClientId,
    OrganizationId,
    ConnectionId,
}

pub(crate) const fn property(name: &'static str, kind: Kind, described: &'static str) -> Property {
    Property {
        name,
        kind,
        described,
    }
}

/// The body as an object of known, well-formed properties.
///
/// # Errors
/// The first mistake: type of the body, missing properties, each property, then all unknown ones at once.
pub(crate) fn check(body: Value, shape: &Shape) -> Result<Map<String, Value>, ApiError> {
    match body {
        Value::Object(map) => {
            check_object(&map, shape, None)?;
            Ok(map)
        }
        other => {
            let found = format!("Expected type object but found type {}", type_name(&other));
            Err(ApiError::invalid_body(&found, None))
        }
    }
}

/// `at`: the path of the object and its description, for one that is not the body itself.
fn check_object(map: &Map<String, Value>, shape: &Shape, at: Option<(&str, &str)>) -> Result<(), ApiError> {
    let refuse = |what: &str| Err(ApiError::invalid_body(what, at));
    if let Some(missing) = shape.required.iter().find(|name| !map.contains_key(**name)) {
        return refuse(&format!("Missing required property: {missing}"));
    }
    let mut unknown = Vec::new();
    for (key, value) in map {
        match shape.properties.iter().find(|property| property.name == key) {
            Some(property) => property.check(value, at.map(|(path, _)| path))?,
            None => unknown.push(key.as_str()),
        }
    }
    if unknown.is_empty() {
        Ok(())
    } else {
        refuse(&format!(
            "Additional properties not allowed: {}",
            unknown.join(",")
        ))
    }
}

impl Property {
    fn check(&self, value: &Value, parent: Option<&str>) -> Result<(), ApiError> {
        let path = parent.map_or_else(
            || self.name.to_owned(),
            |parent| format!("{parent}.{}", self.name),
        );
        let refuse = |what: String| Err(ApiError::invalid_body(&what, Some((&path, self.described))));
        let expected = match (&self.kind, value) {
            (Kind::Text(format), Value::String(text)) => {
                return format.mistake(text).map_or(Ok(()), refuse);
            }
            (Kind::TextOrNumber, Value::String(_)) | (Kind::Bool, Value::Bool(_)) => return Ok(()),
            (Kind::TextOrNumber, Value::Number(number)) if number.is_i64() => return Ok(()),
            (Kind::Number, Value::Number(number)) if number.is_u64() => return Ok(()),
            (Kind::Number, Value::Number(number)) if number.is_i64() => {
                return refuse(format!("Value {number} is less than minimum 0"));
            }
            (Kind::Texts, Value::Array(items)) if items.is_empty() => {
                return refuse("Array is too short (0), minimum 1".to_owned());
            }
            (Kind::Texts, Value::Array(items)) => {
                return match items.iter().find(|item| item.as_str().is_none_or(str::is_empty)) {
                    None => Ok(()),
                    Some(Value::String(_)) => refuse("String is too short (0 chars), minimum 1".to_owned()),
                    Some(other) => refuse(format!(
                        "Expected type string but found type {}",
                        type_name(other)
                    )),
                };
            }
            (Kind::Object(shape), Value::Object(map)) => {
                return check_object(map, shape, Some((&path, self.described)));
            }
            (Kind::Text(_), _) => "string",
            (Kind::TextOrNumber, _) => "string/integer",
            (Kind::Bool, _) => "boolean",
            (Kind::Number, _) => "integer",
            (Kind::Texts, _) => "array",
            (Kind::Object(_), _) => "object",
        };
        refuse(format!(
            "Expected type {expected} but found type {}",
            type_name(value)
        ))
    }
}

impl Format {
    fn mistake(self, text: &str) -> Option<String> {
        let failed = |name: &str| Some(format!("Object didn't pass validation for format {name}: {text}"));
        match self {
            Self::Any if text.is_empty() => Some("String is too short (0 chars), minimum 1".to_owned()),
            Self::Email if !is_email(text) => failed("email"),
            Self::Url if !is_url(text) => failed("url"),
            Self::UserId if !is_user_id(text) => failed("user-id"),
            // No document says more of it; recorded refusals have blanks and marks.
            Self::ClientId if text.is_empty() || !text.bytes().all(is_id_byte) => failed("client-id"),
            Self::OrganizationId if !is_prefixed(text, "org_") => failed("organization-id"),
            Self::ConnectionId if !is_prefixed(text, "con_") => {
                Some("String does not match pattern: ^con_[A-Za-z0-9]{16}$".to_owned())
            }
            _ => None,
        }
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// `con_` and its like: the prefix, then 16 letters and digits.
pub(crate) fn is_prefixed(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |text: &str| {
        !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "()<>[],;:\\\"@".contains(c))
    };
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty());
    text.len() <= 254
        && local.len() <= 64
        && plain(local)
        && dotted(local)
        && plain(domain)
        && domain.contains('.')
        && dotted(domain)
        && domain.chars().all(|c| c.is_alphanumeric() || "-.".contains(c))
}

pub(crate) fn is_url(text: &str) -> bool {
    !text.chars().any(char::is_whitespace) && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INNER: Shape = Shape {
        required: &["provider"],
        properties: &[property("provider", Kind::Text(Format::Any), "Who.")],
    };
    const SHAPE: Shape = Shape {
        required: &["user_id"],
        properties: &[
            property("user_id", Kind::Text(Format::UserId), "The user."),
            property("client_id", Kind::Text(Format::ClientId), "The client."),
            property(
                "connection_id",
                Kind::Text(Format::ConnectionId),
                "The connection.",
            ),
            property(
                "organization_id",
                Kind::Text(Format::OrganizationId),
                "The organization.",
            ),
            property("result_url", Kind::Text(Format::Url), "Where to."),
            property("email", Kind::Text(Format::Email), "The email."),
            property("ttl_sec", Kind::Number, "How long."),
            property("mark", Kind::Bool, "Whether."),
            property("roles", Kind::Texts, "Which."),
            property("id", Kind::TextOrNumber, "An id."),
            property("identity", Kind::Object(&INNER), "The identity."),
        ],
    };

    #[test]
    fn bodies_are_refused_in_the_servers_words() {
        for (body, expected) in [
            (json!(null), "'Expected type object but found type null'."),
            (json!({}), "'Missing required property: user_id'."),
            (
                json!({ "user_id": "ada" }),
                "'Object didn't pass validation for format user-id: ada' on property user_id (The user).",
            ),
            (
                json!({ "client_id": "#<Random>" }),
                "'Object didn't pass validation for format client-id: #<Random>' on property client_id (The client).",
            ),
            (
                json!({ "connection_id": "con_short" }),
                "'String does not match pattern: ^con_[A-Za-z0-9]{16}$' on property connection_id (The connection).",
            ),
            (
                json!({ "organization_id": "acme" }),
                "'Object didn't pass validation for format organization-id: acme' on property organization_id (The organization).",
            ),
            (
                json!({ "result_url": "/done" }),
                "'Object didn't pass validation for format url: /done' on property result_url (Where to).",
            ),
            (
                json!({ "email": "nobody" }),
                "'Object didn't pass validation for format email: nobody' on property email (The email).",
            ),
            (
                json!({ "ttl_sec": -1 }),
                "'Value -1 is less than minimum 0' on property ttl_sec (How long).",
            ),
            (
                json!({ "ttl_sec": "1" }),
                "'Expected type integer but found type string' on property ttl_sec (How long).",
            ),
            (
                json!({ "mark": 1 }),
                "'Expected type boolean but found type number' on property mark (Whether).",
            ),
            (
                json!({ "roles": [] }),
                "'Array is too short (0), minimum 1' on property roles (Which).",
            ),
            (
                json!({ "roles": ["a", 1] }),
                "'Expected type string but found type number' on property roles (Which).",
            ),
            (
                json!({ "id": true }),
                "'Expected type string/integer but found type boolean' on property id (An id).",
            ),
            (
                json!({ "identity": {} }),
                "'Missing required property: provider' on property identity (The identity).",
            ),
            (
                json!({ "identity": { "provider": "" } }),
                "'String is too short (0 chars), minimum 1' on property identity.provider (Who).",
            ),
            (
                json!({ "identity": { "provider": "a", "b": 1 } }),
                "'Additional properties not allowed: b' on property identity (The identity).",
            ),
            (
                json!({ "new_password": "a", "other": "b" }),
                "'Additional properties not allowed: new_password,other'.",
            ),
        ] {
            let mut sent = body.clone();
            if let Some(map) = sent.as_object_mut()
                && !map.is_empty()
            {
                map.entry("user_id").or_insert("auth0|1".into());
            }
            let error = check(sent, &SHAPE).unwrap_err();
            assert_eq!(
                error.message,
                format!("Payload validation error: {expected}"),
                "{body}"
            );
        }
        let good = json!({
            "user_id": "auth0|1", "client_id": "a-Z_0", "connection_id": "con_ftSSLHb0O7rcUGmF", "ttl_sec": 0,
            "organization_id": "org_2eondWoxcMIpaLQc", "result_url": "https://a.example/b", "mark": true,
            "roles": ["rol_1"], "id": 7, "identity": { "provider": "github" }, "email": "a@b.example",
        });
        assert!(check(good, &SHAPE).is_ok());
    }
}
