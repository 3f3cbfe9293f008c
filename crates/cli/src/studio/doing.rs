//! Tests, connections, runs and scenarios, as the studio asks for them.
//!
//! What reads files or computes does so on threads that may block. A file may have been changed a moment ago: what depends on
//! files reads them.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use http::StatusCode;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_flow::assist::Recorded;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::suggestion;
use lockgate_store::Store;
use lockgate_studio::Operations;
use lockgate_studio::aside;
use lockgate_studio::operations::{
    CaseText, Connection, ConnectionCheck, Departures, Edited, RunPath, Scenario, ScenarioPlan, TestReport,
};
use lockgate_studio::problem::{Problem, problem};

use super::WorkspaceFiles;
use super::connections;
use super::runs::Runs;
use super::scenarios::Scenarios;
use super::tests::Tests;
use crate::catalogue;
use crate::exit;
use crate::serve::Served;
use crate::workspace::Loaded;

/// Does what the studio asks for, in a workspace.
pub(crate) struct Doing {
    files: Arc<WorkspaceFiles>,
    /// What this binary offers.
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    served: Arc<Served>,
    runs: Runs,
    scenarios: Scenarios,
    tests: Tests,
}

impl Doing {
    /// `store` is where the workspace keeps its runs, if it keeps any; `served` are its connections.
    pub(crate) fn new(files: Arc<WorkspaceFiles>, store: Option<Store>, served: Arc<Served>) -> Self {
        Self {
            files,
            catalog: Arc::new(catalogue::catalog()),
            clock: Arc::new(SystemClock::new()),
            served,
            runs: Runs::of(store),
            scenarios: Scenarios::default(),
            tests: Tests::default(),
        }
    }

    fn root(&self) -> PathBuf {
        self.files.loaded().root.clone()
    }

    /// The workspace as its files are now.
    async fn load(&self) -> Result<Loaded, Problem> {
        let (root, catalog) = (self.root(), Arc::clone(&self.catalog));
        aside(move || Loaded::find(&root, &catalog, &[]).map_err(|error| unreadable(&error))).await
    }
}

#[async_trait]
impl Operations for Doing {
    async fn run_tests(&self, flow: Option<&str>) -> Result<TestReport, Problem> {
        self.tests.run(self.root(), &self.catalog, flow).await
    }

    async fn connections(&self) -> Result<Vec<Connection>, Problem> {
        let loaded = self.load().await?;
        let (served, clock) = (Arc::clone(&self.served), Arc::clone(&self.clock));
        aside(move || Ok(connections::list(&loaded, &served, &clock))).await
    }

    async fn check_connection(&self, name: &str) -> Result<ConnectionCheck, Problem> {
        let loaded = self.load().await?;
        connections::check(&loaded, name, &self.served, &self.clock).await
    }

    async fn run_path(&self, id: &str) -> Result<RunPath, Problem> {
        self.runs.path(id, self.files.loaded()).await
    }

    async fn recorded(&self, id: &str) -> Result<Recorded, Problem> {
        self.runs.recorded(id).await
    }

    async fn compare_run(&self, id: &str, edited: Edited) -> Result<Departures, Problem> {
        self.runs.compare(id, self.files.loaded(), edited).await
    }

    async fn make_case(&self, id: &str) -> Result<CaseText, Problem> {
        let loaded = self.load().await?;
        self.runs.case(id, loaded).await
    }

    async fn scenarios(&self) -> Result<Arc<[Scenario]>, Problem> {
        self.scenarios.all().await
    }

    async fn add_scenario(&self, name: &str, dry_run: bool) -> Result<ScenarioPlan, Problem> {
        self.scenarios.add(self.root(), name, dry_run).await
    }
}

/// The workspace cannot be read as it is now.
pub(super) fn unreadable(error: &anyhow::Error) -> Problem {
    problem(StatusCode::CONFLICT, "workspace_unreadable", exit::message(error))
}

/// There is nothing of this name, with what may be meant.
pub(super) fn absent<'a>(
    code: &'static str,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    let help = suggestion(name, known).map_or_else(String::new, |help| format!("; {help}"));
    problem(
        StatusCode::NOT_FOUND,
        code,
        format!("there is no {what} `{name}`{help}"),
    )
}
