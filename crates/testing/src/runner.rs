//! All cases, on as many threads as are wanted.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::case;
use crate::file::{Case, TestFile};
use crate::report::{CaseReport, Report, Verdict};
use crate::snapshot::Snapshots;
use crate::subject::Subject;

/// How cases are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many at once.
    pub jobs: NonZeroUsize,
    /// Whether the first failure ends it.
    pub fail_fast: bool,
    /// Only cases with this text in `flow name › case name`.
    pub filter: Option<String>,
    /// Set when nobody wants to know any more: no case begins from then on.
    pub cancelled: Option<Arc<AtomicBool>>,
}

/// Runs the cases of some files that were checked against the subject. `tell` hears of each case as it ends.
pub fn run(
    subject: &Arc<Subject>,
    files: &[TestFile],
    options: &Options,
    snapshots: &dyn Snapshots,
    tell: &(dyn Fn(&CaseReport) + Sync),
) -> Report {
    let began = Instant::now();
    let all: Vec<(&TestFile, &Case)> = files
        .iter()
        .flat_map(|file| file.cases.iter().map(move |case| (file, case)))
        .filter(|(file, case)| is_wanted(options.filter.as_deref(), file, case))
        .collect();
    let only = all.iter().any(|(_, case)| case.only.is_some());
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, CaseReport)>> = Mutex::default();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, case)) = all.get(index).copied() else {
                return;
            };
            let cancelled = options.cancelled.as_ref();
            let skipped = if cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
                Some("it was called off".to_owned())
            } else if stop.load(Ordering::Relaxed) {
                Some("a case before it failed".to_owned())
            } else if only && case.only.is_none() {
                Some("others are marked `only`".to_owned())
            } else {
                case.skip.clone()
            };
            let report = match skipped {
                Some(why) => skip(file, case, why),
                None => case::run(subject, file, case, snapshots),
            };
            if options.fail_fast && report.verdict == Verdict::Failed {
                stop.store(true, Ordering::Relaxed);
            }
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            tell(&report);
            done.push((index, report));
        }
    };
    let threads = options.jobs.get().min(all.len()).max(1);
    std::thread::scope(|scope| {
        // The caller's thread works, too.
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut cases = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    cases.sort_by_key(|(index, _)| *index);
    Report {
        cases: cases.into_iter().map(|(_, case)| case).collect(),
        took: began.elapsed(),
    }
}

fn is_wanted(filter: Option<&str>, file: &TestFile, case: &Case) -> bool {
    let Some(filter) = filter else { return true };
    let flow = file.flow.as_ref().map_or("", |flow| flow.value.as_str());
    format!("{flow} › {}", case.name.value)
        .to_lowercase()
        .contains(&filter.to_lowercase())
}

fn skip(file: &TestFile, case: &Case, why: String) -> CaseReport {
    CaseReport {
        file: file.source.path().to_owned(),
        flow: file
            .flow
            .as_ref()
            .map_or_else(String::new, |flow| flow.value.clone()),
        name: case.name.value.clone(),
        position: file.source.position(case.span.start),
        verdict: Verdict::Skipped(why),
        failures: Vec::new(),
        runs: Vec::new(),
        snapshots: Vec::new(),
        snapshot_paths: crate::snapshot::paths(file.source.path(), case),
        took: Duration::ZERO,
    }
}
