//! What stands at a place, in Markdown.

use std::fmt::Write as _;

use serde_json::Value;

use super::answers::Hover;
use super::complete::arguments::{called_schema, docs, inside, schema, sentence};
use super::cursor::{Cursor, value_of};
use super::language::Grammar;
use super::place::{Place, names};
use super::schema::{member, members, type_name};
use super::situation::{Situation, root_of, schema_at};
use super::subject::{Subject, SubjectKind};
use super::verbs::verb;
use super::{Assist, describe, keywords};
use crate::check::Site;
use crate::schema::SchemaView;
use crate::source::Span;

pub(super) fn hover(assist: &Assist<'_>, offset: usize) -> Option<Hover> {
    let cursor = Cursor::at(assist.text()?, offset);
    let place = Place::of(&cursor);
    let subject = Subject::of(assist, &cursor, &place)?;
    let docs = match &subject.kind {
        SubjectKind::Key(name) if assist.is_workspace_file() => setting(assist, &cursor, name),
        SubjectKind::Key(name) => key(assist, &cursor, &place, name),
        SubjectKind::Action(name) => assist.catalog.action(name).map(|spec| {
            let mut text = describe::action(spec);
            if !spec.errors.is_empty() {
                text.push('\n');
            }
            for error in &spec.errors {
                let _ = write!(text, "\n- {}", describe::error(error));
            }
            text
        }),
        SubjectKind::Connection(name) => connection(assist, name),
        SubjectKind::ConnectionType(name) => assist.catalog.connection(name).map(|spec| {
            format!(
                "**`{name}`**: {}\n\n```yaml\n{}\n```",
                sentence(&spec.summary),
                spec.example.trim()
            )
        }),
        SubjectKind::Flow(name) => flow(assist, name),
        SubjectKind::Code(name) => code(assist, &place, name),
        SubjectKind::Input(name) => {
            let fields = &assist.flow()?.syntax.as_ref()?.input;
            let field = fields.iter().find(|field| field.name.value == *name)?;
            Some(typed(&format!("input.{name}"), &field.schema, None))
        }
        SubjectKind::Function(function) => Some(describe::function(function)),
        SubjectKind::Reference { segments, site } => {
            reference(assist, (&cursor, &place), segments, site.as_ref())
        }
    };
    Some(Hover {
        span: Span::new(subject.span.start, subject.span.end),
        docs: docs?,
    })
}

/// A name with its type, and what is said of it.
fn typed(name: &str, schema: &Value, required: Option<bool>) -> String {
    let mut text = format!("**`{name}`**: {}", type_name(schema));
    match required {
        Some(true) => text.push_str(", required"),
        Some(false) => text.push_str(", may be left out"),
        None => {}
    }
    if let Some(docs) = docs(schema) {
        let _ = write!(text, "\n\n{docs}");
    }
    text
}

fn key(assist: &Assist<'_>, cursor: &Cursor<'_>, place: &Place, name: &str) -> Option<String> {
    let Some(step) = &place.step else {
        return flow_key(assist, cursor, name);
    };
    let levels = step.inside(cursor);
    match step.keys(cursor).as_slice() {
        [] => {
            let info = verb(name).filter(|_| name != "if");
            let docs = info.map(|info| info.docs.to_owned());
            let grammar = Grammar::step().enter(name)?;
            Some(format!(
                "**`{name}`**: {}",
                docs.or_else(|| grammar.docs().map(sentence))?
            ))
        }
        ["with", ..] => {
            let own = schema(assist, &levels.first()?.keys, cursor.text)?;
            let found = member(inside(&own, &levels[1..])?, name)?;
            Some(typed(name, found.schema, Some(found.required)))
        }
        ["on_error"] if name == "*" => Some("**`*`**: Any error that has no arm of its own.".to_owned()),
        ["on_error"] => code(assist, place, name),
        ["set"] => {
            let site = Site::Step(step.path.clone());
            let situation = Situation::at(assist, cursor, place, Some(&site))?;
            let schema = situation.look(assist, |_, _, shapes| shapes.of_variable(name));
            Some(typed(&format!("vars.{name}"), &schema, None))
        }
        path => of_grammar(&Grammar::step().follow(path)?, name),
    }
}

fn of_grammar(grammar: &Grammar, name: &str) -> Option<String> {
    let is_key = grammar.keys().iter().any(|key| key.name == name);
    let docs = grammar.enter(name).filter(|_| is_key)?.docs()?;
    Some(format!("**`{name}`**: {}", sentence(docs)))
}

fn flow_key(assist: &Assist<'_>, cursor: &Cursor<'_>, name: &str) -> Option<String> {
    let path = names(&cursor.levels);
    match path.as_slice() {
        ["input"] => {
            let fields = &assist.flow()?.syntax.as_ref()?.input;
            let field = fields.iter().find(|field| field.name.value == name)?;
            let schema = super::shapes::of_field(field);
            let is_required =
                field.required || field.default.is_some() && field.schema.get("default").is_none();
            Some(typed(&format!("input.{name}"), &schema, Some(is_required)))
        }
        ["input", inner @ ..] => {
            let path: Vec<&str> = inner.iter().copied().chain([name]).collect();
            Some(format!("**`{name}`**: {}", keywords::docs(&path)?))
        }
        path => of_grammar(&Grammar::flow().follow(path)?, name),
    }
}

