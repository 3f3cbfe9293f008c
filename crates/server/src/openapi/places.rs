//! Where in a flow's graph its names come from: the step of a slot, the `set`s of a variable, the loops around a node.

use std::collections::HashMap;

use lockgate_flow::expression::ValueTemplate;
use lockgate_flow::graph::{Flow, ForEach, NodeIndex, Op};

/// An index of a flow.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The node of a step slot.
    steps: HashMap<u32, NodeIndex>,
    /// What is set, and where.
    sets: HashMap<u32, Vec<(NodeIndex, &'a ValueTemplate)>>,
    /// The innermost loop around a node.
    loops: HashMap<NodeIndex, NodeIndex>,
}

impl<'a> Places<'a> {
    pub(super) fn of(flow: &'a Flow) -> Self {
        let mut places = Self {
            steps: HashMap::new(),
            sets: HashMap::new(),
            loops: HashMap::new(),
        };
        for index in flow.graph.node_indices() {
            let node = &flow.graph[index];
            // The guard of a step has its slot, too.
            if let Some(slot) = node.slot.filter(|_| node.part.is_empty()) {
                places.steps.insert(slot, index);
            }
            match &node.op {
                Op::Set(variables) => {
                    for (variable, template) in variables {
                        places.sets.entry(*variable).or_default().push((index, template));
                    }
                }
                Op::ForEach(each) => places.mark(flow, index, each),
                _ => {}
            }
        }
        places
    }

    /// Notes the loop for all nodes of its body, unless an inner one has them already or comes later.
    fn mark(&mut self, flow: &Flow, around: NodeIndex, each: &ForEach) {
        let mut todo: Vec<NodeIndex> = each.body.entry.into_iter().collect();
        while let Some(index) = todo.pop() {
            let known = self.loops.get(&index).and_then(|known| depth(flow, *known));
            if known.is_some_and(|known| known >= each.depth) {
                continue;
            }
            self.loops.insert(index, around);
            todo.extend(flow.graph.neighbors(index));
        }
    }

    pub(super) fn step(&self, slot: u32) -> Option<NodeIndex> {
        self.steps.get(&slot).copied()
    }

    pub(super) fn sets(&self, variable: u32) -> &[(NodeIndex, &'a ValueTemplate)] {
        self.sets.get(&variable).map_or(&[], Vec::as_slice)
    }

    /// The innermost loop around a node.
    pub(super) fn loop_around(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.loops.get(&node).copied()
    }
}

fn depth(flow: &Flow, node: NodeIndex) -> Option<u32> {
    match &flow.graph[node].op {
        Op::ForEach(each) => Some(each.depth),
        _ => None,
    }
}
