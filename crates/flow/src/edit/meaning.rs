//! What a text means, without how it is written: what an edit promises is compared with what its text gives.

use std::cell::Cell;

use serde_json::Value;

use super::change::EditError;
use super::tree::{Data, Id, Tree};
use crate::yaml::Limits;

/// A value; the order of keys counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Scalar(Value),
    List(Vec<Meaning>),
    Map(Vec<(Key, Meaning)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) text: String,
    /// As YAML reads it.
    pub(super) value: Value,
}

impl Key {
    /// A key that is a text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            value: Value::String(text.clone()),
            text,
        }
    }
}

impl Meaning {
    /// Of a JSON value.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of_value).collect()),
            Value::Object(fields) => Self::Map(
                fields
                    .iter()
                    .map(|(key, value)| (Key::text(key), Self::of_value(value)))
                    .collect(),
            ),
            scalar => Self::Scalar(scalar.clone()),
        }
    }

    /// Of a node, with what aliases stand for in their places.
    ///
    /// # Errors
    /// Aliases make more of it than flows may have.
    pub(super) fn of(tree: &Tree<'_>, id: Id) -> Result<Self, EditError> {
        Self::within(tree, id, &Cell::new(Limits::default().nodes))
    }

    /// The same; `budget` is how many values there may be, and loses those that were read.
    pub(super) fn within(tree: &Tree<'_>, id: Id, budget: &Cell<usize>) -> Result<Self, EditError> {
        let mut left = budget.get();
        let meaning = Self::read(tree, id, &mut left, 2 * Limits::default().depth);
        budget.set(left);
        meaning
    }

    /// `deeper` bounds how aliases of aliases nest.
    fn read(tree: &Tree<'_>, id: Id, left: &mut usize, deeper: usize) -> Result<Self, EditError> {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Err(EditError::new("the file is nested too deep to be edited"));
        };
        *left = left
            .checked_sub(1)
            .ok_or_else(|| EditError::new("the file has more values than a flow may have"))?;
        Ok(match &tree.node(id).data {
            Data::Scalar(scalar) => Self::Scalar(scalar.value()),
            // An anchor is known only before: an alias inside its own value does not end.
            Data::Alias(target) if tree.is_within(id, *target) => {
                return Err(EditError::new("an alias stands inside its own anchor"));
            }
            Data::Alias(target) => Self::read(tree, *target, left, deeper)?,
            Data::List(list) => Self::List(
                list.items
                    .iter()
                    .map(|item| Self::read(tree, item.node, left, deeper))
                    .collect::<Result<_, _>>()?,
            ),
            Data::Map(map) => Self::Map(
                map.entries
                    .iter()
                    .map(|entry| {
                        Ok((
                            Self::key(tree, entry.key),
                            Self::read(tree, entry.value, left, deeper)?,
                        ))
                    })
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    /// Of a key.
    pub(super) fn key(tree: &Tree<'_>, id: Id) -> Key {
        let id = match &tree.node(id).data {
            Data::Alias(target) => *target,
            _ => id,
        };
        tree.scalar(id).map_or_else(
            || Key::text(""),
            |scalar| Key {
                text: scalar.text.clone().into_owned(),
                value: scalar.value(),
            },
        )
    }

    /// Whether a node means this.
    pub(super) fn agrees(&self, tree: &Tree<'_>, id: Id, budget: &Cell<usize>) -> bool {
        if !spend(budget) {
            return false;
        }
        match (self, &tree.node(id).data) {
            (_, Data::Alias(target)) => !tree.is_within(id, *target) && self.agrees(tree, *target, budget),
            (Self::Scalar(value), Data::Scalar(scalar)) => match value {
                Value::String(text) => scalar.as_str() == Some(text),
                value => *value == scalar.value(),
            },
            (Self::List(own), Data::List(list)) => {
                own.len() == list.items.len()
                    && own
                        .iter()
                        .zip(&list.items)
                        .all(|(own, item)| own.agrees(tree, item.node, budget))
            }
            (Self::Map(own), Data::Map(map)) => {
                own.len() == map.entries.len()
                    && own.iter().zip(&map.entries).all(|((key, own), entry)| {
                        *key == Self::key(tree, entry.key) && own.agrees(tree, entry.value, budget)
                    })
            }
            _ => false,
        }
    }
}

/// Counts a value; `false` where there are more than there may be.
pub(super) fn spend(budget: &Cell<usize>) -> bool {
    let left = budget.get();
    budget.set(left.saturating_sub(1));
    left > 0
}
