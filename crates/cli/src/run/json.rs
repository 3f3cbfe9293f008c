//! JSON that was typed: the text itself, `@FILE`, or `-` for stdin. A key that stands twice is a mistake.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::input::read_text;
use crate::exit::Mistake;

/// Reads the JSON object of an option. Paths are relative to `folder`.
///
/// # Errors
/// It cannot be read, or is no JSON object. Quotes no values.
pub(super) fn read_object(option: &str, argument: &str, folder: &Path) -> Result<Map<String, Value>> {
    let text = match argument.strip_prefix('@') {
        Some(path) => read_text(&folder.join(path)).with_context(|| format!("`{option}`"))?,
        None if argument == "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .with_context(|| format!("reading `{option}` from stdin"))?;
            text
        }
        None => argument.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Unique(Value::Object(object))) => Ok(object),
        Ok(_) => Err(Mistake::new(format!("`{option}` is no JSON object")).into()),
        Err(error) if error.is_data() => Err(Mistake::new(format!("`{option}`: {error}")).into()),
        Err(error) => Err(Mistake::new(format!("`{option}` is no JSON: {error}")).into()),
    }
}

/// A value in which no object has a key twice: JSON lets the last one win, and the first is lost unseen.
struct Unique(Value);

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

    fn read(text: &str) -> Result<Value, String> {
        read_object("--input-json", text, Path::new("."))
            .map(Value::Object)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_that_stands_twice_is_a_mistake_at_any_depth() {
        let text = r#"{"a": [null, true, -1, 2, 1.5, "x", {"b": {}}], "b": 1}"#;
        assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()));
        for (text, expected) in [
            (
                r#"{"a": 1, "a": 2}"#,
                "`--input-json`: the key `a` stands twice at line 1 column 12",
            ),
            (
                r#"{"a": [{"b": 1, "b": 1}]}"#,
                "`--input-json`: the key `b` stands twice at line 1 column 19",
            ),
            (
                "{} {}",
                "`--input-json` is no JSON: trailing characters at line 1 column 4",
            ),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
