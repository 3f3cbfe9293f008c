//! The contracts of the shipped connectors: what each asks of a stand-in on loopback, and what it makes of the answers.
//!
//! `providers/*.contract.yaml`, as `docs/connectors.md` says. Every operation has a case, every connector one of an
//! error. To run one contract alone: `LOCKGATE_CONTRACT=stripe cargo nextest run -p lockgate-connectors contracts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case;
mod file;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use lockgate_connectors::Connector;
use lockgate_flow::diagnostic::render_text;
use lockgate_flow::source::Source;

use crate::file::Contract;

fn providers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("providers")
}

/// The names of the connectors, without those that nobody asked for.
fn names() -> Vec<String> {
    #[allow(clippy::disallowed_methods)] // a person chooses a contract
    let wanted = std::env::var("LOCKGATE_CONTRACT").ok();
    let mut names: Vec<String> = std::fs::read_dir(providers())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".contract.yaml"))
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .filter(|name| wanted.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    names.sort();
    names
}

fn source(file: &str) -> Arc<Source> {
    let text = std::fs::read_to_string(providers().join(file)).unwrap_or_default();
    Source::new(format!("providers/{file}"), text)
}

/// A connector and its contract; what is wrong with either is added to `failures`.
fn read(name: &str, failures: &mut Vec<String>) -> Option<(Arc<Connector>, Contract)> {
    let (connector, findings) = Connector::parse(&source(&format!("{name}.yaml")));
    if !findings.is_empty() {
        failures.push(render_text(&findings, false));
    }
    let (contract, findings) = Contract::parse(&source(&format!("{name}.contract.yaml")));
    if !findings.is_empty() {
        failures.push(render_text(&findings, false));
    }
    let connector = connector.filter(Connector::is_sound)?;
    let contract = contract?;
    for found in [connector.name(), &contract.connector] {
        if found != name {
            failures.push(format!("{name}: the file says `{found}`"));
        }
    }
    Some((Arc::new(connector), contract))
}

#[tokio::test]
async fn every_connector_keeps_its_contract() {
    let mut failures = Vec::new();
    let mut count = 0;
    for name in names() {
        let Some((connector, contract)) = read(&name, &mut failures) else {
            continue;
        };
        for case in &contract.cases {
            count += 1;
            if let Err(problems) = case::run(&connector, &contract, case).await {
                let problems = problems.join("\n    ");
                failures.push(format!("{name}: {}\n    {problems}", case.name));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} cases and files fail:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn every_operation_has_a_case_and_every_connector_one_of_an_error() {
    let mut missing = Vec::new();
    for name in names() {
        let Some((connector, contract)) = read(&name, &mut Vec::new()) else {
            missing.push(format!("{name}: cannot be read"));
            continue;
        };
        let of_cases: BTreeSet<&str> = contract
            .cases
            .iter()
            .map(|case| case.operation.as_str())
            .collect();
        for operation in connector.operations() {
            if !of_cases.contains(operation.name()) {
                missing.push(format!("{name}: no case of `{}`", operation.name()));
            }
        }
        if !contract.cases.iter().any(|case| case.error.is_some()) {
            missing.push(format!("{name}: no case of an error"));
        }
        if !contract.cases.iter().any(|case| case.requests.is_some()) {
            missing.push(format!("{name}: no case looks at a request"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
