//! The server and the tenant, each in a process of its own. Dropping one kills it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a process may take until it is ready, and until it has ended when it was asked to.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lines of a log that are shown.
const LINES: usize = 30;

/// How to start `lockgate`.
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A process that was started.
pub(crate) struct Process {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    log: PathBuf,
}

impl Program {
    /// Starts it with these arguments and, beside its own, these variables. What it writes to stderr goes to `log`.
    pub(crate) fn start(&self, arguments: &[&str], more: &[(&str, String)], log: &str) -> Result<Process> {
        let log = self.folder.join(log);
        let stderr = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let mut child = Command::new(&self.binary)
            .args(arguments)
            // Nothing of the caller's own tenant comes in.
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.binary.display()))?;
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        Ok(Process { child, stdout, log })
    }
}

impl Process {
    /// Waits until it says that it is ready: one line of JSON. `None` where it has ended instead.
    pub(crate) async fn ready(&mut self) -> Result<Option<Value>> {
        let Some(stdout) = &mut self.stdout else {
            return Ok(None);
        };
        let line = match timeout(PATIENCE, stdout.next_line()).await {
            Ok(line) => line.context("waiting for a process")?,
            Err(_) => bail!("not ready after {PATIENCE:?}\n{}", self.log()),
        };
        line.map(|line| serde_json::from_str(&line).with_context(|| format!("the process said {line:?}")))
            .transpose()
    }

    /// `SIGKILL`. It may have ended by itself.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.start_kill();
    }

    /// `SIGTERM`.
    pub(crate) async fn ask_to_end(&self) -> Result<()> {
        // It may have ended by itself.
        let Some(process) = self.child.id() else {
            return Ok(());
        };
        let status = Command::new("kill")
            .args(["-TERM", &process.to_string()])
            .status();
        status.await.map(drop).context("starting kill")
    }

    /// Completes when it has ended, and never fails.
    pub(crate) async fn gone(&mut self) {
        // What became of it is asked with `ended`.
        let _ = self.child.wait().await;
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus> {
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.context("waiting for the end of a process"),
            Err(_) => bail!("not ended after {PATIENCE:?}\n{}", self.log()),
        }
    }

    /// The end of what it wrote to stderr.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        format!("{}:\n{}", self.log.display(), last.join("\n"))
    }
}

/// A URL on this machine, as an address.
pub(crate) fn address(ready: &Value, name: &str) -> Result<SocketAddr> {
    let url = ready[name].as_str().unwrap_or_default();
    url.strip_prefix("http://")
        .and_then(|rest| rest.parse().ok())
        .with_context(|| format!("no `{name}` in {ready}"))
}
