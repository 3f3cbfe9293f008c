//! Drives the fuzz targets: mutates known inputs for a time, keeps what broke a target, and says how to see it again.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use lockgate_fuzz::{Mutator, TARGETS, Target};

/// Mutates known inputs and feeds them to the parsers.
#[derive(Parser)]
struct Arguments {
    /// The target; all in turn where it is not given.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where to begin; the same seed gives the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs the target once on this file, to see a failure again.
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| arguments.target.as_deref().is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("no such target; there are {}", names.join(", "));
    }
    for target in chosen {
        if let Some(file) = &arguments.input {
            let input = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            (target.run)(&input);
            println!("{}: fine", target.name);
            continue;
        }
        fuzz(target, Duration::from_secs(arguments.seconds), arguments.seed)?;
    }
    Ok(())
}

fn fuzz(target: &Target, time: Duration, seed: u64) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("."));
    let known = (target.corpus)(root);
    let mut mutator = Mutator::new(seed);
    let started = Instant::now();
    let mut runs = 0_u64;
    for input in &known {
        attempt(target, input)?;
    }
    while started.elapsed() < time {
        attempt(target, &mutator.next(&known))?;
        runs += 1;
    }
    println!(
        "{}: {runs} inputs from {} known ones, no failure",
        target.name,
        known.len()
    );
    Ok(())
}

fn attempt(target: &Target, input: &[u8]) -> Result<()> {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_ok() {
        return Ok(());
    }
    let file = std::env::temp_dir().join(format!("lockgate-fuzz-{}-{}", target.name, std::process::id()));
    fs::write(&file, input).with_context(|| format!("cannot keep the input in {}", file.display()))?;
    bail!(
        "{} failed; see it again with `cargo run -p lockgate-fuzz -- {} --input {}`",
        target.name,
        target.name,
        file.display()
    );
}
