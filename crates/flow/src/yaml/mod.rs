//! YAML text → a tree with a span on every node.
//!
//! The scanner and parser are `saphyr-parser`'s; the tree is ours, because the checker needs both places of a
//! duplicate key, the text of a scalar beside its value, and a bound on what aliases expand to. Knows
//! nothing of flows.

mod load;
mod node;
mod places;
mod scalar;

pub use load::{Limits, Loaded, load};
pub use node::{Data, Entry, Key, Node, Scalar, Spanned, Style};
pub(crate) use places::Places;
pub(crate) use scalar::plain_value;
