//! Fuzz targets: functions that take any bytes and must neither panic nor break a promise.
//!
//! `cargo xtask test` runs each for some seconds, `cargo xtask fuzz --seconds 3600` for as long as asked. The targets
//! are plain functions, so a coverage-guided fuzzer can drive them as well.

mod edits;
mod mutate;
mod targets;
mod texts;

pub use mutate::Mutator;
pub use targets::{TARGETS, Target};
