//! Pictures of flows with what ran in green and what did not in red.

use lockgate_flow::graph::Flow;
use lockgate_flow::render::{Marks, SvgOptions, svg};

use crate::coverage::{Count, FlowCoverage, Visits};
use crate::passage::{Passage, PassedWay};
use crate::subject::Subject;

/// The picture of a flow of which it is known what ran, as SVG; `None` for one that is not the subject's.
pub fn picture(subject: &Subject, coverage: &FlowCoverage, visits: &Visits) -> Option<String> {
    let flow = subject.flows.get(&coverage.flow)?;
    let (steps, branches) = coverage.counts();
    let said = |count: Count, what: &str| format!("{} of {} {what}", count.covered, count.total);
    let options = SvgOptions {
        marks: marks(flow, coverage, visits),
        caption: Some(format!(
            "The tests took what is green, and not what is red and dotted: {}, {}.",
            said(steps, "steps"),
            said(branches, "branches")
        )),
        ..SvgOptions::default()
    };
    Some(svg(&flow.syntax, &options))
}

fn marks(flow: &Flow, coverage: &FlowCoverage, visits: &Visits) -> Marks {
    let mut marks = Marks::default();
    let passage = Passage::of(flow, visits);
    for (path, is_covered) in &passage.steps {
        marks.step(path, *is_covered);
    }
    for PassedWay { path, way, is_taken } in passage.ways {
        marks.way(&path, way, is_taken);
    }
    // The boxes of the flow itself: something in them ran.
    let is_entered = |path: &str| {
        let all = coverage.steps.iter().chain(&coverage.branches);
        all.filter(|covered| covered.is_covered)
            .any(|covered| covered.path.starts_with(path))
    };
    marks.step("trigger", is_entered(""));
    marks.step("on_error", is_entered("on_error/"));
    marks
}
