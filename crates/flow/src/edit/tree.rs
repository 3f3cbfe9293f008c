//! The YAML of a file as it is laid out: where every value, key, dash and colon stands, and in which style it is written.
//!
//! `yaml::load` gives what a file means, with aliases in the place of what they stand for; an edit must know what is
//! written. The parser is the same. Nothing of flows here.

use std::borrow::Cow;

use serde_json::Value;

use super::change::EditError;
use crate::yaml::plain_value;

/// A node's place in [`Tree::nodes`].
pub(super) type Id = usize;

/// A text and its nodes.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) root: Option<Id>,
}

/// A value, or a key.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The list or map that it stands in; for keys too.
    pub(super) parent: Option<Id>,
    /// Where its anchor or tag begins, or it.
    pub(super) lead: usize,
    /// Where it begins.
    pub(super) at: usize,
    /// Where it ends: the last character of its last child; without the line's end.
    pub(super) end: usize,
    pub(super) data: Data<'a>,
}

#[derive(Debug)]
pub(super) enum Data<'a> {
    Scalar(Scalar<'a>),
    /// Stands for another node.
    Alias(Id),
    List(List),
    Map(Map),
}

#[derive(Debug)]
pub(super) struct Scalar<'a> {
    /// The text after YAML's own unescaping.
    pub(super) text: Cow<'a, str>,
    pub(super) style: Style,
    /// Whether it is a text, whatever its characters say.
    pub(super) is_text: bool,
}

impl Scalar<'_> {
    /// What it means.
    pub(super) fn value(&self) -> Value {
        if self.is_text {
            Value::String(self.text.clone().into_owned())
        } else {
            plain_value(&self.text).0
        }
    }

    /// Its text, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        (self.is_text || plain_value(&self.text).0.is_string()).then_some(&*self.text)
    }

    pub(super) fn is_null(&self) -> bool {
        !self.is_text && plain_value(&self.text).0.is_null()
    }

    /// Whether both mean the same.
    pub(super) fn agrees(&self, other: &Scalar<'_>) -> bool {
        if self.is_text == other.is_text && self.text == other.text {
            return true;
        }
        self.value() == other.value()
    }
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// How a list or map is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In lines.
    Block,
    /// In brackets.
    Flow,
    /// One key with its value in a list in brackets: `[a: b]`.
    Pair,
}

#[derive(Debug)]
pub(super) struct List {
    pub(super) form: Form,
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Where its dash stands; in brackets, where it begins.
    pub(super) dash: usize,
    pub(super) node: Id,
}

#[derive(Debug)]
pub(super) struct Map {
    pub(super) form: Form,
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: Id,
    /// The byte after the colon, if there is one.
    pub(super) colon: Option<usize>,
    pub(super) value: Id,
}

impl<'a> Tree<'a> {
    /// Reads a text.
    ///
    /// # Errors
    /// It is no YAML, or larger than flows may be, or written in a way that is not followed here.
    pub(super) fn read(text: &'a str) -> Result<Self, EditError> {
        super::read::read(text)
    }

    pub(super) fn node(&self, id: Id) -> &Node<'a> {
        &self.nodes[id]
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self, id: Id) -> &[Entry] {
        match &self.nodes[id].data {
            Data::Map(map) => &map.entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(super) fn items(&self, id: Id) -> &[Item] {
        match &self.nodes[id].data {
            Data::List(list) => &list.items,
            _ => &[],
        }
    }

    /// How a list or map is written.
    pub(super) fn form(&self, id: Id) -> Option<Form> {
        match &self.nodes[id].data {
            Data::List(list) => Some(list.form),
            Data::Map(map) => Some(map.form),
            _ => None,
        }
    }

    pub(super) fn scalar(&self, id: Id) -> Option<&Scalar<'a>> {
        match &self.nodes[id].data {
            Data::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is one.
    pub(super) fn str(&self, id: Id) -> Option<&str> {
        self.scalar(id)?.as_str()
    }

    pub(super) fn is_null(&self, id: Id) -> bool {
        self.scalar(id).is_some_and(Scalar::is_null)
    }

    pub(super) fn is_map(&self, id: Id) -> bool {
        matches!(self.nodes[id].data, Data::Map(_))
    }

    pub(super) fn is_list(&self, id: Id) -> bool {
        matches!(self.nodes[id].data, Data::List(_))
    }

    /// The text of a key; empty where it is no scalar.
    pub(super) fn key(&self, entry: &Entry) -> &str {
        self.scalar(entry.key).map_or("", |scalar| &scalar.text)
    }

    /// The position of a key in a map.
    pub(super) fn position(&self, map: Id, key: &str) -> Option<usize> {
        self.entries(map).iter().position(|entry| self.key(entry) == key)
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, map: Id, key: &str) -> Option<Id> {
        self.entries(map)
            .iter()
            .find(|entry| self.key(entry) == key)
            .map(|entry| entry.value)
    }

    /// The entry whose value a node is, with its map and its position.
    pub(super) fn entry_of(&self, value: Id) -> Option<(Id, usize)> {
        let map = self.nodes[value].parent?;
        let position = self.entries(map).iter().position(|entry| entry.value == value)?;
        Some((map, position))
    }

    /// The list that a node stands in, and its position.
    pub(super) fn item_of(&self, node: Id) -> Option<(Id, usize)> {
        let list = self.nodes[node].parent?;
        let items = self.items(list);
        // Items are in the order of the text.
        let at = items.partition_point(|item| self.nodes[item.node].at < self.nodes[node].at);
        let position = (at..items.len()).find(|position| items[*position].node == node)?;
        Some((list, position))
    }

    /// Whether a node stands in brackets of something around it.
    pub(super) fn is_in_flow(&self, id: Id) -> bool {
        self.nodes[id]
            .parent
            .is_some_and(|parent| self.form(parent) != Some(Form::Block))
    }

    /// Whether the last scalar is a block of text.
    pub(super) fn ends_in_block(&self) -> bool {
        self.nodes
            .iter()
            .rev()
            .find_map(|node| match &node.data {
                Data::Scalar(scalar) => Some(scalar.style),
                Data::Alias(_) => Some(Style::Plain),
                _ => None,
            })
            .is_some_and(|style| matches!(style, Style::Literal | Style::Folded))
    }

    /// Whether one node is another or around it.
    pub(super) fn is_within(&self, inner: Id, outer: Id) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.nodes[id].parent;
        }
        false
    }
}
