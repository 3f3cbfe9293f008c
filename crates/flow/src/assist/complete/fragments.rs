//! The text that is put in: keys with what follows them, values as YAML.

use serde_json::Value;

use crate::assist::cursor::{Spot, Style};
use crate::assist::language::Shape;
use crate::yaml::plain_value;

/// How a key is written at a spot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) has_colon: bool,
    pub(super) is_inline: bool,
    /// The column of the key.
    pub(super) column: usize,
}

impl Writing {
    pub(super) const fn at(spot: &Spot) -> Self {
        match spot {
            Spot::Key {
                has_colon,
                is_inline,
                column,
                ..
            } => Self {
                has_colon: *has_colon,
                is_inline: *is_inline,
                column: *column,
            },
            _ => Self {
                has_colon: false,
                is_inline: false,
                column: 0,
            },
        }
    }

    /// A key with what follows it, and the cursor in it.
    pub(super) fn key(self, name: &str, shape: Shape) -> String {
        let name = plain(name);
        let inner = " ".repeat(self.column + 2);
        match (self.has_colon, self.is_inline, shape) {
            (true, ..) => name,
            (_, _, Shape::Scalar) => format!("{name}: ${{}}"),
            (_, true, Shape::Map) => format!("{name}: {{ ${{}} }}"),
            (_, true, Shape::Steps) => format!("{name}: [${{}}]"),
            (_, false, Shape::Map) => format!("{name}:\n{inner}${{}}"),
            (_, false, Shape::Steps) => format!("{name}:\n{inner}- ${{}}"),
        }
    }
}

/// Lines that are deeper than the first are indented from a column.
pub(super) fn indented(lines: &str, column: usize) -> String {
    lines.replace('\n', &format!("\n{}", " ".repeat(column)))
}

/// A text as a plain scalar where that says the same, else in quotes.
pub(super) fn plain(text: &str) -> String {
    let is_odd = |char: char| ":#{}[],&*!|>'\"%@`\n\\".contains(char);
    let (value, is_said) = plain_value(text);
    let is_plain = is_said
        && value.as_str() == Some(text)
        && !text.contains(is_odd)
        && text.trim() == text
        && !text.starts_with(['-', '?', '=', '~'])
        && !text.is_empty();
    if is_plain {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// A value where a scalar of this style stands.
pub(super) fn scalar(value: &Value, style: Style) -> String {
    match (value, style) {
        (Value::String(text), Style::Plain) => plain(text),
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    }
}
