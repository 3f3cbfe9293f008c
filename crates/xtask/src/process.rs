//! Runs a command in the repository and says what it is.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// `cargo` with these arguments.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    // Cargo names itself to what it starts.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs a command to its end; fails where it fails.
pub(crate) fn run(title: &str, mut command: Command) -> Result<()> {
    println!("\n── {title}");
    // Before what the command itself writes, also where the output goes to a file.
    std::io::stdout().flush().context("cannot write")?;
    let status = command
        .current_dir(crate::root())
        .status()
        .with_context(|| format!("cannot start {title}"))?;
    if !status.success() {
        bail!("{title} failed ({status})");
    }
    Ok(())
}

/// Whether a command can be started and succeeds.
pub(crate) fn works(mut command: Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let output = cargo(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(crate::root())
        .output()
        .context("cannot start cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("reading cargo's metadata")?;
    match metadata["target_directory"].as_str() {
        Some(folder) => Ok(folder.into()),
        None => bail!("cargo's metadata has no target directory"),
    }
}
