//! A server in a process of its own.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How to start a server.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<String>,
    /// All that it has: nothing of the caller's environment changes what is measured.
    pub(super) environment: Vec<(&'static str, String)>,
}

/// A server that is ready. Dropping it ends it.
pub(super) struct Running {
    child: Child,
    /// What it printed when it was ready.
    pub(super) ready: Value,
    pub(super) address: SocketAddr,
    /// What it writes to stderr.
    log: PathBuf,
    /// When it was started.
    pub(super) since: Instant,
}

impl Program {
    /// Starts it and waits until it says that it is ready: one line of JSON with its `url`.
    pub(super) fn start(&self, folder: &Path) -> Result<Running> {
        let log = folder.join(format!("{}.log", self.name));
        File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let stderr = OpenOptions::new()
            .append(true)
            .open(&log)
            .with_context(|| format!("opening {}", log.display()))?;
        let mut command = Command::new(&self.executable);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let since = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", self.executable.display()))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // One line comes, or the end of the process does.
            BufReader::new(stdout)
                .read_line(&mut line)
                .with_context(|| format!("waiting for {}", self.name))?;
        }
        let mut running = Running {
            child,
            ready: Value::Null,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            since,
        };
        let Ok(ready) = serde_json::from_str(&line) else {
            bail!("{} did not start: {line}{}", self.name, running.log_text()?);
        };
        running.ready = ready;
        running.address = running.address_of("url")?;
        Ok(running)
    }
}

impl Running {
    /// `SIGTERM`, and waits for the end.
    pub(super) fn stop(mut self) -> Result<()> {
        let mut kill = Command::new("kill");
        kill.arg(self.child.id().to_string());
        kill.status().context("starting kill")?;
        let status = self.child.wait().context("waiting for the end of a server")?;
        ensure!(
            status.success(),
            "a server ended with {status}: {}",
            self.log_text()?
        );
        Ok(())
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A part of what it printed when it was ready.
    pub(super) fn said(&self, name: &str) -> Result<&str> {
        self.ready[name]
            .as_str()
            .with_context(|| format!("the server said no `{name}` when it was ready"))
    }

    /// A URL that it printed, as an address.
    pub(super) fn address_of(&self, name: &str) -> Result<SocketAddr> {
        let url = self.said(name)?;
        url.strip_prefix("http://")
            .and_then(|rest| rest.trim_end_matches('/').parse().ok())
            .with_context(|| format!("`{url}` is no address on this machine"))
    }

    /// What it has written to stderr since the last [`Self::forget_log`].
    pub(super) fn log_text(&self) -> Result<String> {
        std::fs::read_to_string(&self.log).with_context(|| format!("reading {}", self.log.display()))
    }

    /// Empties the log, which would grow to gigabytes.
    pub(super) fn forget_log(&self) -> Result<()> {
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&self.log)
            .map(drop)
            .with_context(|| format!("emptying {}", self.log.display()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
