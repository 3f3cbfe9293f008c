//! `/api/workspace`: flows, files, findings of all files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::flatten;
use lockgate_flow::source::Source;
use lockgate_flow::syntax::{AuthKind, Verb};
use lockgate_flow::workspace::CheckedFlow;
use lockgate_flow::yaml::{Limits, Loaded, load};
use lockgate_server::problem::Problem;
use serde::Serialize;

use super::Studio;
use crate::aside::aside;
use crate::document::{route_of, schedule_of};
use crate::files::{Desk, Mode};
use crate::finding::{Finding, Findings};
use crate::path::{FileKind, FilePath};

/// `Workspace` of the API.
#[derive(Debug, Serialize)]
pub(super) struct WorkspaceShown {
    name: String,
    is_writable: bool,
    mode: &'static str,
    version: String,
    serving: bool,
    flows_url: String,
    tenant: Option<String>,
    flows: Vec<FlowEntry>,
    files: Vec<String>,
    diagnostics: Vec<Finding>,
}

/// `FlowEntry` of the API.
#[derive(Debug, Serialize)]
struct FlowEntry {
    name: String,
    path: String,
    description: Option<String>,
    route: Option<String>,
    schedule: Option<String>,
    auth: Option<&'static str>,
    durable: bool,
    state: &'static str,
    errors: usize,
    warnings: usize,
    steps: usize,
    tests: Option<String>,
    calls: BTreeSet<String>,
    connections: BTreeSet<String>,
}

/// `GET /api/workspace`
pub(super) async fn show(State(studio): State<Arc<Studio>>) -> Result<Json<WorkspaceShown>, Problem> {
    aside(move || Ok(Json(shown(&studio)))).await
}

fn shown(studio: &Studio) -> WorkspaceShown {
    let desk = studio.desk();
    let setting = studio.files.setting();
    let of_tests = studio.files.findings(&tests(&desk));
    let all: Vec<&Diagnostic> = desk.checked.diagnostics.iter().chain(&of_tests).collect();
    // Only of flows with findings: what has none needs no places.
    let found: BTreeSet<&str> = all.iter().map(|finding| finding.primary.source.path()).collect();
    let with_findings = desk
        .checked
        .flows
        .iter()
        .filter(|flow| found.contains(flow.source.path()));
    let trees: Vec<(&CheckedFlow, Loaded)> = with_findings
        .map(|flow| (flow, load(&flow.source, Limits::default())))
        .collect();
    let mut findings = Findings::default();
    for (flow, tree) in &trees {
        if let Some(syntax) = &flow.syntax {
            findings.know(syntax, tree.root.as_ref());
        }
    }
    let flows = desk.checked.flows.iter();
    WorkspaceShown {
        name: desk.name.clone(),
        is_writable: setting.is_writable,
        mode: match setting.mode {
            Mode::Dev => "dev",
            Mode::Serve => "serve",
        },
        version: desk.version.clone(),
        serving: desk.is_served,
        flows_url: setting.flows_url,
        tenant: studio.files.tenant(),
        flows: flows.map(|flow| entry(flow, &desk, &all)).collect(),
        files: desk.files.keys().map(FilePath::to_string).collect(),
        diagnostics: findings.show_all(all.iter().copied()),
    }
}

fn tests(desk: &Desk) -> Vec<(FileKind, Arc<Source>)> {
    let files = desk.files.iter();
    let tests = files.filter(|(path, _)| path.kind() == FileKind::Tests);
    tests
        .map(|(_, source)| (FileKind::Tests, Arc::clone(source)))
        .collect()
}

fn entry(flow: &CheckedFlow, desk: &Desk, findings: &[&Diagnostic]) -> FlowEntry {
    let path = flow.source.path();
    let mut counts = BTreeMap::from([(true, 0), (false, 0)]);
    let own = findings
        .iter()
        .filter(|finding| finding.primary.source.path() == path);
    for finding in own {
        *counts.entry(finding.is_error()).or_default() += 1;
    }
    let steps = flow.syntax.as_deref().map(flatten).unwrap_or_default();
    let trigger = flow.syntax.as_ref().map(|syntax| &syntax.trigger);
    let tests = format!("{}.test.yaml", path.trim_end_matches(".yaml"));
    let calls = steps.iter().filter_map(|step| match &step.verb {
        Verb::Call { flow, .. } => Some(flow.value.clone()),
        _ => None,
    });
    let connections = steps.iter().filter_map(|step| match &step.verb {
        Verb::Action {
            connection: Some(connection),
            ..
        } => Some(connection.value.clone()),
        Verb::Action { action, .. } => only_connection(desk, &action.value),
        _ => None,
    });
    FlowEntry {
        name: flow.name.clone(),
        path: path.to_owned(),
        description: flow.syntax.as_ref().and_then(|syntax| syntax.description.clone()),
        route: trigger.and_then(route_of),
        schedule: trigger.and_then(schedule_of),
        auth: trigger.and_then(|trigger| trigger.http.as_ref()).map(|http| {
            let auth = http.auth.as_ref().map(|auth| auth.value.kind);
            auth.unwrap_or(AuthKind::None).name()
        }),
        durable: flow.syntax.as_ref().is_some_and(|syntax| syntax.durable),
        state: if flow.flow.is_some() { "ready" } else { "broken" },
        errors: counts[&true],
        warnings: counts[&false],
        steps: steps.len(),
        tests: desk.file(&tests).map(|_| tests),
        calls: calls.collect(),
        connections: connections.collect(),
    }
}

/// The connection of a step that names none: the only one of the type that its action needs.
fn only_connection(desk: &Desk, action: &str) -> Option<String> {
    let needed = desk.catalog.action(action)?.connection.as_deref()?;
    let connections = desk.checked.connections().iter();
    let mut fitting = connections.filter(|connection| connection.type_name.value == needed);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.name.value.clone())
}
