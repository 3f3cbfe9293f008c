//! Runs that are kept, and the store: what the runtime and the writer have counted.

use std::fmt;

use lockgate_runtime::{Runtime, Stats};
use lockgate_store::Written;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;

use super::exposition::{Families, counter, gauge};

/// What is known of them at the time of asking.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) stats: Stats,
    pub(crate) written: Written,
    /// Whether the store can not be written.
    pub(crate) is_failing: bool,
}

impl Kept {
    pub(crate) fn of(runtime: &Runtime) -> Self {
        let store = runtime.store();
        Self {
            stats: runtime.stats(),
            written: store.written(),
            is_failing: store.failing().is_some(),
        }
    }

    pub(super) fn encode(&self, families: &mut Families<'_>) -> fmt::Result {
        self.runs(families)?;
        self.store(families)
    }

    fn runs(&self, families: &mut Families<'_>) -> fmt::Result {
        let stats = &self.stats;
        let help = "Unfinished runs that are kept: those that go on, wait for their turn, sleep, or cannot go on with the workspace as it is.";
        let mut family = families.family("lockgate_kept_runs", help, None, MetricType::Gauge)?;
        for (state, count) in [
            ("active", stats.active),
            ("queued", stats.queued),
            ("sleeping", stats.sleeping),
            ("stuck", stats.stuck),
        ] {
            gauge(&mut family, &[("state", state)], &count)?;
        }
        for (name, help, count) in [
            (
                "lockgate_runs_resumed",
                "Runs that went on after a crash, a stop, or on an operator's word.",
                stats.resumed,
            ),
            (
                "lockgate_runs_woken",
                "Runs that went on after a sleep out of memory.",
                stats.woken,
            ),
            (
                "lockgate_runs_in_doubt",
                "Runs that ended in doubt: nobody can tell whether a step happened.",
                stats.in_doubt,
            ),
            (
                "lockgate_runs_pruned",
                "Runs that were deleted because they were old.",
                stats.pruned,
            ),
        ] {
            let mut family = families.counter(name, help)?;
            family.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        let help = "Due times of schedules: those that started a run, and those that did not (missed, or the run before was still going).";
        let mut family = families.counter("lockgate_schedule_due", help)?;
        for (result, count) in [("started", stats.scheduled), ("skipped", stats.skipped)] {
            counter(&mut family, &[("result", result)], count)?;
        }
        Ok(())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus counts in f64; bounds are small"
    )]
    fn store(&self, families: &mut Families<'_>) -> fmt::Result {
        let written = &self.written;
        let mut buckets = [(f64::INFINITY, 0); Written::BOUNDS.len() + 1];
        for (bucket, count) in buckets.iter_mut().zip(written.durations) {
            bucket.1 = count;
        }
        for (bucket, bound) in buckets.iter_mut().zip(Written::BOUNDS) {
            bucket.0 = bound as f64 / 1e6;
        }
        let help = "Commits of the journal, each with the records of all runs since the one before; syncing to the disk included.";
        let family = families.histogram("lockgate_store_commit_duration", help)?;
        let count = buckets.iter().map(|(_, count)| count).sum();
        let mut family = family;
        family.encode_histogram::<NoLabelSet>(written.total.as_secs_f64(), count, &buckets, None)?;
        for (name, help, count) in [
            (
                "lockgate_store_records",
                "Records that were committed.",
                written.records,
            ),
            (
                "lockgate_store_commit_failures",
                "Commits that failed; what was in them is tried again.",
                written.failed,
            ),
        ] {
            let mut family = families.counter(name, help)?;
            family.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        families.gauge(
            "lockgate_store_records_waiting",
            "Records that wait for their commit.",
            &written.waiting,
        )?;
        families.gauge(
            "lockgate_store_failing",
            "1 where the store cannot be written: no run that is kept begins; 0 else.",
            &i64::from(self.is_failing),
        )
    }
}
