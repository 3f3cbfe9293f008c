//! The file, its cases and their runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::syntax::{DataNode, Fields, Reader};
use lockgate_flow::yaml::{Data, Limits, Node, Spanned, load};
use serde_json::Value;

use super::ast::{Alone, Case, Expect, Given, Run, Setup, TestFile};
use super::{expect, mocks};

const FILE_KEYS: &[&str] = &["flow", "now", "tenant", "connections", "mock", "faults", "cases"];
const CASE_KEYS: &[&str] = &[
    "name",
    "flow",
    "input",
    "request",
    "now",
    "tenant",
    "connections",
    "mock",
    "faults",
    "runs",
    "step",
    "given",
    "expect",
    "only",
    "skip",
];
const REQUEST_KEYS: &[&str] = &["method", "path", "query", "headers", "ip"];
const RUN_KEYS: &[&str] = &["flow", "after", "input", "request", "step", "given", "expect"];

/// Reads a test file. Gives what could be read of it, and every mistake.
pub fn parse(source: &Arc<Source>) -> (TestFile, Vec<Diagnostic>) {
    let loaded = load(source, Limits::default());
    let mut reader = Reader::new(source);
    reader.diagnostics = loaded.diagnostics;
    let mut file = TestFile {
        source: Arc::clone(source),
        flow: None,
        setup: Setup::default(),
        cases: Vec::new(),
    };
    if let Some(root) = &loaded.root
        && let Some(mut fields) = reader.fields(root, "a test file")
    {
        file.flow = fields
            .need(&mut reader, "flow")
            .and_then(|node| reader.text(node, "`flow`"));
        file.setup = setup(&mut reader, &mut fields);
        if let Some(node) = fields.need(&mut reader, "cases") {
            file.cases = cases(&mut reader, node);
        }
        fields.finish(&mut reader, FILE_KEYS);
    }
    (file, reader.diagnostics)
}

/// The keys that a file and a case have in common.
fn setup(reader: &mut Reader, fields: &mut Fields<'_>) -> Setup {
    let mut setup = Setup::default();
    if let Some(node) = fields.take("now") {
        setup.now = now(reader, node);
    }
    if let Some(node) = fields.take("tenant") {
        setup.users = tenant(reader, node);
    }
    if let Some(node) = fields.take("connections") {
        setup.connections = connections(reader, node);
    }
    if let Some(node) = fields.take("mock") {
        setup.mocks = mocks::mocks(reader, node);
    }
    if let Some(node) = fields.take("faults") {
        setup.faults = mocks::faults(reader, node);
    }
    setup
}

fn now(reader: &mut Reader, node: &Node) -> Option<Timestamp> {
    let text = reader.text(node, "`now`")?;
    let now = text.value.parse().ok();
    if now.is_none() {
        let message = format!("`now` is a time, not `{}`", text.value);
        reader.report_help(
            Code::WrongType,
            node.span,
            message,
            "write `2030-01-31T08:00:00Z`",
        );
    }
    now
}

fn tenant(reader: &mut Reader, node: &Node) -> Vec<Spanned<Value>> {
    let mut users = Vec::new();
    let Some(mut fields) = reader.fields(node, "`tenant`") else {
        return users;
    };
    if let Some(node) = fields.take("users") {
        match node.as_list() {
            None => reader.wrong_type(node, "`users`", "a list"),
            Some(nodes) => {
                for node in nodes {
                    if node.as_map().is_some() {
                        users.push(Spanned::new(node.to_value(), node.span));
                    } else {
                        reader.wrong_type(node, "a user", "a map");
                    }
                }
            }
        }
    }
    fields.finish(reader, &["users"]);
    users
}

fn connections(reader: &mut Reader, node: &Node) -> Vec<(Spanned<String>, Node)> {
    let Data::Map(entries) = &node.data else {
        reader.wrong_type(node, "`connections`", "a map");
        return Vec::new();
    };
    let mut connections = Vec::new();
    for entry in entries {
        if entry.value.as_map().is_none() {
            reader.wrong_type(&entry.value, "what a connection is made of", "a map of settings");
            continue;
        }
        let name = Spanned::new(entry.key.text.clone(), entry.key.span);
        connections.push((name, entry.value.clone()));
    }
    connections
}

fn cases(reader: &mut Reader, node: &Node) -> Vec<Case> {
    let Some(nodes) = node.as_list() else {
        reader.wrong_type(node, "`cases`", "a list");
        return Vec::new();
    };
    let mut cases: Vec<Case> = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for node in nodes {
        let Some(case) = case(reader, node) else { continue };
        if let Some(first) = seen.get(&case.name.value) {
            let message = format!("two cases have the name `{}`", case.name.value);
            let finding = Diagnostic::new(Code::DuplicateCase, &reader.source, case.name.span, message)
                .and(*first, "the first")
                .help("a name is how a case is asked for, and where its snapshot is kept");
            reader.diagnostics.push(finding);
        } else {
            seen.insert(case.name.value.clone(), case.name.span);
        }
        cases.push(case);
    }
    cases
}

