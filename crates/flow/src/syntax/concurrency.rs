//! Reads `concurrency`.

use super::ast::ConcurrencySyntax;
use super::data::DataNode;
use super::reader::Reader;
use crate::diagnostic::Code;
use crate::yaml::{Data, Node, Spanned};

const KEYS: &[&str] = &["limit", "key", "total", "queue"];

/// How many runs may go on at once. More than this is no limit.
const LIMITS: std::ops::RangeInclusive<u64> = 1..=100_000;

/// How many runs may wait. Each that does holds its input in memory.
const QUEUES: std::ops::RangeInclusive<u64> = 0..=1_000_000;

const DEFAULT_QUEUE: u32 = 1000;

pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<ConcurrencySyntax> {
    if matches!(&node.data, Data::Scalar(scalar) if scalar.value.is_number()) {
        let limit = count(reader, node, "`concurrency`", LIMITS)?;
        return Some(ConcurrencySyntax {
            span: node.span,
            limit: limit.value,
            key: None,
            total: None,
            queue: DEFAULT_QUEUE,
        });
    }
    if node.as_map().is_none() {
        reader.wrong_type(node, "`concurrency`", "a whole number, or a map with `limit`");
        return None;
    }
    let mut fields = reader.fields(node, "`concurrency`")?;
    let limit = fields
        .need(reader, "limit")
        .and_then(|node| count(reader, node, "`limit`", LIMITS));
    let key = fields.take("key").map(|node| DataNode::read(reader, node));
    let total = fields
        .take("total")
        .and_then(|node| count(reader, node, "`total`", LIMITS));
    let queue = fields
        .take("queue")
        .and_then(|node| count(reader, node, "`queue`", QUEUES));
    fields.finish(reader, KEYS);
    if let Some(total) = &total {
        check_total(reader, total, limit.as_ref(), key.is_some());
    }
    Some(ConcurrencySyntax {
        span: node.span,
        limit: limit?.value,
        key,
        total: total.map(|total| total.value),
        queue: queue.map_or(DEFAULT_QUEUE, |queue| queue.value),
    })
}

fn check_total(reader: &mut Reader, total: &Spanned<u32>, limit: Option<&Spanned<u32>>, has_key: bool) {
    if !has_key {
        let message = "`total` counts the runs of all keys together, and there is no `key`";
        let help = "without a key, `limit` is the limit of all runs";
        reader.report_help(Code::InvalidConcurrency, total.span, message, help);
    } else if let Some(limit) = limit.filter(|limit| limit.value > total.value) {
        let (limit, total_value) = (limit.value, total.value);
        let message = format!("`total` is {total_value}, and one key alone may have {limit} runs");
        let help = "`limit` is of each key, `total` of all keys together: give at least as many";
        reader.report_help(Code::InvalidConcurrency, total.span, message, help);
    }
}

fn count(
    reader: &mut Reader,
    node: &Node,
    what: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Option<Spanned<u32>> {
    let number = reader.whole(node, what, range)?;
    Some(Spanned::new(u32::try_from(number).ok()?, node.span))
}
