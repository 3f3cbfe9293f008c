//! `${NAME}` and `${NAME:-default}` in the settings of connections.

use serde_json::{Map, Value};

use super::file::ConnectionSyntax;

/// The environment: a variable's value, if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that is not set and has no default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingVariable {
    /// Its name.
    pub variable: String,
    /// The connection that reads it.
    pub connection: String,
    /// The setting that reads it.
    pub setting: String,
}

/// A connection's settings with every variable read, without `type`.
pub type Resolved = Map<String, Value>;

/// Reads the variables of a connection's settings. An empty variable counts as not set.
///
/// # Errors
/// Every variable that is missing.
pub fn resolve_settings(
    connection: &ConnectionSyntax,
    environment: Environment<'_>,
) -> Result<Resolved, Vec<MissingVariable>> {
    let mut missing = Vec::new();
    let mut resolved = Map::new();
    for setting in &connection.settings {
        let value = resolve(&setting.value.to_value(), environment, &mut |variable| {
            missing.push(MissingVariable {
                variable: variable.to_owned(),
                connection: connection.name.value.clone(),
                setting: setting.key.text.clone(),
            });
        });
        // `${NAME:-}` with nothing set: the setting is left out.
        if !(value == Value::String(String::new()) && has_variable(&setting.value.to_value())) {
            resolved.insert(setting.key.text.clone(), value);
        }
    }
    if missing.is_empty() {
        Ok(resolved)
    } else {
        Err(missing)
    }
}

fn resolve(value: &Value, environment: Environment<'_>, missing: &mut dyn FnMut(&str)) -> Value {
    match value {
        Value::String(text) => Value::String(resolve_text(text, environment, missing)),
        Value::Array(items) => items
            .iter()
            .map(|item| resolve(item, environment, missing))
            .collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), resolve(value, environment, missing)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn resolve_text(text: &str, environment: Environment<'_>, missing: &mut dyn FnMut(&str)) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Variable { name, default } => {
                if let Some(value) = environment(name)
                    .filter(|value| !value.is_empty())
                    .or_else(|| default.map(str::to_owned))
                {
                    value
                } else {
                    missing(name);
                    String::new()
                }
            }
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, default: Option<&'a str> },
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let inner = &rest[start + 2..start + length];
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name {
            pieces.push(Piece::Text(&rest[..start]));
            pieces.push(Piece::Variable { name, default });
        } else {
            pieces.push(Piece::Text(&rest[..=start + length]));
        }
        rest = &rest[start + length + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The variables that a value reads, with whether each has a default.
pub fn variables(value: &Value) -> Vec<(String, bool)> {
    match value {
        Value::String(text) => pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Variable { name, default } => Some((name.to_owned(), default.is_some())),
                Piece::Text(_) => None,
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(variables).collect(),
        Value::Object(fields) => fields.values().flat_map(variables).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value reads a variable.
pub(super) fn has_variable(value: &Value) -> bool {
    !variables(value).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read() {
        let environment = |name: &str| (name == "HOST").then(|| "acme".to_owned());
        for (text, expect, missing) in [
            ("${HOST}.auth0.com", "acme.auth0.com", vec![]),
            ("${PORT:-443}", "443", vec![]),
            ("${NOPE}", "", vec!["NOPE"]),
            ("$HOST and ${not a name}", "$HOST and ${not a name}", vec![]),
            ("${open", "${open", vec![]),
            ("${EMPTY:-}", "", vec![]),
        ] {
            let mut names = Vec::new();
            let resolved = resolve_text(text, &environment, &mut |name| names.push(name.to_owned()));
            assert_eq!(resolved, expect, "{text}");
            assert_eq!(names, missing, "{text}");
        }
    }
}
