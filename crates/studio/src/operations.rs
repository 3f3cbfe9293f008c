//! What the studio needs of tests, connections, runs and scenarios.
//!
//! Everything here may be shown: whoever implements it leaves secrets out, or masks them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lockgate_flow::assist::Recorded;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::Flow;
use lockgate_flow::workspace::Workspace;
use lockgate_server::problem::Problem;
use serde::Serialize;
use serde_json::Value;

/// Runs tests, asks connections, reads runs, adds scenarios. What computes for long, or waits for the disk, does so where no
/// other request waits for it. Who drops a future wants nothing more of it.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Runs the tests of a flow, or all, as the files are now.
    ///
    /// # Errors
    /// There is no such flow; the workspace cannot be read.
    async fn run_tests(&self, flow: Option<&str>) -> Result<TestReport, Problem>;

    /// All connections of the workspace, as the files and the environment are now.
    ///
    /// # Errors
    /// The workspace cannot be read.
    async fn connections(&self) -> Result<Vec<Connection>, Problem>;

    /// Tests a connection: whether it can be used, and what of the scopes that flows need is granted.
    ///
    /// # Errors
    /// There is none of this name; the workspace cannot be read.
    async fn check_connection(&self, name: &str) -> Result<ConnectionCheck, Problem>;

    /// Which way a run went, and in which text.
    ///
    /// # Errors
    /// There is no such run; the store cannot be read.
    async fn run_path(&self, id: &str) -> Result<RunPath, Problem>;

    /// What a run recorded, for showing what templates give with it.
    ///
    /// # Errors
    /// There is no such run; the store cannot be read.
    async fn recorded(&self, id: &str) -> Result<Recorded, Problem>;

    /// Where a flow of a workspace that is being edited departs from what a run recorded. Nothing happens outside.
    ///
    /// # Errors
    /// There is no such run; the store cannot be read.
    async fn compare_run(&self, id: &str, edited: Edited) -> Result<Departures, Problem>;

    /// A run as a case of its flow's test file. Nothing is written.
    ///
    /// # Errors
    /// There is no such run, or none that has ended; its flow is gone; nothing can be appended to the file.
    async fn make_case(&self, id: &str) -> Result<CaseText, Problem>;

    /// The scenarios that can be added.
    ///
    /// # Errors
    /// None can be read.
    async fn scenarios(&self) -> Result<Arc<[Scenario]>, Problem>;

    /// Adds a scenario to the workspace, or says what that would do. With a clash, nothing is written.
    ///
    /// # Errors
    /// There is none of this name; a file cannot be read or written.
    async fn add_scenario(&self, name: &str, dry_run: bool) -> Result<ScenarioPlan, Problem>;
}

/// How tests went.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// How many cases held.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// How many were not run.
    pub skipped: usize,
    /// All of it.
    pub duration_ms: f64,
    /// In the order of the files.
    pub cases: Vec<TestCase>,
    /// What ran, by flow: of all flows that can run, or of the one that was asked for.
    pub coverage: BTreeMap<String, PartCoverage>,
    /// Mistakes in test files, and in flows that they test. The cases of those files were not run.
    pub findings: Vec<Diagnostic>,
    /// What was tested.
    pub workspace: Arc<Workspace>,
}

/// A case that was run, or passed over.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Its file.
    pub file: String,
    /// Where it stands there, from 1.
    pub line: usize,
    /// The flow that it tests.
    pub flow: String,
    /// Its name.
    pub name: String,
    /// `passed`, `failed`, `skipped`.
    pub status: &'static str,
    /// Why it was passed over.
    pub reason: Option<String>,
    /// In real time.
    pub duration_ms: f64,
    /// What did not hold.
    pub failures: Vec<TestFailure>,
    /// What its runs did, masked: each as the JSON of `lockgate test` has it.
    pub runs: Vec<Value>,
}

/// Something that did not hold.
#[derive(Clone, Debug)]
pub struct TestFailure {
    /// What, with its place in the test file.
    pub finding: Diagnostic,
    /// What was expected and what was found, where both can be shown beside each other.
    pub values: Option<(Option<Value>, Option<Value>)>,
    /// Which run of the case, from 0.
    pub run: usize,
}

/// What of a flow has run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartCoverage {
    /// By structural path: whether the step ran.
    pub steps: BTreeMap<String, bool>,
    /// The ways out of the steps, in the order of the text.
    pub ways: Vec<WayCoverage>,
}

