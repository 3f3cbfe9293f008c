//! `lockgate test`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_flow::diagnostic::{render_github, render_json, render_text};
use lockgate_testing::Subject;
use lockgate_testing::report::{CaseReport, Report, Verdict};
use lockgate_testing::runner::{self, Options};

use super::runs::{history, look};
use super::{block_on, counted};
use crate::args::{TestArgs, TestFormat};
use crate::catalogue;
use crate::environment::variable;
use crate::exit::{Exit, Mistake};
use crate::runs;
use crate::store;
use crate::terminal::Terminal;
use crate::test::{self, Coverage, Folder, Shown, TestFiles};
use crate::workspace::{Loaded, relative, root_of};

pub(super) fn test(folder: &Path, args: &TestArgs, terminal: &Terminal) -> Result<Exit> {
    if !args.watch {
        return round(folder, args, terminal, None);
    }
    let root = root_of(folder)?;
    let again = {
        let (folder, args, terminal) = (folder.to_owned(), args.clone(), terminal.clone());
        move |changed: Option<&BTreeSet<String>>| round(&folder, &args, &terminal, changed)
    };
    block_on(test::watch(root, terminal, again))
}

/// Reads everything and runs what was asked for; of that what a change concerns, where there was one.
fn round(
    folder: &Path,
    args: &TestArgs,
    terminal: &Terminal,
    changed: Option<&BTreeSet<String>>,
) -> Result<Exit> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let subject = test::subject(&loaded);
    if let Some(run) = &args.record {
        return record(&loaded, folder, args, run, &subject, terminal);
    }
    if let Some(step) = &args.step {
        return alone(&loaded, folder, args, step, &subject, terminal);
    }
    let mut read = test::read(&loaded, folder, &args.paths, &subject)?;
    if args.ci || variable("CI").is_some() {
        read.findings.extend(test::only(&read.files));
    }
    if let Some(changed) = changed {
        test::concerned(&loaded, &subject, &mut read.files, changed);
        if read.files.is_empty() {
            return Ok(Exit::Done);
        }
    }
    // What has mistakes cannot run, and its coverage is not known.
    if args.is_covering() && !args.is_for_some() {
        let broken = loaded.checked.flows.iter().filter(|flow| flow.flow.is_none());
        let files: Vec<&str> = broken.map(|flow| flow.source.path()).collect();
        read.add(loaded.errors_of(&files));
    }
    if !read.findings.is_empty() && show_findings(&read, args.format, terminal)? {
        return Ok(Exit::Invalid);
    }
    let options = Options {
        jobs: args.jobs.unwrap_or_else(test::jobs),
        fail_fast: args.fail_fast,
        filter: args.filter.clone(),
        cancelled: None,
    };
    let snapshots = Folder(&loaded.root);
    let is_text = args.format == TestFormat::Text;
    let tell = |case: &CaseReport| {
        let style = terminal.stdout_style();
        let shown = Shown { case, style };
        let is_failed = case.verdict == Verdict::Failed;
        if is_text && (is_failed || !(terminal.is_quiet() || args.watch)) {
            // What cannot be written now cannot be at the end either, and is told then.
            let _ = terminal.print(&shown.line());
        }
    };
    let mut report = runner::run(&subject, &read.files, &options, &snapshots, &tell);
    if report.cases.is_empty() {
        no_cases(args, terminal)?;
    }
    if args.update {
        update(&snapshots, &read, args, &mut report, terminal)?;
    } else {
        for path in snapshots.unused(&read.files, &report) {
            let path = relative(&loaded.root, &path);
            if args.filter.is_none() {
                terminal.remark(&format!(
                    "note: no case has the snapshot {path}; `--update` deletes it"
                ));
            }
        }
    }
    let coverage = args.is_covering().then(|| Coverage::of(&subject, args, &report));
    let why = changed.map_or_else(String::new, |changed| {
        let files: Vec<&str> = changed.iter().map(String::as_str).collect();
        format!(" after a change of {}", files.join(", "))
    });
    show(&report, coverage.as_ref(), args, &why, terminal)?;
    if let Some(path) = &args.junit {
        test::write_junit(&folder.join(path), &report)?;
    }
    if let (Some(coverage), Some(path)) = (&coverage, &args.coverage_svg) {
        coverage.draw(&folder.join(path), &subject, &report, terminal)?;
    }
    let is_good = report.totals().failed == 0 && coverage.is_none_or(|coverage| coverage.suffices());
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}

/// Writes a case: to stdout, or into a file.
fn record(
    loaded: &Loaded,
    folder: &Path,
    args: &TestArgs,
    run: &str,
    subject: &Subject,
    terminal: &Terminal,
) -> Result<Exit> {
    let history = history(folder, args.store.as_deref())?;
    let run = look::read(&history, runs::pick(&history, run)?)?;
    let run = test::recorded(loaded, &history, &run)
        .map_err(store::failed)?
        .map_err(|why| Mistake::new(why.to_string()))?;
    let Some(path) = &args.output else {
        terminal.print(test::new_file(subject, &run).trim_end())?;
        return Ok(Exit::Done);
    };
    let path = folder.join(path);
    let text = test::appended(loaded, subject, &run, &path)?;
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    let style = terminal.stderr_style();
    terminal.remark(&format!("{} {}", style.good("✓"), path.display()));
    Ok(Exit::Done)
}

