//! CPU time and memory of a process, from Linux' `/proc` (proc(5)).

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The CPU time that each thread of a process has had.
///
/// `/proc/PID/stat` has it for all of them, those that have ended too, but in ticks of 10 ms: too coarse for short
/// rounds. The threads' `schedstat` has nanoseconds. What a thread that ends within a round has used is lost; both
/// servers' workers live as long as they do.
pub(super) struct CpuTimes(HashMap<String, u64>);

impl CpuTimes {
    pub(super) fn of(process: u32) -> Result<Self> {
        let folder = format!("/proc/{process}/task");
        let mut times = HashMap::new();
        for thread in fs::read_dir(&folder).with_context(|| format!("reading {folder}"))? {
            let thread = thread.with_context(|| format!("reading {folder}"))?;
            // A thread may end between the two reads.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let nanoseconds = text
                .split_whitespace()
                .next()
                .and_then(|field| field.parse().ok())
                .with_context(|| format!("{folder} has no CPU times"))?;
            times.insert(thread.file_name().to_string_lossy().into_owned(), nanoseconds);
        }
        Ok(Self(times))
    }

    /// What was used since an earlier reading.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let used = self
            .0
            .iter()
            .map(|(thread, now)| now.saturating_sub(earlier.0.get(thread).copied().unwrap_or_default()))
            .sum();
        Duration::from_nanos(used)
    }
}

/// The memory that a process holds now (`VmRSS`), in bytes; pages of its binary that were read count too.
pub(super) fn resident_bytes(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let kibibytes: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok())
        .with_context(|| format!("{path} has no VmRSS"))?;
    Ok(kibibytes * 1024)
}

/// What to say where the machine has other things to do: caches and cores that are shared cost both services time.
pub(super) fn busy() -> Result<Option<String>> {
    let text = fs::read_to_string("/proc/loadavg").context("reading /proc/loadavg")?;
    let load: f64 = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse().ok())
        .context("/proc/loadavg has no load")?;
    Ok((load > 1.0).then(|| format!("the machine is busy (load {load}): the figures will be coarse")))
}
