//! `test`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value::parse_count;

#[derive(Clone, Debug, Args)]
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
    /// Show which steps and branches of the flows have run, and what has not
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Fail unless so many percent of each flow's steps, and of its branches, have run
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) min_coverage: Option<u8>,
    /// Draw the flows, with what has not run in red: into a folder, or one flow into a file that ends in .svg
    #[arg(long, value_name = "FOLDER|FILE")]
    pub(crate) coverage_svg: Option<PathBuf>,
    /// Write the results as JUnit's XML as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Run this step of a flow alone, with the mocks of the flow's tests, and show its result
    #[arg(long, value_name = "ID", requires = "paths", conflicts_with_all = ["filter", "update", "fail_fast", "coverage", "junit"])]
    pub(crate) step: Option<String>,
    /// With `--step`: a field of the flow's input
    #[arg(short, long, value_name = "NAME=VALUE", requires = "step")]
    pub(crate) input: Vec<String>,
    /// With `--step`: the flow's input as a JSON object: the text itself, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON", requires = "step")]
    pub(crate) input_json: Option<String>,
    /// With `--step`: what stands before it, as a JSON object with `steps` and `vars`; or `@FILE`, or `-`
    #[arg(long, value_name = "JSON", requires = "step")]
    pub(crate) given: Option<String>,
    /// Run no tests, but write a case: what this run in the store did (its id, the beginning of it, or `last`)
    #[arg(long, value_name = "RUN", conflicts_with_all = ["paths", "filter", "fail_fast", "jobs", "update", "ci", "coverage",
        "min_coverage", "coverage_svg", "junit", "format", "step", "watch"])]
    pub(crate) record: Option<String>,
    /// With `--record`: append the case to this test file, or begin it
    #[arg(short, long, value_name = "FILE", requires = "record")]
    pub(crate) output: Option<PathBuf>,
    /// With `--record`: the store that the run is in; without it, that of the workspace (`store.path` in lockgate.yaml)
    #[arg(long, value_name = "PATH", env = "LOCKGATE_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Run again what a change of a file concerns, until Ctrl-C
    #[arg(long, conflicts_with_all = ["update", "ci", "coverage", "min_coverage", "coverage_svg", "junit", "format", "step"])]
    pub(crate) watch: bool,
    /// How to show what was found
    #[arg(long, default_value = "text")]
    pub(crate) format: TestFormat,
}

impl TestArgs {
    /// Whether not all tests were asked for.
    pub(crate) fn is_for_some(&self) -> bool {
        !self.paths.is_empty() || self.filter.is_some()
    }

    /// Whether it is to be known what has run.
    pub(crate) fn is_covering(&self) -> bool {
        self.coverage || self.min_coverage.is_some() || self.coverage_svg.is_some()
    }
}

// The variants have no docs of their own: they would make every help twice as long.
/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    Text,
    Json,
    Github,
}
