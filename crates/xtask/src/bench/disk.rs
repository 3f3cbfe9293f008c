//! What the disk takes to make something safe: the unit that the figures of durable runs are in.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::latency::{Latencies, microseconds};

/// How often.
const TIMES: usize = 300;

/// A page of the store.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// The time of a write of 4 kB and `fdatasync`, in milliseconds: in the median, and the 99th of a hundred.
#[derive(Clone, Copy)]
pub(super) struct Fsync {
    pub(super) median: f64,
    pub(super) p99: f64,
}

/// Appends to a file in this folder.
pub(super) fn measure(folder: &Path) -> Result<Fsync> {
    let path = folder.join("fsync");
    let mut file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        file.write_all(&PAGE)
            .and_then(|()| file.sync_data())
            .with_context(|| format!("writing {}", path.display()))?;
        took.push(microseconds(began.elapsed()));
    }
    std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    let took = Latencies::of(took);
    Ok(Fsync {
        median: took.quantile(0.5),
        p99: took.quantile(0.99),
    })
}
