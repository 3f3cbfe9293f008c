//! Where in a text something stands, and how deep a value is: what the readers of this group say and check alike.

use std::fmt;

use serde_json::Value;

/// The deepest value that a reader gives. A run's record wraps values in some levels of its own, and whoever reads it
/// back takes 128 in all.
pub(super) const DEEPEST: usize = 100;

/// The largest text that a reader takes, in bytes: as much as an answer of `http.request` may have.
pub(super) const LARGEST: usize = 1024 * 1024;

/// A place in a text, for people: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place of a byte of the text; of its end where it has fewer.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_starts = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_starts..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// How many lists and objects stand in one another; 0 for a value that is neither.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "ab\nä<c\n";
        for (offset, place) in [
            (0, "line 1 column 1"),
            (2, "line 1 column 3"),
            (3, "line 2 column 1"),
            (4, "line 2 column 1"),
            (5, "line 2 column 2"),
            (99, "line 3 column 1"),
        ] {
            assert_eq!(Place::of(text, offset).to_string(), place, "{offset}");
        }
    }

    #[test]
    fn depth_is_of_the_deepest() {
        assert_eq!(depth(&json!(1)), 0);
        assert_eq!(depth(&json!([])), 1);
        assert_eq!(depth(&json!([{ "a": [] }, 1])), 3);
    }
}
