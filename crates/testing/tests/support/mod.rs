//! A workspace from texts, and its tests run.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Diagnostic, render_text};
use lockgate_flow::graph::Flow;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_http::HttpPolicy;
use lockgate_testing::diff::diff;
use lockgate_testing::file::{TestFile, parse};
use lockgate_testing::report::{CaseReport, Report};
use lockgate_testing::runner::{Options, run};
use lockgate_testing::snapshot::Snapshots;
use lockgate_testing::{Subject, check};

/// The connections of every workspace here.
const WORKSPACE: &str = "\
version: 1
connections:
  auth0:
    type: auth0
    domain: ${AUTH0_DOMAIN}
    client_id: ${AUTH0_CLIENT_ID}
    client_secret: ${AUTH0_CLIENT_SECRET}
config: { database: Username-Password-Authentication }
";

/// Files of a workspace, by path.
pub(crate) struct Bed {
    pub(crate) subject: Arc<Subject>,
    pub(crate) files: Vec<TestFile>,
    flows: BTreeMap<String, Arc<Flow>>,
    /// Of the tests; flows must have none.
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) snapshots: Kept,
}

/// Snapshots in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<BTreeMap<String, String>>);

impl Snapshots for Kept {
    fn read(&self, path: &str) -> Option<String> {
        self.0.lock().unwrap().get(path).cloned()
    }
}

pub(crate) fn actions() -> Actions {
    let mut actions = Actions::new();
    lockgate_actions::register(&mut actions, HttpPolicy::default());
    lockgate_auth0::register(&mut actions);
    actions
}

impl Bed {
    #[track_caller]
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let (bed, checked) = Self::read(files);
        assert!(
            !checked.has_errors(),
            "{}",
            render_text(&checked.diagnostics, false)
        );
        bed
    }

    pub(crate) fn with_broken_flows(files: &[(&str, &str)]) -> Self {
        Self::read(files).0
    }

    fn read(files: &[(&str, &str)]) -> (Self, Workspace) {
        let actions = actions();
        let mut catalog = Catalog::new();
        actions.declare(&mut catalog);
        catalog.add_connection(lockgate_auth0::connection_spec());
        let types = lockgate_actions::connection_types();
        for known in &types {
            catalog.add_connection((*known.spec).clone());
        }
        let workspace = files.iter().find(|(path, _)| *path == "lockgate.yaml");
        let workspace = Source::new("lockgate.yaml", workspace.map_or(WORKSPACE, |(_, text)| *text));
        let sources = |is_test: bool| {
            files
                .iter()
                .filter(|(path, _)| *path != "lockgate.yaml" && path.ends_with(".test.yaml") == is_test)
                .map(|(path, text)| Source::new(*path, *text))
                .collect::<Vec<_>>()
        };
        let checked = Workspace::check(Some(&workspace), &sources(false), &catalog);
        let subject = Arc::new(Subject::new(&checked, actions, Arc::new(catalog), types));
        let (mut tests, mut findings) = (Vec::new(), Vec::new());
        for source in sources(true) {
            let (file, mut found) = parse(&source);
            found.extend(check(&subject, &file));
            findings.extend(found);
            tests.push(file);
        }
        let bed = Self {
            subject,
            files: tests,
            flows: checked.runnable(),
            findings,
            snapshots: Kept::default(),
        };
        (bed, checked)
    }

    #[track_caller]
    pub(crate) fn sound(files: &[(&str, &str)]) -> Self {
        let bed = Self::new(files);
        assert!(bed.findings.is_empty(), "{}", render_text(&bed.findings, false));
        bed
    }

    pub(crate) fn flow(&self, name: &str) -> Arc<Flow> {
        Arc::clone(&self.flows[name])
    }

    pub(crate) fn run(&self) -> Report {
        self.run_with(1)
    }

    pub(crate) fn run_with(&self, jobs: usize) -> Report {
        let options = Options {
            jobs: NonZeroUsize::new(jobs).unwrap(),
            fail_fast: false,
            filter: None,
            cancelled: None,
        };
        run(&self.subject, &self.files, &options, &self.snapshots, &|_| {})
    }

    /// What failed, as text; empty where all passed.
    pub(crate) fn failures(&self) -> String {
        self.run().cases.iter().map(shown).collect()
    }
}

/// The failures of a case as text.
pub(crate) fn shown(case: &CaseReport) -> String {
    let mut text = String::new();
    for failure in &case.failures {
        let _ = writeln!(text, "## {}\n", case.name);
        text.push_str(&render_text(std::slice::from_ref(&failure.finding), false));
        if let Some(values) = &failure.values {
            for line in diff(values) {
                text.push_str(format!("{} {}", line.side.mark(), line.text).trim_end());
                text.push('\n');
            }
            text.push('\n');
        }
    }
    text
}
