//! How long things take, in few bytes: 18 words for each series.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{MetricEncoder, NoLabelSet};

const BOUNDS: usize = 14;

/// The upper bounds of buckets, in milliseconds, each of which is in its bucket.
pub(super) type Bounds = [u64; BOUNDS];

/// For requests and calls: those of OpenTelemetry's semantic conventions for HTTP.
pub(super) const CALLS: Bounds = [
    5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000,
];

/// For runs, which may wait.
pub(super) const RUNS: Bounds = [
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
];

/// Durations, counted in buckets.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static Bounds,
    /// By bucket, not added up; the last is for what is beyond all bounds.
    counts: [AtomicU64; BOUNDS + 1],
    /// Enough for 584 years.
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static Bounds) -> Self {
        Self {
            bounds,
            counts: Default::default(),
            nanoseconds: AtomicU64::new(0),
        }
    }

    pub(super) fn observe(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self
            .bounds
            .partition_point(|bound| bound * 1_000_000 < nanoseconds);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Writes it. The whole count is made of what was read of the buckets: what is counted meanwhile never makes them differ.
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus counts in f64; bounds are small"
    )]
    pub(super) fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let seconds = self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9;
        let mut buckets = [(f64::INFINITY, 0); BOUNDS + 1];
        for (bucket, count) in buckets.iter_mut().zip(&self.counts) {
            bucket.1 = count.load(Ordering::Relaxed);
        }
        for (bucket, bound) in buckets.iter_mut().zip(self.bounds) {
            bucket.0 = *bound as f64 / 1e3;
        }
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)
    }
}
