//! Numbers for metrics.

use std::time::Duration;

/// What the writer has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Commits.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Records that wait for their commit.
    pub waiting: u64,
    /// Commits that failed.
    pub failed: u64,
    /// How many commits took at most so long ([`Self::BOUNDS`]); the last counts all that took longer.
    pub durations: [u64; 12],
    /// What they took together.
    pub total: Duration,
}

impl Written {
    /// The bounds of [`Self::durations`], in microseconds.
    pub const BOUNDS: [u64; 11] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000,
    ];

    /// Counts a commit.
    pub(super) fn count(&mut self, records: u64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = Self::BOUNDS.partition_point(|bound| *bound < micros);
        self.commits += 1;
        self.records += records;
        self.durations[at] += 1;
        self.total += took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_its_bound() {
        let mut written = Written::default();
        for micros in [0, 100, 101, 1_000_000, 1_000_001] {
            written.count(2, Duration::from_micros(micros));
        }
        assert_eq!(written.durations, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!((written.commits, written.records), (5, 10));
    }
}
