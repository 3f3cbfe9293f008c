//! A case made of a run that was recorded: what it was given, what actions answered it, what it answered.
//!
//! Secrets are masked in what is recorded. They stand in the case as named gaps (`find_gaps`): a case with gaps is not run.
//! What is another each time (ids that the tenant gives, times) is expected by its shape alone.
//!
//! Not here: where runs are kept (`lockgate-store`), files and the terminal (`cli`).

mod case;
mod expected;
mod gap;
mod users;
mod yaml;

use jiff::Timestamp;
use serde_json::Value;

pub use case::{Written, write};
pub(crate) use gap::find as find_gaps;

/// A run that has ended. Secrets are masked in all of it, as in [`lockgate_engine::masks::MASKED`].
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its id.
    pub id: String,
    /// Its flow.
    pub flow: String,
    /// When it began.
    pub at: Timestamp,
    /// Its input.
    pub input: Value,
    /// Whether an HTTP request began it.
    pub is_http: bool,
    /// What it `respond`ed: `status`, `headers` (a list of names and values), `body`.
    pub response: Option<Value>,
    /// What it `return`ed.
    pub output: Option<Value>,
    /// Why it failed.
    pub error: Option<Value>,
    /// The calls of actions, in the order in which they began.
    pub calls: Vec<RecordedCall>,
}

/// What an action was called with, and what it answered.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCall {
    /// The flow of the step: the run's, or one that it calls.
    pub flow: String,
    /// The step's id.
    pub step: Option<String>,
    /// The action.
    pub action: String,
    /// Its input.
    pub input: Value,
    /// Each attempt: its result or its error.
    pub answers: Vec<Result<Value, Value>>,
}
