//! Which steps ran and which ways were taken: recorded in every case, and counted against what there is.
//!
//! How it is shown is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_engine::event::{Event, EventKind, StepOutcome, Way};
use lockgate_flow::graph::{Edge, Flow, Op};
use lockgate_flow::source::{Position, Span};
use serde::Serialize;

use crate::subject::Subject;

/// Where runs have been, by flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// By the flow's name.
    pub flows: BTreeMap<String, FlowVisits>,
}

/// Where runs have been in one flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowVisits {
    /// The structural paths of the steps that began (`#` for a loop's index).
    pub steps: BTreeSet<String>,
    /// Those of them that ended well, so that the run went on behind them.
    pub passed: BTreeSet<String>,
    /// The ways that were taken: the path of the step, and which way.
    pub ways: BTreeSet<(String, WayName)>,
}

/// One of the ways of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WayName {
    /// Its `if` is true.
    Then,
    /// Its `if` is false.
    Else,
    /// The case of this index.
    Case(u32),
    /// No case.
    Default,
    /// The arm of this index of its `on_error`.
    Error(u32),
}

impl Visits {
    /// A run has told something: that a step began, that one ended well.
    pub(crate) fn note_event(&mut self, event: &Event<'_>) {
        match &event.kind {
            EventKind::StepStarted(step) => self.step(event.flow, step.key.path),
            EventKind::StepFinished {
                step,
                outcome: StepOutcome::Succeeded { .. },
                ..
            } => self.passed(event.flow, step.key.path),
            _ => {}
        }
    }

    /// A run has gone one of several ways.
    pub(crate) fn note_way(&mut self, way: &Way<'_>) {
        let name = match way.edge {
            Edge::Then => WayName::Then,
            Edge::Else => WayName::Else,
            Edge::Case(case) => WayName::Case(*case),
            Edge::Default => WayName::Default,
            Edge::Error(arm) => WayName::Error(*arm),
            Edge::Next | Edge::Branch(_) | Edge::Body => return,
        };
        self.way(&way.flow.name, &way.node.path, name);
    }

    fn step(&mut self, flow: &str, path: &str) {
        let visits = self.of(flow);
        if !visits.steps.contains(path) {
            visits.steps.insert(path.to_owned());
        }
    }

    fn passed(&mut self, flow: &str, path: &str) {
        let visits = self.of(flow);
        if !visits.passed.contains(path) {
            visits.passed.insert(path.to_owned());
        }
    }

    fn way(&mut self, flow: &str, path: &str, way: WayName) {
        self.of(flow).ways.insert((path.to_owned(), way));
    }

    fn of(&mut self, flow: &str) -> &mut FlowVisits {
        if !self.flows.contains_key(flow) {
            self.flows.insert(flow.to_owned(), FlowVisits::default());
        }
        self.flows.entry(flow.to_owned()).or_default()
    }

    /// Adds where others have been.
    pub fn merge(&mut self, other: &Self) {
        for (flow, visits) in &other.flows {
            let mine = self.of(flow);
            mine.steps.extend(visits.steps.iter().cloned());
            mine.passed.extend(visits.passed.iter().cloned());
            mine.ways.extend(visits.ways.iter().cloned());
        }
    }
}

/// What of a flow has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCoverage {
    /// Its name.
    pub flow: String,
    /// Its file, as the workspace knows it.
    pub file: String,
    /// Every step, in the order of the file.
    pub steps: Vec<Covered>,
    /// Every way of every step that has several.
    pub branches: Vec<Covered>,
}

/// A step or a way, and whether it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The step's structural path.
    pub path: String,
    /// What people see of it.
    pub title: String,
    /// Where the step stands.
    pub span: Span,
    /// The same, as people count.
    pub position: Position,
    /// Which way; `None` for the step itself.
    pub way: Option<WayName>,
    /// The way as it goes on from the path: `else`, `cases/pro`, `on_error/user_exists`. Empty for the step itself.
    pub place: String,
    /// The way in words: `if is false`, `case "pro"`, `on_error user_exists`. Empty for the step itself.
    pub label: String,
    /// Whether it was taken.
    pub is_covered: bool,
}

