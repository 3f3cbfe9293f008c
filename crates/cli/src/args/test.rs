//! `test`.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::value::parse_count;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub(crate) struct TestArgs {
    /// Test files, flow files, names of flows, or folders; the whole workspace where none is given
    pub(crate) paths: Vec<String>,
    /// Only cases with this text in their name or their flow's
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Stop after the first case that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// How many cases at once; as many as there are processors unless said otherwise
    #[arg(short, long, value_name = "COUNT", value_parser = parse_count)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Write the snapshots as they are now, and delete those that no case has
    #[arg(long)]
    pub(crate) update: bool,
    /// Refuse `only`; GitHub's and others' variable `CI` says the same
    #[arg(long)]
    pub(crate) ci: bool,
    /// How to show what was found
    #[arg(long, default_value = "text")]
    pub(crate) format: TestFormat,
}

// The variants have no docs of their own: they would make every help twice as long.
/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    Text,
    Json,
    Github,
}
