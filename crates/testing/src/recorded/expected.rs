//! What a recorded run gave, as what is expected: what is another each time is expected by its shape alone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockgate_engine::masks::MASKED;
use serde_json::{Map, Value, json};

use crate::matching::is_matchers;

/// Of ids that are shorter nobody can tell whether they stand in a text by chance.
const SHORTEST: usize = 8;

/// What will be another when the case runs.
pub(super) struct Loose {
    /// Texts that stand for something that was made in the run.
    made: BTreeSet<String>,
    /// The texts of the input, which are the same again.
    given: BTreeSet<String>,
}

impl Loose {
    /// `made`: ids that were given out in the run.
    pub(super) fn new(made: BTreeSet<String>, input: &Value) -> Self {
        let mut given = BTreeSet::new();
        texts(input, &mut given);
        Self { made, given }
    }

    /// The pattern of a value.
    pub(super) fn pattern(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().map(|item| self.pattern(item)).collect(),
            Value::Object(fields) => {
                let inner: Map<String, Value> = fields
                    .iter()
                    .map(|(key, value)| (key.clone(), self.pattern(value)))
                    .collect();
                // Fields that are all called like matchers would be taken for them.
                if is_matchers(fields) {
                    json!({ "exactly": value })
                } else {
                    Value::Object(inner)
                }
            }
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> Value {
        if self.given.contains(text) {
            return json!(text);
        }
        let is_made = self.made.contains(text);
        if is_made && let Some((provider, _)) = text.split_once('|') {
            return json!({ "matches": format!("^{}\\|", regex::escape(provider)) });
        }
        if is_made || text == MASKED || is_time(text) || is_uuid(text) {
            return json!({ "any": "string" });
        }
        let mut holes: Vec<&str> = self
            .made
            .iter()
            .map(String::as_str)
            .filter(|made| made.len() >= SHORTEST)
            .chain([MASKED])
            .filter(|hole| text.contains(hole))
            .collect();
        // An id goes before the part of it behind its provider.
        holes.sort_by_key(|hole| std::cmp::Reverse(hole.len()));
        if holes.is_empty() {
            return json!(text);
        }
        let mut pattern = regex::escape(text);
        for hole in holes {
            pattern = pattern.replace(&regex::escape(hole), ".+");
        }
        json!({ "matches": format!("^{pattern}$") })
    }
}

fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// A time in RFC 3339's form, which is when something happened.
fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.parse::<Timestamp>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::parse_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_each_time_is_expected_by_its_shape() {
        let input = json!({ "when": "2026-11-23T17:22:24Z", "who": "auth0|old" });
        let made = ["auth0|1a", "1a"].map(str::to_owned);
        let loose = Loose::new(BTreeSet::from(made), &input);
        for (value, pattern) in [
            (json!("pro"), json!("pro")),
            (json!([1, null, true]), json!([1, null, true])),
            (json!("auth0|old"), json!("auth0|old")),
            (json!("auth0|1a"), json!({ "matches": "^auth0\\|" })),
            (json!("1a"), json!({ "any": "string" })),
            (json!("/users/auth0|1a/x"), json!({ "matches": "^/users/.+/x$" })),
            (json!(MASKED), json!({ "any": "string" })),
            (
                json!(format!("Bearer {MASKED}.")),
                json!({ "matches": "^Bearer .+\\.$" }),
            ),
            (json!("2026-11-23T17:22:25.1Z"), json!({ "any": "string" })),
            (json!("2026-11-23T17:22:24Z"), json!("2026-11-23T17:22:24Z")),
            (json!("2026-11-23"), json!("2026-11-23")),
            (
                json!("01a2096e-2954-760f-83de-45f5210804de"),
                json!({ "any": "string" }),
            ),
            (json!({ "any": 1 }), json!({ "exactly": { "any": 1 } })),
        ] {
            assert_eq!(loose.pattern(&value), pattern, "{value}");
        }
    }
}
