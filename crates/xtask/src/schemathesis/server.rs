//! `lockgate dev` in a process of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What callers show.
pub(super) const TOKEN: &str = "the-token-of-the-schemathesis-run";

/// A server that is ready. Dropping it ends it.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    pub(super) url: String,
}

impl Server {
    /// Starts it in a workspace whose tenant is emulated, and waits until it says its URL.
    pub(super) fn start(executable: &Path, workspace: &Path) -> Result<Self> {
        let log = workspace.join("stderr.log");
        let stderr = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let child = Command::new(executable)
            .args(["dev", "--port", "0", "--admin-port", "0"])
            // Nothing of the caller's own tenant comes in.
            .env_clear()
            .env("CALLERS_TOKEN", TOKEN)
            .current_dir(workspace)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("starting {}", executable.display()))?;
        let mut server = Self {
            child,
            log,
            url: String::new(),
        };
        let mut line = String::new();
        if let Some(stdout) = server.child.stdout.take() {
            // One line comes, or the end of the process does.
            BufReader::new(stdout)
                .read_line(&mut line)
                .context("waiting for lockgate dev")?;
        }
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        match ready["url"].as_str() {
            Some(url) => url.clone_into(&mut server.url),
            None => bail!("lockgate dev did not start\n{}", server.log()),
        }
        Ok(server)
    }

    /// The end of what it wrote to stderr.
    pub(super) fn log(&self) -> String {
        const LINES: usize = 40;
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        format!("lockgate dev wrote:\n{}", last.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
