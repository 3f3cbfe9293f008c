//! A list of runs, for people.

use jiff::Timestamp;
use lockgate_store::Status;
use lockgate_store::history::RunSummary;

use super::times::{absolute, relative};
use crate::run::duration;
use crate::terminal::{Style, Table};

/// A table, newest first.
pub(crate) fn table(runs: &[RunSummary], now: Timestamp, style: Style) -> String {
    let mut table = Table::new(
        style,
        &["run", "flow", "status", "started", "", "active", "error"],
    );
    for run in runs {
        let mut status = run.status.name().to_owned();
        if let (Status::Sleeping, Some(wake)) = (run.status, run.wake_at) {
            status = format!("{status}, wakes {}", relative(wake, now));
        }
        table.row([
            run.id.to_string(),
            run.flow.clone(),
            format!("{} {status}", mark(run.status)),
            absolute(run.started_at),
            relative(run.started_at, now),
            duration(run.active),
            run.error.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

/// One sign for how a run stands.
pub(crate) const fn mark(status: Status) -> &'static str {
    match status {
        Status::Queued | Status::Running => "▸",
        Status::Sleeping => "…",
        Status::Succeeded => "✓",
        Status::Failed => "✗",
        Status::InDoubt => "?",
        Status::Cancelled => "-",
    }
}

/// `4.2 MB`
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn size(bytes: u64) -> String {
    let mut number = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if number < 1000.0 {
            let digits = usize::from(number < 10.0 && unit != "B");
            return format!("{number:.digits$} {unit}");
        }
        number /= 1000.0;
    }
    format!("{number:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_exact_as_is_of_use() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (4_200, "4.2 kB"),
            (42_000_000, "42 MB"),
            (9_900_000_000, "9.9 GB"),
            (2_000_000_000_000, "2.0 TB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
