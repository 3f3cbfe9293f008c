//! Finds and reads the test files of a workspace.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context as _, Result};
use ignore::WalkBuilder;
use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::workspace::CheckedFlow;
use lockgate_testing::file::{SUFFIX, TestFile, parse};
use lockgate_testing::{Subject, check};

use crate::exit::Mistake;
use crate::workspace::{self, FILE, FLOWS, Loaded};

/// The test files that were asked for.
pub(crate) struct TestFiles {
    /// Those that were read.
    pub(crate) files: Vec<TestFile>,
    /// Every mistake in them, and in the flows that they test.
    pub(crate) findings: Vec<Diagnostic>,
}

/// Reads and checks test files.
///
/// # Errors
/// A file cannot be read, or what was asked for is not there.
pub(crate) fn read(
    loaded: &Loaded,
    folder: &Path,
    wanted: &[String],
    subject: &Subject,
) -> Result<TestFiles> {
    let all = find(&loaded.root);
    read_all(loaded, &select(loaded, folder, wanted, &all)?, subject)
}

/// Reads and checks the test files of a flow; all where none is named. A flow that has none has no tests.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn read_of(loaded: &Loaded, flow: Option<&CheckedFlow>, subject: &Subject) -> Result<TestFiles> {
    let mut all = find(&loaded.root);
    if let Some(flow) = flow {
        let own = tests_of(&loaded.root.join(flow.source.path()));
        all.retain(|path| *path == own);
    }
    read_all(loaded, &all, subject)
}

fn read_all(loaded: &Loaded, paths: &[PathBuf], subject: &Subject) -> Result<TestFiles> {
    let mut read = TestFiles {
        files: Vec::new(),
        findings: Vec::new(),
    };
    for path in paths {
        let (source, finding) = workspace::read(&loaded.root, path)?;
        let (file, mut findings) = parse(&source);
        findings.extend(finding);
        findings.extend(check(subject, &file));
        // Why a flow cannot run is said once, by the flow.
        if let Some(flow) = &file.flow
            && let Some(checked) = loaded.checked.flow(&flow.value)
            && checked.flow.is_none()
        {
            findings.extend(loaded.errors_of(&[checked.source.path()]));
        }
        read.add(findings);
        read.files.push(file);
    }
    Ok(read)
}

/// What the tests of a workspace test.
pub(crate) fn subject(loaded: &Loaded) -> Arc<Subject> {
    Arc::new(Subject::new(
        &loaded.checked,
        loaded.actions(),
        Arc::clone(&loaded.catalog),
        lockgate_catalogue::connection_types(&loaded.connectors.all),
    ))
}

/// How many cases run at once, where nobody says how many: one for each processor.
pub(crate) fn jobs() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

impl TestFiles {
    /// Takes out the files that cannot be run: those with mistakes, and those whose flow has some.
    pub(crate) fn retain_sound(&mut self, loaded: &Loaded) {
        let errors = self.findings.iter().filter(|finding| finding.is_error());
        let wrong: BTreeSet<&str> = errors.map(|finding| finding.primary.source.path()).collect();
        let is_sound = |file: &TestFile| {
            let flow = file
                .flow
                .as_ref()
                .and_then(|flow| loaded.checked.flow(&flow.value));
            let paths = [
                Some(file.source.path()),
                flow.map(|flow| flow.source.path()),
                Some(FILE),
            ];
            !paths.into_iter().flatten().any(|path| wrong.contains(path))
        };
        self.files.retain(is_sound);
    }

    /// Adds what was found, each finding once.
    pub(crate) fn add(&mut self, findings: Vec<Diagnostic>) {
        self.findings.extend(findings);
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.findings
            .dedup_by(|a, b| a.sort_key() == b.sort_key() && a.message == b.message);
    }
}

/// `only` where it is refused.
pub(crate) fn only(files: &[TestFile]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for file in files {
        for only in file.cases.iter().filter_map(|case| case.only) {
            let finding = Diagnostic::new(
                Code::InvalidCase,
                &file.source,
                only,
                "`only` keeps all other cases from running",
            )
            .help("it is for a while at your desk: take it out (`--ci` refuses it)");
            findings.push(finding);
        }
    }
    findings
}

/// `flows/**/*.test.yaml`, in the order of their paths.
pub(crate) fn find(root: &Path) -> Vec<PathBuf> {
    let folder = root.join(FLOWS);
    let mut found = Vec::new();
    if !folder.is_dir() {
        return found;
    }
    // A link that leads nowhere is `lockgate check`'s to tell.
    let entries = WalkBuilder::new(&folder)
        .require_git(false)
        .follow_links(true)
        .build();
    for entry in entries.filter_map(Result::ok) {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_string_lossy().ends_with(SUFFIX) {
            found.push(entry.into_path());
        }
    }
    found.sort();
    found
}

/// Those that were asked for, by path or by the name of a flow.
fn select(loaded: &Loaded, folder: &Path, wanted: &[String], all: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if wanted.is_empty() {
        return Ok(all.to_vec());
    }
    let mut selected = Vec::new();
    for wanted in wanted {
        let before = selected.len();
        if let Ok(path) = folder.join(wanted).canonicalize() {
            let tests = tests_of(&path);
            if path.is_file() && wanted.ends_with(SUFFIX) && !all.contains(&path) {
                // One that stands elsewhere.
                selected.push(path);
                continue;
            }
            selected.extend(
                all.iter()
                    .filter(|test| test.starts_with(&path) || **test == tests)
                    .cloned(),
            );
        }
        if selected.len() == before {
            let flow = loaded.checked.flow(wanted);
            let tests = flow.map(|flow| tests_of(&loaded.root.join(flow.source.path())));
            selected.extend(all.iter().filter(|test| Some(*test) == tests.as_ref()).cloned());
        }
        if selected.len() == before {
            return Err(no_tests(loaded, wanted).into());
        }
    }
    selected.sort();
    selected.dedup();
    Ok(selected)
}

/// Where the tests of a flow file stand: beside it.
pub(crate) fn tests_of(flow: &Path) -> PathBuf {
    flow.with_extension(SUFFIX.trim_start_matches('.'))
}

fn no_tests(loaded: &Loaded, wanted: &str) -> Mistake {
    if let Some(flow) = loaded.checked.flow(wanted) {
        let tests = tests_of(Path::new(flow.source.path()));
        return Mistake::new(format!("the flow `{wanted}` has no tests"))
            .help(format!("write them into {}", tests.display()));
    }
    let known = loaded.checked.flows.iter().map(|flow| flow.name.as_str());
    Mistake::new(format!("there are no tests `{wanted}`")).maybe_help(suggestion(wanted, known))
}

/// The text of a file, for snapshots.
pub(super) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
