//! The flow language: text → spanned tree → checked syntax → compiled graph.
//!
//! Pure: no I/O, no async, no clocks. See `ARCHITECTURE.md` for where this crate stands.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod assist;
pub mod catalog;
mod check;
pub mod definition;
pub mod diagnostic;
pub mod duration;
pub mod edit;
pub mod expression;
pub mod graph;
pub mod json;
pub mod json_schema;
pub mod render;
pub mod schema;
pub mod source;
pub mod syntax;
pub mod workspace;
pub mod yaml;
