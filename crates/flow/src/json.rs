//! JSON that somebody typed or sent: a key that stands twice is a mistake. Parsers differ in which of the two counts (RFC
//! 8259, section 4), so whoever looked at the text before may have seen another value.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// A value in which no object has a key twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Unique(pub Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = elements.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(key) {
                Entry::Occupied(entry) => {
                    return Err(A::Error::custom(format!(
                        "the key `{}` stands twice",
                        entry.key()
                    )));
                }
                Entry::Vacant(entry) => {
                    let Unique(value) = entries.next_value()?;
                    entry.insert(value);
                }
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_a_mistake_at_any_depth() {
        let text = r#"{"a": [null, true, -1, 2, 1.5, "x\n", {"b": {}}], "b": 1}"#;
        let Unique(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        for (text, expected) in [
            (
                r#"{"a": 1, "a": 2}"#,
                "the key `a` stands twice at line 1 column 12",
            ),
            (
                r#"{"a": [{"b": 1, "b": 1}]}"#,
                "the key `b` stands twice at line 1 column 19",
            ),
            (
                r#"{"a": 1, "\u0061": 2}"#,
                "the key `a` stands twice at line 1 column 17",
            ),
        ] {
            let error = serde_json::from_str::<Unique>(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }
}
