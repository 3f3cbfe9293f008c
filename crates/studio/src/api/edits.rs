//! Edits as they are sent.

use lockgate_flow::edit::{Edit, NewStep, Slot, Wrapper};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

/// `Edit` of the API.
#[derive(Debug, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum EditSent {
    Insert {
        at: SlotSent,
        step: StepSent,
    },
    Delete {
        steps: Vec<String>,
    },
    Move {
        steps: Vec<String>,
        at: SlotSent,
    },
    Copy {
        steps: Vec<String>,
        at: SlotSent,
    },
    Wrap {
        steps: Vec<String>,
        #[serde(rename = "in")]
        within: WrapperSent,
    },
    Unwrap {
        step: String,
    },
    Set {
        step: String,
        key: String,
        value: Value,
    },
    Remove {
        step: String,
        key: String,
    },
    Rename {
        step: String,
        key: String,
        to: String,
    },
    RenameId {
        step: String,
        to: String,
    },
}

/// `Slot` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotSent {
    list: String,
    index: usize,
}

/// `NewStep` of the API: an object with one key.
#[derive(Debug)]
pub(super) struct StepSent(NewStep);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WrapperSent {
    If,
    Switch,
    Parallel,
    ForEach,
}

impl<'de> Deserialize<'de> for StepSent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        let mut fields = fields.into_iter();
        let step = match (fields.next(), fields.next()) {
            (Some((key, Value::String(text))), None) => match &*key {
                "action" => Some(NewStep::Action(text)),
                "verb" => Some(NewStep::Verb(text)),
                "yaml" => Some(NewStep::Yaml(text)),
                _ => None,
            },
            _ => None,
        };
        step.map(Self)
            .ok_or_else(|| D::Error::custom("a new step is one of `action`, `verb` and `yaml`, a text"))
    }
}

impl From<SlotSent> for Slot {
    fn from(SlotSent { list, index }: SlotSent) -> Self {
        Self { list, index }
    }
}

impl From<EditSent> for Edit {
    fn from(sent: EditSent) -> Self {
        match sent {
            EditSent::Insert { at, step } => Self::Insert {
                at: at.into(),
                step: step.0,
            },
            EditSent::Delete { steps } => Self::Delete { steps },
            EditSent::Move { steps, at } => Self::Move { steps, at: at.into() },
            EditSent::Copy { steps, at } => Self::Copy { steps, at: at.into() },
            EditSent::Wrap { steps, within } => Self::Wrap {
                steps,
                within: match within {
                    WrapperSent::If => Wrapper::If,
                    WrapperSent::Switch => Wrapper::Switch,
                    WrapperSent::Parallel => Wrapper::Parallel,
                    WrapperSent::ForEach => Wrapper::ForEach,
                },
            },
            EditSent::Unwrap { step } => Self::Unwrap { step },
            EditSent::Set { step, key, value } => Self::Set { step, key, value },
            EditSent::Remove { step, key } => Self::Remove { step, key },
            EditSent::Rename { step, key, to } => Self::Rename { step, key, to },
            EditSent::RenameId { step, to } => Self::RenameId { step, to },
        }
    }
}
