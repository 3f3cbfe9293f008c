//! The optimized binaries: built by cargo, found beside the one that runs.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, run, target_folder};

pub(super) struct Binaries {
    pub(super) lockgate: PathBuf,
    pub(super) handwritten: PathBuf,
}

impl Binaries {
    /// Those that were built with the binary that runs.
    pub(super) fn beside_this() -> Result<Self> {
        let this = std::env::current_exe().context("cannot find out where this binary is")?;
        let folder = this.parent().context("this binary is in no folder")?;
        Ok(Self {
            lockgate: built(folder, "lockgate")?,
            handwritten: built(folder, "example-handwritten")?,
        })
    }
}

fn built(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(format!("{name}{EXE_SUFFIX}"));
    ensure!(
        path.is_file(),
        "{} is not there; run `cargo xtask bench` without `--release`: it builds everything",
        path.display()
    );
    Ok(path)
}

/// Builds with optimizations, and does what this command was asked for in the binary that came out.
pub(super) fn build_and_run_again() -> Result<()> {
    let packages = ["example-handwritten", "lockgate-cli", "lockgate-xtask"];
    let mut build = cargo(["build", "--release"]);
    for package in packages {
        build.args(["--package", package]);
    }
    run("optimized build", build)?;
    let folder = target_folder()?.join("release");
    let mut again = Command::new(built(&folder, "lockgate-xtask")?);
    again.args(std::env::args_os().skip(1));
    run("measuring", again)
}
