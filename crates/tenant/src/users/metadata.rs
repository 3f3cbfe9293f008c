//! `user_metadata` and `app_metadata`: which keys they may have, and how an update merges into them.

use serde_json::{Map, Value};

use crate::api_error::ApiError;

/// Keys that `app_metadata` must not have (Auth0: "Metadata field names and data types").
const RESERVED: [&str; 18] = [
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email_verified",
    "email",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor_last_modified",
    "multifactor",
    "updated_at",
    "user_id",
];

/// Refuses key names with `.` or `$`, at any depth, and reserved ones in `app_metadata`. That they are refused
/// is documented; the texts are the emulator's own.
pub(crate) fn check(body: &Map<String, Value>) -> Result<(), ApiError> {
    for field in ["user_metadata", "app_metadata"] {
        let Some(Value::Object(metadata)) = body.get(field) else {
            continue;
        };
        if let Some(key) = bad_key(metadata) {
            let what = format!("Property name must not contain '.' or '$': {key}");
            return Err(ApiError::invalid_body(&what, Some((field, "metadata"))));
        }
        let reserved = |key: &&String| field == "app_metadata" && RESERVED.contains(&key.as_str());
        if let Some(key) = metadata.keys().find(reserved) {
            let what = format!("Property name is reserved: {key}");
            return Err(ApiError::invalid_body(&what, Some((field, "metadata"))));
        }
    }
    Ok(())
}

/// Merges the first level: `null` deletes a key, anything else replaces it whole, and `{}` wipes all.
pub(crate) fn merge(stored: &mut Map<String, Value>, changes: Map<String, Value>) {
    if changes.is_empty() {
        stored.clear();
    }
    for (key, value) in changes {
        if value.is_null() {
            stored.shift_remove(&key);
        } else {
            stored.insert(key, value);
        }
    }
}

fn bad_key(metadata: &Map<String, Value>) -> Option<&str> {
    fn in_value(value: &Value) -> Option<&str> {
        match value {
            Value::Object(map) => bad_key(map),
            Value::Array(items) => items.iter().find_map(in_value),
            _ => None,
        }
    }
    metadata.iter().find_map(|(key, value)| {
        if key.contains(['.', '$']) {
            Some(key.as_str())
        } else {
            in_value(value)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn first_level_merges_and_null_deletes() {
        for (stored, changes, expect) in [
            (json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
            (json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2})),
            (
                json!({"a": {"x": 1, "y": 2}}),
                json!({"a": {"x": 3}}),
                json!({"a": {"x": 3}}),
            ),
            (json!({"a": 1}), json!({}), json!({})),
            (
                json!({}),
                json!({"a": {"x": null}, "b": [null]}),
                json!({"a": {"x": null}, "b": [null]}),
            ),
            (json!({"a": 1}), json!({"z": null}), json!({"a": 1})),
        ] {
            let mut merged = object(stored);
            merge(&mut merged, object(changes.clone()));
            assert_eq!(Value::Object(merged), expect, "{changes}");
        }
    }

    #[test]
    fn key_names_are_limited() {
        for (body, ok) in [
            (json!({"app_metadata": {"plan": "pro"}}), true),
            (json!({"user_metadata": {"email": "x"}}), true),
            (json!({"app_metadata": {"email": "x"}}), false),
            (json!({"app_metadata": {"deep": {"email": "x"}}}), true),
            (json!({"user_metadata": {"a.b": 1}}), false),
            (json!({"user_metadata": {"a": [{"$b": 1}]}}), false),
        ] {
            assert_eq!(check(&object(body.clone())).is_ok(), ok, "{body}");
        }
        for key in RESERVED {
            assert!(
                check(&object(json!({"app_metadata": {key: 1}}))).is_err(),
                "{key}"
            );
        }
    }
}
