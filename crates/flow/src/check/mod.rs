//! Checks flows against each other, the workspace and the catalogue of actions.
//!
//! Each file looks for one sort of mistake. They all read the same: syntax with resolved names, and the graph.
//! None stops at the first finding.

mod arguments;
mod assignment;
mod concurrency;
mod conditions;
mod errors;
mod headers;
mod names;
mod one;
mod probe;
mod redirects;
mod references;
mod secrets;
mod state;
mod trigger;
mod types;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

pub(crate) use arguments::known_input;
pub(crate) use one::check_one;
pub(crate) use probe::{Probe, Probed, Site, Standing};
pub(crate) use types::{error_schema, request_schema, run_schema};

use crate::catalog::{ActionSpec, Catalog};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{self, Flow, Lowered};
use crate::schema::Validator;
use crate::source::{Source, Span};
use crate::syntax::{FlowSyntax, Step, Verb};
use crate::workspace::{CheckedFlow, Workspace};

/// What a check of one flow looks at.
pub(crate) struct FlowCheck<'a> {
    pub(crate) syntax: &'a FlowSyntax,
    pub(crate) lowered: &'a Lowered,
    pub(crate) catalog: &'a Catalog,
    /// Whether all connections and constants of the workspace are known.
    pub(crate) is_known: bool,
    pub(crate) config: &'a Value,
    pub(crate) signatures: &'a BTreeMap<String, Signature>,
    /// All steps in document order; `StepOrigin::step` is an index into it.
    pub(crate) steps: Vec<&'a Step>,
    /// The syntax of each step slot.
    pub(crate) slot_steps: Vec<&'a Step>,
    /// The slots of the body of each loop.
    pub(crate) loops: Vec<std::ops::Range<u32>>,
    pub(crate) validators: PartValidators,
    /// The variables that hold a secret.
    pub(crate) secret_variables: BTreeSet<String>,
    /// Where variables are read.
    pub(crate) variable_uses: Vec<VariableUse>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A place where a variable is read.
#[derive(Clone, Debug)]
pub(crate) struct VariableUse {
    pub(crate) name: String,
    /// The structural path of the step that reads it.
    pub(crate) path: String,
    pub(crate) span: Span,
}

/// What other flows may know of a flow.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// The schema of its input; `true` where that is not known.
    pub(crate) schema: Value,
}

/// What a check of one flow knows besides the flow.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) is_known: bool,
    pub(crate) config: &'a Value,
    pub(crate) signatures: &'a BTreeMap<String, Signature>,
}

impl<'a> FlowCheck<'a> {
    /// A check that has found nothing yet.
    pub(crate) fn new(lowered: &'a Lowered, known: Surroundings<'a>, validators: PartValidators) -> Self {
        let syntax = &*lowered.flow.syntax;
        let steps = graph::flatten(syntax);
        let slot_steps = steps.iter().copied().filter(|step| step.id.is_some()).collect();
        let nodes = lowered.flow.graph.node_weights();
        let loops = nodes.filter_map(|node| match &node.op {
            graph::Op::ForEach(each) => Some(each.body.slots.clone()),
            _ => None,
        });
        Self {
            syntax,
            lowered,
            catalog: known.catalog,
            is_known: known.is_known,
            config: known.config,
            signatures: known.signatures,
            steps,
            slot_steps,
            loops: loops.collect(),
            validators,
            secret_variables: BTreeSet::new(),
            variable_uses: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.syntax.source
    }

    pub(crate) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let source = Arc::clone(&self.syntax.source);
        let index = self.diagnostics.len();
        self.diagnostics
            .push(Diagnostic::new(code, &source, span, message));
        &mut self.diagnostics[index]
    }

    /// The declaration of a step's action.
    pub(crate) fn action(&self, step: &Step) -> Option<Arc<ActionSpec>> {
        match &step.verb {
            Verb::Action { action, .. } => self.catalog.action(&action.value).cloned(),
            _ => None,
        }
    }
}

