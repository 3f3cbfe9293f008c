//! What expressions at a place can name, and whether it is there on every way to it.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::answers::{Reference, Scope};
use super::schema::{members, type_name};
use super::shapes::{Shapes, of_field};
use crate::check::{Probe, Standing, error_schema, request_schema, run_schema};
use crate::expression::functions;
use crate::graph::keeps_error;
use crate::schema::SchemaView;
use crate::syntax::{Step, Verb};

/// Deepest fields that are shown.
const DEPTH: usize = 6;

/// Most references in one answer: a result may show hundreds of fields, and a flow may have a thousand steps.
const MOST: usize = 20_000;

/// Something that an expression can begin with, up to what a flow gives a name to: `input.email`, `steps.user`.
#[derive(Clone, Debug)]
pub(super) struct Root<'a> {
    pub(super) path: String,
    pub(super) schema: Cow<'a, Value>,
    pub(super) docs: Option<String>,
    pub(super) is_sure: bool,
    pub(super) secret: bool,
}

/// Everything that can be named at a place, in the order of the text.
pub(super) fn roots<'a>(probe: &'a Probe<'_>, shapes: Shapes<'a>) -> Vec<Root<'a>> {
    let mut found = Vec::new();
    inputs(probe, &mut found);
    for step in probe.loops_around() {
        in_loop(step, shapes, &mut found);
    }
    steps(probe, shapes, &mut found);
    variables(probe, shapes, &mut found);
    if probe.is_in_handler() {
        found.push(Root::known("error", error_schema(), true));
    }
    let config = shapes.of_config();
    found.push(Root {
        docs: Some("The constants of the workspace.".to_owned()),
        ..Root::new("config", Cow::Owned(config))
    });
    if let Some(standing) = probe.request() {
        let is_sure = standing == Standing::Sure || probe.is_shown("request");
        found.push(Root::known("request", request_schema(), is_sure));
    }
    found.push(Root::known("run", run_schema(), true));
    found
}

impl<'a> Root<'a> {
    fn new(path: impl Into<String>, schema: Cow<'a, Value>) -> Self {
        Self {
            path: path.into(),
            schema,
            docs: None,
            is_sure: true,
            secret: false,
        }
    }

    fn known(path: &str, schema: &'static Value, is_sure: bool) -> Self {
        Root {
            docs: SchemaView::of(schema).description().map(str::to_owned),
            is_sure,
            ..Root::new(path, Cow::Borrowed(schema))
        }
    }

    /// Itself as an answer.
    pub(super) fn reference(&self) -> Reference {
        Reference {
            path: self.path.clone(),
            type_name: type_name(&self.schema),
            docs: self.docs.clone(),
            is_sure: self.is_sure,
            secret: self.secret,
        }
    }

    /// Its fields and theirs, down to a depth. `shown` tells what a condition has shown to be there.
    pub(super) fn fields(&self, depth: usize, shown: &dyn Fn(&str) -> bool) -> Vec<Reference> {
        let mut found = Vec::new();
        let from = From {
            path: &self.path,
            is_sure: self.is_sure,
            secret: self.secret,
        };
        fields(&self.schema, from, depth, shown, &mut found);
        found
    }
}

#[derive(Clone, Copy)]
struct From<'p> {
    path: &'p str,
    is_sure: bool,
    secret: bool,
}

fn fields(
    schema: &Value,
    from: From<'_>,
    depth: usize,
    shown: &dyn Fn(&str) -> bool,
    found: &mut Vec<Reference>,
) {
    if depth == 0 || found.len() >= MOST {
        return;
    }
    let mut add = |name: &str, schema: &Value, required: bool| {
        let path = format!("{}.{}", from.path, written(name));
        let secret = from.secret || SchemaView::of(schema).is_secret();
        let is_sure = from.is_sure || shown(&path);
        let own = type_name(schema);
        found.push(Reference {
            type_name: if required { own } else { format!("{own}, optional") },
            docs: SchemaView::of(schema).description().map(str::to_owned),
            is_sure,
            secret,
            path: path.clone(),
        });
        let from = From {
            path: &path,
            is_sure,
            secret,
        };
        fields(schema, from, depth - 1, shown, found);
    };
    for member in members(schema) {
        add(member.name, member.schema, member.required);
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        add("0", items, false);
    }
}