impl FlowCoverage {
    /// What there is in a flow against what was visited.
    pub fn of(flow: &Flow, visits: &Visits) -> Self {
        let none = FlowVisits::default();
        let visits = visits.flows.get(&flow.name).unwrap_or(&none);
        let mut nodes: Vec<_> = flow.graph.node_weights().collect();
        nodes.sort_by_key(|node| (node.span.start, std::cmp::Reverse(node.span.end)));
        let (mut steps, mut branches): (Vec<Covered>, Vec<Covered>) = (Vec::new(), Vec::new());
        for node in nodes {
            let covered = |way: Option<WayName>, place: String, label: String| Covered {
                path: node.path.to_string(),
                title: node.title.to_string(),
                span: node.span,
                position: flow.source.position(node.span.start),
                way,
                place,
                label,
                is_covered: match way {
                    None => visits.steps.contains(&*node.path),
                    Some(way) => visits.ways.contains(&(node.path.to_string(), way)),
                },
            };
            if !steps.iter().any(|step| *step.path == *node.path) {
                steps.push(covered(None, String::new(), String::new()));
            }
            let mut branch = |way: WayName, place: &str, label: String| {
                branches.push(covered(Some(way), place.to_owned(), label));
            };
            match &node.op {
                Op::If(_) => {
                    branch(WayName::Then, "then", "if is true".to_owned());
                    branch(WayName::Else, "else", "if is false".to_owned());
                }
                Op::Switch { cases, .. } => {
                    for (index, case) in (0..).zip(cases) {
                        let plain = case.as_str().map_or_else(|| case.to_string(), str::to_owned);
                        branch(
                            WayName::Case(index),
                            &format!("cases/{plain}"),
                            format!("case {case}"),
                        );
                    }
                    branch(WayName::Default, "default", "default".to_owned());
                }
                _ => {}
            }
            // The guard of a step has the step's handlers too.
            if node.part.is_empty() {
                for (index, handler) in (0..).zip(&node.handlers) {
                    let code = handler.code.as_deref().unwrap_or("*");
                    branch(
                        WayName::Error(index),
                        &format!("on_error/{code}"),
                        format!("on_error {code}"),
                    );
                }
            }
        }
        Self {
            flow: flow.name.clone(),
            file: flow.source.path().to_owned(),
            steps,
            branches,
        }
    }

    /// What was not taken, in the order of the file. The ways of a step that did not run are left out: nobody could have
    /// taken one.
    pub fn missed(&self) -> Vec<&Covered> {
        let steps: BTreeSet<&str> = self
            .steps
            .iter()
            .filter(|step| !step.is_covered)
            .map(|step| step.path.as_str())
            .collect();
        let ways = self.branches.iter().filter(|way| {
            // A guard stands before its step, and decides whether that runs.
            let is_guard = matches!(way.way, Some(WayName::Then | WayName::Else));
            is_guard && self.is_entered(way) || !steps.contains(way.path.as_str())
        });
        let mut missed: Vec<&Covered> = self
            .steps
            .iter()
            .chain(ways)
            .filter(|covered| !covered.is_covered)
            .collect();
        missed.sort_by_key(|covered| (covered.position, covered.way));
        missed
    }

    /// Whether any way of the same choice was taken.
    fn is_entered(&self, way: &Covered) -> bool {
        self.branches
            .iter()
            .any(|other| other.path == way.path && other.is_covered)
    }

    /// How many of the steps and ways were taken, and how many there are.
    pub fn counts(&self) -> (Count, Count) {
        (Count::of(&self.steps), Count::of(&self.branches))
    }
}

/// What of flows has run, in the order of their names: of all that can run, or of those that are named.
pub fn of_flows(subject: &Subject, wanted: Option<&BTreeSet<&str>>, visits: &Visits) -> Vec<FlowCoverage> {
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.contains(name));
    let flows = subject.flows.values().filter(|flow| is_wanted(&flow.name));
    flows.map(|flow| FlowCoverage::of(flow, visits)).collect()
}

/// Less of a flow was taken than is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The flow.
    pub flow: String,
    /// `steps` or `branches`.
    pub what: &'static str,
    /// How many were taken.
    pub count: Count,
}

/// The flows of which less than so many percent of the steps, or of the branches, were taken. Each flow counts for itself: a
/// large one that is tested does not make up for a small one that is not.
pub fn lacks(flows: &[FlowCoverage], least: u8) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for flow in flows {
        let (steps, branches) = flow.counts();
        for (what, count) in [("steps", steps), ("branches", branches)] {
            if !count.reaches(least) {
                let flow = flow.flow.clone();
                lacks.push(Lack { flow, what, count });
            }
        }
    }
    lacks
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Taken.
    pub covered: usize,
    /// In all.
    pub total: usize,
}

impl Count {
    fn of(covered: &[Covered]) -> Self {
        Self {
            covered: covered.iter().filter(|covered| covered.is_covered).count(),
            total: covered.len(),
        }
    }

    /// Whether it is at least so many percent, exactly.
    pub const fn reaches(self, least: u8) -> bool {
        self.covered * 100 >= self.total * least as usize
    }

    /// Of nothing, everything is covered.
    pub fn percent(self) -> f64 {
        if self.total == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody writes so many steps")]
        let percent = self.covered as f64 * 100.0 / self.total as f64;
        percent
    }
}
