//! A virtual environment with what `crates/xtask/schemathesis/requirements.txt` pins. Made once, and again when that changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::works;

/// What Schemathesis runs with.
const OLDEST: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

pub(super) struct Python {
    /// Of the environment; what its programs leave behind comes here, too.
    folder: PathBuf,
}

impl Python {
    /// A program of the environment.
    pub(super) fn command(&self, name: &str) -> Command {
        let programs = if cfg!(windows) { "Scripts" } else { "bin" };
        let mut command = Command::new(self.folder.join(programs).join(name));
        command.current_dir(&self.folder);
        command
    }
}

/// The environment in a folder.
pub(super) fn environment(folder: &Path) -> Result<Python> {
    let requirements = crate::root().join("crates/xtask/schemathesis/requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let python = Python {
        folder: folder.to_owned(),
    };
    // Written last: an installation that was broken off is made again.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let Some(system) = ["python3", "python"].into_iter().find(|name| {
        let mut command = Command::new(name);
        command.args(["-c", OLDEST]);
        works(command)
    }) else {
        bail!("Python 3.10 or newer, with `venv`, is not installed");
    };
    println!("\n── installing Schemathesis");
    let mut make = Command::new(system);
    make.args(["-m", "venv", "--clear"]).arg(folder);
    finish(make, "a virtual environment cannot be made")?;
    let mut install = python.command("python");
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(&requirements);
    finish(install, "Schemathesis cannot be installed from PyPI")?;
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))?;
    Ok(python)
}

/// Runs a command to its end.
pub(super) fn finish(mut command: Command, otherwise: &str) -> Result<()> {
    let status = command.status().with_context(|| otherwise.to_owned())?;
    ensure!(status.success(), "{otherwise}");
    Ok(())
}