/// A name as one segment of a path.
pub(super) fn written(name: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '$');
    if !name.is_empty() && name.chars().all(is_plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("[{name}]"))
    }
}

fn inputs<'a>(probe: &'a Probe<'_>, found: &mut Vec<Root<'a>>) {
    let syntax = probe.check.syntax;
    found.push(Root {
        docs: Some("All of the input.".to_owned()),
        ..Root::new("input", Cow::Owned(json!({ "type": "object" })))
    });
    for field in &syntax.input {
        let path = format!("input.{}", written(&field.name.value));
        let is_given = field.required || field.default.is_some();
        let schema = of_field(field);
        found.push(Root {
            docs: SchemaView::of(&schema).description().map(str::to_owned),
            is_sure: is_given || probe.is_present(&path),
            secret: field.secret,
            ..Root::new(path, Cow::Owned(schema))
        });
    }
}

fn in_loop<'a>(step: &Step, shapes: Shapes<'a>, found: &mut Vec<Root<'a>>) {
    let Verb::ForEach { item, .. } = &step.verb else {
        return;
    };
    found.retain(|known| known.path != item.value && known.path != "index");
    found.push(Root {
        docs: Some("The element of the list that this is done for.".to_owned()),
        ..Root::new(item.value.clone(), Cow::Owned(shapes.of_item(step)))
    });
    found.push(Root {
        docs: Some("Which element this is, from 0.".to_owned()),
        ..Root::new("index", Cow::Owned(json!({ "type": "integer" })))
    });
}

fn steps<'a>(probe: &'a Probe<'_>, shapes: Shapes<'a>, found: &mut Vec<Root<'a>>) {
    for (slot, step) in (0..).zip(&probe.check.slot_steps) {
        let Some(id) = &step.id else { continue };
        let path = format!("steps.{}", id.value);
        // What failed has no result in its own handler.
        if found.last().is_some_and(|last| last.path == path) || probe.handles(step) {
            continue;
        }
        let standing = probe.step(slot, &path, false);
        if matches!(standing, Some(Standing::Sure | Standing::Unsure)) {
            found.push(Root {
                docs: Some(of_step(probe, step)),
                is_sure: standing == Some(Standing::Sure),
                secret: step.secret,
                ..Root::new(path.clone(), shapes.of_step(step))
            });
        }
        if !keeps_error(step) {
            continue;
        }
        let path = format!("{path}.error");
        let standing = probe.step(slot, &path, true);
        if matches!(standing, Some(Standing::Sure | Standing::Unsure)) {
            found.push(Root {
                docs: Some(format!("Why `{}` failed; missing where it succeeded.", id.value)),
                ..Root::known(&path, error_schema(), standing == Some(Standing::Sure))
            });
        }
    }
}

fn of_step(probe: &Probe<'_>, step: &Step) -> String {
    match &step.verb {
        Verb::Action { action, .. } => {
            let summary = probe
                .check
                .catalog
                .action(&action.value)
                .map(|spec| spec.summary.clone());
            format!(
                "The result of `{}`. {}",
                action.value,
                summary.unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        }
        Verb::ForEach { .. } => "The list of what `yield` gave for each element.".to_owned(),
        Verb::Call { flow, .. } => format!("What the flow `{}` returned.", flow.value),
        _ => String::new(),
    }
}

fn variables<'a>(probe: &'a Probe<'_>, shapes: Shapes<'a>, found: &mut Vec<Root<'a>>) {
    for (slot, name) in (0..).zip(&probe.check.lowered.flow.variables) {
        let standing = probe.variable(slot);
        if standing == Standing::NotBefore {
            continue;
        }
        found.push(Root {
            docs: Some("Set by a step before.".to_owned()),
            is_sure: standing == Standing::Sure,
            secret: probe.check.secret_variables.contains(name),
            ..Root::new(format!("vars.{name}"), Cow::Owned(shapes.of_variable(name)))
        });
    }
}

/// All of it, as deep as schemas say.
pub(super) fn scope(probe: &Probe<'_>, roots: &[Root<'_>]) -> Scope {
    let mut references = Vec::new();
    for root in roots {
        references.push(root.reference());
        // The fields of `input` are roots of their own.
        if root.path != "input" {
            references.extend(root.fields(DEPTH, &|path| probe.is_present(path)));
        }
        if references.len() >= MOST {
            break;
        }
    }
    Scope {
        references,
        functions: functions::all().map(|function| function.name).collect(),
    }
}
