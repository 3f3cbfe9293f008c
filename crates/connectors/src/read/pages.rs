//! `pagination` and `reconcile`: the further requests of an operation.

use lockgate_flow::catalog::Effect;
use lockgate_flow::diagnostic::Code;
use lockgate_flow::expression::{Expression, Template, ValueTemplate};
use lockgate_flow::graph::strip;
use lockgate_flow::syntax::{DataKind, Reader};
use lockgate_flow::yaml::Node;
use lockgate_http::StatusRange;

use super::names::Names;
use super::{Shared, errors, read_data, request};
use crate::connector::{Next, Pagination, Reconcile};

const KEYS: &[&str] = &["items", "next", "limit"];

const NEXT_KEYS: &[&str] = &["if", "query", "url"];

const RECONCILE_KEYS: &[&str] = &["request", "accept", "happened"];

/// Most items where `limit` does not say.
const LIMIT: usize = 1000;

/// Reads `pagination`.
pub(super) fn read_pagination(
    reader: &mut Reader,
    node: &Node,
    effect: Option<Effect>,
    names: &mut Names,
) -> Option<Pagination> {
    if matches!(effect, Some(Effect::Idempotent | Effect::Once)) {
        reader.report_help(
            Code::InvalidConnector,
            node.span,
            "only what reads has pages",
            "an operation that writes is one request",
        );
    }
    let mut fields = reader.fields(node, "`pagination`")?;
    let items = fields
        .need(reader, "items")
        .and_then(|node| names.read_expression(reader, node, "`items`"));
    let limit = fields
        .take("limit")
        .and_then(|node| reader.whole(node, "`limit`", 1..=100_000))
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(LIMIT);
    names.with_page(true);
    let next = fields
        .need(reader, "next")
        .and_then(|node| read_next(reader, node, names));
    names.with_page(false);
    fields.finish(reader, KEYS);
    let (condition, next) = next?;
    Some(Pagination {
        items: items?,
        condition,
        next,
        limit,
    })
}

fn read_next(reader: &mut Reader, node: &Node, names: &mut Names) -> Option<(Option<Expression>, Next)> {
    let mut fields = reader.fields(node, "`next`")?;
    let condition = fields
        .take("if")
        .and_then(|node| names.read_expression(reader, node, "`if`"));
    let query = fields.take("query");
    let url = fields.take("url");
    fields.finish(reader, NEXT_KEYS);
    let next = match (query, url) {
        (Some(node), None) => {
            let Some(entries) = node.as_map() else {
                reader.wrong_type(node, "`query`", "a map");
                return None;
            };
            let parameters = entries.iter().map(|entry| {
                let value = read_data(reader, &entry.value, names);
                (entry.key.text.clone(), strip(&value, None))
            });
            let parameters: Vec<_> = parameters.collect();
            if parameters
                .iter()
                .all(|(_, value)| matches!(value, ValueTemplate::Constant(_)))
            {
                let message = "the next page is the same as this one";
                let help = "take a parameter from the answer: `after: \"{{response.body.next}}\"`";
                reader.report_help(Code::InvalidConnector, node.span, message, help);
            }
            Next::Query(parameters)
        }
        (None, Some(node)) => Next::Url(names.read_text(reader, node, "`url`").into()),
        _ => {
            reader.report_help(
                Code::InvalidConnector,
                node.span,
                "`next` has either a `query` or a `url`",
                "write `next: { query: { after: \"{{response.body.next}}\" } }`",
            );
            return None;
        }
    };
    Some((condition, next))
}

/// Reads `reconcile`.
pub(super) fn read_reconcile(
    reader: &mut Reader,
    node: &Node,
    effect: Option<Effect>,
    shared: &Shared,
    names: &mut Names,
) -> Option<Reconcile> {
    if let Some(effect) = effect.filter(|effect| *effect != Effect::Once) {
        reader.report_help(
            Code::InvalidConnector,
            node.span,
            format!("an operation that is `{effect}` is sent again, and nobody asks what became of it"),
            "`reconcile` is for `effect: once`",
        );
    }
    let mut fields = reader.fields(node, "`reconcile`")?;
    names.with_response(false);
    let request = fields
        .need(reader, "request")
        .and_then(|node| request::read(reader, node, &shared.headers, names));
    names.with_response(true);
    let accept: Vec<StatusRange> = match fields.take("accept") {
        Some(node) => errors::read_statuses(reader, node, "`accept`"),
        None => shared.accept.clone(),
    };
    let happened = fields
        .need(reader, "happened")
        .and_then(|node| read_happened(reader, node, names));
    fields.finish(reader, RECONCILE_KEYS);
    Some(Reconcile {
        request: request?,
        accept,
        happened: happened?,
    })
}

/// One expression: of a text or a map it could not be said whether it is missing.
fn read_happened(reader: &mut Reader, node: &Node, names: &mut Names) -> Option<Expression> {
    let data = read_data(reader, node, names);
    if let DataKind::Template(Template::Expression(expression)) = data.kind {
        return Some(expression);
    }
    reader.report_help(
        Code::InvalidConnector,
        data.span,
        "`happened` is not one expression",
        "write it like `\"{{response.body.items.[0]}}\"`: where that is missing, it has not happened",
    );
    None
}
