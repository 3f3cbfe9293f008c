//! Named points between two records, at which a test lets the process die.

/// The points of this crate, in the order in which a run comes by. `lockgate-runtime` has some of its own.
pub const CRASH_POINTS: [&str; 11] = [
    "begin.queued",
    "writer.before_commit",
    "writer.after_commit",
    "step.started",
    "step.before_effect",
    "step.after_effect",
    "step.finished",
    "respond.recorded",
    "end.recorded",
    "sleep.recorded",
    "recovery.loaded",
];

/// Ends the process here if `LOCKGATE_CRASH_POINT` says so (`name@nth`: at the nth passing). Nothing in a build without the
/// feature `crash-points`.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn crash_point(_name: &str) {}

/// Ends the process here if `LOCKGATE_CRASH_POINT` says so (`name@nth`: at the nth passing).
#[cfg(feature = "crash-points")]
pub fn crash_point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Wanted {
        name: String,
        nth: u64,
        passed: AtomicU64,
    }

    #[expect(clippy::disallowed_methods, reason = "builds for tests of recovery only")]
    static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
        let text = std::env::var("LOCKGATE_CRASH_POINT").ok()?;
        let (name, nth) = text.split_once('@').unwrap_or((&text, "1"));
        Some(Wanted {
            name: name.to_owned(),
            nth: nth.parse().ok()?,
            passed: AtomicU64::new(0),
        })
    });

    if let Some(wanted) = WANTED.as_ref()
        && wanted.name == name
        && wanted.passed.fetch_add(1, Ordering::Relaxed) + 1 == wanted.nth
    {
        // No destructor runs, no buffer is written: as near to SIGKILL as a process can do to itself.
        std::process::abort();
    }
}
