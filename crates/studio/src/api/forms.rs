//! A step's form, as a browser fills it in.

use lockgate_flow::assist::{Field, Form};
use lockgate_flow::source::Source;
use lockgate_server::problem::Problem;
use serde_json::{Value, json};

use super::actions::errors;
use crate::document::Document;
use crate::problem::no_step;

/// `StepForm` of the API.
pub(super) fn shown(path: &str, form: &Form, document: &Document, source: &Source) -> Result<Value, Problem> {
    let (kind, title) = document.step(path).ok_or_else(|| no_step(path))?;
    let fields: Vec<Value> = form
        .fields
        .iter()
        .map(|field| shown_field(field, source))
        .collect();
    Ok(json!({
        "path": path,
        "verb": form.verb,
        "kind": kind,
        "title": title,
        "docs": form.docs,
        "value": form.value,
        "fields": fields,
        "connections": form.connections,
        "needs_connection": form.needs_connection,
        "errors": form.action.as_deref().map_or_else(Vec::new, errors),
        "result": form.result,
        "effect": form.action.as_ref().map(|action| action.effect.name()),
        "diagnostics": document.findings_of(path),
    }))
}

fn shown_field(field: &Field, source: &Source) -> Value {
    json!({
        "name": field.name,
        "key": field.key,
        "schema": field.schema,
        "type": field.type_name,
        "required": field.required,
        "secret": field.secret,
        "is_html": field.is_html,
        "is_expression": field.is_expression,
        "is_given": field.value.is_some(),
        "value": field.value,
        "written": field.span.map(|span| source.slice(span)),
    })
}
