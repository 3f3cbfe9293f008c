//! Data of the syntax → what is evaluated at run time.

use serde_json::Value;

use crate::expression::{Template, ValueTemplate};
use crate::schema::SchemaView;
use crate::syntax::{DataKind, DataNode};

use super::compiled::{Op, WaitOp};

/// Data without its places; texts that the schema calls HTML are escaped.
pub fn strip(data: &DataNode, schema: Option<SchemaView<'_>>) -> ValueTemplate {
    match &data.kind {
        DataKind::Constant(value) => ValueTemplate::Constant(value.clone()),
        DataKind::Template(template) => {
            let html = schema.is_some_and(SchemaView::is_html);
            let template: Template = if html {
                template.clone().into_html()
            } else {
                template.clone()
            };
            template.into()
        }
        DataKind::List(items) => {
            let schema = schema.map(SchemaView::items);
            ValueTemplate::list(items.iter().map(|item| strip(item, schema)).collect())
        }
        DataKind::Map(entries) => ValueTemplate::map(
            entries
                .iter()
                .map(|(key, value)| {
                    let schema = schema.and_then(|schema| schema.property(&key.value));
                    (key.value.clone(), strip(value, schema))
                })
                .collect(),
        ),
    }
}

pub(super) fn arguments(with: Option<&DataNode>, schema: Option<SchemaView<'_>>) -> ValueTemplate {
    match with {
        Some(with) => strip(with, schema),
        None => ValueTemplate::Constant(Value::Object(serde_json::Map::new())),
    }
}

pub(super) fn data_or(data: Option<&DataNode>, default: Value) -> ValueTemplate {
    data.map_or(ValueTemplate::Constant(default), |data| strip(data, None))
}

/// Whether evaluating an operation gives the same twice.
pub(super) fn is_deterministic(op: &Op) -> bool {
    match op {
        Op::If(expression)
        | Op::Switch {
            subject: expression, ..
        } => expression.is_pure(),
        Op::Action(action) => action.input.is_pure(),
        Op::ForEach(each) => each.list.is_pure() && each.result.as_ref().is_none_or(ValueTemplate::is_pure),
        Op::Set(variables) => variables.iter().all(|(_, value)| value.is_pure()),
        Op::Call { input, .. } => input.is_pure(),
        Op::Respond {
            status,
            headers,
            body,
        } => status.is_pure() && headers.is_pure() && body.as_ref().is_none_or(ValueTemplate::is_pure),
        Op::Return(value)
        | Op::Redirect { to: value, .. }
        | Op::Wait(WaitOp::ForValue(value) | WaitOp::Until(value)) => value.is_pure(),
        Op::Fail {
            code,
            message,
            status,
            details,
        } => [code, message, status]
            .into_iter()
            .chain(details)
            .all(ValueTemplate::is_pure),
        Op::Wait(WaitOp::For(_)) | Op::Parallel(_) | Op::Block(_) => true,
    }
}
