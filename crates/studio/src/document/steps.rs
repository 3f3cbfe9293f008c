//! The steps of a flow, in the order of the text.

use lockgate_flow::graph::{flatten, title};
use lockgate_flow::syntax::FlowSyntax;
use serde::Serialize;

use crate::finding::units;
use crate::positions::Positions;

/// `OutlineStep` of the API.
#[derive(Clone, Debug, Serialize)]
pub(super) struct OutlineStep {
    pub(super) path: String,
    id: Option<String>,
    pub(super) title: String,
    pub(super) kind: &'static str,
    list: String,
    index: usize,
    from: usize,
    to: usize,
}

/// All steps.
pub(super) fn steps(syntax: &FlowSyntax, positions: &Positions) -> Vec<OutlineStep> {
    let mut steps: Vec<OutlineStep> = flatten(syntax)
        .into_iter()
        .map(|step| {
            // A step's path is its list's and its place in it.
            let (list, index) = step.path.rsplit_once('/').unwrap_or(("", &step.path));
            let (from, to) = units(positions, step.span);
            OutlineStep {
                path: step.path.clone(),
                id: step.id.as_ref().map(|id| id.value.clone()),
                title: title(step),
                kind: step.verb.name(),
                list: list.to_owned(),
                index: index.parse().unwrap_or(0),
                from,
                to,
            }
        })
        .collect();
    steps.sort_by_key(|step| step.from);
    steps
}
