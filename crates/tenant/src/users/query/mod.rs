//! The subset of Lucene that user search takes: `field:value`, quoted values, `*` and `?`, ranges, `_exists_`,
//! `AND`/`OR`/`NOT` (`&&`, `||`, `!`, `-`), parentheses (also around a field's values), and dotted fields.
//! Not for free-text relevance: a term matches or does not.

//!
//! `parse` reads a query, `matching` asks it about a user.

mod matching;
mod parse;

pub(super) use parse::Query;
