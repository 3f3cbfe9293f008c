//! Which steps ran and which ways were taken: recorded in every case, and counted against what there is.
//!
//! How it is shown is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_flow::graph::{Flow, Op};
use lockgate_flow::source::Span;
use serde::Serialize;

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
    pub(crate) fn step(&mut self, flow: &str, path: &str) {
        let visits = self.of(flow);
        if !visits.steps.contains(path) {
            visits.steps.insert(path.to_owned());
        }
    }

    pub(crate) fn way(&mut self, flow: &str, path: &str, way: WayName) {
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
            mine.ways.extend(visits.ways.iter().cloned());
        }
    }
}

/// What of a flow has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCoverage {
    /// Its name.
    pub flow: String,
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
    /// Which way; `None` for the step itself.
    pub way: Option<WayName>,
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
            let covered = |way: Option<WayName>, label: String| Covered {
                path: node.path.to_string(),
                title: node.title.to_string(),
                span: node.span,
                way,
                label,
                is_covered: match way {
                    None => visits.steps.contains(&*node.path),
                    Some(way) => visits.ways.contains(&(node.path.to_string(), way)),
                },
            };
            if !steps.iter().any(|step| *step.path == *node.path) {
                steps.push(covered(None, String::new()));
            }
            match &node.op {
                Op::If(_) => {
                    branches.push(covered(Some(WayName::Then), "if is true".to_owned()));
                    branches.push(covered(Some(WayName::Else), "if is false".to_owned()));
                }
                Op::Switch { cases, .. } => {
                    for (index, case) in (0..).zip(cases) {
                        branches.push(covered(Some(WayName::Case(index)), format!("case {case}")));
                    }
                    branches.push(covered(Some(WayName::Default), "default".to_owned()));
                }
                _ => {}
            }
            // The guard of a step has the step's handlers too.
            if node.part.is_empty() {
                for (index, handler) in (0..).zip(&node.handlers) {
                    let label = format!("on_error {}", handler.code.as_deref().unwrap_or("*"));
                    branches.push(covered(Some(WayName::Error(index)), label));
                }
            }
        }
        Self {
            flow: flow.name.clone(),
            steps,
            branches,
        }
    }

    /// How many of the steps and ways were taken, and how many there are.
    pub fn counts(&self) -> (Count, Count) {
        (Count::of(&self.steps), Count::of(&self.branches))
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
