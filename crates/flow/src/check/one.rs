//! Checks one flow of a workspace: what an editor asks at every change of a text. What is known of the other flows stays; they
//! are not checked again.

use std::sync::Arc;

use super::{Shared, Validators, check_flow, signatures, stem, workspace};
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::graph::Flow;
use crate::source::Source;
use crate::syntax::{FlowSyntax, parse};
use crate::workspace::{CheckedFlow, Workspace};

/// The workspace with a text in the place of the flow of its path, or with it as a new flow. Its findings are those of the
/// text alone.
pub(crate) fn check_one(known: &Workspace, source: &Arc<Source>, catalog: &Catalog) -> Workspace {
    let path = source.path();
    let others: Vec<&CheckedFlow> = known
        .flows
        .iter()
        .filter(|flow| flow.source.path() != path)
        .collect();
    let place = others.partition_point(|flow| flow.source.path() < path);
    let parsed = parse(source);
    let mut parts: Vec<(&Source, Option<&FlowSyntax>)> = others
        .iter()
        .map(|flow| (&*flow.source, flow.syntax.as_deref()))
        .collect();
    parts.insert(place, (source, parsed.flow.as_ref()));
    let signatures = signatures(parts.into_iter());
    let connections: Vec<(String, String)> = known
        .connections()
        .iter()
        .map(|connection| (connection.name.value.clone(), connection.type_name.value.clone()))
        .collect();
    let shared = Shared {
        catalog,
        is_known: known.source.is_none() || known.file.as_ref().is_some_and(|file| file.is_complete),
        config: &Arc::new(known.config()),
        signatures: &signatures,
        connections: &connections,
        checks_triggers: true,
    };
    let mut validators = Validators::default();
    let mut findings = parsed.diagnostics;
    let lowered = parsed.flow.map(|syntax| shared.lower(syntax, &mut validators));
    let complete = lowered.as_ref().filter(|_| parsed.complete);
    if let Some(lowered) = complete {
        findings.extend(check_flow(lowered, &shared, &mut validators.parts));
    }
    let lowered_others: Vec<Option<Arc<Flow>>> = others
        .iter()
        .map(|flow| {
            flow.flow
                .clone()
                .or_else(|| lower_again(flow, &shared, &mut validators))
        })
        .collect();
    let (before, after) = lowered_others.split_at(place);
    let flows = before.iter().flatten().map(|flow| &**flow);
    let flows = flows.chain(complete.map(|lowered| &lowered.flow));
    let flows = flows.chain(after.iter().flatten().map(|flow| &**flow));
    let across = workspace::check(flows, known.connections()).into_iter();
    findings.extend(across.filter(|finding| finding.primary.source.path() == path));

    let is_sound = !findings.iter().any(Diagnostic::is_error);
    let checked = CheckedFlow {
        name: lowered
            .as_ref()
            .map_or_else(|| stem(source), |lowered| lowered.flow.name.clone()),
        source: Arc::clone(source),
        syntax: lowered.as_ref().map(|lowered| Arc::clone(&lowered.flow.syntax)),
        flow: lowered.filter(|_| is_sound).map(|lowered| Arc::new(lowered.flow)),
    };
    let mut flows: Vec<CheckedFlow> = others.into_iter().cloned().collect();
    flows.insert(place, checked);
    Workspace {
        file: known.file.clone(),
        source: known.source.clone(),
        flows,
        diagnostics: findings,
    }
}

/// A flow with mistakes, as far as the checks across flows look at it: they pass over a text that was not read to its end.
fn lower_again(flow: &CheckedFlow, shared: &Shared<'_>, validators: &mut Validators) -> Option<Arc<Flow>> {
    let parsed = parse(&flow.source);
    let syntax = parsed.flow.filter(|_| parsed.complete)?;
    Some(Arc::new(shared.lower(syntax, validators).flow))
}
