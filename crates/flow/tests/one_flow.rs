//! A flow that is checked alone, over what is known of the others, has the findings that it has when all are checked.
//!
//! The pages of the codes are the corpus: each has the files of a mistake, and of what is right.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use lockgate_flow::diagnostic::{Code, Diagnostic, render_json};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use support::markdown::blocks;

/// What another flow is while the one of these files is not there.
const OTHERS: [&str; 4] = [
    "steps:\n  - return: hello\n",
    "name: elsewhere\ntrigger: { http: POST /sign-up }\nsteps:\n  - call: example\n",
    "steps: [",
    "input: { email: string }\nsteps:\n  - return: '{{steps.nobody}}'\n",
];

fn check(files: &BTreeMap<String, String>) -> Workspace {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    support::check(&files)
}

fn shown(findings: &[Diagnostic], path: &str) -> String {
    let own: Vec<Diagnostic> = findings
        .iter()
        .filter(|finding| finding.primary.source.path() == path)
        .cloned()
        .collect();
    render_json(&own).to_string()
}

/// The text in the place of whatever is known of its path.
fn agrees(known: &Workspace, whole: &Workspace, path: &str, text: &str, why: &str) {
    let source = Source::new(path, text);
    let one = known.with_flow(&source, &support::catalog::catalog());
    assert_eq!(
        shown(&one.diagnostics, path),
        shown(&whole.diagnostics, path),
        "{why}: {path}"
    );
    assert_eq!(one.diagnostics.len(), own(whole, path), "{why}: {path}");
    let of = |workspace: &Workspace| {
        let flows = workspace.flows.iter();
        let mut flows = flows.filter(|flow| flow.source.path() == path);
        let flow = flows.next().unwrap();
        assert!(flows.next().is_none());
        (flow.name.clone(), flow.syntax.is_some(), flow.flow.is_some())
    };
    assert_eq!(of(&one), of(whole), "{why}: {path}");
    let paths = |workspace: &Workspace| -> Vec<String> {
        let flows = workspace.flows.iter();
        flows.map(|flow| flow.source.path().to_owned()).collect()
    };
    assert_eq!(paths(&one), paths(whole), "{why}: {path}");
}

fn own(workspace: &Workspace, path: &str) -> usize {
    let findings = workspace.diagnostics.iter();
    findings
        .filter(|finding| finding.primary.source.path() == path)
        .count()
}

#[test]
fn a_flow_checked_alone_has_the_findings_that_it_has_among_the_others() {
    let mut checked = 0;
    for code in Code::ALL {
        for section in ["Wrong", "Right"] {
            let files: BTreeMap<String, String> = blocks(code.page())
                .into_iter()
                .filter(|block| block.section == section && block.language == "yaml")
                .filter(|block| block.attribute("generate").is_none())
                .map(|block| {
                    let path = block.attribute("file").unwrap_or(support::FLOW).to_owned();
                    (path, block.text)
                })
                .filter(|(path, _)| {
                    path == "lockgate.yaml" || path.starts_with("flows/") && !path.ends_with(".test.yaml")
                })
                .collect();
            let whole = check(&files);
            for (path, text) in files.iter().filter(|(path, _)| path.starts_with("flows/")) {
                let why = format!("{code} {section}");
                let mut without = files.clone();
                without.remove(path);
                agrees(&check(&without), &whole, path, text, &why);
                for other in OTHERS {
                    without.insert(path.clone(), other.to_owned());
                    agrees(&check(&without), &whole, path, text, &why);
                }
                // Beside a flow that has mistakes, or shares its name and its route.
                for other in OTHERS {
                    for place in ["flows/a.yaml", "flows/z.yaml"] {
                        let mut more = files.clone();
                        more.insert(place.to_owned(), other.to_owned());
                        let whole = check(&more);
                        more.insert(path.clone(), OTHERS[0].to_owned());
                        agrees(
                            &check(&more),
                            &whole,
                            path,
                            text,
                            &format!("{why} beside {other:?}"),
                        );
                    }
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}
