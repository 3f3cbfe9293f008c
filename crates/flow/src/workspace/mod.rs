//! A workspace: `lockgate.yaml` and the flows beside it, read, checked and compiled together.
//!
//! Finding and reading the files is the caller's; so is the environment that `${NAME}` reads.

mod file;
mod settings;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use file::{ConnectionSyntax, LANGUAGE_VERSION, WorkspaceFile};
pub use settings::{Environment, MissingVariable, Resolved, resolve_settings, variables};
pub use store::{DurabilitySyntax, RetentionSyntax, StoreSyntax};

use crate::catalog::{Catalog, ScopeNeed};
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::graph::{Flow, Op};
use crate::source::{Source, Span};
use crate::syntax::{FlowSyntax, parse};

/// A checked workspace.
#[derive(Debug)]
pub struct Workspace {
    /// `lockgate.yaml`, if there is one that could be read.
    pub file: Option<WorkspaceFile>,
    /// The text of `lockgate.yaml`, if there is one.
    pub source: Option<Arc<Source>>,
    /// The flows, in the order of their sources.
    pub flows: Vec<CheckedFlow>,
    /// All findings of all files, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// A flow file after the check.
#[derive(Clone, Debug)]
pub struct CheckedFlow {
    /// The flow's name; the file's stem where even that could not be read.
    pub name: String,
    /// The text.
    pub source: Arc<Source>,
    /// What could be read of it, for renderings.
    pub syntax: Option<Arc<FlowSyntax>>,
    /// The compiled flow, if no finding keeps it from running.
    pub flow: Option<Arc<Flow>>,
}

/// A scope that a step needs on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeUse {
    /// The connection's name.
    pub connection: String,
    /// The need.
    pub need: ScopeNeed,
    /// The flow.
    pub flow: String,
    /// The action.
    pub action: String,
    /// The step's path.
    pub step: String,
    /// Where the step stands.
    pub span: Span,
}

impl Workspace {
    /// Reads, checks and compiles. Every mistake of every file is found in one go.
    pub fn check(file: Option<&Arc<Source>>, sources: &[Arc<Source>], catalog: &Catalog) -> Self {
        let mut diagnostics = Vec::new();
        let source = file.cloned();
        let file = file.and_then(|source| {
            let (file, findings) = WorkspaceFile::parse(source, catalog);
            diagnostics.extend(findings);
            file
        });
        // Of a workspace file that could not be read nobody knows what it declares.
        let is_known = source.is_none() || file.as_ref().is_some_and(|file| file.is_complete);
        let parsed: Vec<check::Given> = sources
            .iter()
            .map(|source| {
                let parsed = parse(source);
                diagnostics.extend(parsed.diagnostics);
                check::Given {
                    source: Arc::clone(source),
                    syntax: parsed.flow,
                    is_complete: parsed.complete,
                }
            })
            .collect();
        let mut workspace = Self {
            file,
            source,
            flows: Vec::new(),
            diagnostics,
        };
        check::check(&mut workspace, parsed, catalog, is_known);
        workspace.sort_findings();
        workspace
    }

    /// The same workspace with a text in the place of the flow of its path, or with it as a new flow. What is known of the other
    /// flows stays, so that this takes no longer in a large workspace; its findings are those of the text alone. `catalog` is
    /// the one that the workspace was checked with.
    #[must_use]
    pub fn with_flow(&self, source: &Arc<Source>, catalog: &Catalog) -> Self {
        let mut workspace = check::check_one(self, source, catalog);
        workspace.sort_findings();
        workspace
    }

    fn sort_findings(&mut self) {
        self.diagnostics.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.diagnostics
            .dedup_by(|a, b| a.sort_key() == b.sort_key() && a.message == b.message);
    }

    /// The flow of that name.
    pub fn flow(&self, name: &str) -> Option<&CheckedFlow> {
        self.flows.iter().find(|flow| flow.name == name)
    }

    /// The runnable flows, by name.
    pub fn runnable(&self) -> BTreeMap<String, Arc<Flow>> {
        self.flows
            .iter()
            .filter_map(|checked| Some((checked.name.clone(), checked.flow.clone()?)))
            .collect()
    }

    /// The declared connections.
    pub fn connections(&self) -> &[ConnectionSyntax] {
        self.file.as_ref().map_or(&[], |file| &file.connections)
    }

    /// `config` of the workspace file.
    pub fn config(&self) -> Value {
        self.file.as_ref().map_or_else(
            || Value::Object(serde_json::Map::new()),
            |file| file.config.clone(),
        )
    }

    /// Whether a finding keeps something from running.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The names of the runnable flows that use a connection, in a step or to check their callers.
    pub fn flows_using(&self, connection: &str) -> Vec<&str> {
        self.flows
            .iter()
            .filter(|checked| {
                checked.flow.as_ref().is_some_and(|flow| {
                    uses(flow).any(|(name, _)| name == connection)
                        || self.auth_connection(flow) == Some(connection)
                })
            })
            .map(|checked| checked.name.as_str())
            .collect()
    }

    /// The connection that holds what the callers of a flow must show: the one that its trigger's `auth` names, or the only
    /// one of that type.
    pub fn auth_connection(&self, flow: &Flow) -> Option<&str> {
        let auth = &flow.syntax.trigger.http.as_ref()?.auth.as_ref()?.value;
        let mut fitting = self.connections().iter().filter(|connection| {
            let named = auth.connection.as_ref();
            connection.type_name.value == auth.kind.name()
                && named.is_none_or(|named| named.value == connection.name.value)
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first.name.value.as_str())
    }

    /// Every OAuth scope that the runnable flows need, step by step.
    pub fn scopes(&self) -> Vec<ScopeUse> {
        self.flows
            .iter()
            .filter_map(|checked| checked.flow.as_deref())
            .flat_map(scopes_of)
            .collect()
    }
}

fn uses(flow: &Flow) -> impl Iterator<Item = (&str, &crate::graph::Node)> {
    flow.graph.node_weights().filter_map(|node| match &node.op {
        Op::Action(action) => Some((action.connection.as_deref()?, node)),
        _ => None,
    })
}

/// The OAuth scopes that a flow's steps need.
pub fn scopes_of(flow: &Flow) -> Vec<ScopeUse> {
    let mut found: Vec<ScopeUse> = uses(flow)
        .flat_map(|(connection, node)| {
            let Op::Action(action) = &node.op else {
                return Vec::new();
            };
            let Some(rule) = action.spec.scopes else {
                return Vec::new();
            };
            rule(&check::known_input(&action.input))
                .into_iter()
                .map(|need| ScopeUse {
                    connection: connection.to_owned(),
                    need,
                    flow: flow.name.clone(),
                    action: action.spec.name.to_string(),
                    step: node.path.to_string(),
                    span: node.span,
                })
                .collect()
        })
        .collect();
    found.sort_by_key(|scope| scope.span);
    found
}
