//! Syntax → an immutable [`Flow`]: a graph of nodes with every name resolved and every template parsed.
//!
//! The graph is a control-flow graph without cycles. A step becomes one node (two where it has an `if` beside
//! another verb); an edge says which way a run can go. What runs inside `parallel`, `for_each` or under a time
//! limit of its own is a [`Region`]: entered through its node, left where a path has no further edge.

mod compiled;
mod concurrency;
mod input;
mod lower;
mod numbering;
mod resolve;
mod steps;
mod template;

pub use compiled::{
    ActionOp, Branch, Edge, ErrorHandler, Flow, ForEach, Node, Op, Region, RetryPolicy, StepInfo, WaitOp,
};
pub use concurrency::Concurrency;
pub(crate) use input::meet;
pub use input::{Coercion, InputMistake, InputSpec, input_schema};
pub(crate) use lower::hex;
pub use lower::{InputValidators, Lowered, StepOrigin, lower};
pub use petgraph::graph::NodeIndex;
pub use steps::{flatten, keeps_error, nested_lists, title};
pub use template::strip;
