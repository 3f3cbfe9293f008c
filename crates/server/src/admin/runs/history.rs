//! Asking the history, whose functions block on the disk.

use std::str::FromStr as _;
use std::sync::Arc;

use lockgate_runtime::Runtime;
use lockgate_store::history::History;
use lockgate_store::{RunId, StoreError};

use crate::problem::Problem;
use crate::state::State;

/// What keeps the runs of this server.
///
/// # Errors
/// None of its flows has runs that are kept.
pub(super) fn runtime(state: &State) -> Result<&Runtime, Problem> {
    state.runtime.as_ref().ok_or(Problem::NoStore)
}

/// The id in a path.
///
/// # Errors
/// It is none: there is no such run.
pub(super) fn id(text: &str) -> Result<RunId, Problem> {
    RunId::from_str(text).map_err(|_| Problem::NoRun)
}

/// Asks the history on a thread that may block.
///
/// # Errors
/// See [`problem`].
pub(super) async fn ask<T: Send + 'static>(
    state: &State,
    question: impl FnOnce(&History) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let store = runtime(state)?.store().clone();
    let opened = Arc::clone(&state.history);
    let asked = tokio::task::spawn_blocking(move || {
        let history = if let Some(history) = opened.get() {
            Arc::clone(history)
        } else {
            let history = Arc::new(store.history()?);
            Arc::clone(opened.get_or_init(|| history))
        };
        question(&history)
    });
    match asked.await {
        Ok(answer) => answer.map_err(|error| problem(&error)),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::Stopping),
        },
    }
}

/// What a store could not do, for an operator.
pub(super) fn problem(error: &StoreError) -> Problem {
    match error {
        StoreError::Query { what } => Problem::Malformed(what.clone()),
        StoreError::Closed => Problem::Stopping,
        error => Problem::Store {
            what: error.to_string(),
            help: error.help(),
        },
    }
}