/// A key of `lockgate.yaml`.
fn setting(assist: &Assist<'_>, cursor: &Cursor<'_>, name: &str) -> Option<String> {
    let path = names(&cursor.levels);
    match path.as_slice() {
        ["config", ..] => None,
        ["connections"] => connection(assist, name),
        ["connections", _] => {
            let kind = own_type(cursor)?;
            if name == "type" {
                return Some(
                    "**`type`**: What sort of remote end it is; its settings depend on it.".to_owned(),
                );
            }
            let spec = assist.catalog.connection(kind)?;
            let found = members(spec.settings.as_value())
                .into_iter()
                .find(|member| member.name == name)?;
            Some(typed(name, found.schema, Some(found.required)))
        }
        path => {
            let grammar = Grammar::workspace().follow(path)?;
            of_grammar(&grammar, name)
        }
    }
}

/// The `type` of the connection around the cursor; empty where it is the key itself.
fn own_type<'t>(cursor: &'t Cursor<'_>) -> Option<&'t str> {
    match &cursor.spot {
        super::cursor::Spot::Key { keys, .. } => {
            Some(value_of(keys, "type", cursor.text).unwrap_or_default())
        }
        _ => None,
    }
}

fn connection(assist: &Assist<'_>, name: &str) -> Option<String> {
    let own = assist
        .workspace
        .connections()
        .iter()
        .find(|own| own.name.value == name)?;
    let kind = &own.type_name.value;
    let summary = assist
        .catalog
        .connection(kind)
        .map(|spec| sentence(&spec.summary));
    Some(
        format!(
            "**`{name}`**: a connection of type `{kind}`. {}",
            summary.unwrap_or_default()
        )
        .trim()
        .to_owned(),
    )
}

fn flow(assist: &Assist<'_>, name: &str) -> Option<String> {
    let flow = assist.workspace.flow(name)?;
    let syntax = flow.syntax.as_ref();
    let mut text = format!("**`{name}`** in `{}`", flow.source.path());
    if let Some(description) = syntax.and_then(|syntax| syntax.description.as_ref()) {
        let _ = write!(text, "\n\n{}", description.trim());
    }
    let schema = called_schema(assist, name)?;
    for (index, field) in members(&schema).into_iter().enumerate() {
        let lead = if index == 0 { "\n\n" } else { "\n" };
        let needed = if field.required { ", required" } else { "" };
        let _ = write!(
            text,
            "{lead}- `{}`: {}{needed}",
            field.name,
            type_name(field.schema)
        );
    }
    Some(text)
}

fn code(assist: &Assist<'_>, place: &Place, name: &str) -> Option<String> {
    let step = place.step.as_ref()?;
    describe::error_of(assist, &step.path, name)
        .as_ref()
        .map(describe::error)
}

fn reference(
    assist: &Assist<'_>,
    (cursor, place): (&Cursor<'_>, &Place),
    segments: &[String],
    site: Option<&Site>,
) -> Option<String> {
    let path: Vec<_> = segments.iter().map(|name| super::scope::written(name)).collect();
    let path = path.join(".");
    let situation = Situation::at(assist, cursor, place, site)?;
    situation.look(assist, |probe, roots, _| {
        if matches!(path.as_str(), "steps" | "vars") {
            let docs = if path == "steps" {
                "The results of steps."
            } else {
                "The variables that are set."
            };
            return Some(format!("**`{path}`**: {docs}"));
        }
        let (root, rest) = root_of(roots, &path)?;
        let schema = schema_at(roots, &path);
        let kind = schema.map_or_else(|| "any".to_owned(), type_name);
        let mut text = format!("**`{path}`**: {kind}");
        let own = match (rest.is_empty(), schema) {
            (false, Some(schema)) => SchemaView::of(schema).description().map(sentence),
            _ => None,
        };
        for docs in [own.as_ref(), root.docs.as_ref()]
            .into_iter()
            .flatten()
            .filter(|docs| !docs.is_empty())
        {
            let _ = write!(text, "\n\n{docs}");
        }
        if !root.is_sure && !probe.is_present(&path) {
            let _ = write!(
                text,
                "\n\nIt is not there on every way here: write `default {path} \"…\"` or `optional {path}`."
            );
        } else if is_optional(roots, &path) {
            text.push_str("\n\nIt may be missing: its schema does not promise it.");
        }
        if root.secret || schema.is_some_and(|schema| SchemaView::of(schema).is_secret()) {
            text.push_str("\n\nSecret: masked wherever it would be written.");
        }
        Some(text)
    })
}

/// Whether a segment below the root is a field that need not be there.
fn is_optional(roots: &[super::scope::Root<'_>], path: &str) -> bool {
    let Some((root, rest)) = root_of(roots, path) else {
        return false;
    };
    let mut schema = &*root.schema;
    for (name, _) in super::expression::segments(rest) {
        match member(schema, &name) {
            Some(found) if found.required => schema = found.schema,
            Some(_) => return true,
            None => return false,
        }
    }
    false
}
