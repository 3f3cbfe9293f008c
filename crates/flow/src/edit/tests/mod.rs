//! Edits, as texts before and after.

mod insert;
mod names;
mod remove;
mod scalars;
mod set;
mod trouble;
mod wrap;

use std::sync::Arc;

use serde_json::json;

use super::{Changed, Edit, EditError, NewStep, Slot, Wrapper, apply, edit};
use crate::catalog::{ActionSpec, Catalog, Effect};
use crate::schema::Schema;
use crate::source::{Source, Span};
use crate::syntax::parse;

/// A few actions.
fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    let action = |name: &'static str, input: serde_json::Value, output: serde_json::Value| {
        Arc::new(ActionSpec {
            input: Schema::new(input),
            output: Schema::new(output),
            ..ActionSpec::new(name, Effect::Once, "Does something.")
        })
    };
    let user = json!({ "type": "object", "properties": { "user_id": { "type": "string" } } });
    catalog.add_action(action(
        "auth0.create_user",
        json!({ "type": "object", "required": ["connection", "email"], "properties": {
            "connection": { "type": "string" }, "email": { "type": "string" }, "verify": { "type": "boolean" } } }),
        user.clone(),
    ));
    catalog.add_action(action(
        "auth0.update_user",
        json!({ "type": "object", "required": ["user_id"], "properties": { "user_id": { "type": "string" } } }),
        user,
    ));
    catalog.add_action(action(
        "otp.sendCode",
        json!({ "type": "object", "required": ["to", "digits", "kind", "tags", "more", "silent"], "properties": {
            "to": { "type": "string" }, "digits": { "type": "integer", "minimum": 4 }, "kind": { "enum": ["sms", "mail"] },
            "tags": { "type": "array" }, "more": { "type": "object" }, "silent": { "type": "boolean" } } }),
        json!({ "type": "null" }),
    ));
    catalog.add_action(action(
        "log",
        json!({ "type": "object" }),
        json!({ "type": "null" }),
    ));
    catalog
}

fn source(text: &str) -> Arc<Source> {
    Source::new("flows/it.yaml", text)
}

fn run(before: &str, what: &Edit) -> Result<(String, Changed), EditError> {
    let changed = edit(&source(before), what, &catalog())?;
    Ok((apply(before, &changed.changes), changed))
}

/// Checks what an edit gives, that its changes can be undone, and that it selects a step that is there.
#[track_caller]
fn becomes(before: &str, what: &Edit, after: &str) -> Option<String> {
    let (text, changed) = run(before, what).unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(text, after, "\n--- is\n{text}\n--- should be\n{after}");
    assert_eq!(apply(&text, &inverse(before, &changed)), before);
    let parsed = parse(&source(&text));
    if let Some(select) = &changed.select {
        let flow = parsed.flow.expect("a flow");
        let paths = paths(&flow);
        assert!(paths.contains(select), "{select} is none of {paths:?}");
    }
    changed.select
}

/// The message of an edit that cannot be done.
#[track_caller]
fn fails(before: &str, what: &Edit) -> String {
    match run(before, what) {
        Ok((text, _)) => panic!("it gives\n{text}"),
        Err(error) => error.message,
    }
}

fn inverse(before: &str, changed: &Changed) -> Vec<super::Change> {
    let mut moved = 0_i64;
    let shift = |at: u32, moved: i64| usize::try_from(i64::from(at) + moved).unwrap();
    changed
        .changes
        .iter()
        .map(|change| {
            let start = shift(change.span.start, moved);
            let old = &before[change.span.range()];
            moved += i64::try_from(change.text.len()).unwrap() - i64::try_from(old.len()).unwrap();
            super::Change {
                span: Span::new(start, start + change.text.len()),
                text: old.to_owned(),
            }
        })
        .collect()
}

/// The paths of all steps.
fn paths(flow: &crate::syntax::FlowSyntax) -> Vec<String> {
    use crate::syntax::{Handler, Step, Verb};
    fn walk(steps: &[Step], found: &mut Vec<String>) {
        for step in steps {
            found.push(step.path.clone());
            match &step.verb {
                Verb::Choose { then, otherwise } => {
                    walk(then, found);
                    walk(otherwise, found);
                }
                Verb::Switch { cases, default, .. } => {
                    for case in cases {
                        walk(&case.steps, found);
                    }
                    walk(default.as_deref().unwrap_or_default(), found);
                }
                Verb::Parallel { branches } => {
                    for branch in branches {
                        walk(&branch.steps, found);
                    }
                }
                Verb::ForEach { steps, .. } => walk(steps, found),
                _ => {}
            }
            for arm in step.on_error.iter().flat_map(|on_error| &on_error.arms) {
                if let Handler::Steps(steps) = &arm.handler {
                    walk(steps, found);
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(&flow.steps, &mut found);
    if let Some(steps) = &flow.on_error {
        walk(&steps.value, &mut found);
    }
    found
}

fn slot(list: &str, index: usize) -> Slot {
    Slot {
        list: list.to_owned(),
        index,
    }
}

fn yaml(list: &str, index: usize, yaml: &str) -> Edit {
    Edit::Insert {
        at: slot(list, index),
        step: NewStep::Yaml(yaml.to_owned()),
    }
}

fn action(list: &str, index: usize, name: &str) -> Edit {
    Edit::Insert {
        at: slot(list, index),
        step: NewStep::Action(name.to_owned()),
    }
}

fn verb(list: &str, index: usize, name: &str) -> Edit {
    Edit::Insert {
        at: slot(list, index),
        step: NewStep::Verb(name.to_owned()),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn delete(steps: &[&str]) -> Edit {
    Edit::Delete { steps: names(steps) }
}

fn relocate(steps: &[&str], list: &str, index: usize) -> Edit {
    Edit::Move {
        steps: names(steps),
        at: slot(list, index),
    }
}

fn copy(steps: &[&str], list: &str, index: usize) -> Edit {
    Edit::Copy {
        steps: names(steps),
        at: slot(list, index),
    }
}

fn wrap(steps: &[&str], within: Wrapper) -> Edit {
    Edit::Wrap {
        steps: names(steps),
        within,
    }
}

fn unwrap(step: &str) -> Edit {
    Edit::Unwrap {
        step: step.to_owned(),
    }
}

fn set(step: &str, key: &str, value: serde_json::Value) -> Edit {
    Edit::Set {
        step: step.to_owned(),
        key: key.to_owned(),
        value,
    }
}

fn remove(step: &str, key: &str) -> Edit {
    Edit::Remove {
        step: step.to_owned(),
        key: key.to_owned(),
    }
}

fn rename(step: &str, key: &str, to: &str) -> Edit {
    Edit::Rename {
        step: step.to_owned(),
        key: key.to_owned(),
        to: to.to_owned(),
    }
}

fn rename_id(step: &str, to: &str) -> Edit {
    Edit::RenameId {
        step: step.to_owned(),
        to: to.to_owned(),
    }
}