/// A filter that nothing passes is a slip, and must not look like success; a workspace without tests may be new.
fn no_cases(args: &TestArgs, terminal: &Terminal) -> Result<()> {
    if let Some(filter) = &args.filter {
        return Err(Mistake::new(format!("no case has `{filter}` in its name")).into());
    }
    terminal.remark("there are no tests: write `flows/sign-up.test.yaml` beside `flows/sign-up.yaml`");
    Ok(())
}

/// Runs one step and shows what it gave: the trace on stderr, the result on stdout.
fn alone(
    loaded: &Loaded,
    folder: &Path,
    args: &TestArgs,
    step: &str,
    subject: &Arc<Subject>,
    terminal: &Terminal,
) -> Result<Exit> {
    // A flow without tests has no mocks.
    let tests = test::read(loaded, folder, &[], subject)?;
    let (file, findings) = test::alone(loaded, folder, args, step, &tests.files, subject)?;
    let read = TestFiles {
        files: vec![file],
        findings,
    };
    if !read.findings.is_empty() && show_findings(&read, args.format, terminal)? {
        return Ok(Exit::Invalid);
    }
    let options = Options {
        jobs: NonZeroUsize::MIN,
        fail_fast: false,
        filter: None,
        cancelled: None,
    };
    let report = runner::run(subject, &read.files, &options, &Folder(&loaded.root), &|_| {});
    if args.format == TestFormat::Json {
        terminal.print_json(&test::as_json(&report, None))?;
    }
    let mut is_bad = false;
    for case in &report.cases {
        let style = terminal.stderr_style();
        let shown = Shown { case, style };
        if case.verdict == Verdict::Failed {
            terminal.say(shown.failures().trim());
            is_bad = true;
            continue;
        }
        terminal.remark(shown.traces().trim());
        for run in &case.runs {
            let (result, is_error) = test::result(run);
            is_bad |= is_error;
            if args.format != TestFormat::Json {
                terminal.print_json(&result)?;
            }
        }
    }
    Ok(if is_bad { Exit::Failed } else { Exit::Done })
}

/// Shows mistakes in test files. Whether one of them keeps the tests from running.
fn show_findings(read: &TestFiles, format: TestFormat, terminal: &Terminal) -> Result<bool> {
    let findings = &read.findings;
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    match format {
        TestFormat::Text => terminal.say(render_text(findings, terminal.stderr_style().is_on()).trim_end()),
        TestFormat::Github => terminal.print(&render_github(findings))?,
        // Without errors the report is what stdout has.
        TestFormat::Json if errors > 0 => terminal.print_json(&render_json(findings))?,
        TestFormat::Json => {}
    }
    if errors > 0 {
        let style = terminal.stderr_style();
        terminal.remark(&format!(
            "{} {}; nothing was run",
            style.bad("✗"),
            counted(errors, "error")
        ));
    }
    Ok(errors > 0)
}

/// Writes snapshots. A case that failed for its snapshot alone has passed then.
fn update(
    snapshots: &Folder<'_>,
    read: &TestFiles,
    args: &TestArgs,
    report: &mut Report,
    terminal: &Terminal,
) -> Result<()> {
    for line in snapshots.update(report)? {
        terminal.remark(&line);
    }
    // With a filter, or after the first failure, nobody knows what the others have.
    if args.filter.is_none() && !args.fail_fast {
        for path in snapshots.unused(&read.files, report) {
            std::fs::remove_file(&path)?;
            terminal.remark(&format!("deleted {}", relative(snapshots.0, &path)));
        }
    }
    report.accept_snapshots();
    Ok(())
}

fn show(
    report: &Report,
    coverage: Option<&Coverage>,
    args: &TestArgs,
    why: &str,
    terminal: &Terminal,
) -> Result<()> {
    let style = terminal.stdout_style();
    let failed = report.cases.iter().filter(|case| case.verdict == Verdict::Failed);
    match args.format {
        TestFormat::Json => terminal.print_json(&test::as_json(report, coverage))?,
        TestFormat::Github => {
            for case in failed {
                let findings: Vec<_> = case
                    .failures
                    .iter()
                    .map(|failure| failure.finding.clone())
                    .collect();
                terminal.print(&render_github(&findings))?;
            }
        }
        TestFormat::Text => {
            for case in failed {
                let shown = Shown { case, style };
                terminal.print(&format!("\n{}\n{}", shown.line(), shown.failures()))?;
            }
        }
    }
    if args.format != TestFormat::Json {
        if let Some(coverage) = coverage.filter(|_| args.coverage) {
            terminal.print(&coverage.table(style))?;
        }
        let summary = test::summary(report, report.took, style);
        terminal.print(&format!("{summary}{}", style.dim(why)))?;
    }
    let shortage = coverage.map(|coverage| coverage.shortage(terminal.stderr_style()));
    if let Some(shortage) = shortage.filter(|shortage| !shortage.is_empty()) {
        terminal.say(&shortage);
    }
    Ok(())
}