/// A range that an expression carries, as a span.
pub(crate) fn span(range: &std::ops::Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// A flow file, as far as it could be read.
pub(crate) struct Given {
    pub(crate) source: Arc<Source>,
    pub(crate) syntax: Option<FlowSyntax>,
    /// Whether the text was read to its end. Where not, nothing is said about what was read.
    pub(crate) is_complete: bool,
}

impl Given {
    fn parts(&self) -> (&Source, Option<&FlowSyntax>) {
        (&self.source, self.syntax.as_ref())
    }
}

/// Checks and compiles the flows of a workspace. `is_known` says whether all connections and constants of the workspace
/// are known; where not, nothing is said about those that seem to be missing.
pub(crate) fn check(workspace: &mut Workspace, parsed: Vec<Given>, catalog: &Catalog, is_known: bool) {
    let connections: Vec<(String, String)> = workspace
        .connections()
        .iter()
        .map(|connection| (connection.name.value.clone(), connection.type_name.value.clone()))
        .collect();
    let shared = Shared {
        catalog,
        is_known,
        config: &Arc::new(workspace.config()),
        signatures: &signatures(parsed.iter().map(Given::parts)),
        connections: &connections,
        checks_triggers: true,
    };
    let broken: Vec<String> = workspace
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| finding.primary.source.path().to_owned())
        .collect();
    let mut lowered: Vec<(Arc<Source>, Option<Lowered>, bool)> = Vec::new();
    let mut incomplete: BTreeSet<String> = BTreeSet::new();
    let mut validators = Validators::default();
    for given in parsed {
        let Some(syntax) = given.syntax else {
            lowered.push((given.source, None, false));
            continue;
        };
        let source = given.source;
        let low = shared.lower(syntax, &mut validators);
        let findings = if given.is_complete {
            check_flow(&low, &shared, &mut validators.parts)
        } else {
            incomplete.insert(source.path().to_owned());
            Vec::new()
        };
        let sound =
            !findings.iter().any(Diagnostic::is_error) && !broken.iter().any(|path| path == source.path());
        workspace.diagnostics.extend(findings);
        lowered.push((source, Some(low), sound));
    }
    let across = workspace::check(
        lowered
            .iter()
            .filter(|(source, ..)| !incomplete.contains(source.path()))
            .filter_map(|(_, low, _)| low.as_ref().map(|low| &low.flow)),
        workspace.connections(),
    );
    for (source, low, sound) in lowered {
        let sound = sound
            && !across
                .iter()
                .any(|finding| finding.is_error() && finding.primary.source.path() == source.path());
        let name = low
            .as_ref()
            .map_or_else(|| stem(&source), |low| low.flow.name.clone());
        let syntax = low.as_ref().map(|low| Arc::clone(&low.flow.syntax));
        let flow = low.filter(|_| sound).map(|low| Arc::new(low.flow));
        workspace.flows.push(CheckedFlow {
            name,
            source,
            syntax,
            flow,
        });
    }
    workspace.diagnostics.extend(across);
}

/// Compiles flows that have been checked before, by a binary that may know other actions: what a run is pinned to. What
/// starts them (routes, `auth`, due times) is not looked at again, and a flow that is called and not given is not missed:
/// it could not be run then either.
///
/// # Errors
/// What keeps them from running.
pub(crate) fn check_again(
    parsed: Vec<Given>,
    config: &Arc<Value>,
    connections: &[(String, String)],
    catalog: &Catalog,
) -> Result<Vec<Flow>, Vec<Diagnostic>> {
    let mut signatures = signatures(parsed.iter().map(Given::parts));
    let given = parsed.iter().filter_map(|given| given.syntax.as_ref());
    for called in given.flat_map(graph::flatten) {
        if let Verb::Call { flow, .. } = &called.verb {
            let unknown = Signature {
                schema: Value::Bool(true),
            };
            signatures.entry(flow.value.clone()).or_insert(unknown);
        }
    }
    let shared = Shared {
        catalog,
        is_known: true,
        config,
        signatures: &signatures,
        connections,
        checks_triggers: false,
    };
    let mut validators = Validators::default();
    let mut findings = Vec::new();
    let mut flows = Vec::new();
    for syntax in parsed.into_iter().filter_map(|given| given.syntax) {
        let low = shared.lower(syntax, &mut validators);
        findings.extend(check_flow(&low, &shared, &mut validators.parts));
        flows.push(low.flow);
    }
    let across = workspace::check(flows.iter(), &[]).into_iter();
    findings.extend(across.filter(|finding| finding.code != Code::DuplicateRoute));
    findings.retain(Diagnostic::is_error);
    if findings.is_empty() {
        Ok(flows)
    } else {
        Err(findings)
    }
}

