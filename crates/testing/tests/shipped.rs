//! The flows that ship: their tests pass, and every step and every way of them is taken.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::Path;

use lockgate_testing::coverage::FlowCoverage;
use support::Bed;

#[test]
fn every_way_of_every_shipped_flow_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![(
        "lockgate.yaml".to_owned(),
        fs::read_to_string(root.join("lockgate.yaml")).unwrap(),
    )];
    for entry in fs::read_dir(root.join("flows")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push((format!("flows/{name}"), fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let bed = Bed::sound(&files);
    assert_eq!(bed.failures(), "");
    let visits = bed.run().visits();
    let flows = files
        .iter()
        .filter(|(path, _)| path.starts_with("flows/") && !path.ends_with(".test.yaml"));
    let mut missed = Vec::new();
    for (path, _) in flows {
        let name = path.trim_start_matches("flows/").trim_end_matches(".yaml");
        let coverage = FlowCoverage::of(&bed.flow(name), &visits);
        let not_taken = coverage.steps.iter().chain(&coverage.branches);
        let not_taken = not_taken.filter(|covered| !covered.is_covered);
        missed.extend(not_taken.map(|covered| format!("{name} {} {}", covered.path, covered.label)));
    }
    assert_eq!(missed, Vec::<String>::new());
}
