//! Tests of flows, as the studio runs them: as they are on the disk, one run of tests at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use lockgate_flow::catalog::Catalog;
use lockgate_studio::aside;
use lockgate_studio::operations::{PartCoverage, TestCase, TestFailure, TestReport};
use lockgate_studio::problem::Problem;
use lockgate_testing::report::{CaseReport, Report, Verdict};
use lockgate_testing::runner::{self, Options};
use tokio::sync::Mutex;

use super::coverage::shown;
use super::doing::{absent, unreadable};
use crate::test::{self, Folder, milliseconds, run_as_json};
use crate::workspace::Loaded;

/// Runs tests, for one after the other.
#[derive(Default)]
pub(super) struct Tests(Arc<Mutex<()>>);

/// Calls a run of tests off when it is dropped: nobody waits for it any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tests {
    /// Runs the tests of a flow, or all. Waits until nobody else's run; dropped, it begins no further case.
    pub(super) async fn run(
        &self,
        root: PathBuf,
        catalog: &Arc<Catalog>,
        flow: Option<&str>,
    ) -> Result<TestReport, Problem> {
        let turn = Arc::clone(&self.0).lock_owned().await;
        let cancelled = Arc::new(AtomicBool::new(false));
        let wanted = Wanted(Arc::clone(&cancelled));
        let (catalog, flow) = (Arc::clone(catalog), flow.map(str::to_owned));
        let report = aside(move || {
            // Also when nobody waits any more, until the cases have ended that have begun.
            let _turn = turn;
            run(&root, &catalog, flow.as_deref(), cancelled)
        })
        .await;
        drop(wanted);
        report
    }
}

fn run(
    root: &Path,
    catalog: &Catalog,
    flow: Option<&str>,
    cancelled: Arc<AtomicBool>,
) -> Result<TestReport, Problem> {
    let loaded = Loaded::find(root, catalog, &[]).map_err(|error| unreadable(&error))?;
    let known = || loaded.checked.flows.iter();
    let flow = match flow {
        Some(name) => {
            let found = known().find(|checked| checked.name == name);
            let names = known().map(|checked| checked.name.as_str());
            Some(found.ok_or_else(|| absent("no_such_flow", "flow", name, names))?)
        }
        None => None,
    };
    let subject = test::subject(&loaded);
    let mut read = test::read_of(&loaded, flow, &subject).map_err(|error| unreadable(&error))?;
    // What a flow is tested for in other files' cases is seen when all are run.
    read.retain_sound(&loaded);
    let options = Options {
        jobs: test::jobs(),
        fail_fast: false,
        filter: None,
        cancelled: Some(cancelled),
    };
    let report = runner::run(&subject, &read.files, &options, &Folder(&loaded.root), &|_| {});
    let coverage = coverage(&loaded, flow.map(|flow| flow.name.as_str()), &report);
    let totals = report.totals();
    Ok(TestReport {
        passed: totals.passed,
        failed: totals.failed,
        skipped: totals.skipped,
        duration_ms: milliseconds(report.took),
        coverage,
        cases: report.cases.into_iter().map(case).collect(),
        findings: read.findings,
        workspace: Arc::clone(&loaded.checked),
    })
}

/// Of the flow that was asked for; of all that can run, where all were.
fn coverage(loaded: &Loaded, flow: Option<&str>, report: &Report) -> BTreeMap<String, PartCoverage> {
    let visits = report.visits();
    let flows = loaded.checked.runnable().into_iter();
    flows
        .filter(|(name, _)| flow.is_none_or(|flow| flow == name))
        .map(|(name, flow)| (name, shown(&flow, &visits)))
        .collect()
}

fn case(case: CaseReport) -> TestCase {
    let status = case.verdict.name();
    let reason = match case.verdict {
        Verdict::Skipped(why) => Some(why),
        Verdict::Passed | Verdict::Failed => None,
    };
    let failures = case.failures.into_iter().map(|failure| TestFailure {
        finding: failure.finding,
        values: failure.values.map(|values| (values.expected, values.actual)),
        run: failure.run,
    });
    TestCase {
        file: case.file,
        line: case.position.line,
        flow: case.flow,
        name: case.name,
        status,
        reason,
        duration_ms: milliseconds(case.took),
        failures: failures.collect(),
        runs: case.runs.iter().map(run_as_json).collect(),
    }
}

#[cfg(test)]
mod one_at_a_time {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::catalogue;

    fn workspace() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("flows")).unwrap();
        for (name, text) in [
            ("lockgate.yaml", "version: 1\n"),
            ("flows/a.yaml", "steps: [{ return: 1 }]\n"),
            (
                "flows/a.test.yaml",
                "flow: a\ncases: [{ name: one, expect: { output: 1 } }]\n",
            ),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        (folder, root)
    }

    /// With one thread for what blocks: what is put there later begins when all before it has ended.
    fn on_one_thread(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(test);
    }

    /// Everything has ended that was begun.
    async fn settled() {
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }

    #[test]
    fn one_run_of_tests_goes_on_at_a_time() {
        on_one_thread(async {
            let (_folder, root) = workspace();
            let catalog = Arc::new(catalogue::catalog());
            let tests = Tests::default();
            let turn = Arc::clone(&tests.0).lock_owned().await;
            let mut first = Box::pin(tests.run(root.clone(), &catalog, Some("a")));
            let mut second = Box::pin(tests.run(root, &catalog, None));
            assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
            settled().await;
            assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
            // Who leaves the line is passed over.
            drop(first);
            drop(turn);
            assert_eq!(second.await.unwrap().passed, 1);
        });
    }

    #[test]
    fn who_leaves_lets_the_next_begin_when_the_cases_have_ended() {
        on_one_thread(async {
            let (_folder, root) = workspace();
            let catalog = Arc::new(catalogue::catalog());
            let tests = Tests::default();
            let (open, gate) = std::sync::mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || gate.recv());
            let mut left = Box::pin(tests.run(root, &catalog, None));
            assert!((&mut left).now_or_never().is_none());
            drop(left);
            assert!(tests.0.try_lock().is_err());
            open.send(()).unwrap();
            busy.await.unwrap().unwrap();
            settled().await;
            assert!(tests.0.try_lock().is_ok());
        });
    }
}