fn signatures<'a>(
    flows: impl Iterator<Item = (&'a Source, Option<&'a FlowSyntax>)>,
) -> BTreeMap<String, Signature> {
    let mut signatures: BTreeMap<String, Signature> = BTreeMap::new();
    for (source, syntax) in flows {
        let name = syntax.map_or_else(|| stem(source), |syntax| syntax.name.value.clone());
        let known = syntax.filter(|syntax| syntax.is_input_known);
        let signature = Signature {
            schema: known.map_or(Value::Bool(true), |syntax| graph::input_schema(&syntax.input)),
        };
        // Of two flows with one name nobody knows which is meant.
        signatures
            .entry(name)
            .and_modify(|first| first.schema = Value::Bool(true))
            .or_insert(signature);
    }
    signatures
}

fn stem(source: &Source) -> String {
    let name = source.path().rsplit(['/', '\\']).next().unwrap_or_default();
    name.split('.').next().unwrap_or(name).to_owned()
}

/// The connection that a step uses: the one that it names, or the only one of the type.
fn choose_connection(
    connections: &[(String, String)],
    type_name: &str,
    named: Option<&str>,
) -> Option<String> {
    let mut fitting = connections
        .iter()
        .filter(|(name, kind)| kind == type_name && named.is_none_or(|named| named == name))
        .map(|(name, _)| name.clone());
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// Compiled schemas, shared by the flows of a workspace.
#[derive(Default)]
struct Validators {
    /// Of the input of actions.
    inputs: graph::InputValidators,
    /// Of single arguments.
    parts: PartValidators,
}

/// By the address of the schema.
pub(crate) type PartValidators = BTreeMap<usize, Option<Validator>>;

/// What the checks of all flows look at.
struct Shared<'a> {
    catalog: &'a Catalog,
    is_known: bool,
    config: &'a Arc<Value>,
    signatures: &'a BTreeMap<String, Signature>,
    connections: &'a [(String, String)],
    /// Whether what starts a flow is looked at, too.
    checks_triggers: bool,
}

impl Shared<'_> {
    fn lower(&self, syntax: FlowSyntax, validators: &mut Validators) -> Lowered {
        let connection =
            |type_name: &str, named: Option<&str>| choose_connection(self.connections, type_name, named);
        graph::lower(
            syntax,
            self.catalog,
            self.config,
            &connection,
            &mut validators.inputs,
        )
    }
}

fn check_flow(lowered: &Lowered, shared: &Shared<'_>, validators: &mut PartValidators) -> Vec<Diagnostic> {
    let Shared {
        catalog,
        is_known,
        config,
        signatures,
        connections,
        checks_triggers,
    } = *shared;
    let known = Surroundings {
        catalog,
        is_known,
        config,
        signatures,
    };
    let mut check = FlowCheck::new(lowered, known, std::mem::take(validators));
    names::check(&mut check, connections);
    if checks_triggers {
        trigger::check(&mut check, connections);
    }
    concurrency::check(&mut check);
    arguments::check(&mut check);
    assignment::check(&mut check);
    conditions::check(&mut check);
    errors::check(&mut check);
    headers::check(&mut check);
    secrets::check(&mut check);
    redirects::check(&mut check);
    *validators = check.validators;
    check.diagnostics
}
