//! What of one flow ran, as its picture has it: every step, and every way out of one.
//!
//! Coverage counts choices; a picture also has the way on of a step that ended well, the branches of a `parallel` and the body
//! of a loop.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lockgate_engine::event::{Event, Observer, Way};
use lockgate_flow::graph::{Edge, Flow, Op, Region};

use crate::coverage::{FlowCoverage, FlowVisits, Visits, WayName};

/// Where runs have gone in one flow. What they did in flows that it calls is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Every step by its structural path, and whether it ran. In the order of the file.
    pub steps: Vec<(String, bool)>,
    /// Every way out of every step.
    pub ways: Vec<PassedWay>,
}

/// A way out of a step, and whether a run took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedWay {
    /// The step's structural path.
    pub path: String,
    /// Which of its ways.
    pub way: Edge,
    /// Whether it was taken.
    pub is_taken: bool,
}

impl Passage {
    /// What there is in a flow against what was visited.
    pub fn of(flow: &Flow, visits: &Visits) -> Self {
        let coverage = FlowCoverage::of(flow, visits);
        let none = FlowVisits::default();
        Self::with(flow, &coverage, visits.flows.get(&flow.name).unwrap_or(&none))
    }

    /// See [`Self::of`]; `visits` are those of this flow.
    pub(crate) fn with(flow: &Flow, coverage: &FlowCoverage, visits: &FlowVisits) -> Self {
        let mut passage = Self::default();
        for step in &coverage.steps {
            let mut way = |way, is_taken| {
                let path = step.path.clone();
                passage.ways.push(PassedWay { path, way, is_taken });
            };
            way(Edge::Next, visits.passed.contains(&step.path));
            let branches = coverage.branches.iter().filter(|branch| branch.path == step.path);
            for branch in branches {
                if let Some(name) = branch.way {
                    way(edge(name), branch.is_covered);
                }
            }
            let mut nodes = flow.graph.node_weights();
            let node = nodes.find(|node| node.part.is_empty() && *node.path == *step.path);
            let is_entered = |region: &Region| match list(flow, region) {
                Some(list) => visits.is_within(&list),
                // There is nothing in it that could run.
                None => step.is_covered,
            };
            match node.map(|node| &node.op) {
                Some(Op::Parallel(branches)) => {
                    for (index, branch) in (0..).zip(branches) {
                        way(Edge::Branch(index), is_entered(&branch.region));
                    }
                }
                Some(Op::ForEach(each)) => way(Edge::Body, is_entered(&each.body)),
                _ => {}
            }
            passage.steps.push((step.path.clone(), step.is_covered));
        }
        passage
    }
}

/// The path of the list of steps that a region runs, with `/` at its end; `None` for one without steps.
fn list(flow: &Flow, region: &Region) -> Option<String> {
    let first = &flow.graph[region.entry?].path;
    first.rfind('/').map(|end| first[..=end].to_owned())
}

impl FlowVisits {
    /// Whether anything in a list of steps was come to. One whose `if` was false did not run, but was asked.
    fn is_within(&self, list: &str) -> bool {
        let steps = self.steps.iter().map(String::as_str);
        let asked = self.ways.iter().map(|(path, _)| path.as_str());
        steps.chain(asked).any(|path| path.starts_with(list))
    }
}

const fn edge(way: WayName) -> Edge {
    match way {
        WayName::Then => Edge::Then,
        WayName::Else => Edge::Else,
        WayName::Case(index) => Edge::Case(index),
        WayName::Default => Edge::Default,
        WayName::Error(index) => Edge::Error(index),
    }
}

/// Notes where the runs go that it listens to. It looks at no values.
#[derive(Debug, Default)]
pub struct Tracker(Mutex<Visits>);

impl Tracker {
    /// Where they have been up to now.
    pub fn visits(&self) -> Visits {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Visits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Tracker {
    fn on_event(&self, event: &Event<'_>) {
        self.lock().note_event(event);
    }

    fn wants_values(&self) -> bool {
        false
    }

    fn on_way(&self, way: &Way<'_>) {
        self.lock().note_way(way);
    }
}
