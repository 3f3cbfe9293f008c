//! What runs wait with: a future for a turn, and the turn itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_flow::graph::Flow;
use serde_json::Value;
use tokio::sync::oneshot;

use super::line::{Arrival, Key, Line, Numbers, Place};

/// All limits of a process. Cheap to clone; counts go on over reloads, by the flow's name.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// A flow that ever had a limit keeps its (small) entry: there are no more of them than names of flows.
    gates: Arc<Mutex<HashMap<String, Arc<Gate>>>>,
}

/// A run's turn: given back when it is dropped.
#[derive(Debug)]
pub struct Turn {
    gate: Arc<Gate>,
    key: Key,
}

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

/// How a flow with `concurrency` stands, for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLoad {
    /// The flow's name.
    pub flow: String,
    /// Runs that have a turn now.
    pub running: usize,
    /// Runs that wait for one now.
    pub waiting: usize,
    /// Runs that were refused because the queue was full, since the start of the process.
    pub refused: u64,
}

/// Of one flow: who has a turn, who waits.
#[derive(Debug)]
struct Gate {
    line: Mutex<Line<oneshot::Sender<Turn>>>,
    refused: AtomicU64,
}

/// A place in the line, which is left when this is dropped.
struct Waiting<'a> {
    gate: &'a Gate,
    key: Key,
    place: Place,
}

impl Limits {
    /// Waits for a turn; at once where the flow has no limit (`None`) or there is room. Dropping the future leaves the queue.
    ///
    /// `flow` is the flow as it is today, also for a run that is pinned to an older definition: the numbers of whoever came
    /// last count for those who come or go from then on, and keys are of one kind.
    ///
    /// # Errors
    /// See [`NoTurn`].
    pub async fn enter(&self, flow: &Arc<Flow>, input: &Value) -> Result<Option<Turn>, NoTurn> {
        let Some(concurrency) = &flow.concurrency else {
            return Ok(None);
        };
        let key = concurrency
            .key(input, &flow.config)
            .map_err(|error| NoTurn::Key {
                flow: flow.name.clone(),
                reason: error.to_string(),
            })?;
        self.take_turn(&flow.name, concurrency.into(), key.map(Arc::from))
            .await
            .map(Some)
    }

    /// How many runs wait for their turn.
    pub fn waiting(&self) -> usize {
        self.gates().values().map(|gate| gate.line().waiting()).sum()
    }

    /// How many runs were refused because the queue of their flow was full, since the start of the process.
    pub fn refused(&self) -> u64 {
        self.gates()
            .values()
            .map(|gate| gate.refused.load(Ordering::Relaxed))
            .sum()
    }

    /// How each flow stands that has, or had, a limit: by its name.
    pub fn load(&self) -> Vec<FlowLoad> {
        let mut flows: Vec<FlowLoad> = self
            .gates()
            .iter()
            .map(|(flow, gate)| {
                let line = gate.line();
                FlowLoad {
                    flow: flow.clone(),
                    running: line.running(),
                    waiting: line.waiting(),
                    refused: gate.refused.load(Ordering::Relaxed),
                }
            })
            .collect();
        flows.sort_unstable_by(|a, b| a.flow.cmp(&b.flow));
        flows
    }

    pub(super) async fn take_turn(&self, flow: &str, numbers: Numbers, key: Key) -> Result<Turn, NoTurn> {
        let gate = self.gate(flow, numbers);
        // First those who wait already: a higher number may give them their turn.
        gate.change(|line| line.set(numbers));
        let (sender, receiver) = oneshot::channel();
        let place = match gate.change(|line| line.arrive(&key, || sender)) {
            Arrival::Turn => return Ok(Turn { gate, key }),
            Arrival::Waits(place) => place,
            Arrival::Full { waiting } => {
                gate.refused.fetch_add(1, Ordering::Relaxed);
                return Err(NoTurn::QueueFull {
                    flow: flow.to_owned(),
                    waiting,
                });
            }
        };
        // Dropped before the receiver. A turn that was sent and not taken is dropped with that, and so given back.
        let _waiting = Waiting {
            gate: &gate,
            key,
            place,
        };
        #[expect(
            clippy::expect_used,
            reason = "the line keeps a sender until it sends, or until its place is given up, which is later than this"
        )]
        Ok(receiver.await.expect("the line tells whoever waits"))
    }

    fn gate(&self, flow: &str, numbers: Numbers) -> Arc<Gate> {
        let mut gates = self.gates();
        if let Some(gate) = gates.get(flow) {
            return Arc::clone(gate);
        }
        let gate = Arc::new(Gate {
            line: Mutex::new(Line::new(numbers)),
            refused: AtomicU64::new(0),
        });
        gates.insert(flow.to_owned(), Arc::clone(&gate));
        gate
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<String, Arc<Gate>>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many keys of a flow something is known of, and for how many there is memory.
    #[cfg(test)]
    pub(super) fn keys(&self, flow: &str) -> (usize, usize) {
        self.gates().get(flow).map_or((0, 0), |gate| gate.line().keys())
    }
}

impl Gate {
    fn line(&self) -> MutexGuard<'_, Line<oneshot::Sender<Turn>>> {
        // Nothing between two states of the line can panic.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the line, and hands free turns to whoever is next.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Line<oneshot::Sender<Turn>>) -> T) -> T {
        let mut told = Vec::new();
        let changed = {
            let mut line = self.line();
            let changed = change(&mut line);
            while let Some(next) = line.next() {
                told.push(next);
            }
            changed
        };
        // Outside the lock: a turn whose taker has just gone comes back here, and is given back by its drop.
        for (key, sender) in told {
            let turn = Turn {
                gate: Arc::clone(self),
                key,
            };
            drop(sender.send(turn));
        }
        changed
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Self { gate, key } = self;
        gate.change(|line| line.leave(key));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.gate.line().give_up(&self.key, self.place);
    }
}
