//! Arguments: what an action, or a called flow, takes under `with`.

use std::borrow::Cow;

use serde_json::Value;

use super::fragments::Writing;
use super::{Question, item};
use crate::assist::Assist;
use crate::assist::answers::{Completion, CompletionKind};
use crate::assist::cursor::{Level, Segment, Sibling, value_of};
use crate::assist::language::Shape;
use crate::assist::schema::{Member, member, members, shown, type_name};
use crate::assist::shapes::of_field;
use crate::schema::{SchemaView, TypeSet};

/// The schema of the `with` of a step that has these keys.
pub(in crate::assist) fn schema<'a>(
    assist: &Assist<'a>,
    keys: &[Sibling],
    text: &str,
) -> Option<Cow<'a, Value>> {
    if let Some(spec) = value_of(keys, "action", text).and_then(|name| assist.catalog.action(name)) {
        return Some(Cow::Borrowed(spec.input.as_value()));
    }
    let called = value_of(keys, "call", text)?;
    called_schema(assist, called).map(Cow::Owned)
}

/// What a flow takes, as one schema; secrets are marked.
pub(in crate::assist) fn called_schema(assist: &Assist<'_>, name: &str) -> Option<Value> {
    let syntax = assist.workspace.flow(name)?.syntax.as_deref()?;
    let mut schema = crate::graph::input_schema(&syntax.input);
    for field in &syntax.input {
        schema["properties"][&field.name.value] = of_field(field);
    }
    Some(schema)
}

/// The schema of what the levels below `with` lead to.
pub(in crate::assist) fn inside<'s>(schema: &'s Value, levels: &[Level]) -> Option<&'s Value> {
    let mut schema = schema;
    for level in levels {
        schema = match &level.segment {
            Segment::Key(name) => match member(schema, name) {
                Some(found) => found.schema,
                None => schema.get("additionalProperties").filter(|any| any.is_object())?,
            },
            Segment::Index(_) => schema.get("items")?,
        };
    }
    Some(schema)
}

/// The arguments that are not given yet.
pub(super) fn keys(
    question: &Question<'_, '_>,
    given: &[Sibling],
    writing: Writing,
) -> Option<Vec<Completion>> {
    let step = question.place.step.as_ref()?;
    let levels = step.inside(question.cursor);
    let own = &levels.first()?.keys;
    let schema = schema(question.assist, own, question.cursor.text)?;
    let mut found = members(inside(&schema, &levels[1..])?);
    found.retain(|member| !given.iter().any(|key| key.name == member.name));
    found.sort_by_key(|member| !member.required);
    Some(found.iter().map(|member| argument(member, writing)).collect())
}

fn argument(member: &Member<'_>, writing: Writing) -> Completion {
    let view = SchemaView::of(member.schema);
    let types = view.types();
    let shape = if types == TypeSet::OBJECT && !members(member.schema).is_empty() {
        Shape::Map
    } else {
        Shape::Scalar
    };
    let mut insert = writing.key(member.name, shape);
    if types == TypeSet::ARRAY && !writing.has_colon {
        insert = insert.replacen("${}", "[${}]", 1);
    } else if types == TypeSet::OBJECT && shape == Shape::Scalar && !writing.has_colon {
        insert = insert.replacen("${}", "{ ${} }", 1);
    }
    let mut detail = type_name(member.schema);
    if member.required {
        detail.push_str(", required");
    }
    Completion {
        detail: Some(detail),
        docs: docs(member.schema),
        insert,
        ..item(member.name, CompletionKind::Key)
    }
}

/// What a schema says of itself, with its default and its marks.
pub(in crate::assist) fn docs(schema: &Value) -> Option<String> {
    let view = SchemaView::of(schema);
    let mut parts: Vec<String> = view.description().map(sentence).into_iter().collect();
    if let Some(default) = view.default_value() {
        parts.push(format!("Default: `{}`.", shown(default)));
    }
    if view.is_secret() {
        parts.push("Masked wherever it would be written.".to_owned());
    }
    if view.is_html() {
        parts.push("HTML: the values of expressions are escaped.".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A description as a sentence: some are fragments.
pub(in crate::assist) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let end = if text.ends_with(['.', '!', '?', ':', '`', ')']) && !text.ends_with(['`', ')']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

/// `with:` and a line for each argument that must be given.
pub(super) fn with(question: &Question<'_, '_>, keys: &[Sibling], writing: Writing) -> Option<String> {
    let schema = schema(question.assist, keys, question.cursor.text)?;
    required(&schema, writing.column)
}

/// The same for a schema.
pub(super) fn required(schema: &Value, column: usize) -> Option<String> {
    let inner = " ".repeat(column + 2);
    let mut text = "with:".to_owned();
    let needed: Vec<Member<'_>> = members(schema)
        .into_iter()
        .filter(|member| member.required)
        .collect();
    for (index, member) in needed.iter().enumerate() {
        let cursor = if index == 0 { "${}" } else { "" };
        text.extend(["\n", &inner, &super::fragments::plain(member.name), ": ", cursor]);
    }
    (!needed.is_empty()).then_some(text)
}
