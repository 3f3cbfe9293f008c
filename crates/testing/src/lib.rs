//! Runs the tests of flows: `flows/**/*.test.yaml`.
//!
//! The format is described in `docs/testing.md`. Not here: the terminal, files and arguments (`cli`).
