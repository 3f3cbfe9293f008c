//! The JSON Schemas for editors take what the checker takes, and refuse what it refuses, as far as a schema can say it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::json_schema::{flow_schema, workspace_schema};
use lockgate_flow::schema::{Validator, problems};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::WorkspaceFile;
use lockgate_flow::yaml::{Limits, load};
use serde_json::Value;
use support::markdown::blocks;
use support::seeds::EVERYTHING;

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

fn mistakes(validator: &Validator, text: &str) -> Vec<String> {
    let source = Source::new("it.yaml", text);
    let value = load(&source, Limits::default()).root.unwrap().to_value();
    let found = problems(validator, &value);
    found
        .into_iter()
        .map(|problem| format!("{}: {}", problem.pointer, problem.message))
        .collect()
}

#[test]
fn what_is_right_fits() {
    let catalog = support::catalog::catalog();
    let (flow, workspace) = (
        validator(&flow_schema(&catalog)),
        validator(&workspace_schema(&catalog)),
    );
    assert_eq!(mistakes(&flow, EVERYTHING), Vec::<String>::new());
    let mut count = 0;
    for code in support::codes_of_flows() {
        for block in blocks(code.page()) {
            if block.section != "Right" || block.language != "yaml" || block.attribute("generate").is_some() {
                continue;
            }
            let is_workspace = block.attribute("file") == Some("lockgate.yaml");
            let found = mistakes(if is_workspace { &workspace } else { &flow }, &block.text);
            assert_eq!(found, Vec::<String>::new(), "{code}\n{}", block.text);
            count += 1;
        }
    }
    assert!(count > 60, "only {count}");
}

/// Of a key's value: whether the checker takes it, and whether the schema does.
#[test]
fn both_refuse_the_same() {
    let catalog = support::catalog::catalog();
    let schema = validator(&flow_schema(&catalog));
    let workspace = validator(&workspace_schema(&catalog));
    let mut judged = [0, 0];
    let mut judge = |text: &str, checker: bool, schema: bool| {
        assert_eq!(
            checker, schema,
            "the checker says {checker}, the schema {schema}:\n{text}"
        );
        judged[usize::from(checker)] += 1;
    };
    for line in [
        "concurrency: 5",
        "concurrency: 0",
        "concurrency: 100001",
        "concurrency: many",
        "concurrency: {}",
        "concurrency: { limit: 1, queue: 0 }",
        "concurrency: { limit: 1, queue: -1 }",
        "concurrency: { limit: 1, keys: x }",
        "concurrency: { limit: 1, total: 1, key: ['{{input.a}}'] }",
        "trigger: { schedule: { cron: '* * * * *' } }",
        "trigger: { schedule: { cron: '* * * * *', missed: once, overlap: true } }",
        "trigger: { schedule: { cron: '* * * * *', missed: all } }",
        "trigger: { schedule: { cron: '* * * * *', overlap: 'yes' } }",
        "trigger: { schedule: { timezone: UTC } }",
    ] {
        let text = format!("{line}\ninput: {{ a: {{ type: string, default: x }} }}\nsteps:\n  - return: x\n");
        let findings = support::check_flow(&text);
        judge(&text, findings.is_empty(), mistakes(&schema, &text).is_empty());
    }
    for store in [
        "{}",
        "{ path: a.db, durability: full }",
        "{ durability: batched, flush_interval: 5ms }",
        "{ durability: none }",
        "{ retention: { age: none, count: none } }",
        "{ retention: { age: 1d, count: 1 } }",
        "{ retention: { age: 1, count: 1 } }",
        "{ retention: { count: 0 } }",
        "{ retention: 30d }",
        "{ file: a.db }",
    ] {
        let text = format!("version: 1\nstore: {store}\n");
        let (_, findings) = WorkspaceFile::parse(&Source::new("lockgate.yaml", &*text), &catalog);
        judge(&text, findings.is_empty(), mistakes(&workspace, &text).is_empty());
    }
    assert!(judged[0] > 10 && judged[1] > 8, "{judged:?}");
}
