//! What has run is counted, and what has not is told with its place.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use lockgate_testing::coverage::{Count, FlowCoverage, lacks, of_flows};
use lockgate_testing::picture;
use support::Bed;

const FLOW: &str = r#"
input: { plan: { enum: [free, pro, team], type: string } }
steps:
  - if: eq input.plan "team"
    then:
      - name: Talk to us
        fail: { code: too_large, message: call us }
    else:
      - switch: input.plan
        cases:
          pro: [{ set: { quota: 1000 } }]
          free:
            - if: eq input.plan "pro"
              set: { quota: 5 }
  - id: told
    action: http.request
    with: { url: https://a.example.com/ }
    on_error: { timeout: continue, "*": [{ return: no }] }
"#;

const TEST: &str = "
flow: a
mock: { http.request: { value: { status: 200, success: true, headers: {}, body: 1 } } }
cases:
  - { name: free, input: { plan: free } }
";

fn bed() -> Bed {
    let other = "steps: [{ return: 1 }]\n";
    let bed = Bed::sound(&[
        ("flows/a.yaml", FLOW),
        ("flows/b.yaml", other),
        ("flows/a.test.yaml", TEST),
    ]);
    assert_eq!(bed.failures(), "");
    bed
}

#[test]
fn what_was_not_taken_is_told_with_its_place() {
    let bed = bed();
    let coverage = FlowCoverage::of(&bed.flow("a"), &bed.run().visits());
    let missed: Vec<String> = coverage
        .missed()
        .into_iter()
        .map(|missed| {
            let line = missed.position.line;
            format!("{}:{line} {} {}", coverage.file, missed.path, missed.place)
        })
        .collect();
    // Of a step that did not run the ways are not told, but those of a guard that kept it from running are.
    assert_eq!(
        missed,
        [
            "flows/a.yaml:4 steps/0 then",
            "flows/a.yaml:6 steps/0/then/0 ",
            "flows/a.yaml:9 steps/0/else/0 cases/pro",
            "flows/a.yaml:9 steps/0/else/0 default",
            "flows/a.yaml:11 steps/0/else/0/cases/pro/0 ",
            "flows/a.yaml:13 steps/0/else/0/cases/free/0 ",
            "flows/a.yaml:13 steps/0/else/0/cases/free/0 then",
            "flows/a.yaml:15 steps/1 on_error/timeout",
            "flows/a.yaml:15 steps/1 on_error/*",
            "flows/a.yaml:18 steps/1/on_error/*/0 ",
        ]
    );
}

#[test]
fn every_flow_counts_for_itself_and_one_without_tests_is_at_0() {
    let bed = bed();
    let visits = bed.run().visits();
    let all = of_flows(&bed.subject, None, &visits);
    let lacking = |least: u8| {
        let lacks = lacks(&all, least).into_iter();
        lacks
            .map(|lack| {
                let Count { covered, total } = lack.count;
                format!("{} {} {covered}/{total}", lack.flow, lack.what)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(lacking(0), Vec::<String>::new());
    assert_eq!(lacking(30), ["b steps 0/1"]);
    // 3 of 7 are 42.9 %, 3 of 9 are 33.3 %.
    assert_eq!(lacking(33), ["b steps 0/1"]);
    assert_eq!(lacking(34), ["a branches 3/9", "b steps 0/1"]);
    assert_eq!(lacking(43), ["a steps 3/7", "a branches 3/9", "b steps 0/1"]);
    let asked = of_flows(&bed.subject, Some(&BTreeSet::from(["a"])), &visits);
    assert_eq!(asked.len(), 1);
    assert_eq!(lacks(&asked, 33), []);
}

#[test]
fn the_picture_shows_what_ran() {
    let bed = bed();
    let visits = bed.run().visits();
    let coverage = FlowCoverage::of(&bed.flow("a"), &visits);
    let picture = picture(&bed.subject, &coverage, &visits).unwrap();
    assert!(picture.contains("3 of 7 steps, 3 of 9 branches"), "{picture}");
    for (class, rest) in [
        ("node trigger taken", "data-path=\"trigger\""),
        ("node action taken", "data-path=\"steps/1\""),
        // The `if` beside a verb ran, and kept the step from running.
        ("node if taken", "data-path=\"steps/0/else/0/cases/free/0\""),
        ("node set missed", "data-path=\"steps/0/else/0/cases/free/0\""),
        (
            "edge error missed",
            "data-from=\"steps/1\" data-to=\"steps/1/on_error/*/0\"",
        ),
        ("edge taken", "data-from=\"trigger\" data-to=\"steps/0\""),
        ("edge taken", "data-from=\"steps/1\" data-to=\"\""),
        // Only the way on of a step that ended well is one that was taken.
        (
            "edge missed",
            "data-from=\"steps/0/else/0/cases/pro/0\" data-to=\"steps/1\"",
        ),
    ] {
        let class = format!("<g class=\"{class}\"");
        let is_there = |line: &str| line.starts_with(&class) && line.contains(rest);
        assert!(picture.lines().any(is_there), "{class} {rest} in {picture}");
    }
}
