//! The description of the language, `docs/language.md`, is a test: each of its YAML blocks is checked.
//!
//! A block is a flow, or with `file=` another file; a flow under `flows/` is there for all blocks. `part=steps` is a list
//! of steps, which belongs to a flow with the block `name=input`. A block gives exactly the codes of `error=`, none
//! where it has none.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use lockgate_flow::catalog::COMMON_ERRORS;
use lockgate_flow::diagnostic::Code;
use lockgate_flow::expression::ROOTS;
use lockgate_flow::syntax::{AuthKind, COMMON_KEYS, Method, VERBS};
use support::markdown::{Block, blocks};

const PAGE: &str = include_str!("../../../docs/language.md");

/// What a block must give.
fn expected(block: &Block) -> BTreeSet<Code> {
    block
        .attribute("error")
        .into_iter()
        .flat_map(|codes| codes.split(','))
        .map(|code| code.parse().expect("a code"))
        .collect()
}

#[test]
fn every_block_is_as_the_page_says() {
    let blocks: Vec<Block> = blocks(PAGE)
        .into_iter()
        .filter(|block| block.language == "yaml")
        .collect();
    let input = &blocks
        .iter()
        .find(|block| block.attribute("name") == Some("input"))
        .expect("the input of the parts")
        .text;
    let library: Vec<(&str, &str)> = blocks
        .iter()
        .filter_map(|block| Some((block.attribute("file")?, block.text.as_str())))
        .filter(|(path, _)| path.starts_with("flows/"))
        .collect();
    assert!(blocks.len() > 60, "only {} blocks were found", blocks.len());
    let mut failures = Vec::new();
    for block in &blocks {
        for (name, _) in &block.attributes {
            assert!(
                ["file", "part", "name", "error"].contains(&name.as_str()),
                "line {}: `{name}`",
                block.line
            );
        }
        let mut files = library.clone();
        let text;
        match (
            block.attribute("file"),
            block.attribute("part"),
            block.attribute("name"),
        ) {
            (Some("lockgate.yaml"), ..) => files = vec![("lockgate.yaml", &block.text)],
            (Some(_), ..) => {}
            (_, Some("steps"), _) => {
                text = format!("{input}steps:\n{}", block.text);
                files.push((support::FLOW, &text));
            }
            (.., Some("input")) => {
                text = format!("{input}steps:\n- return: hello\n");
                files.push((support::FLOW, &text));
            }
            _ => files.push((support::FLOW, &block.text)),
        }
        let findings = support::check(&files).diagnostics;
        let found: BTreeSet<Code> = findings.iter().map(|finding| finding.code).collect();
        if found != expected(block) {
            failures.push(format!(
                "docs/language.md:{}, {}: {:?} is expected\n{}",
                block.line,
                block.heading,
                expected(block),
                support::shown(&findings)
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {}\n{}",
        failures.len(),
        blocks.len(),
        failures.join("\n")
    );
}

#[test]
fn the_page_names_everything_that_there_is() {
    let common = COMMON_ERRORS.iter().map(|error| &*error.code);
    let methods = Method::ALL.iter().map(|method| method.name());
    let kinds = [AuthKind::None, AuthKind::Bearer, AuthKind::Basic, AuthKind::Hmac].map(AuthKind::name);
    let other = [
        "name",
        "description",
        "trigger",
        "input",
        "steps",
        "on_error",
        "timeout",
        "durable",
        "default",
        "required",
        "secret",
        "cases",
        "as",
        "at_once",
        "yield",
        "with",
        "connection",
        "index",
        "cors",
        "rate_limit",
        "max_body",
        "cron",
        "timezone",
        "missed",
        "overlap",
        "concurrency",
        "limit",
        "key",
        "total",
        "queue",
        "store",
        "path",
        "durability",
        "flush_interval",
        "retention",
        "age",
        "count",
        "attempts",
        "delay",
        "max_delay",
        "codes",
        "version",
        "connections",
        "config",
        "continue",
    ];
    let all = VERBS.iter().chain(COMMON_KEYS).chain(ROOTS.iter()).copied();
    for name in all.chain(common).chain(methods).chain(kinds).chain(other) {
        let written = [
            format!("`{name}`"),
            format!("`{name}."),
            format!("`{name}:"),
            format!("`{name} "),
        ];
        assert!(
            written.iter().any(|text| PAGE.contains(text)),
            "the page does not name `{name}`"
        );
    }
    for verb in VERBS {
        let heading = PAGE
            .lines()
            .any(|line| line.starts_with("### ") && line.contains(&format!("`{verb}`")));
        assert!(heading, "no heading for `{verb}`");
    }
}

#[test]
fn links_inside_the_page_lead_somewhere() {
    let slug = |heading: &str| -> String {
        heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_')
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    let headings: BTreeSet<String> = PAGE
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| slug(line.trim_start_matches('#').trim()))
        .collect();
    for link in PAGE.split("](#").skip(1) {
        let link = link.split(')').next().unwrap();
        assert!(headings.contains(link), "`#{link}` is no heading");
    }
}
