//! What of one flow ran, as its picture has it: every step, and every way out of one.
//!
//! Coverage counts choices; a picture also has the way on of a step that ended well, the branches of a `parallel` and the body
//! of a loop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockgate_engine::event::{Event, EventKind, Observer, Way};
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

/// Where a run has been, as far as that can be told from its records alone: most steps leave none. `recorded` are the structural
/// paths of those that did, and whether they ended well. What stands around one has run, too, and the way to it was taken.
pub fn of_records<'a>(flow: &Flow, recorded: impl IntoIterator<Item = (&'a str, bool)>) -> Visits {
    let mut visits = FlowVisits::default();
    for (path, has_passed) in recorded {
        visits.steps.insert(path.to_owned());
        if has_passed {
            visits.passed.insert(path.to_owned());
        }
    }
    let nodes = || flow.graph.node_weights();
    let around = nodes().filter(|node| visits.is_within(&format!("{}/", node.path)));
    let around: Vec<String> = around.map(|node| node.path.to_string()).collect();
    visits.steps.extend(around);
    let mut ways = Vec::new();
    for index in flow.graph.node_indices() {
        let node = &flow.graph[index];
        let choices = match &node.op {
            Op::If(_) => vec![WayName::Then, WayName::Else],
            Op::Switch { cases, .. } => (0..)
                .zip(cases)
                .map(|(case, _)| WayName::Case(case))
                .chain([WayName::Default])
                .collect(),
            _ => Vec::new(),
        };
        let choices = choices
            .into_iter()
            .map(|way| (way, flow.successor(index, &edge(way))));
        let errors = (0..)
            .zip(&node.handlers)
            .map(|(arm, handler)| (WayName::Error(arm), handler.target));
        for (way, target) in choices.chain(errors) {
            let Some(target) = target.map(|target| &*flow.graph[target].path) else {
                continue;
            };
            let is_taken = if target == &*node.path {
                // The guard of a step, whose way leads to the step itself.
                visits.steps.contains(target)
            } else {
                // What leads out of the step is where all of its ways meet.
                let is_inside = target
                    .strip_prefix(&*node.path)
                    .is_some_and(|rest| rest.starts_with('/'));
                let list = target.rfind('/').map_or("", |end| &target[..=end]);
                is_inside && visits.is_within(list)
            };
            if is_taken {
                ways.push((node.path.to_string(), way));
            }
        }
    }
    visits.ways.extend(ways);
    Visits {
        flows: [(flow.name.clone(), visits)].into(),
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
pub struct Tracker(Mutex<Tracked>);

#[derive(Debug, Default)]
struct Tracked {
    visits: Visits,
    /// By flow, the paths of the steps that ended, in whatever way.
    ended: BTreeMap<String, BTreeSet<String>>,
}

impl Tracker {
    /// Where they have been up to now: the steps that ended, and those around them. One that only began is where a record
    /// ends; whether it was done is not known.
    pub fn visits(&self) -> Visits {
        let tracked = self.lock();
        let mut visits = tracked.visits.clone();
        for (flow, own) in &mut visits.flows {
            let ended = tracked.ended.get(flow);
            own.steps.retain(|path| {
                let is_inside =
                    |end: &String| end.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
                ended.is_some_and(|ended| ended.contains(path) || ended.iter().any(is_inside))
            });
        }
        visits
    }

    fn lock(&self) -> MutexGuard<'_, Tracked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Tracker {
    fn on_event(&self, event: &Event<'_>) {
        let mut tracked = self.lock();
        tracked.visits.note_event(event);
        if let EventKind::StepFinished { step, .. } = &event.kind {
            let ended = tracked.ended.entry(event.flow.to_owned()).or_default();
            ended.insert(step.key.path.to_owned());
        }
    }

    fn wants_values(&self) -> bool {
        false
    }

    fn on_way(&self, way: &Way<'_>) {
        self.lock().visits.note_way(way);
    }
}
