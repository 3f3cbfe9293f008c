//! JSON that was typed: the text itself, `@FILE`, or `-` for stdin. A key that stands twice is a mistake.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result};
use lockgate_flow::json::Unique;
use serde_json::{Map, Value};

use super::input::read_text;
use crate::exit::Mistake;

/// Reads the JSON object of an option. Paths are relative to `folder`.
///
/// # Errors
/// It cannot be read, or is no JSON object. Quotes no values.
pub(crate) fn read_object(option: &str, argument: &str, folder: &Path) -> Result<Map<String, Value>> {
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
