//! Reads `on_error` and `retry`.

use std::time::Duration;

use super::ast::{Handler, HandlerArm, OnError, RetrySyntax};
use super::reader::Reader;
use super::step::{COMMON_KEYS, VERBS, path_segment, read_list};
use crate::diagnostic::{Code, suggestion};
use crate::yaml::{Data, Entry, Node, Spanned};

pub(super) fn read_on_error(reader: &mut Reader, entry: &Entry, path: &str) -> Option<OnError> {
    let node = &entry.value;
    let span = entry.key.span;
    let path = format!("{path}/on_error");
    let arms = match &node.data {
        Data::Map(entries) => entries
            .iter()
            .filter_map(|arm| {
                let code = (arm.key.text != "*").then(|| Spanned::new(arm.key.text.clone(), arm.key.span));
                let arm_path = format!("{path}/{}", path_segment(&arm.key.text));
                Some(HandlerArm {
                    code,
                    handler: read_handler(reader, &arm.value, &arm_path)?,
                })
            })
            .collect(),
        Data::List(nodes) if has_codes(nodes) => {
            reader.report_help(
                Code::WrongType,
                node.span,
                "codes are keys of a map, not steps of a list",
                "write each code without `- ` in front of it, like `user_exists: continue`",
            );
            return None;
        }
        _ => vec![HandlerArm {
            code: None,
            handler: read_handler(reader, node, &path)?,
        }],
    };
    Some(OnError { span, arms })
}

fn read_handler(reader: &mut Reader, node: &Node, path: &str) -> Option<Handler> {
    match &node.data {
        Data::List(_) => Some(Handler::Steps(read_list(reader, node, "`on_error`", path, false))),
        Data::Scalar(scalar) if scalar.text == "continue" => Some(Handler::Continue),
        Data::Scalar(scalar) => {
            let help = suggestion(&scalar.text, ["continue"]).unwrap_or_default();
            let message = format!("`on_error: {}` says nothing", scalar.text);
            reader.report_help(Code::WrongType, node.span, message, help);
            None
        }
        _ => {
            reader.wrong_type(node, "an arm of `on_error`", "`continue` or a list of steps");
            if node.as_map().is_some()
                && let Some(finding) = reader.diagnostics.last_mut()
            {
                finding.help = Some("begin each step with `- `".to_owned());
            }
            None
        }
    }
}

/// Whether a list holds arms where steps belong: `- user_exists: [ … ]`.
fn has_codes(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node.as_map() {
        Some([arm]) => {
            let does = |handler: &Node| {
                handler
                    .as_list()
                    .is_some_and(|steps| steps.iter().all(|step| step.as_map().is_some()))
                    || handler.as_str() == Some("continue")
            };
            let key = arm.key.text.as_str();
            !VERBS.contains(&key) && !COMMON_KEYS.contains(&key) && does(&arm.value)
        }
        _ => false,
    })
}

pub(super) fn read_retry(reader: &mut Reader, node: &Node) -> Option<Spanned<RetrySyntax>> {
    let mut retry = RetrySyntax {
        attempts: 3,
        delay: Duration::from_millis(200),
        max_delay: Duration::from_secs(10),
        codes: None,
    };
    let attempts = |reader: &mut Reader, node: &Node| {
        reader
            .whole(node, "`attempts`", 1..=100)
            .and_then(|n| u32::try_from(n).ok())
    };
    // `retry: 5` is short for `retry: { attempts: 5 }`.
    if let Data::Scalar(_) = &node.data {
        retry.attempts = attempts(reader, node)?;
        return Some(Spanned::new(retry, node.span));
    }
    let mut fields = reader.fields(node, "`retry`")?;
    if let Some(given) = fields.take("attempts").and_then(|node| attempts(reader, node)) {
        retry.attempts = given;
    }
    if let Some(given) = fields
        .take("delay")
        .and_then(|node| reader.duration(node, "`delay`"))
    {
        retry.delay = given.value;
    }
    if let Some(given) = fields
        .take("max_delay")
        .and_then(|node| reader.duration(node, "`max_delay`"))
    {
        retry.max_delay = given.value;
    }
    if let Some(node) = fields.take("codes") {
        match node.as_list() {
            Some(nodes) => {
                retry.codes = Some(
                    nodes
                        .iter()
                        .filter_map(|node| reader.text(node, "a code of `retry`"))
                        .collect(),
                );
            }
            None => reader.report_help(
                Code::WrongType,
                node.span,
                "`codes` must be a list",
                "write `codes: [rate_limited]`",
            ),
        }
    }
    fields.finish(reader, &["attempts", "delay", "max_delay", "codes"]);
    Some(Spanned::new(retry, node.span))
}
