//! A checked workspace → the flows that can be served, those that cannot, and the connections that are needed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::Route;
use lockgate_flow::workspace::CheckedFlow;
use lockgate_server::site::BrokenFlow;

use crate::connect;
use crate::workspace::{FILE, Loaded};

/// What a workspace has to serve.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The flows that run, those without a route too: others call them.
    pub(super) flows: Vec<Arc<Flow>>,
    /// The flows that do not.
    pub(super) broken: Vec<BrokenFlow>,
}

/// The connections that the flows that start by themselves (by a request, at a due time) use to check their callers or in a
/// step, and those that the flows that they call use; and those of runs that are to go on (`kept`).
pub(super) fn needed_connections(loaded: &Loaded, kept: &BTreeSet<String>) -> BTreeSet<String> {
    let flows = loaded.checked.runnable();
    let started: Vec<&Arc<Flow>> = flows.values().filter(|flow| starts_by_itself(flow)).collect();
    let (mut connections, _) = connect::reach(&flows, started.iter().map(|flow| flow.name.as_str()));
    let of_callers = started
        .iter()
        .filter_map(|flow| loaded.checked.auth_connection(flow));
    connections.extend(of_callers.map(str::to_owned));
    connections.extend(kept.iter().cloned());
    connections
}

/// The connections of all flows that can run, whoever starts them, and those of runs that are to go on.
pub(super) fn all_connections(loaded: &Loaded, kept: &BTreeSet<String>) -> BTreeSet<String> {
    let flows = loaded.checked.runnable();
    let mut connections = needed_connections(loaded, kept);
    connections.extend(
        flows
            .values()
            .flat_map(|flow| flow.connections())
            .map(str::to_owned),
    );
    connections
}

/// Whether a request or a due time starts a flow.
pub(super) fn starts_by_itself(flow: &Flow) -> bool {
    let trigger = &flow.syntax.trigger;
    trigger.http.is_some() || trigger.schedule.is_some()
}

impl Plan {
    /// Serves what has no mistake: neither the flow, nor a flow that it calls, nor a connection that one of them uses
    /// (`unusable`: the connection's name, and why), nor the connector of such a connection. A mistake in the workspace file
    /// is one of every flow.
    ///
    /// `routes` are those that the flows of a file had before: a file that cannot be read any more keeps its route, which
    /// then says what is wrong.
    pub(super) fn of(
        loaded: &Loaded,
        unusable: &BTreeMap<String, Diagnostic>,
        routes: &BTreeMap<String, Route>,
    ) -> Self {
        let mut reasons: BTreeMap<&str, String> = BTreeMap::new();
        for finding in loaded
            .checked
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
        {
            reasons
                .entry(finding.primary.source.path())
                .or_insert_with(|| one_line(finding));
        }
        let by_name: BTreeMap<&str, &CheckedFlow> = loaded
            .checked
            .flows
            .iter()
            .rev()
            .map(|flow| (flow.name.as_str(), flow))
            .collect();
        let types = loaded.connection_types();
        let of_connector = |connection: &str| {
            let path = loaded.connectors.path(types.get(connection)?)?;
            reasons.get(path).cloned()
        };
        let own = |checked: &CheckedFlow| {
            let reason = || {
                reasons
                    .get(FILE)
                    .or_else(|| reasons.get(checked.source.path()))
                    .cloned()
            };
            match &checked.flow {
                None => Some(
                    reason().unwrap_or_else(|| format!("{}: the flow cannot run", checked.source.path())),
                ),
                Some(flow) => reason().or_else(|| {
                    let of_callers = loaded.checked.auth_connection(flow);
                    flow.connections()
                        .chain(of_callers)
                        .find_map(|name| unusable.get(name).map(one_line).or_else(|| of_connector(name)))
                }),
            }
        };
        let mut plan = Self::default();
        for checked in &loaded.checked.flows {
            let finding = own(checked).or_else(|| {
                let called = reached(checked, &by_name);
                called.into_iter().find_map(|called| {
                    let name = &called.name;
                    own(called).map(|finding| format!("it calls `{name}`: {finding}"))
                })
            });
            match (&checked.flow, finding) {
                (Some(flow), None) => plan.flows.push(Arc::clone(flow)),
                (_, finding) => plan.broken.push(BrokenFlow {
                    name: checked.name.clone(),
                    route: route(checked)
                        .or_else(|| routes.get(checked.source.path()))
                        .cloned(),
                    finding: finding.unwrap_or_default(),
                }),
            }
        }
        plan
    }
}

/// The route of a flow, as far as it could be read.
pub(super) fn route(checked: &CheckedFlow) -> Option<&Route> {
    Some(&checked.syntax.as_ref()?.trigger.http.as_ref()?.route.value)
}

/// The flows that a flow calls, and that these call.
fn reached<'a>(flow: &'a CheckedFlow, by_name: &BTreeMap<&str, &'a CheckedFlow>) -> Vec<&'a CheckedFlow> {
    let (mut reached, mut seen, mut todo) = (Vec::new(), BTreeSet::new(), vec![flow]);
    while let Some(checked) = todo.pop() {
        for name in checked.flow.as_deref().into_iter().flat_map(Flow::calls) {
            if let Some(called) = by_name.get(name)
                && seen.insert(name)
            {
                reached.push(*called);
                todo.push(called);
            }
        }
    }
    reached
}

/// A finding for a place that has one line.
pub(super) fn one_line(finding: &Diagnostic) -> String {
    let source = &finding.primary.source;
    let place = source.position(finding.primary.span.start);
    format!(
        "{}:{}:{}: {} ({})",
        source.path(),
        place.line,
        place.column,
        finding.message,
        finding.code
    )
}
