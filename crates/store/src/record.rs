//! One line of a run's journal, as it is stored (JSON).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value as it is kept: for people to read, and sealed where that is not the whole of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Secrets are masked in it.
    pub shown: Value,
    /// The value itself, sealed (base64); absent where nothing was masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// One line of a run's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// An effect is about to happen.
    Started {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// When.
        at: Timestamp,
        /// The action's name.
        action: String,
        /// What it does to the world, by name.
        effect: String,
        /// What it gets, masked; and the keyed digest of what it really gets (hex).
        input: Option<(Value, String)>,
    },
    /// An effect that was announced did not happen: the announcement could not be made safe in time.
    Withdrawn {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// What it gave.
    Finished {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// When.
        at: Timestamp,
        /// `action`, `respond`, `set`, ….
        verb: String,
        /// `Ok` value or `Err` error.
        outcome: Result<Kept, Kept>,
    },
    /// The run sleeps.
    Sleeping {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// When it began.
        at: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// A sleep has ended.
    Woken {
        /// Where in the run.
        key: String,
        /// Which attempt.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// A life of the run begins: a resume after a crash, a wake-up, or an operator's `resume`.
    Resumed {
        /// When.
        at: Timestamp,
        /// `run.attempt` from here on.
        attempt: u32,
    },
    /// What was recorded under these keys before does not count any more: an operator had the run done again from there.
    Dropped {
        /// When.
        at: Timestamp,
        /// The keys.
        keys: Vec<String>,
    },
}

impl Record {
    /// Where in the run it belongs; `None` where it is of the whole run.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Started { key, .. }
            | Self::Withdrawn { key, .. }
            | Self::Finished { key, .. }
            | Self::Sleeping { key, .. }
            | Self::Woken { key, .. } => Some(key),
            Self::Resumed { .. } | Self::Dropped { .. } => None,
        }
    }
}
