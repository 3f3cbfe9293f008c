//! Changes an entry of the shared state: read, judged, and written if nobody was faster; else judged again as it is then.
//!
//! It ends: whoever was faster has used up one of the few guesses (or codes) that a reference has, and where none are left,
//! nothing is written.

use jiff::Timestamp;
use lockgate_engine::action::{ActionContext, ActionError};
use lockgate_engine::state::StateError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is to become of an entry.
pub(super) enum Change<E, T> {
    /// It stays as it is.
    Keep(T),
    /// It is written, and counts until then.
    Write {
        /// The entry.
        entry: E,
        /// When its time is over.
        until: Timestamp,
        /// What is given once it is written.
        answer: T,
    },
}

/// Has `judge` decide on the entry of a key as it is at a time, and writes what it says.
///
/// # Errors
/// Those of `judge`; the state cannot be read or written.
pub(super) async fn change<E, T>(
    context: &ActionContext<'_>,
    key: &str,
    judge: impl Fn(E, Timestamp) -> Result<Change<E, T>, ActionError> + Send + Sync,
) -> Result<T, ActionError>
where
    E: Default + Serialize + DeserializeOwned + Send,
    T: Send,
{
    loop {
        let now = context.clock.now();
        let there = context.state.get(key, now).await?;
        let (version, entry) = match there {
            Some(there) => (
                Some(there.version),
                serde_json::from_value(there.value).map_err(unreadable)?,
            ),
            None => (None, E::default()),
        };
        match judge(entry, now)? {
            Change::Keep(answer) => return Ok(answer),
            Change::Write { entry, until, answer } => {
                let value = serde_json::to_value(&entry).map_err(unreadable)?;
                if context.state.put(key, version, &value, until, now).await? {
                    return Ok(answer);
                }
            }
        }
    }
}

/// Not taken for an empty one: that would begin the count of guesses anew.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unreadable(error: serde_json::Error) -> ActionError {
    StateError {
        reason: format!("an entry is not what this version writes: {error}"),
    }
    .into()
}
