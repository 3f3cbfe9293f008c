//! Instruction counts, by valgrind: the same on a busy machine as on an idle one.
//!
//! A case is done so many times, and then twice as often: the difference is what the times cost, without the start of
//! the process. Hash tables are seeded anew in each process, which is worth one in a hundred: so the middle one of some
//! processes counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::cases::CASES;
use crate::process::works;

/// So much more, or less, than the committed count is let through, in per cent.
const TOLERANCE: f64 = 5.0;

/// An odd number has a middle.
const PROCESSES: usize = 3;

pub(super) fn run(accept: bool) -> Result<()> {
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--version");
    ensure!(
        works(valgrind),
        "valgrind is not installed; it counts the instructions"
    );
    let compiler = compiler()?;
    let mut counts = BTreeMap::new();
    for (case, times) in CASES {
        let once = middle(case, times)?;
        let twice = middle(case, times * 2)?;
        let each = twice.saturating_sub(once) / u64::from(times);
        counts.insert(case, each);
    }
    if accept {
        let file = json!({ "compiler": compiler, "counts": counts });
        let text = serde_json::to_string_pretty(&file)? + "\n";
        fs::write(path(), text).with_context(|| format!("writing {}", path().display()))?;
        for (case, count) in counts {
            println!("{case:<24} {count:>10}");
        }
        return Ok(());
    }
    compare(&counts, &compiler)
}

/// Prints the differences; fails where one is above the tolerance.
fn compare(counts: &BTreeMap<&str, u64>, compiler: &str) -> Result<()> {
    let text = fs::read_to_string(path()).with_context(|| format!("reading {}", path().display()))?;
    let file: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", path().display()))?;
    let their_compiler = file["compiler"].as_str().unwrap_or_default();
    if their_compiler != compiler {
        println!("note: the committed counts are of {their_compiler}, these of {compiler}");
    }
    println!("{:<24} {:>10} {:>10}", "instructions", "committed", "now");
    let mut changed = Vec::new();
    for (case, now) in counts {
        let Some(committed) = file["counts"][case].as_u64() else {
            println!("{case:<24} {:>10} {now:>10}", "none");
            changed.push(*case);
            continue;
        };
        let difference = per_cent(committed, *now);
        println!("{case:<24} {committed:>10} {now:>10} {difference:>+7.1} %");
        if difference.abs() > TOLERANCE {
            changed.push(*case);
        }
    }
    ensure!(
        changed.is_empty(),
        "more than {TOLERANCE} % away from the committed counts: {}; find out why, or `cargo xtask bench --instructions \
         --accept` and commit",
        changed.join(", ")
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of one request")]
fn per_cent(committed: u64, now: u64) -> f64 {
    (now as f64 / committed as f64 - 1.0) * 100.0
}

/// The middle count of some processes that do the same.
fn middle(case: &str, times: u32) -> Result<u64> {
    let mut counts = Vec::with_capacity(PROCESSES);
    for _ in 0..PROCESSES {
        counts.push(instructions(case, times)?);
    }
    counts.sort_unstable();
    Ok(counts[PROCESSES / 2])
}

/// All instructions of a process that does a case so many times.
fn instructions(case: &str, times: u32) -> Result<u64> {
    let this = std::env::current_exe().context("cannot find out where this binary is")?;
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(this)
        .args(["bench-case", case, &times.to_string()])
        .output()
        .context("cannot start valgrind")?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("the case `{case}` failed: {report}");
    }
    refs(&report).with_context(|| format!("valgrind said no count: {report}"))
}

/// The count in `==7== I   refs:      1,234,567`.
fn refs(report: &str) -> Option<u64> {
    let line = report
        .lines()
        .filter_map(|line| line.split_once("refs:"))
        .find(|(name, _)| name.split_whitespace().last() == Some("I"))?;
    line.1.trim().replace(',', "").parse().ok()
}

fn path() -> PathBuf {
    crate::root().join("crates/xtask/src/bench/instructions.json")
}

/// Counts are of one compiler, for one kind of machine.
fn compiler() -> Result<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .context("cannot start rustc")?;
    let version = String::from_utf8(output.stdout).context("rustc's version is not text")?;
    Ok(format!("{}, {}", version.trim(), std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        let report = "==7== Cachegrind\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(refs(report), Some(1_234_567));
        assert_eq!(refs("==7== D   refs:      1\n"), None);
    }
}
