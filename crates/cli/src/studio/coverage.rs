//! Where runs went in a flow, as the studio shows it.

use lockgate_flow::graph::Flow;
use lockgate_flow::render::picture::way_name;
use lockgate_studio::operations::{PartCoverage, WayCoverage};
use lockgate_testing::coverage::Visits;
use lockgate_testing::passage::Passage;

/// What of a flow was visited, and what was not.
pub(super) fn shown(flow: &Flow, visits: &Visits) -> PartCoverage {
    let Passage { steps, ways } = Passage::of(flow, visits);
    let ways = ways.into_iter().map(|way| WayCoverage {
        way: way_name(&way.way),
        path: way.path,
        taken: way.is_taken,
    });
    PartCoverage {
        steps: steps.into_iter().collect(),
        ways: ways.collect(),
    }
}
