//! `concurrency`: how many runs of a flow go on at once, all of them and of each key; the others wait for their turn.
//!
//! ```yaml
//! concurrency: { limit: 1, key: "{{input.email}}", total: 50, queue: 1000 }
//! ```
//!
//! Of one key first come, first served; between keys in turns, so that a key with many waiting runs does not keep others
//! back. The queue is bounded: all keys of the flow together. Of a key that nobody holds and nobody waits for, nothing is
//! kept in memory.
//!
//! Counts active runs only: one that sleeps out of memory has given its turn back, and asks for another when it wakes. A
//! flow that another one calls is a part of that one's run: its own `concurrency` does not count there (two runs that
//! hold turns and each wait for the other's would wait for ever).
//!
//! `line` decides whose turn it is, and knows neither locks nor futures; `turn` is what runs wait with.

mod line;
#[cfg(test)]
mod tests;
mod turn;

pub use turn::{FlowLoad, Limits, NoTurn, Turn};
