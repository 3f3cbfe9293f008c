//! `cargo xtask crash`: a server is killed again and again, and nobody loses anything. The harness is `tests/crash`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use lockgate_crash::{CrashOptions, Verdict};
use tokio::runtime::Builder;

use crate::process::{cargo, run, target_folder};

/// Kills `lockgate serve` again and again while callers sign up and Auth0 has faults; then looks for every user, answer
/// and run. The last line is one JSON object with the figures; fails unless nothing is lost.
#[derive(Args, Clone, Debug)]
pub(crate) struct CrashArguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 2000)]
    kills: u32,
    /// How many sign-ups there are.
    #[arg(long, default_value_t = 20_000)]
    requests: u32,
    /// Of what happens by chance; another one each time where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// After so many minutes nobody is killed any more.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Callers at once.
    #[arg(long, default_value_t = 16)]
    callers: usize,
    /// An optimized build (not the one that is released: that has no crash points).
    #[arg(long)]
    release: bool,
}

pub(crate) fn crash(arguments: &CrashArguments) -> Result<()> {
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    let options = CrashOptions {
        binary: build(arguments.release)?,
        kills: arguments.kills,
        requests: arguments.requests,
        seed,
        limit: Duration::from_mins(arguments.minutes),
        at_once: arguments.callers,
        points: lockgate_store::CRASH_POINTS
            .iter()
            .map(|point| (*point).to_owned())
            .collect(),
        progress: |text| eprintln!("{text}"),
    };
    eprintln!("seed {seed}");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("starting the harness")?;
    let verdict = runtime.block_on(lockgate_crash::crash(&options))?;
    tell(&verdict);
    println!("{}", verdict.json());
    if !verdict.is_good() {
        bail!("the promises of docs/durability.md do not hold (seed {seed})");
    }
    Ok(())
}

fn tell(verdict: &Verdict) {
    for finding in &verdict.findings {
        eprintln!("{finding}");
    }
    let missed = verdict.points_missed();
    if !missed.is_empty() {
        eprintln!("never ended at: {}", missed.join(", "));
    }
}

/// `lockgate` with its crash points. Optimized, it is a build of its own, so that it is never taken for one to release.
fn build(optimized: bool) -> Result<PathBuf> {
    let mut build = cargo(["build", "--package", "lockgate-cli", "--bin", "lockgate"]);
    build.args(["--features", "lockgate-store/crash-points"]);
    let folder = if optimized {
        build.args(["--profile", "crash"]);
        // Without whole-program optimization: that takes minutes, and nothing is measured here.
        for setting in ["inherits=\"release\"", "lto=false", "codegen-units=16"] {
            build.args(["--config", &format!("profile.crash.{setting}")]);
        }
        "crash"
    } else {
        "debug"
    };
    run("build with crash points", build)?;
    Ok(target_folder()?
        .join(folder)
        .join(format!("lockgate{}", std::env::consts::EXE_SUFFIX)))
}

#[expect(clippy::disallowed_methods, reason = "another one each time")]
fn fresh_seed() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
