//! Whether what `result` gives can be what `output` says. What comes from the answer is known when it comes.

use lockgate_flow::diagnostic::{Code, suggestion};
use lockgate_flow::expression::{Expression, Template};
use lockgate_flow::schema::{SchemaView, TypeSet};
use lockgate_flow::source::Span;
use lockgate_flow::syntax::{DataKind, DataNode, Reader};
use lockgate_flow::yaml::Spanned;
use serde_json::Value;

use super::names::Names;

/// Compares a result with its schema.
pub(super) fn check(reader: &mut Reader, result: &DataNode, schema: &Value, names: &Names) {
    part(reader, result, SchemaView::of(schema), "the result", names);
}

/// Where there is no `result` to look at: the list that pages make.
pub(super) fn check_pages(reader: &mut Reader, span: Span, schema: &Value) {
    let types = SchemaView::of(schema).types();
    if !types.overlaps(TypeSet::ARRAY) {
        let message = format!("the pages make a list, and `output` says {types}");
        let help = "write `type: array`, or a `result` that takes the list as `{{page.items}}`";
        reader.report_help(Code::ResultMismatch, span, message, help);
    }
}

fn part(reader: &mut Reader, data: &DataNode, schema: SchemaView<'_>, what: &str, names: &Names) {
    let types = match &data.kind {
        DataKind::Constant(value) => TypeSet::of(value),
        DataKind::Template(Template::Expression(expression)) => names.types(expression),
        DataKind::Template(_) => TypeSet::STRING,
        DataKind::List(_) => TypeSet::ARRAY,
        DataKind::Map(_) => TypeSet::OBJECT,
    };
    if !types.overlaps(schema.types()) {
        let message = format!("{what} is {types}, and `output` says {}", schema.types());
        reader.report(Code::ResultMismatch, data.span, message);
        return;
    }
    match &data.kind {
        DataKind::List(items) => {
            for item in items {
                part(reader, item, schema.items(), "an element", names);
            }
        }
        DataKind::Map(entries) if schema.as_value().get("properties").is_some() => {
            map(reader, data.span, entries, schema, names);
        }
        _ => {}
    }
}

fn map(
    reader: &mut Reader,
    span: Span,
    entries: &[(Spanned<String>, DataNode)],
    schema: SchemaView<'_>,
    names: &Names,
) {
    for (name, value) in entries {
        match schema.property(&name.value) {
            Some(property) => {
                let what = format!("`{}`", name.value);
                part(reader, value, property, &what, names);
                if schema.requires(&name.value) && may_be_left_out(value) {
                    let message = format!("`output` requires {what}, and the result may leave it out");
                    let help = "take it from `required`, or use `optional` and allow null";
                    reader.report_help(Code::ResultMismatch, value.span, message, help);
                }
            }
            None if schema.additional().is_none() => {
                let message = format!("`output` has no `{}`", name.value);
                let help = suggestion(&name.value, schema.property_names()).unwrap_or_default();
                reader.report_help(Code::ResultMismatch, name.span, message, help);
            }
            None => {}
        }
    }
    for name in schema.property_names().filter(|name| schema.requires(name)) {
        if !entries.iter().any(|(key, _)| key.value == name) {
            let message = format!("`output` requires `{name}`, and the result has none");
            reader.report(Code::ResultMismatch, span, message);
        }
    }
}

fn may_be_left_out(data: &DataNode) -> bool {
    matches!(
        &data.kind,
        DataKind::Template(Template::Expression(Expression::Call(call))) if call.function.name == "omit_if_missing"
    )
}
