//! Where what stands at a place is defined.

use std::sync::Arc;

use super::Assist;
use super::answers::Place;
use super::cursor::Cursor;
use super::place::{Place as Around, names};
use super::subject::{Subject, SubjectKind};
use crate::graph::flatten;
use crate::source::{Source, Span};
use crate::syntax::{FlowSyntax, Verb};
use crate::yaml::{Entry, Limits, Node, load};

pub(super) fn definition(assist: &Assist<'_>, offset: usize) -> Option<Place> {
    let cursor = Cursor::at(assist.text()?, offset);
    let around = Around::of(&cursor);
    let subject = Subject::of(assist, &cursor, &around)?;
    match &subject.kind {
        SubjectKind::Connection(name) => connection(assist, name),
        SubjectKind::Flow(name) => called(assist, name),
        SubjectKind::Input(name) => input(assist, &[name]),
        SubjectKind::Reference { segments, .. } => {
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            reference(assist, &segments, cursor.offset)
        }
        // An argument of a called flow is its input.
        SubjectKind::Key(name) => {
            let step = around.step.as_ref()?;
            let call = super::cursor::value_of(&cursor.levels.get(step.depth)?.keys, "call", cursor.text)?;
            let is_argument = names(step.inside(&cursor)) == ["with"];
            let flow = assist.workspace.flow(call).filter(|_| is_argument)?;
            field(&flow.source, flow.syntax.as_deref()?, &[name])
        }
        SubjectKind::Action(_)
        | SubjectKind::ConnectionType(_)
        | SubjectKind::Code(_)
        | SubjectKind::Function(_) => None,
    }
}

fn reference(assist: &Assist<'_>, segments: &[&str], offset: usize) -> Option<Place> {
    let flow = assist.flow()?;
    let syntax = flow.syntax.as_deref()?;
    let place = |span: Span| unquoted(&flow.source, span);
    match segments {
        ["input", path @ ..] if !path.is_empty() => input(assist, path),
        ["config", path @ ..] if !path.is_empty() => constant(assist, path),
        ["steps", id, ..] => {
            let steps = flatten(syntax);
            let mut ids = steps.iter().filter_map(|step| step.id.as_ref());
            ids.find(|own| own.value == *id).map(|id| place(id.span))
        }
        ["vars", name, ..] => {
            let steps = flatten(syntax);
            let set = steps.iter().flat_map(|step| match &step.verb {
                Verb::Set { variables } => variables.as_slice(),
                _ => &[],
            });
            let set: Vec<Span> = set
                .filter(|(own, _)| own.value == *name)
                .map(|(own, _)| own.span)
                .collect();
            // The last one before the place is the likeliest.
            let before = set.iter().rev().find(|span| (span.start as usize) < offset);
            before.or(set.first()).map(|span| place(*span))
        }
        [name, ..] => {
            let steps = flatten(syntax);
            let around = steps
                .iter()
                .rev()
                .filter(|step| step.span.range().contains(&offset));
            let mut items = around.filter_map(|step| match &step.verb {
                Verb::ForEach { item, .. } => Some(item),
                _ => None,
            });
            items
                .find(|item| item.value == *name)
                .map(|item| place(item.span))
        }
        [] => None,
    }
}

fn input(assist: &Assist<'_>, path: &[&str]) -> Option<Place> {
    let flow = assist.flow()?;
    field(&flow.source, flow.syntax.as_deref()?, path)
}

/// A field of a flow's input, or a field of that: as deep as the schema has keys for it.
fn field(source: &Arc<Source>, syntax: &FlowSyntax, path: &[&str]) -> Option<Place> {
    let (first, rest) = path.split_first()?;
    let own = syntax.input.iter().find(|field| field.name.value == *first)?;
    let mut found = own.name.span;
    if !rest.is_empty() {
        let root = load(source, Limits::default()).root;
        let mut schema = root.as_ref().and_then(|root| root.get("input")?.get(first));
        for name in rest {
            let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
            match schema.and_then(|schema| entry(schema.get("properties")?, name)) {
                Some(entry) => {
                    found = entry.key.span;
                    schema = Some(&entry.value);
                }
                None if is_index => schema = schema.and_then(|schema| schema.get("items")),
                None => break,
            }
        }
    }
    Some(unquoted(source, found))
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.as_map()?.iter().find(|entry| entry.key.text == key)
}

/// A constant of the workspace.
fn constant(assist: &Assist<'_>, path: &[&str]) -> Option<Place> {
    let source = assist.file()?;
    let root = load(source, Limits::default()).root?;
    let mut node = root.get("config")?;
    let mut found = None;
    for name in path {
        let Some(entry) = entry(node, name) else { break };
        found = Some(entry.key.span);
        node = &entry.value;
    }
    Some(unquoted(source, found?))
}

fn connection(assist: &Assist<'_>, name: &str) -> Option<Place> {
    let own = assist
        .workspace
        .connections()
        .iter()
        .find(|own| own.name.value == name)?;
    Some(unquoted(assist.file()?, own.name.span))
}

fn called(assist: &Assist<'_>, name: &str) -> Option<Place> {
    let flow = assist.workspace.flow(name)?;
    let span = flow
        .syntax
        .as_ref()
        .map_or_else(Span::default, |syntax| syntax.name.span);
    Some(unquoted(&flow.source, span))
}

/// A scalar without its quotes.
fn unquoted(source: &Arc<Source>, span: Span) -> Place {
    let text = source.slice(span);
    let is_quoted = text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
    let inset = u32::from(is_quoted);
    Place {
        source: Arc::clone(source),
        span: Span {
            start: span.start + inset,
            end: span.end - inset,
        },
    }
}
