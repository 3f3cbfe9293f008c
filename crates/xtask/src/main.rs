//! The project's chores: `cargo xtask test`, `generate`, `fuzz`, `schemathesis`, `studio`, `bench`, `crash`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people")]

mod bench;
mod crash;
mod generate;
mod process;
mod schemathesis;
mod servers;
mod studio;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must hold before a change lands: formatting, lints, tests, generated files, a short fuzz run.
    Test,
    /// Writes the files that are generated from the declarations: schemas, reference pages, pictures.
    Generate {
        /// Only says which files are out of date, and fails if any is.
        #[arg(long)]
        check: bool,
    },
    /// Feeds mutated inputs to the parsers, for as long as asked.
    Fuzz {
        /// `flow-file`, `expression`, `auth0-error` or `journal-record`; all in turn where it is not given.
        target: Option<String>,
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Asks the shipped flows what Schemathesis makes of their OpenAPI document; needs Python and, once, PyPI.
    Schemathesis,
    Studio(studio::StudioArguments),
    Bench(bench::BenchArguments),
    Crash(crash::CrashArguments),
    /// One case of `bench --instructions`, so many times: what valgrind runs.
    #[command(hide = true)]
    BenchCase {
        case: String,
        times: u32,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Test => suite::test(),
        Chore::Generate { check } => generate::generate(check),
        Chore::Fuzz { target, seconds } => suite::fuzz(target.as_deref(), seconds),
        Chore::Schemathesis => schemathesis::test(),
        Chore::Studio(arguments) => studio::studio(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Crash(arguments) => crash::crash(&arguments),
        Chore::BenchCase { case, times } => bench::run_case(&case, times),
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    // This crate lies in `crates/xtask`.
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map_or_else(PathBuf::new, PathBuf::from)
}
