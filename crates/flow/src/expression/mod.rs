//! Expressions: Handlebars templates with typed values, parsed ahead of time and evaluated over a scope.
//!
//! [`Template::parse`] reads a text with `{{…}}`, [`Expression::parse`] a bare expression. Both give a tree of our own
//! in which functions are bound and every node has its place; the checker fills the [`Slot`] of each [`Path`]. Then
//! [`ValueTemplate::evaluate`] works on a [`Scope`] (the run's values) and an [`Ambient`] (time, randomness, masking),
//! without parsing or looking up a name.
//!
//! Handlebars' own parser decides what is well-formed, and how white space around blocks is trimmed. Its renderer is not
//! used: it makes text only, where a flow keeps types; it reads a missing value as empty in many places; and its
//! helpers cannot borrow what belongs to one run.
//!
//! # Missing values
//!
//! A path that leads nowhere is an error, except directly
//! - as an argument of `optional`, `default`, `coalesce`, `exists`, `is_empty` and `omit_if_missing`,
//! - as a condition: an operand of `and`, `or` and `not`, the subject of `{{#if}}` and `{{#unless}}`, a step's `if`,
//! - as the subject of `{{#each}}` and `{{#with}}` where there is an `{{else}}`.
//!
//! "Directly" means that `default (lower input.x) "none"` is still an error: `lower` does not accept it. Write
//! `lower (default input.x "none")`.
//!
//! Not here: where templates may stand in a flow (`syntax`), and what the names mean there (`check`).

mod arguments;
mod ast;
mod error;
mod evaluate;
mod foreign;
pub mod functions;
mod infer;
pub mod limits;
mod lower;
mod parse;
mod path;
mod place;
mod scan;
mod value;
mod walk;

pub use ast::{
    BareExpression, Block, BlockKind, Call, Expression, Literal, Local, Part, Path, ROOTS, Segment, Slot,
    Template, Text, ValueTemplate,
};
pub use error::{EvaluationError, EvaluationErrorKind, ParseError, ParseErrorKind};
pub use evaluate::{Ambient, Evaluated, Scope};
pub use infer::{Walk, follow, segment_text};
pub use value::{equal, loosely_equal, truthy};
pub use walk::{Node, Reference};

#[cfg(test)]
mod tests;
