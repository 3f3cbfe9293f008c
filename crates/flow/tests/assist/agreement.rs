//! Holds what an editor is told against what the check says of a text in which it is used.

#![allow(unreachable_pub, reason = "several test binaries share it")]

use lockgate_flow::assist::Assist;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::graph::flatten;
use lockgate_flow::syntax::{Step, Verb};
use lockgate_flow::workspace::Workspace;

/// What was compared.
#[derive(Default)]
pub struct Count {
    pub sure: usize,
    pub unsure: usize,
}

/// Uses everything that the scope of each step names in a step before it, and compares: what is sure gives no finding, and
/// what is not gives one. `check` reads the workspace with another text in the place of this file's.
pub fn scopes(
    workspace: &Workspace,
    catalog: &Catalog,
    path: &str,
    check: &dyn Fn(&str) -> Workspace,
) -> Count {
    let mut count = Count::default();
    let assist = Assist::new(workspace, catalog, path);
    let flow = workspace
        .flows
        .iter()
        .find(|flow| flow.source.path() == path)
        .expect("the flow");
    let text = flow.source.text();
    for step in flow.syntax.iter().flat_map(|syntax| flatten(syntax)) {
        let Some(place) = line_of(text, step) else {
            continue;
        };
        let scope = assist.scope(&step.path).expect("a scope");
        let (mut inserted, mut ranges) = (" ".repeat(place.indent), Vec::new());
        inserted.push_str("- ");
        if let Some(condition) = condition(text, step) {
            inserted.extend(["if: ", condition, "\n", &" ".repeat(place.indent + 2)]);
        }
        inserted.push_str("set:\n");
        for (index, reference) in scope.references.iter().enumerate() {
            inserted.push_str(&" ".repeat(place.indent + 6));
            inserted.extend(["probe_", &index.to_string(), ": "]);
            let start = inserted.len();
            inserted.extend(["\"{{", &reference.path, "}}\"\n"]);
            ranges.push(place.start + start..place.start + inserted.len());
        }
        let mut changed = text.to_owned();
        changed.insert_str(place.start, &inserted);
        let again = check(&changed);
        let findings: Vec<&Diagnostic> = again
            .diagnostics
            .iter()
            .filter(|finding| finding.primary.source.path() == path && is_of_references(finding.code))
            .collect();
        let is_reached = !again.diagnostics.iter().any(|finding| {
            let (start, list) = (finding.primary.span.start as usize, step.path.rsplit_once('/'));
            finding.code == Code::Unreachable && list.is_some() && start <= place.start + inserted.len()
        });
        for (reference, range) in scope.references.iter().zip(&ranges) {
            let mut own = findings
                .iter()
                .filter(|finding| range.contains(&(finding.primary.span.start as usize)));
            let found = own
                .next()
                .map(|finding| format!("{} {}", finding.code, finding.message));
            let named = format!("{} at {} in {path}", reference.path, step.path);
            if reference.is_sure {
                assert_eq!(found, None, "{named} is said to be sure\n{changed}");
                count.sure += 1;
            } else if is_reached && is_followed(&reference.path) {
                assert!(
                    found.is_some(),
                    "{named} is said to be unsure, and nothing is found\n{changed}"
                );
                count.unsure += 1;
            }
        }
    }
    count
}

/// Below a field that may be missing the check looks no further.
fn is_followed(path: &str) -> bool {
    !path.starts_with("input.") || path.matches('.').count() == 1
}

fn is_of_references(code: Code) -> bool {
    let code = code.as_str();
    code.starts_with("LG02") || code.starts_with("LG03") || code == "LG0101"
}

struct Line {
    start: usize,
    indent: usize,
}

/// The line of a step that begins with `- ` there.
fn line_of(text: &str, step: &Step) -> Option<Line> {
    let at = step.span.start as usize;
    let start = text[..at].rfind('\n')? + 1;
    let before = &text[start..at];
    let indent = before.strip_suffix("- ")?;
    indent.chars().all(|char| char == ' ').then_some(Line {
        start,
        indent: indent.len(),
    })
}

/// The `if` of a step that has another verb, as it is written.
fn condition<'t>(text: &'t str, step: &Step) -> Option<&'t str> {
    let guards = !matches!(step.verb, Verb::Choose { .. });
    let condition = step.condition.as_ref().filter(|_| guards)?;
    text.get(condition.span.range())
}

/// Asks at every offset, and follows each reference, step, connection and flow to where it is defined.
pub fn every_offset(workspace: &Workspace, catalog: &Catalog, path: &str, text: &str) -> usize {
    let assist = Assist::new(workspace, catalog, path);
    for offset in 0..=text.len() + 2 {
        let found = assist.complete(offset);
        assert!(
            text.get(found.span.range()).is_some() || offset > text.len(),
            "{path} at {offset}"
        );
        if let Some(found) = assist.hover(offset) {
            assert!(
                text.get(found.span.range())
                    .is_some_and(|about| !about.is_empty()),
                "{path} at {offset}"
            );
            assert!(!found.docs.trim().is_empty(), "{path} at {offset}");
        }
        if let Some(place) = assist.definition(offset) {
            assert!(
                place.source.text().get(place.span.range()).is_some(),
                "{path} at {offset}"
            );
        }
    }
    definitions(&assist, workspace, path)
}

/// How many references were followed.
fn definitions(assist: &Assist<'_>, workspace: &Workspace, path: &str) -> usize {
    let Some(flow) = workspace.flows.iter().find(|flow| flow.source.path() == path) else {
        return 0;
    };
    let text = flow.source.text();
    let mut followed = 0;
    let mut follow = |at: usize, name: &str| {
        let place = assist.definition(at);
        let found = place.as_ref().map(|place| place.source.slice(place.span));
        assert_eq!(
            found,
            Some(name),
            "{path} at {at}: {}",
            &text[at..text.len().min(at + 40)]
        );
        followed += 1;
    };
    // `input.email`, `steps.user.user_id`: the name behind the root.
    for root in ["input.", "steps.", "vars.", "config."] {
        for (at, _) in text.match_indices(root) {
            let is_name = |char: char| char.is_alphanumeric() || char == '_';
            let before = &text[..at];
            let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
            let in_expression = line.rfind("{{").is_some_and(|open| !line[open..].contains("}}"))
                || ["if:", "switch:", "for_each:"]
                    .iter()
                    .any(|key| line.trim_start_matches([' ', '-']).starts_with(key));
            let in_text = line.matches('"').count() % 2 == 1 && line.rfind("{{").is_none();
            if before.ends_with(is_name) || !in_expression || in_text || line.trim_start().starts_with('#') {
                continue;
            }
            let start = at + root.len();
            let end = start + text[start..].find(|char| !is_name(char)).unwrap_or(0);
            follow(start + (end - start) / 2, &text[start..end]);
        }
    }
    for step in flow.syntax.iter().flat_map(|syntax| flatten(syntax)) {
        match &step.verb {
            Verb::Action {
                connection: Some(connection),
                ..
            } => follow(connection.span.start as usize, &connection.value),
            Verb::Call { flow, .. } => follow(flow.span.end as usize, &flow.value),
            _ => {}
        }
    }
    followed
}
