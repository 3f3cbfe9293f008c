//! `errors`, `accept`: what answers mean.

use std::sync::Arc;

use lockgate_flow::catalog::{ErrorSpec, Text};
use lockgate_flow::diagnostic::Code;
use lockgate_flow::syntax::{Fields, Reader};
use lockgate_flow::yaml::Node;
use lockgate_http::StatusRange;

use super::names::Names;
use super::{check_name, needed_text};
use crate::connector::ErrorRule;

const KEYS: &[&str] = &["code", "on", "if", "status", "summary", "retry"];

/// What an error is for the flow's caller where its rule does not say.
const BAD_GATEWAY: u16 = 502;

/// Codes of every operation, for what no rule is for. `timeout` is common to all actions.
const COMMON_CODES: [ErrorSpec; 7] = [
    ErrorSpec::new(
        "unauthorized",
        BAD_GATEWAY,
        "the provider refused the connection's credentials, or what they may do (401, 403)",
    ),
    ErrorSpec::new(
        "rate_limited",
        503,
        "the provider refused the request for its pace (429)",
    ),
    ErrorSpec::new(
        "rejected",
        BAD_GATEWAY,
        "the provider refused the request (another 4xx)",
    ),
    ErrorSpec::new(
        "unavailable",
        BAD_GATEWAY,
        "no connection, one that broke off, or a server error (5xx)",
    ),
    ErrorSpec::new(
        "invalid_response",
        BAD_GATEWAY,
        "the answer is not what the connector expects",
    ),
    ErrorSpec::new(
        "forbidden_address",
        BAD_GATEWAY,
        "the host is at a private address that the workspace does not allow",
    ),
    ErrorSpec::new("too_large", BAD_GATEWAY, "the answer is larger than 1 MiB"),
];

/// Rules, and the codes that they declare.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Arc<ErrorRule>>,
    pub(super) specs: Vec<ErrorSpec>,
}

impl Rules {
    /// These before others; then the codes of all operations.
    pub(super) fn before(mut self, others: &Self) -> Self {
        self.rules.extend(others.rules.iter().cloned());
        for spec in others.specs.iter().chain(&COMMON_CODES) {
            self.declare(spec.clone());
        }
        self
    }

    /// Of one code the first declaration stands.
    fn declare(&mut self, spec: ErrorSpec) {
        if !self.specs.iter().any(|known| known.code == spec.code) {
            self.specs.push(spec);
        }
    }
}

/// Reads a list of rules.
pub(super) fn read(reader: &mut Reader, node: &Node, names: &mut Names) -> Rules {
    let Some(list) = node.as_list() else {
        reader.wrong_type(node, "`errors`", "a list of errors");
        return Rules::default();
    };
    let mut rules = Rules::default();
    for node in list {
        let Some(mut fields) = reader.fields(node, "the error") else {
            continue;
        };
        if let Some((rule, summary)) = read_rule(reader, &mut fields, names) {
            rules.declare(ErrorSpec {
                code: Text::Owned(rule.code.clone()),
                status: rule.status,
                summary: Text::Owned(summary),
            });
            rules.rules.push(Arc::new(rule));
        }
        fields.finish(reader, KEYS);
    }
    rules
}

fn read_rule(reader: &mut Reader, fields: &mut Fields<'_>, names: &mut Names) -> Option<(ErrorRule, String)> {
    let code = fields
        .need(reader, "code")
        .and_then(|node| reader.text(node, "`code`"))
        .filter(|code| check_name(reader, &code.value, code.span, "an error code"));
    let on = fields
        .take("on")
        .map_or_else(Vec::new, |node| read_statuses(reader, node, "`on`"));
    let condition = fields
        .take("if")
        .and_then(|node| names.read_expression(reader, node, "`if`"));
    let status = fields
        .take("status")
        .and_then(|node| reader.whole(node, "`status`", 400..=599))
        .and_then(|status| u16::try_from(status).ok())
        .unwrap_or(BAD_GATEWAY);
    let summary = needed_text(reader, fields, "summary", "`summary`");
    let retry = fields
        .take("retry")
        .and_then(|node| reader.boolean(node, "`retry`"))
        .unwrap_or(false);
    if !fields.has("on") && !fields.has("if") {
        reader.report_help(
            Code::InvalidConnector,
            fields.span(),
            "an error that fits every answer",
            "say which: `on: 404`, `on: 4xx`, or `if: …`",
        );
    }
    let rule = ErrorRule {
        code: code?.value,
        on,
        condition,
        status,
        retry,
    };
    Some((rule, summary))
}

/// Reads a status, a class, or a list of them.
pub(super) fn read_statuses(reader: &mut Reader, node: &Node, what: &str) -> Vec<StatusRange> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let mut ranges = Vec::new();
    for node in nodes {
        match StatusRange::parse(&node.to_value()) {
            Ok(range) => ranges.push(range),
            Err(problem) => reader.report_help(
                Code::InvalidConnector,
                node.span,
                format!("{what}: {problem}"),
                "write `404`, `4xx`, `\"200-204\"`, or a list of them",
            ),
        }
    }
    ranges
}
