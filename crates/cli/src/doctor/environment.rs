//! What the process is given: the workspace, `.env`, descriptors.

use std::path::Path;

use lockgate_server::options::ServerOptions;

use super::Checks;
use crate::commands::counted;
use crate::workspace::Loaded;

/// Descriptors beside those of callers: the store, what flows call, the log, the ports.
const OTHERS: u64 = 256;

pub(crate) fn environment(checks: &mut Checks, loaded: &Loaded) {
    checks.ok("version", env!("CARGO_PKG_VERSION"));
    workspace(checks, loaded);
    secrets(checks, &loaded.root.join(".env"));
    descriptors(checks);
}

fn workspace(checks: &mut Checks, loaded: &Loaded) {
    let findings = &loaded.checked.diagnostics;
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    let flows = counted(loaded.checked.flows.len(), "flow");
    let help = "`lockgate check` shows them";
    if errors > 0 {
        let message = format!(
            "{flows}, {}: `lockgate serve` does not start",
            counted(errors, "error")
        );
        checks.error("workspace", message, help);
    } else if warnings > 0 {
        let message = format!("{flows}, {}", counted(warnings, "warning"));
        checks.warning("workspace", message, help);
    } else {
        checks.ok("workspace", format!("{flows}, no mistakes"));
    }
}

/// Whether others can read what is secret.
#[cfg(unix)]
fn secrets(checks: &mut Checks, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(file) = path.metadata() else {
        checks.ok(".env", "none: variables come from the process");
        return;
    };
    let mode = file.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        checks.ok(".env", format!("readable by its owner only ({mode:04o})"));
    } else {
        checks.warning(
            ".env",
            format!("others on this machine may read it ({mode:04o})"),
            format!("chmod 600 {}", path.display()),
        );
    }
}

#[cfg(not(unix))]
fn secrets(checks: &mut Checks, path: &Path) {
    let there = if path.is_file() {
        "there"
    } else {
        "none: variables come from the process"
    };
    checks.ok(".env", there);
}

/// Whether there are as many as callers may take.
#[cfg(unix)]
fn descriptors(checks: &mut Checks) {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let connections = ServerOptions::default().max_connections as u64;
    match limit {
        Some(limit) if limit < connections + OTHERS => checks.warning(
            "descriptors",
            format!("{limit} at most (`ulimit -n`), and {connections} callers may be connected at once"),
            format!(
                "raise it to {} or more: `LimitNOFILE=` in a unit file, `ulimit -n` in a shell",
                connections + OTHERS
            ),
        ),
        Some(limit) => checks.ok("descriptors", format!("{limit} at most")),
        None => checks.ok("descriptors", "without a limit"),
    }
}

#[cfg(not(unix))]
fn descriptors(_: &mut Checks) {}
