//! What went wrong, as errors with codes. A parameter is in none of them: what a database says of a value it quotes, so its
//! own words are told only of what it said before it was given any.

use std::time::Duration;

use lockgate_engine::action::{ActionError, Retry};
use serde_json::{Map, Value};

/// What is known of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing happened, and the same would fail again.
    Permanent,
    /// Nothing happened, and it may pass.
    Nothing,
    /// The transaction may have been committed.
    Doubt,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) known: Known,
    /// Names and codes that the database gave: `sqlstate`, `constraint`, `table`, `column` ….
    pub(super) said: Map<String, Value>,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            known: Known::Permanent,
            said: Map::new(),
        }
    }

    pub(super) fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self::new(
            "unavailable",
            format!("the database cannot be used now: {reason}"),
        )
        .known(Known::Nothing)
    }

    pub(super) fn timeout(limit: Duration) -> Self {
        Self::new(
            "timeout",
            format!("the statement did not end within {limit:?}; it was undone"),
        )
        .known(Known::Nothing)
    }

    pub(super) fn unconfirmed(reason: impl std::fmt::Display) -> Self {
        let message = format!("the statement was being committed, and no answer came: {reason}");
        Self::new("unconfirmed", message).known(Known::Doubt)
    }

    pub(super) fn known(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    pub(super) fn saying(mut self, what: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.said.insert(what.to_owned(), value.into());
        }
        self
    }

    /// The step's error. `may_repeat`: a repeat leaves the same state, so that doubt does not matter.
    pub(super) fn into_error(self, may_repeat: bool) -> ActionError {
        let retry = match self.known {
            Known::Permanent => Retry::Never,
            Known::Doubt if !may_repeat => Retry::Transient,
            Known::Nothing | Known::Doubt => Retry::NothingHappened { after: None },
        };
        let error = ActionError::new(self.code, self.message).with_retry(retry);
        if self.said.is_empty() {
            error
        } else {
            error.with_provider(Value::Object(self.said))
        }
    }
}