/// A way out of a step, and whether it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WayCoverage {
    /// The structural path of the step.
    pub path: String,
    /// See [`lockgate_flow::render::picture::way_name`].
    pub way: String,
    /// Whether it was taken.
    pub taken: bool,
}

/// A connection. What its settings hold is never told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What connections of this type are.
    pub summary: String,
    /// What stands behind it.
    pub target: Target,
    /// Where it goes, if that is known.
    pub url: Option<String>,
    /// The variables that its settings read.
    pub variables: Vec<Variable>,
    /// The names of the settings that are given.
    pub settings: Vec<String>,
    /// The flows that use it.
    pub flows: Vec<String>,
    /// What they need.
    pub scopes: Vec<ScopeNeeded>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// What stands behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The emulated tenant, in the place of Auth0.
    Emulated,
    /// Somebody's tenant.
    Real,
    /// What callers must show was made up, since variables are not set.
    MadeUp,
    /// What callers must show is what the settings say.
    Set,
    /// A provider.
    Provider,
    /// Nothing: steps that use it fail, since variables are not set.
    LeftOut,
    /// Nothing: no flow that is served uses it.
    Unused,
}

/// A variable of the environment, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether it has a value, or there is another one for it.
    pub is_set: bool,
}

/// Scopes of which one has to be granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeNeeded {
    /// They.
    pub any_of: Vec<String>,
    /// Which flows need it, and for which action.
    pub users: Vec<String>,
    /// Whether one is granted; `None`: nobody has asked, or nobody can tell.
    pub granted: Option<bool>,
}

/// What a test of a connection gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionCheck {
    /// Whether it can be used, and everything that is needed is granted.
    pub ok: bool,
    /// For people.
    pub message: String,
    /// What flows need.
    pub scopes: Vec<ScopeNeeded>,
    /// The fewest scopes that have to be granted.
    pub missing: Vec<String>,
}

/// Which way a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPath {
    /// The path of the file that its flow stood in.
    pub path: String,
    /// The text that it ran.
    pub text: String,
    /// Whether that is the text that stands on disk.
    pub is_current: bool,
    /// Where it went, without the flows that it called.
    pub passage: PartCoverage,
    /// Whether that was found by running the record again; where not, it is what was recorded.
    pub is_exact: bool,
}

/// A text that is being edited, checked with the other files of its workspace.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The workspace with it.
    pub workspace: Arc<Workspace>,
    /// The flow that it says.
    pub flow: Arc<Flow>,
}

/// Where a flow departs from what a run recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Departures {
    /// In order.
    pub departures: Vec<DepartureShown>,
    /// For people: how far it came.
    pub end: String,
}

/// A departure in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DepartureShown {
    /// The structural path of the step in the edited flow; `None` where it has none, or it is of the run as a whole.
    pub step: Option<String>,
    /// Of the step, for people.
    pub title: String,
    /// What is different: a line of words, and below it the lines that changed, with `+` and `-`.
    pub what: String,
}

/// A run as a case of a test file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseText {
    /// The test file.
    pub path: String,
    /// The whole file, with the case in it.
    pub text: String,
    /// Where the case begins, from 1.
    pub line: usize,
    /// The version of the file as it stands on disk; `None` where there is none.
    pub base: Option<String>,
}

/// A workspace to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for, in a sentence or two.
    pub summary: String,
    /// What explains it, in Markdown.
    pub readme: String,
    /// The names of its flows.
    pub flows: Vec<String>,
    /// The names of its connections.
    pub connections: Vec<String>,
    /// Its flows, drawn.
    pub pictures: Vec<ScenarioPicture>,
}

/// A flow, drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioPicture {
    /// Its name.
    pub flow: String,
    /// As SVG.
    pub svg: String,
}

/// What adding a scenario does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScenarioPlan {
    /// Files that are written.
    pub new: Vec<String>,
    /// Files that are added to.
    pub grown: Vec<FileDiff>,
    /// Files that are there already.
    pub same: Vec<String>,
    /// Files that are there and different. With one of them nothing is written.
    pub clashes: Vec<FileDiff>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// Whether it was done.
    pub written: bool,
}

/// What changes in a file, or would have to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// A unified diff.
    pub diff: String,
}
