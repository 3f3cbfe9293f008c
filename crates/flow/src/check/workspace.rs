//! What only several flows together can get wrong: names and routes that stand twice, circles of calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::catalog::Effect;
use crate::diagnostic::{Code, Diagnostic, list};
use crate::expression::{Expression, Slot, Template, ValueTemplate};
use crate::graph::{Flow, Op};
use crate::source::{Source, Span};
use crate::syntax::{Route, Verb};
use crate::workspace::ConnectionSyntax;
use crate::yaml::Spanned;

pub(super) fn check<'a>(
    flows: impl Iterator<Item = &'a Flow>,
    connections: &[ConnectionSyntax],
) -> Vec<Diagnostic> {
    let flows: Vec<&Flow> = flows.collect();
    let mut findings = Vec::new();
    names(&flows, &mut findings);
    routes(&flows, &mut findings);
    cycles(&flows, &mut findings);
    open_triggers(&flows, &mut findings);
    settings(&flows, connections, &mut findings);
    findings
}

/// Settings that actions need and their connections lack.
fn settings(flows: &[&Flow], connections: &[ConnectionSyntax], findings: &mut Vec<Diagnostic>) {
    for flow in flows {
        for node in flow.graph.node_weights() {
            let Op::Action(action) = &node.op else { continue };
            let connection = action.connection.as_deref().and_then(|name| {
                connections
                    .iter()
                    .find(|connection| connection.name.value == name)
            });
            let Some(connection) = connection else { continue };
            for needed in &action.spec.settings {
                if connection
                    .settings
                    .iter()
                    .any(|setting| setting.key.text == **needed)
                {
                    continue;
                }
                let name = &connection.name.value;
                let message = format!(
                    "`{}` needs the setting `{needed}`, which the connection `{name}` does not have",
                    action.spec.name
                );
                let variable = format!("{name}_{needed}").to_uppercase().replace('-', "_");
                let help =
                    format!("add it to the connection in `lockgate.yaml`: `{needed}: ${{{variable}}}`");
                let span = first_line(node.span, &flow.source);
                findings.push(Diagnostic::new(Code::InvalidSetting, &flow.source, span, message).help(help));
            }
        }
    }
}

fn names(flows: &[&Flow], findings: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, &Flow> = BTreeMap::new();
    for flow in flows {
        if let Some(first) = seen.get(flow.name.as_str()) {
            let span = flow.syntax.name.span;
            let message = format!("the flow `{}` is declared twice", flow.name);
            findings.push(
                Diagnostic::new(Code::DuplicateFlow, &flow.source, span, message)
                    .and_in(&first.source, first.syntax.name.span, "first here")
                    .help("give one of them another `name`"),
            );
        } else {
            seen.insert(&flow.name, flow);
        }
    }
}

/// A route and the flow that answers it.
type Routed<'a> = (&'a Spanned<Route>, &'a Flow);

fn routes(flows: &[&Flow], findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<_, Routed<'_>> = HashMap::new();
    for flow in flows {
        let Some(http) = &flow.syntax.trigger.http else {
            continue;
        };
        let route = &http.route;
        let known = seen.entry(route.value.shape()).or_insert((route, *flow));
        let (first, other) = *known;
        if !std::ptr::eq(other, *flow) {
            findings.push(
                Diagnostic::new(
                    Code::DuplicateRoute,
                    &flow.source,
                    route.span,
                    format!(
                        "`{}` is already answered by the flow `{}`",
                        route.value, other.name
                    ),
                )
                .and_in(&other.source, first.span, "by this trigger")
                .help("a method and a path belong to one flow"),
            );
        }
    }
}

/// The `call`s of a flow, with their places.
fn calls(flow: &Flow) -> Vec<(&str, Span)> {
    crate::graph::flatten(&flow.syntax)
        .into_iter()
        .filter_map(|step| match &step.verb {
            Verb::Call { flow, .. } => Some((flow.value.as_str(), flow.span)),
            _ => None,
        })
        .collect()
}

