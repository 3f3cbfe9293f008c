//! The studio: what a browser asks to show a flow beside its text, to edit it, and to watch it run.
//!
//! ```text
//!  api         /api/…: schemas/studio-api.openapi.json, one file for each group of paths
//!  assets      /studio/: the web app (crates/studio/web), embedded as it was built
//!  document    what a text means: picture, steps, findings
//!  finding     findings, with the step and the key that they stand in
//!  positions   bytes ↔ UTF-16 code units
//!  merge       two changes of one text
//!  path        which files may be opened at all
//!  files       what the studio needs of a workspace's files, as a trait
//!  operations  what it needs of tests, connections, runs and scenarios, as a trait
//!  problem     what goes wrong, as problem documents
//!  aside       work that takes long
//! ```
//!
//! Everything that a browser shows of a flow is said here, from what `flow` says of its text; nothing of a text is kept.
//!
//! # What this crate does not know
//!
//! The file system, the environment, how tests and runs are made (`cli` implements [`Files`] and [`Operations`]); who may
//! ask (the admin port's guard).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod api;
mod aside;
mod assets;
mod document;
pub mod files;
mod finding;
mod merge;
pub mod operations;
pub mod path;
mod positions;
pub mod problem;
#[cfg(test)]
mod tests;

pub use api::{Studio, mounted};
pub use aside::aside;
pub use files::Files;
pub use operations::Operations;
