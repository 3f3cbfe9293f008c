//! `lockgate test` of a thousand cases: those of the flows that ship, as often as that takes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::binaries::Binaries;
use super::latency::median;
use super::report::{Figures, Goal};

/// At least so many.
const CASES: u64 = 1000;

/// Runs, of which the middle one counts.
const TIMES: usize = 5;

const MOST_S: f64 = 10.0;

/// How long a thousand cases take.
pub(super) struct FlowTests {
    cases: u64,
    /// On the wall, from the start of the process to its end.
    seconds: f64,
    processors: usize,
}

impl FlowTests {
    pub(super) fn tell(&self, figures: &mut Figures) {
        let words = format!(
            "{} test cases of the flows that ship: {:.2} s on {} processors",
            self.cases, self.seconds, self.processors
        );
        figures.add("thousand_cases_s", self.seconds, Some(Goal::Most(MOST_S)), &words);
    }
}

/// Runs the tests of a workspace with the shipped flows, and copies of their tests beside them.
pub(super) fn measure(binaries: &Binaries) -> Result<FlowTests> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let folder = folder.path();
    let shipped = crate::root();
    copy(&shipped.join("lockgate.yaml"), &folder.join("lockgate.yaml"))?;
    let mut tests = Vec::new();
    let flows = shipped.join("flows");
    for entry in fs::read_dir(&flows).with_context(|| format!("reading {}", flows.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".test.yaml") {
            tests.push((path, name));
        } else if path.is_file() {
            copy(&path, &folder.join("flows").join(name))?;
        }
    }
    let with = |copies: u64| {
        (0..copies).try_for_each(|number| {
            let to = folder.join(format!("flows/copy-{number}"));
            tests
                .iter()
                .try_for_each(|(path, name)| copy(path, &to.join(name)))
        })
    };
    with(1)?;
    let (of_one, _) = run(binaries, folder)?;
    ensure!(of_one > 0, "the flows that ship have no tests");
    with(CASES.div_ceil(of_one))?;
    let mut seconds = Vec::new();
    let mut cases = 0;
    for _ in 0..TIMES {
        let (passed, took) = run(binaries, folder)?;
        ensure!(passed >= CASES, "only {passed} cases ran");
        cases = passed;
        seconds.push(took);
    }
    Ok(FlowTests {
        cases,
        seconds: median(seconds),
        processors: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
    })
}

/// How many passed, and how many seconds that took. One that fails is an error.
fn run(binaries: &Binaries, folder: &Path) -> Result<(u64, f64)> {
    let began = Instant::now();
    let output = Command::new(&binaries.lockgate)
        .args(["test", "--format", "json"])
        .current_dir(folder)
        .output()
        .context("starting lockgate")?;
    let took = began.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "`lockgate test` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).context("reading the report")?;
    let passed = report["passed"].as_u64().context("the report has no `passed`")?;
    Ok((passed, took))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    Ok(())
}
