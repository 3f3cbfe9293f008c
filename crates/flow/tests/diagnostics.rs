//! Every code's page is a test: its wrong files give the code, its right files give nothing.
//!
//! `## Wrong` and `## Right` hold blocks of YAML. `file=` names a block's file (`flows/example.yaml` where it is left
//! out), `generate=` stands for a file that is too large for a page.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use lockgate_flow::diagnostic::{Code, render_text};
use lockgate_flow::workspace::{Workspace, resolve_settings};
use support::markdown::{Block, blocks};

/// The files of a section, by path.
fn files(page: &str, section: &str) -> BTreeMap<String, String> {
    let of_section = |block: &Block| block.section == section && block.attribute("file") != Some(".env");
    blocks(page)
        .into_iter()
        .filter(of_section)
        .map(|block| {
            assert_eq!(block.language, "yaml", "line {}", block.line);
            let path = block.attribute("file").unwrap_or(support::FLOW).to_owned();
            let text = match block.attribute("generate") {
                Some(kind) => generate(kind),
                None => block.text,
            };
            (path, text)
        })
        .collect()
}

/// The files that are too large for a page.
fn generate(kind: &str) -> String {
    match kind {
        "large" => format!("steps:\n  - return: \"{}\"\n", "x".repeat(1 << 20)),
        "deep" => format!("steps:\n  - return: {}1{}\n", "[".repeat(300), "]".repeat(300)),
        "template" => format!(
            "input:\n  name: string\nsteps:\n  - return: \"{} {{{{input.name}}}}\"\n",
            "x".repeat(100_000)
        ),
        _ => panic!("nobody knows how to generate `{kind}`"),
    }
}

fn check(files: &BTreeMap<String, String>) -> Workspace {
    let mut files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    if files.iter().all(|(path, _)| *path == "lockgate.yaml") {
        files.push((support::FLOW, "steps:\n  - return: hello\n"));
    }
    support::check(&files)
}

/// The variables that a section's `.env` sets.
fn environment(page: &str, section: &str) -> BTreeMap<String, String> {
    blocks(page)
        .iter()
        .filter(|block| block.section == section && block.attribute("file") == Some(".env"))
        .flat_map(|block| block.text.lines())
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What the command line does with the settings before a run.
fn missing_variables(workspace: &Workspace, environment: &BTreeMap<String, String>) -> Vec<String> {
    workspace
        .connections()
        .iter()
        .filter_map(|connection| resolve_settings(connection, &|name| environment.get(name).cloned()).err())
        .flatten()
        .map(|missing| format!("{missing:?}"))
        .collect()
}

#[test]
fn every_code_has_a_page() {
    for code in Code::ALL {
        let page = code.page();
        let title = format!("# {code}: {}\n\n", code.title());
        assert!(
            page.starts_with(&title),
            "{code}: the page begins with `{}`",
            page.lines().next().unwrap()
        );
        for section in ["Wrong", "Right"] {
            assert!(
                !files(page, section).is_empty(),
                "{code}: no files under `## {section}`"
            );
        }
        assert!(
            page.lines().all(|line| line.chars().count() <= 120),
            "{code}: a line is too long"
        );
    }
}

#[test]
fn the_wrong_files_give_the_code() {
    let mut failures = Vec::new();
    for code in support::codes_of_flows() {
        let workspace = check(&files(code.page(), "Wrong"));
        let mut findings = workspace.diagnostics.clone();
        if *code == Code::MissingVariable {
            assert!(findings.is_empty(), "{}", support::shown(&findings));
            let missing = missing_variables(&workspace, &environment(code.page(), "Wrong"));
            insta::assert_snapshot!(code.as_str(), missing.join("\n"));
            continue;
        }
        // A source of a megabyte is not worth showing.
        for finding in &mut findings {
            if finding.primary.source.text().len() > 10_000 {
                finding.primary.source =
                    lockgate_flow::source::Source::new(finding.primary.source.path(), "…");
            }
        }
        let found = support::codes(&findings);
        if !found.contains(code) {
            failures.push(format!("{code} gives {found:?}:\n{}", support::shown(&findings)));
            continue;
        }
        if found.iter().any(|other| other != code) {
            failures.push(format!(
                "{code} gives others too, {found:?}:\n{}",
                support::shown(&findings)
            ));
        }
        insta::assert_snapshot!(code.as_str(), render_text(&findings, false));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_right_files_give_nothing() {
    let mut failures = Vec::new();
    for code in support::codes_of_flows() {
        let workspace = check(&files(code.page(), "Right"));
        if !workspace.diagnostics.is_empty() {
            failures.push(format!("{code}:\n{}", support::shown(&workspace.diagnostics)));
        }
        if *code == Code::MissingVariable {
            let missing = missing_variables(&workspace, &environment(code.page(), "Right"));
            assert!(missing.is_empty(), "{missing:?}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn codes_are_read_as_people_write_them() {
    for text in ["LG0102", "lg0102", " 0102 "] {
        assert_eq!(text.parse(), Ok(Code::DuplicateKey), "{text}");
    }
    for text in ["", "LG", "LG9999", "102"] {
        assert_eq!(text.parse::<Code>(), Err(()), "{text}");
    }
}
