//! `concurrency`: how many runs of a flow go on at once, all of them and of each key; the others wait for their turn.
//!
//! Of one key first come, first served; between keys in turns, so that a key with many waiting runs does not keep others
//! back. Counts active runs only: one that sleeps out of memory has given its turn back, and asks for another when it wakes.

use std::sync::Arc;

use lockgate_flow::graph::Flow;
use serde_json::Value;

/// All limits of a process. Cheap to clone; counts go on over reloads, by the flow's name.
#[derive(Clone, Debug, Default)]
pub struct Limits {}

/// A run's turn: given back when it is dropped.
#[derive(Debug)]
pub struct Turn {}

/// A run does not get its turn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTurn {
    /// As many wait already as may.
    #[error("{waiting} runs of `{flow}` are waiting already")]
    QueueFull {
        /// The flow.
        flow: String,
        /// How many.
        waiting: usize,
    },
    /// `concurrency.key` cannot be evaluated for this input.
    #[error("the key of `concurrency` of `{flow}` cannot be evaluated: {reason}")]
    Key {
        /// The flow.
        flow: String,
        /// Why.
        reason: String,
    },
}

impl Limits {
    /// Waits for a turn; at once where the flow has no limit (`None`) or there is room. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// See [`NoTurn`].
    pub async fn enter(&self, flow: &Arc<Flow>, input: &Value) -> Result<Option<Turn>, NoTurn> {
        let _ = (flow, input);
        unimplemented!()
    }

    /// How many runs wait for their turn.
    pub fn waiting(&self) -> usize {
        unimplemented!()
    }
}
