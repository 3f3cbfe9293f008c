//! What a replay finds.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A place where the flow does something else than what is recorded. Values are masked.
///
/// Keys are those of the flow as it is now; those of [`Self::Unused`] are of the recorded one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "departure", rename_all = "snake_case")]
pub enum Departure {
    /// The recorded input is none for the flow as it is now. Nothing is replayed.
    RunInput {
        /// What is wrong with it: fields and messages.
        mistakes: Vec<(String, String)>,
    },
    /// An action that the recorded run never came to. The replay ends here: its outcome is not known.
    NotRecorded {
        /// Where.
        key: String,
        /// The action.
        what: String,
        /// What it would get, masked.
        input: Option<Value>,
    },
    /// Another action, or another verb, stands there now. The replay ends here.
    Other {
        /// Where.
        key: String,
        /// What was recorded.
        recorded: String,
        /// What the flow does.
        found: String,
    },
    /// The step gets something else than it got, or computes something else; the recorded outcome is used all the same. Of a
    /// sleep: until when, had the run begun it when it began itself.
    Input {
        /// Where.
        key: String,
        /// What it got, masked.
        recorded: Option<Value>,
        /// What it would get, masked.
        found: Option<Value>,
    },
    /// A sleep that the recorded run did not make. It is taken for over.
    Waits {
        /// Where.
        key: String,
        /// Until when, had the run begun it when it began.
        until: Timestamp,
    },
    /// Recorded, and the flow does not come there any more.
    Unused {
        /// Where.
        key: String,
        /// The action, or the verb.
        what: String,
    },
    /// The caller would get another answer.
    Answer {
        /// What it got; `None`: no answer of a `respond` or `redirect`.
        recorded: Option<Value>,
        /// What it would get.
        found: Option<Value>,
    },
    /// The run would return something else.
    Output {
        /// What it returned.
        recorded: Option<Value>,
        /// What it would return.
        found: Option<Value>,
    },
    /// The run would fail otherwise, or not at all.
    Failure {
        /// Why it failed: `code`, `message`, `status`, …; `None`: it did not.
        recorded: Option<Value>,
        /// Why it would.
        found: Option<Value>,
    },
}

impl Departure {
    /// Whether a run cannot go on with the flow because of this: its record would not be that of the flow.
    pub const fn is_misfit(&self) -> bool {
        matches!(
            self,
            Self::RunInput { .. } | Self::NotRecorded { .. } | Self::Other { .. } | Self::Unused { .. }
        )
    }
}

/// Where a replay ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum ReplayEnd {
    /// With the flow.
    Ended,
    /// With the record: the recorded run had not come any further, or was in the middle of this step.
    RecordEnds {
        /// Where.
        key: String,
        /// The action.
        what: String,
    },
    /// At the last departure: how it goes on from there is not known.
    Departed,
}
