//! The way of runs as a picture has it: every step, and every way out of one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockgate_flow::graph::Flow;
use lockgate_flow::render::picture::way_name;
use lockgate_testing::coverage::Visits;
use lockgate_testing::passage::{Passage, of_records};
use lockgate_testing::report::Verdict;
use lockgate_testing::runner::{Options, run};
use support::Bed;

const FLOW: &str = r#"
input: { plan: { type: string } }
steps:
  - switch: input.plan
    cases:
      "a/b": [{ set: { quota: 1 } }]
      pro: [{ set: { quota: 1000 } }]
    default: [{ if: eq input.plan "free", action: log, with: { message: free } }]
  - parallel:
      left: [{ call: inner }]
      right: [{ if: eq input.plan "pro", action: log, with: { message: pro } }]
  - for_each: split input.plan "e"
    steps:
      - if: eq item "fr"
        then: [{ action: log, with: { message: fr } }]
  - id: told
    action: http.request
    with: { url: https://a.example.com/ }
    on_error: { timeout: continue, "*": [{ action: log, with: { message: "{{error.code}}" } }, { return: no }] }
  - return: yes
"#;

const TEST: &str = "
flow: a
mock: { http.request: { error: { code: unavailable } } }
cases:
  - { name: free, input: { plan: free } }
";

fn bed() -> Bed {
    let bed = Bed::sound(&[
        ("flows/a.yaml", FLOW),
        (
            "flows/inner.yaml",
            "steps: [{ action: log, with: { message: inner } }]\n",
        ),
        ("flows/a.test.yaml", TEST),
    ]);
    assert_eq!(bed.failures(), "");
    bed
}

fn taken(flow: &Flow, visits: &Visits) -> Vec<String> {
    let ways = Passage::of(flow, visits).ways.into_iter();
    ways.filter(|way| way.is_taken)
        .map(|way| format!("{} {}", way.path, way_name(&way.way)))
        .collect()
}

fn ran(flow: &Flow, visits: &Visits) -> Vec<String> {
    let steps = Passage::of(flow, visits).steps.into_iter();
    steps.filter(|(_, ran)| *ran).map(|(path, _)| path).collect()
}

#[test]
fn every_way_that_was_taken_is_told() {
    let bed = bed();
    let (flow, visits) = (bed.flow("a"), bed.run().visits());
    assert_eq!(
        taken(&flow, &visits),
        [
            "steps/0 next",
            "steps/0 default",
            "steps/0/default/0 next",
            "steps/0/default/0 then",
            "steps/1 next",
            "steps/1 branch:0",
            "steps/1 branch:1",
            "steps/1/parallel/left/0 next",
            "steps/1/parallel/right/0 else",
            "steps/2 next",
            "steps/2 body",
            "steps/2/each/#/steps/0 next",
            "steps/2/each/#/steps/0 then",
            "steps/2/each/#/steps/0 else",
            "steps/2/each/#/steps/0/then/0 next",
            "steps/3 error:1",
            "steps/3/on_error/*/0 next",
            "steps/3/on_error/*/1 next",
        ]
    );
    assert!(!ran(&flow, &visits).contains(&"steps/4".to_owned()));
    // What is called is in a picture of its own.
    assert_eq!(taken(&bed.flow("inner"), &visits), ["steps/0 next"]);
    // Every step and way is there, taken or not.
    let passage = Passage::of(&flow, &Visits::default());
    assert_eq!(passage.steps.len(), 14);
    assert!(passage.ways.iter().all(|way| !way.is_taken));
    let both: Vec<_> = Passage::of(&flow, &visits)
        .ways
        .into_iter()
        .map(|way| (way.path, way.way))
        .collect();
    assert_eq!(
        passage
            .ways
            .into_iter()
            .map(|way| (way.path, way.way))
            .collect::<Vec<_>>(),
        both
    );
}

/// Records are of what touches the world: the rest of the way is read off where that stands.
#[test]
fn records_alone_tell_what_stands_around_them() {
    let flow = bed().flow("a");
    let records = [
        ("steps/0/default/0", true),
        ("steps/1/parallel/left/0", false),
        ("steps/2/each/#/steps/0/then/0", true),
        ("steps/3", false),
        ("steps/3/on_error/*/0", true),
    ];
    let visits = of_records(&flow, records);
    assert_eq!(
        ran(&flow, &visits),
        [
            "steps/0",
            "steps/0/default/0",
            "steps/1",
            "steps/1/parallel/left/0",
            "steps/2",
            "steps/2/each/#/steps/0",
            "steps/2/each/#/steps/0/then/0",
            "steps/3",
            "steps/3/on_error/*/0",
        ]
    );
    assert_eq!(
        taken(&flow, &visits),
        [
            "steps/0 default",
            "steps/0/default/0 next",
            "steps/0/default/0 then",
            "steps/1 branch:0",
            "steps/2 body",
            "steps/2/each/#/steps/0 then",
            "steps/2/each/#/steps/0/then/0 next",
            "steps/3 error:1",
            "steps/3/on_error/*/0 next",
        ]
    );
    assert!(ran(&flow, &of_records(&flow, [])).is_empty());
}

#[test]
fn what_was_called_off_begins_no_case() {
    let bed = bed();
    let cancelled = Arc::new(AtomicBool::new(true));
    let options = Options {
        jobs: std::num::NonZeroUsize::MIN,
        fail_fast: false,
        filter: None,
        cancelled: Some(Arc::clone(&cancelled)),
    };
    let verdicts = || {
        let report = run(&bed.subject, &bed.files, &options, &bed.snapshots, &|_| {});
        report
            .cases
            .into_iter()
            .map(|case| case.verdict)
            .collect::<Vec<_>>()
    };
    assert_eq!(verdicts(), [Verdict::Skipped("it was called off".to_owned())]);
    cancelled.store(false, Ordering::Relaxed);
    assert_eq!(verdicts(), [Verdict::Passed]);
}