fn case(reader: &mut Reader, node: &Node) -> Option<Case> {
    let mut fields = reader.fields(node, "a case")?;
    let name = fields
        .need(reader, "name")
        .and_then(|node| reader.text(node, "`name`"))
        .unwrap_or_else(|| Spanned::new(String::new(), node.span));
    if name.value.trim().is_empty() && name.span != node.span {
        reader.report(Code::WrongType, name.span, "the name is empty");
    }
    let setup = setup(reader, &mut fields);
    let skip = fields.take("skip").and_then(|node| match node.as_str() {
        Some(reason) => Some(reason.to_owned()),
        None => reader.boolean(node, "`skip`")?.then(String::new),
    });
    let only = fields
        .entry("only")
        .and_then(|entry| reader.boolean(&entry.value, "`only`")?.then_some(entry.key.span));
    let series = fields.take("runs");
    let runs = match series {
        None => vec![run(reader, &mut fields, node.span, 0)],
        Some(runs) => {
            for key in ["flow", "input", "request", "step", "given", "expect"] {
                if let Some(entry) = fields.entry(key) {
                    let message = format!("`{key}` beside `runs`");
                    let help = format!("each run has a `{key}` of its own");
                    reader.report_help(Code::InvalidCase, entry.key.span, message, help);
                }
            }
            series_of(reader, runs)
        }
    };
    fields.finish(reader, CASE_KEYS);
    Some(Case {
        name,
        span: node.span,
        setup,
        runs,
        is_series: series.is_some(),
        skip,
        only,
    })
}

fn series_of(reader: &mut Reader, node: &Node) -> Vec<Run> {
    let Some(nodes) = node.as_list().filter(|nodes| !nodes.is_empty()) else {
        reader.wrong_type(node, "`runs`", "a list of runs");
        return Vec::new();
    };
    let mut runs = Vec::new();
    for node in nodes {
        let Some(mut fields) = reader.fields(node, "a run") else {
            continue;
        };
        let mut after = Duration::ZERO;
        if let Some(node) = fields.take("after") {
            after = reader
                .duration(node, "`after`")
                .map_or(after, |after| after.value);
        }
        let index = runs.len();
        runs.push(Run {
            after,
            ..run(reader, &mut fields, node.span, index)
        });
        fields.finish(reader, RUN_KEYS);
    }
    runs
}

fn run(reader: &mut Reader, fields: &mut Fields<'_>, span: Span, index: usize) -> Run {
    let flow = fields.take("flow").and_then(|node| reader.text(node, "`flow`"));
    let input = fields
        .take("input")
        .and_then(|node| map(reader, node, "`input`", index));
    let request = fields
        .take("request")
        .and_then(|node| request(reader, node, index));
    let step = fields.take("step").and_then(|node| reader.text(node, "`step`"));
    let given = fields.entry("given");
    if let (None, Some(entry)) = (&step, given) {
        let help = "a whole run makes its own: `given` is for one `step` alone";
        reader.report_help(Code::InvalidCase, entry.key.span, "`given` without `step`", help);
    }
    let alone = step.map(|step| alone(reader, step, given.map(|entry| &entry.value)));
    let expect = fields
        .take("expect")
        .map_or_else(Expect::default, |node| expect::read(reader, node, index));
    Run {
        span,
        flow,
        after: Duration::ZERO,
        input,
        request,
        alone,
        expect,
    }
}

fn map(reader: &mut Reader, node: &Node, what: &str, index: usize) -> Option<Given> {
    if node.as_map().is_none() {
        reader.wrong_type(node, what, "a map");
        return None;
    }
    Some(given(reader, node, index))
}

fn request(reader: &mut Reader, node: &Node, index: usize) -> Option<Given> {
    let mut fields = reader.fields(node, "`request`")?;
    for key in REQUEST_KEYS {
        let value = fields.take(key);
        if let (true, Some(value)) = (["query", "headers"].contains(key), value)
            && value.as_map().is_none()
        {
            reader.wrong_type(value, &format!("`{key}`"), "a map");
        }
    }
    fields.finish(reader, REQUEST_KEYS);
    Some(given(reader, node, index))
}

/// What may read earlier runs, where there are any.
pub(super) fn given(reader: &mut Reader, node: &Node, index: usize) -> Given {
    Given {
        node: node.clone(),
        template: template(reader, node, index),
    }
}

/// A value as a template, where it reads earlier runs. Elsewhere braces are text like any other.
pub(super) fn template(reader: &mut Reader, node: &Node, index: usize) -> Option<DataNode> {
    if index == 0 || !has_braces(node) {
        return None;
    }
    Some(crate::earlier::read(reader, node))
}

fn has_braces(node: &Node) -> bool {
    match &node.data {
        Data::Scalar(scalar) => scalar.text.contains("{{"),
        Data::List(nodes) => nodes.iter().any(has_braces),
        Data::Map(entries) => entries.iter().any(|entry| has_braces(&entry.value)),
        Data::Invalid => false,
    }
}

fn alone(reader: &mut Reader, step: Spanned<String>, given: Option<&Node>) -> Alone {
    let mut alone = Alone {
        step,
        steps: Vec::new(),
        vars: Vec::new(),
    };
    let Some(mut fields) = given.and_then(|node| reader.fields(node, "`given`")) else {
        return alone;
    };
    for (key, into) in [("steps", &mut alone.steps), ("vars", &mut alone.vars)] {
        let Some(node) = fields.take(key) else { continue };
        match node.as_map() {
            Some(entries) => into.extend(entries.iter().map(|entry| {
                let name = Spanned::new(entry.key.text.clone(), entry.key.span);
                (name, entry.value.to_value())
            })),
            None => reader.wrong_type(node, &format!("`{key}`"), "a map"),
        }
    }
    fields.finish(reader, &["steps", "vars"]);
    alone
}
