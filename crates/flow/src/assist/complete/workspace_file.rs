//! `lockgate.yaml`: its keys, connection types and their settings.

use serde_json::Value;

use super::fragments::{Writing, plain, scalar};
use super::keys::of_grammar;
use super::values::listed;
use super::{Offer, item};
use crate::assist::answers::{Completion, CompletionKind};
use crate::assist::cursor::{Cursor, Sibling, Spot, Style, value_of};
use crate::assist::language::{Grammar, Shape};
use crate::assist::place::names;
use crate::assist::schema::{members, type_name, values};
use crate::assist::{Assist, complete::arguments};
use crate::schema::SchemaView;

pub(super) fn complete(assist: &Assist<'_>, cursor: &Cursor<'_>) -> Option<Offer> {
    let path = names(&cursor.levels);
    match &cursor.spot {
        Spot::Key { span, keys, .. } => {
            let writing = Writing::at(&cursor.spot);
            let items = match path.as_slice() {
                ["connections", name] => settings(assist, cursor, name, keys, writing),
                // Names of the author's own.
                ["config" | "connections", ..] => return None,
                path => {
                    let grammar = Grammar::workspace().follow(path)?;
                    of_grammar(&grammar, keys, writing)
                }
            };
            Some(Offer {
                span: span.clone(),
                items,
            })
        }
        Spot::Value {
            scalar: written,
            lacks_space,
            ..
        } => {
            let mut items = of_value(assist, cursor, &path, written.style)?;
            if *lacks_space {
                for item in &mut items {
                    item.insert.insert(0, ' ');
                }
            }
            Some(Offer {
                span: written.span.clone(),
                items,
            })
        }
        Spot::Nothing => None,
    }
}

/// The settings of a connection that are not given yet; its `type` first.
fn settings(
    assist: &Assist<'_>,
    cursor: &Cursor<'_>,
    name: &str,
    keys: &[Sibling],
    writing: Writing,
) -> Vec<Completion> {
    let is_new = |name: &str| !keys.iter().any(|key| key.name == name);
    let kind = Completion {
        detail: Some("required".to_owned()),
        docs: Some("What sort of remote end it is; its settings depend on it.".to_owned()),
        insert: writing.key("type", Shape::Scalar),
        ..item("type", CompletionKind::Key)
    };
    let spec = value_of(keys, "type", cursor.text).and_then(|kind| assist.catalog.connection(kind));
    let mut found = spec
        .map(|spec| members(spec.settings.as_value()))
        .unwrap_or_default();
    found.sort_by_key(|member| !member.required);
    let own = found.iter().map(|member| {
        let mut insert = writing.key(member.name, Shape::Scalar);
        if SchemaView::of(member.schema).is_secret() && !writing.has_colon {
            // A secret is read from the environment.
            insert = insert.replacen("${}", &variable(name, member.name), 1);
        }
        let mut detail = type_name(member.schema);
        if member.required {
            detail.push_str(", required");
        }
        Completion {
            detail: Some(detail),
            docs: arguments::docs(member.schema),
            insert,
            ..item(member.name, CompletionKind::Key)
        }
    });
    [kind]
        .into_iter()
        .chain(own)
        .filter(|item| is_new(&item.label))
        .collect()
}

/// `${AUTH0_CLIENT_SECRET}`
fn variable(connection: &str, setting: &str) -> String {
    let name = format!("{connection}_{setting}").to_uppercase();
    let name: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    format!("${{{name}}}")
}

fn of_value(
    assist: &Assist<'_>,
    cursor: &Cursor<'_>,
    path: &[&str],
    style: Style,
) -> Option<Vec<Completion>> {
    match path {
        ["config", ..] => None,
        ["connections", _, "type"] => Some(
            assist
                .catalog
                .connections()
                .map(|spec| Completion {
                    detail: Some(spec.summary.to_string()),
                    docs: Some(format!("```yaml\n{}\n```", spec.example.trim())),
                    insert: plain(&spec.type_name),
                    ..item(spec.type_name.to_string(), CompletionKind::Value)
                })
                .collect(),
        ),
        ["connections", name, setting] => {
            let keys = &cursor.levels.last()?.keys;
            let kind = value_of(keys, "type", cursor.text)?;
            let schema = assist.catalog.connection(kind)?.settings.as_value();
            let schema = members(schema)
                .into_iter()
                .find(|member| member.name == *setting)?
                .schema;
            let mut items = listed(&values(schema), style);
            let text = Value::from(variable(name, setting));
            items.push(Completion {
                detail: Some("from the environment".to_owned()),
                insert: if style == Style::Plain {
                    shown_plain(&text)
                } else {
                    scalar(&text, style)
                },
                ..item(variable(name, setting), CompletionKind::Value)
            });
            Some(items)
        }
        path => {
            let grammar = Grammar::workspace().follow(path)?;
            Some(listed(&grammar.values(), style))
        }
    }
}

/// `${NAME}` needs no quotes.
fn shown_plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
