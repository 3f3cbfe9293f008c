//! What is tested: the flows of a workspace, compiled once for all cases, and what they may call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockgate_auth0::CONNECTION_TYPE;
use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::graph::{Flow, Node, NodeIndex, Op};
use lockgate_flow::workspace::{ConnectionSyntax, Workspace};

use crate::case::flow_of;
use crate::file::TestFile;

/// A workspace under test. Shared by all cases.
#[derive(Debug)]
pub struct Subject {
    /// The flows that can run, by name.
    pub(crate) flows: BTreeMap<String, Arc<Flow>>,
    /// The names of those that have mistakes.
    pub(crate) broken: BTreeSet<String>,
    /// The actions of the binary.
    pub(crate) actions: Actions,
    /// Their declarations.
    pub(crate) catalog: Arc<Catalog>,
    /// The connections of the workspace.
    pub(crate) connections: Vec<ConnectionSyntax>,
    /// The types of connections that can be opened.
    pub(crate) connection_types: Vec<ConnectionType>,
}

impl Subject {
    /// The flows of a checked workspace, with the actions and connection types of the binary.
    pub fn new(
        workspace: &Workspace,
        actions: Actions,
        catalog: Arc<Catalog>,
        connection_types: Vec<ConnectionType>,
    ) -> Self {
        let flows = workspace.runnable();
        let broken = workspace
            .flows
            .iter()
            .filter(|checked| checked.flow.is_none())
            .map(|checked| checked.name.clone())
            .collect();
        Self {
            flows,
            broken,
            actions,
            catalog,
            connections: workspace.connections().to_vec(),
            connection_types,
        }
    }

    /// The flow of a name, and all that it calls, itself first.
    pub(crate) fn reach(&self, name: &str) -> Vec<&Arc<Flow>> {
        let mut reached: Vec<&Arc<Flow>> = Vec::new();
        let mut todo = vec![name];
        while let Some(name) = todo.pop() {
            if let Some(flow) = self.flows.get(name)
                && !reached.iter().any(|known| known.name == flow.name)
            {
                reached.push(flow);
                todo.extend(flow.calls());
            }
        }
        reached
    }

    /// The names of the flows that a test file runs, and of those that they call. One that is not there is among them.
    pub fn flows_of(&self, file: &TestFile) -> BTreeSet<String> {
        let runs = file.cases.iter().flat_map(|case| &case.runs);
        let named: BTreeSet<&str> = runs
            .filter_map(|run| flow_of(file, run))
            .chain(file.flow.as_ref().map(|flow| flow.value.as_str()))
            .collect();
        let mut flows: BTreeSet<String> = named.iter().map(|name| (*name).to_owned()).collect();
        for name in named {
            flows.extend(self.reach(name).into_iter().flat_map(|flow| {
                let called = flow.calls().map(str::to_owned);
                called.chain([flow.name.clone()])
            }));
        }
        flows
    }

    /// The declarations of the actions that a flow calls, and those that it calls by others.
    pub(crate) fn called(&self, name: &str) -> BTreeMap<&str, &Arc<ActionSpec>> {
        let mut called = BTreeMap::new();
        for flow in self.reach(name) {
            for node in flow.graph.node_weights() {
                if let Op::Action(action) = &node.op {
                    called.insert(&*action.spec.name, &action.spec);
                }
            }
        }
        called
    }

    /// A step by its id, in a flow or, where it has none of that id, in one that it calls.
    pub(crate) fn step(&self, flow: &str, id: &str) -> Option<(&Arc<Flow>, &Node)> {
        self.reach(flow)
            .into_iter()
            .find_map(|flow| Some((flow, &flow.graph[node_of(flow, id)?])))
    }
}

/// The node that does what a step of this id does.
pub(crate) fn node_of(flow: &Flow, id: &str) -> Option<NodeIndex> {
    let of_step = |index: &NodeIndex| {
        let node = &flow.graph[*index];
        node.id.as_deref() == Some(id) && node.part.is_empty()
    };
    flow.graph.node_indices().find(of_step)
}

/// Whether an action is called in a test as it is. Read off its declaration: it calls the tenant, which is emulated; it
/// computes; or it says that all it touches is within the process.
pub fn runs_as_it_is(spec: &ActionSpec) -> bool {
    spec.connection.as_deref() == Some(CONNECTION_TYPE) || spec.effect == Effect::Pure || spec.offline
}
