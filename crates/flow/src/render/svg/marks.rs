//! What is known of the parts of a flow: which ran and which did not. Shown in green and red, and said on hovering.
//!
//! Whoever draws says what ran; nothing here knows of runs.

use std::collections::BTreeMap;

use super::super::layout::Layout;
use super::super::layout::{Label, Node, Wire};
use super::super::outline::Kind;
use crate::graph::Edge;

/// What is known of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It ran, or was taken.
    Taken,
    /// It did not, or was not.
    Missed,
}

impl Mark {
    const fn of(is_taken: bool) -> Self {
        if is_taken { Self::Taken } else { Self::Missed }
    }

    /// For classes.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Missed => "missed",
        }
    }

    pub(super) const fn of_step(self) -> &'static str {
        match self {
            Self::Taken => "ran",
            Self::Missed => "did not run",
        }
    }

    pub(super) const fn of_way(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Missed => "not taken",
        }
    }
}

/// The marks of a flow's parts, by structural path. Parts of which nothing is said are drawn as ever; ways of which nothing
/// is said are as the boxes that they connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    steps: BTreeMap<String, Mark>,
    ways: BTreeMap<(String, Edge), Mark>,
}

impl Marks {
    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.ways.is_empty()
    }

    /// Marks a step by its path; `trigger` and `on_error` are the boxes of the flow itself.
    pub fn step(&mut self, path: &str, is_taken: bool) {
        self.steps.insert(path.to_owned(), Mark::of(is_taken));
    }

    /// Marks one of the ways out of the step of this path. Of a step with an `if` and another verb, [`Edge::Then`] leads to
    /// what it does and [`Edge::Else`] past it.
    pub fn way(&mut self, path: &str, way: Edge, is_taken: bool) {
        self.ways.insert((path.to_owned(), way), Mark::of(is_taken));
    }

    fn of_node(&self, node: &Node) -> Option<Mark> {
        let path = &node.art.card.path;
        // An `if` beside another verb has a box of its own, with the path of the step: it has run where a way out of it was
        // taken, whatever became of the step.
        if node.art.card.kind == Kind::Decision {
            let taken = [Edge::Then, Edge::Else]
                .into_iter()
                .any(|way| self.ways.get(&(path.clone(), way)) == Some(&Mark::Taken));
            if taken {
                return Some(Mark::Taken);
            }
        }
        self.steps.get(path).copied()
    }
}

/// The marks of a picture's boxes and connectors, in their order.
pub(super) struct Marked {
    pub(super) nodes: BTreeMap<usize, Mark>,
    pub(super) wires: Vec<Option<Mark>>,
}

impl Marked {
    pub(super) fn of(layout: &Layout, marks: &Marks) -> Self {
        let mut marked = Self {
            nodes: BTreeMap::new(),
            wires: vec![None; layout.wires.len()],
        };
        if marks.is_empty() {
            return marked;
        }
        let mut paths = BTreeMap::new();
        for node in &layout.nodes {
            paths.insert(node.number, node.art.card.path.clone());
            if let Some(mark) = marks.of_node(node) {
                marked.nodes.insert(node.number, mark);
            }
        }
        for (wire, mark) in layout.wires.iter().zip(&mut marked.wires) {
            let path = paths.get(&wire.from).cloned().unwrap_or_default();
            *mark = marks.ways.get(&(path, wire.way.clone())).copied();
        }
        // The end of a parallel and of the flow stand for no step: what leads to them tells, and they tell of what leads on.
        while marked.goes_on(layout) {}
        marked
    }

    /// As the connector on which a label stands.
    pub(super) fn of_label(&self, layout: &Layout, label: &Label) -> Option<Mark> {
        let (from, way) = &label.of;
        let on = |wire: &Wire| wire.from == *from && wire.way == *way;
        let index = layout.wires.iter().position(on)?;
        self.wires[index]
    }

    /// Marks what can be told from what is marked. Whether there was anything.
    fn goes_on(&mut self, layout: &Layout) -> bool {
        let mut is_new = false;
        for (index, wire) in layout.wires.iter().enumerate() {
            if self.wires[index].is_none()
                && let Some(mark) = self.between(wire)
            {
                self.wires[index] = Some(mark);
                is_new = true;
            }
        }
        for node in layout.nodes.iter().filter(|node| node.art.card.path.is_empty()) {
            let into: Vec<Option<Mark>> = layout
                .wires
                .iter()
                .zip(&self.wires)
                .filter(|(wire, _)| wire.to == node.number)
                .map(|(_, mark)| *mark)
                .collect();
            let is_known = !into.is_empty() && into.iter().all(Option::is_some);
            if is_known && !self.nodes.contains_key(&node.number) {
                let mark = Mark::of(into.contains(&Some(Mark::Taken)));
                self.nodes.insert(node.number, mark);
                is_new = true;
            }
        }
        is_new
    }

    fn between(&self, wire: &Wire) -> Option<Mark> {
        let from = self.nodes.get(&wire.from).copied()?;
        let to = self.nodes.get(&wire.to).copied();
        Some(Mark::of(
            from == Mark::Taken && to.is_none_or(|to| to == Mark::Taken),
        ))
    }
}
