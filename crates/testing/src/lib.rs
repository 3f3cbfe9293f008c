//! Runs the tests of flows: `flows/**/*.test.yaml`.
//!
//! The format is described in `docs/testing.md`. Not here: the terminal, files and arguments (`cli`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod matching;
