//! Writes values: short ones on a line, `{ plan: pro }`, everything else in lines.

use serde_json::Value;

use super::scalar::{self, Place, Written, key};
use super::tree::Style;

/// Longest list or map that is written on a line.
const SHORT: usize = 60;

/// How a file is indented.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indents {
    /// How much deeper a map's keys stand than the key above.
    pub(super) map: usize,
    /// How much deeper a list's dashes stand than the key above.
    pub(super) list: usize,
}

/// What is written behind a key: on its line, and below it with full indentation.
pub(super) fn behind_key(value: &Value, style: Option<Style>, column: usize, indents: Indents) -> Written {
    match value {
        Value::Array(_) | Value::Object(_) if is_short(value) => in_brackets(value).into(),
        Value::Array(items) => Written {
            inline: String::new(),
            lines: list(items, column + indents.list, indents),
        },
        Value::Object(_) => Written {
            inline: String::new(),
            lines: map(value, column + indents.map, indents),
        },
        scalar => scalar::write(scalar, style, Place::Block(column + indents.map.max(1))),
    }
}

/// The lines of a map whose keys stand at `column`.
pub(super) fn map(value: &Value, column: usize, indents: Indents) -> Vec<String> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .flat_map(|(name, value)| entry(name, value, column, indents))
        .collect()
}

/// The lines of a key with its value.
pub(super) fn entry(name: &str, value: &Value, column: usize, indents: Indents) -> Vec<String> {
    let written = behind_key(value, None, column, indents);
    let blank = if written.inline.is_empty() { "" } else { " " };
    let first = format!("{:column$}{}:{blank}{}", "", key(name, None), written.inline);
    std::iter::once(first).chain(written.lines).collect()
}

/// The lines of a list whose dashes stand at `column`.
pub(super) fn list(items: &[Value], column: usize, indents: Indents) -> Vec<String> {
    items
        .iter()
        .flat_map(|value| item(value, column, indents))
        .collect()
}

/// The lines of an item.
pub(super) fn item(value: &Value, column: usize, indents: Indents) -> Vec<String> {
    let inside = column + 2;
    let mut lines = match value {
        Value::Array(_) | Value::Object(_) if is_short(value) && !is_step(value) => {
            return vec![format!("{:column$}- {}", "", in_brackets(value))];
        }
        Value::Object(_) => map(value, inside, indents),
        Value::Array(items) => list(items, inside, indents),
        scalar => {
            let written = scalar::write(scalar, None, Place::Block(inside));
            std::iter::once(format!("{:inside$}{}", "", written.inline))
                .chain(written.lines)
                .collect()
        }
    };
    if let Some(first) = lines.first_mut() {
        first.replace_range(column..=column, "-");
    }
    lines
}

/// A step stands in lines also where it is short; other small maps of a list do not.
fn is_step(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| {
        fields
            .keys()
            .any(|key| crate::syntax::VERBS.contains(&key.as_str()))
    })
}

/// A value in brackets, or a scalar as it stands in them.
pub(super) fn in_brackets(value: &Value) -> String {
    match value {
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(in_brackets).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", key(name, None), in_brackets(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        scalar => scalar::write(scalar, None, Place::Flow).inline,
    }
}

/// Whether a list or map is written on a line: few scalars, or nothing.
fn is_short(value: &Value) -> bool {
    let is_scalar = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => !text.contains('\n'),
        _ => true,
    };
    let flat = match value {
        Value::Array(items) => items.iter().all(is_scalar),
        Value::Object(fields) => fields.values().all(is_scalar),
        _ => false,
    };
    flat && in_brackets(value).len() <= SHORT
}