/// HTTP triggers without `auth` of flows that change users by way of a flow that they call. What a flow changes itself is
/// found when it is checked.
fn open_triggers(flows: &[&Flow], findings: &mut Vec<Diagnostic>) {
    let by_name: BTreeMap<&str, &Flow> = flows.iter().map(|flow| (flow.name.as_str(), *flow)).collect();
    for flow in flows {
        let Some(http) = flow
            .syntax
            .trigger
            .http
            .as_ref()
            .filter(|http| http.auth.is_none())
        else {
            continue;
        };
        if changed_users(flow).is_some() {
            continue;
        }
        let mut seen = BTreeSet::from([flow.name.as_str()]);
        for (callee, span) in calls(flow) {
            let mut waiting = vec![callee];
            while let Some(name) = waiting.pop() {
                let Some(called) = by_name.get(name).filter(|_| seen.insert(name)) else {
                    continue;
                };
                if let Some((action, place)) = changed_users(called) {
                    let message =
                        format!("anyone can call this flow, and by way of `{callee}` it changes users");
                    findings.push(
                        Diagnostic::new(Code::OpenTrigger, &flow.source, http.route.span, message)
                            .and(span, "called here")
                            .and_in(&called.source, place, format!("`{action}` changes users"))
                            .help(super::secrets::OPEN_TRIGGER_HELP),
                    );
                }
                waiting.extend(calls(called).into_iter().map(|(name, _)| name));
            }
        }
    }
}

/// The action of a flow that changes users which the flow did not make itself, and where its step stands.
fn changed_users(flow: &Flow) -> Option<(&str, Span)> {
    let made_here = |input: &ValueTemplate| {
        let ValueTemplate::Map(entries) = input else {
            return false;
        };
        let user = entries
            .iter()
            .find(|(key, _)| key == "user_id")
            .map(|(_, value)| value);
        let Some(ValueTemplate::Template(Template::Expression(Expression::Path(path)))) = user else {
            return false;
        };
        flow.graph.node_weights().any(|node| {
            matches!((path.slot, node.slot), (Slot::Step(slot), Some(own)) if slot == own)
                && matches!(&node.op, Op::Action(action) if action.spec.effect == Effect::Once && !action.spec.changes_users)
        })
    };
    flow.graph.node_weights().find_map(|node| match &node.op {
        Op::Action(action) if action.spec.changes_users && !made_here(&action.input) => {
            Some((&*action.spec.name, first_line(node.span, &flow.source)))
        }
        _ => None,
    })
}

fn first_line(span: Span, source: &Source) -> Span {
    let length = source.slice(span).lines().next().unwrap_or_default().len();
    Span::new(span.start as usize, span.start as usize + length)
}

fn cycles(flows: &[&Flow], findings: &mut Vec<Diagnostic>) {
    let mut graph: DiGraph<&Flow, Span> = DiGraph::new();
    let nodes: BTreeMap<&str, _> = flows
        .iter()
        .map(|flow| (flow.name.as_str(), graph.add_node(flow)))
        .collect();
    for flow in flows {
        for (callee, span) in calls(flow) {
            if let (Some(from), Some(to)) = (nodes.get(flow.name.as_str()), nodes.get(callee)) {
                graph.add_edge(*from, *to, span);
            }
        }
    }
    for component in tarjan_scc(&graph) {
        let members: Vec<&Flow> = component.iter().rev().map(|node| graph[*node]).collect();
        for (flow, node) in members.iter().zip(component.iter().rev()) {
            let inside = |name: &str| members.iter().any(|member| member.name == name);
            let recursive = component.len() > 1 || graph.find_edge(*node, *node).is_some();
            let Some((callee, span)) = calls(flow)
                .into_iter()
                .find(|(callee, _)| recursive && inside(callee))
            else {
                continue;
            };
            let message = if callee == flow.name {
                format!("the flow `{callee}` calls itself")
            } else {
                format!("`{}` and `{callee}` call each other in a circle", flow.name)
            };
            findings.push(
                Diagnostic::new(Code::CallCycle, &flow.source, span, message).help(format!(
                    "calls must end: take one out of {}, or use `for_each`",
                    list(members.iter().map(|member| member.name.as_str()))
                )),
            );
        }
    }
}
