//! Where a cursor is in a YAML text: the keys around it, and what it stands in.
//!
//! Works by indentation and brackets alone, from the text, so that it is right in the middle of typing, when no parser
//! reads the text to its end. What it does not know: flows, schemas, what the keys mean.

mod around;
mod block;
mod inline;
mod lines;
mod scalar;

use std::ops::Range;

pub(super) use scalar::{Scalar, Style, Unescaped};

/// One step on the way from the root to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Into the value of a key.
    Key(String),
    /// Into an element of a list.
    Index(usize),
}

/// A key of a map around the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sibling {
    /// The key.
    pub(super) name: String,
    /// Where it stands, with its quotes.
    pub(super) span: Range<usize>,
    /// What stands behind it on its line, as far as that is known.
    pub(super) value: Range<usize>,
}

/// A map or list around the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// Which part of it the cursor is in.
    pub(super) segment: Segment,
    /// Of a map: all its keys, that one too.
    pub(super) keys: Vec<Sibling>,
    /// How many characters its entries stand from the beginning of their lines; of an inline one, those of its line.
    pub(super) column: usize,
}

/// What the cursor stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A key, whole, begun or not begun yet.
    Key {
        /// The word, empty where there is none yet.
        span: Range<usize>,
        /// The other keys of the map.
        keys: Vec<Sibling>,
        /// Whether a `:` follows.
        has_colon: bool,
        /// Whether it comes directly behind the `- ` of a list, so that it may be a plain element as well.
        is_element: bool,
        /// Whether the map is written in braces.
        is_inline: bool,
        /// Where the key begins, or would begin, in its line.
        column: usize,
    },
    /// A value: that of the last level.
    Value {
        /// It.
        scalar: Scalar,
        /// Whether a blank is missing between the `:` and the value.
        lacks_space: bool,
        /// Whether it stands in brackets, so that `,` and `}` end it.
        is_inline: bool,
    },
    /// Nothing that could be told: a comment, the middle of two things.
    Nothing,
}

/// A cursor in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    /// On a character's boundary, within the text.
    pub(super) offset: usize,
    /// From the root inwards.
    pub(super) levels: Vec<Level>,
    pub(super) spot: Spot,
}

impl<'t> Cursor<'t> {
    /// Looks at the text around an offset. One past the end is the end; one inside of a character is its beginning.
    pub(super) fn at(text: &'t str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (levels, spot) = block::find(text, offset);
        Self {
            text,
            offset,
            levels,
            spot,
        }
    }

    /// The stretch of the key or value that it stands in.
    pub(super) const fn word(&self) -> Option<&Range<usize>> {
        match &self.spot {
            Spot::Key { span, .. } => Some(span),
            Spot::Value { scalar, .. } => Some(&scalar.span),
            Spot::Nothing => None,
        }
    }
}

impl Sibling {
    /// Its value, if that is a scalar on the same line: without quotes.
    pub(super) fn scalar<'t>(&self, text: &'t str) -> &'t str {
        let written = text.get(self.value.clone()).unwrap_or_default().trim();
        for quote in ['"', '\''] {
            if let Some(inner) = written.strip_prefix(quote) {
                return inner.strip_suffix(quote).unwrap_or(inner);
            }
        }
        written
    }
}

/// The value of a key among others.
pub(super) fn value_of<'t>(keys: &[Sibling], name: &str, text: &'t str) -> Option<&'t str> {
    let found = keys.iter().find(|key| key.name == name)?;
    Some(found.scalar(text)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
