//! The executor: walks the graph of a compiled flow.
//!
//! A list of steps is one loop in one task: no hop, no lock, no allocation for a step beyond its own value. Only
//! what has steps of its own (`parallel`, `for_each`, a choice with a time limit, `call`) boxes a future; branches
//! run in the run's own task, so that dropping the run drops everything it does.
//!
//! Where to look: `settings` is what callers touch; `run` begins and ends a run; `walk` is the loop over nodes;
//! `frame` holds values; `evaluate` turns templates into values; `action` calls actions, with attempts; `limit`
//! counts time; `tell` and `spans` say what happens; the other files hold a verb each.
//!
//! Not here: what actions do, what journals keep.

mod action;
mod call;
mod evaluate;
mod for_each;
mod frame;
mod limit;
mod parallel;
mod respond;
mod run;
mod settings;
mod spans;
mod tell;
mod wait;
mod walk;

pub use settings::{Alone, Executor, RunOptions};
