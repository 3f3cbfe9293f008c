//! The tree.

use serde_json::Value;

use crate::source::{Source, Span};

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands: for a list or map from its first to its last child.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A null, boolean, number or text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map; every key once.
    Map(Vec<Entry>),
    /// Something that was reported already; readers pass over it in silence.
    Invalid,
}

/// A scalar: its value and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// `null`, a boolean, a number or a string, by YAML 1.2's core schema.
    pub value: Value,
    /// The text after YAML's own unescaping.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, `|` or `>`.
    Block,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key as text.
    pub text: String,
    /// The key as YAML reads it (`true:` is a boolean).
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

impl Entry {
    /// Key and value together.
    pub fn span(&self) -> Span {
        self.key.span.to(self.value.span)
    }
}

impl Node {
    /// What it is, in words, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.data {
            Data::Scalar(scalar) => match scalar.value {
                Value::Null => "nothing",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                _ => "a text",
            },
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
            Data::Invalid => "an invalid value",
        }
    }

    /// The text of a string scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(scalar) => scalar.value.as_str(),
            _ => None,
        }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?
            .iter()
            .find(|entry| entry.key.text == key)
            .map(|entry| &entry.value)
    }

    /// The tree as a JSON value; invalid parts are `null`.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Scalar(scalar) => scalar.value.clone(),
            Data::List(nodes) => nodes.iter().map(Self::to_value).collect(),
            Data::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.text.clone(), entry.value.to_value()))
                    .collect(),
            ),
            Data::Invalid => Value::Null,
        }
    }

    /// Finds the node at a JSON Pointer (RFC 6901), or the nearest one above it that is there.
    pub fn at_pointer(&self, pointer: &str) -> &Self {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let child = match &node.data {
                Data::List(nodes) => token.parse::<usize>().ok().and_then(|index| nodes.get(index)),
                _ => node.get(&token),
            };
            match child {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }
}

impl Scalar {
    /// The place in the source of a range of bytes of [`Scalar::text`], given the scalar's own span.
    ///
    /// Exact where the text stands in the source as it is; where YAML unescaped or re-indented it, the
    /// same stretch is looked for; failing that it is the whole scalar.
    pub fn span_in(&self, source: &Source, own: Span, range: std::ops::Range<usize>) -> Span {
        let raw = source.slice(own);
        let start = own.start as usize;
        for skip in [0, 1] {
            if raw.get(skip..skip + self.text.len()) == Some(self.text.as_str()) {
                return Span::new(start + skip + range.start, start + skip + range.end);
            }
        }
        let Some(wanted) = self.text.get(range.clone()).filter(|wanted| !wanted.is_empty()) else {
            return own;
        };
        let before = self
            .text
            .get(..range.start)
            .unwrap_or_default()
            .matches(wanted)
            .count();
        match raw.match_indices(wanted).nth(before) {
            Some((offset, _)) => Span::new(start + offset, start + offset + wanted.len()),
            None => own,
        }
    }
}
