//! Reads a contract.

use std::sync::Arc;

use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::Source;
use lockgate_flow::syntax::Reader;
use lockgate_flow::yaml::{Limits, Node, load};
use lockgate_testing::matching::Pattern;
use serde_json::{Map, Value};

/// A connector's contract.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) connector: String,
    /// Settings.
    pub(crate) connection: Map<String, Value>,
    pub(crate) cases: Vec<Case>,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operation: String,
    /// Further settings, or others.
    pub(crate) connection: Map<String, Value>,
    pub(crate) input: Value,
    pub(crate) answers: Vec<Answer>,
    /// It is asked what became of the call, instead of calling.
    pub(crate) reconcile: bool,
    pub(crate) requests: Option<Vec<Pattern>>,
    pub(crate) result: Option<Pattern>,
    pub(crate) error: Option<Pattern>,
    /// `happened`, `did_not_happen`, `unknown`.
    pub(crate) reconciled: Option<String>,
}

/// An answer of the stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Json(Value),
    Text(String),
}

impl Contract {
    pub(crate) fn parse(source: &Arc<Source>) -> (Option<Self>, Vec<Diagnostic>) {
        let loaded = load(source, Limits::default());
        let mut reader = Reader::new(source);
        reader.diagnostics = loaded.diagnostics;
        let contract = loaded.root.as_ref().and_then(|root| read(&mut reader, root));
        (contract, reader.diagnostics)
    }
}

fn read(reader: &mut Reader, node: &Node) -> Option<Contract> {
    let mut fields = reader.fields(node, "the contract")?;
    let connector = fields
        .need(reader, "connector")
        .and_then(|node| reader.text(node, "`connector`"));
    let connection = fields.take("connection").map(Node::to_value);
    let cases = fields
        .need(reader, "cases")
        .and_then(Node::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| read_case(reader, node))
        .collect();
    fields.finish(reader, &["connector", "connection", "cases"]);
    Some(Contract {
        connector: connector?.value,
        connection: object(connection),
        cases,
    })
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn read_case(reader: &mut Reader, node: &Node) -> Option<Case> {
    let mut fields = reader.fields(node, "the case")?;
    let mut text = |reader: &mut Reader, key: &str| {
        let text = fields.need(reader, key).and_then(|node| reader.text(node, key));
        text.map(|text| text.value).unwrap_or_default()
    };
    let (name, operation) = (text(reader, "name"), text(reader, "operation"));
    let connection = object(fields.take("connection").map(Node::to_value));
    let input = fields
        .take("input")
        .map_or_else(|| Value::Object(Map::new()), Node::to_value);
    let answers = fields
        .take("answers")
        .and_then(Node::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| read_answer(reader, node))
        .collect();
    let reconcile = fields
        .take("reconcile")
        .and_then(|node| reader.boolean(node, "`reconcile`"))
        .unwrap_or(false);
    let mut case = Case {
        name,
        operation,
        connection,
        input,
        answers,
        reconcile,
        requests: None,
        result: None,
        error: None,
        reconciled: None,
    };
    if let Some(node) = fields.need(reader, "expect") {
        read_expectations(reader, node, &mut case);
    }
    fields.finish(
        reader,
        &[
            "name",
            "operation",
            "connection",
            "input",
            "answers",
            "reconcile",
            "expect",
        ],
    );
    Some(case)
}

fn read_expectations(reader: &mut Reader, node: &Node, case: &mut Case) {
    let Some(mut fields) = reader.fields(node, "`expect`") else {
        return;
    };
    if let Some(node) = fields.take("requests") {
        let known = ["method", "path", "query", "headers", "json", "form", "text"];
        let mut requests = Vec::new();
        for node in node.as_list().unwrap_or_default() {
            if let Some(mut request) = reader.fields(node, "the request") {
                for key in known {
                    request.take(key);
                }
                request.finish(reader, &known);
            }
            requests.extend(pattern(reader, node));
        }
        case.requests = Some(requests);
    }
    case.result = fields.take("result").and_then(|node| pattern(reader, node));
    if let Some(node) = fields.take("error") {
        let known = ["code", "status", "message", "retry", "provider"];
        if let Some(mut error) = reader.fields(node, "the error") {
            for key in known {
                error.take(key);
            }
            error.finish(reader, &known);
        }
        case.error = pattern(reader, node);
    }
    case.reconciled = fields
        .take("reconciled")
        .and_then(|node| reader.text(node, "`reconciled`"))
        .map(|text| text.value);
    if case.result.is_none() && case.error.is_none() && case.reconciled.is_none() {
        reader.report(
            Code::MissingKey,
            fields.span(),
            "nothing is expected but requests: say `result` or `error`",
        );
    }
    fields.finish(reader, &["requests", "result", "error", "reconciled"]);
}

fn pattern(reader: &mut Reader, node: &Node) -> Option<Pattern> {
    match Pattern::parse(&node.to_value()) {
        Ok(pattern) => Some(pattern),
        Err(mistakes) => {
            for mistake in mistakes {
                let span = node.at_pointer(&mistake.pointer).span;
                reader.report(Code::WrongType, span, mistake.message);
            }
            None
        }
    }
}

fn read_answer(reader: &mut Reader, node: &Node) -> Option<Answer> {
    let mut fields = reader.fields(node, "the answer")?;
    let status = fields
        .take("status")
        .and_then(|node| reader.whole(node, "`status`", 100..=599))
        .and_then(|status| u16::try_from(status).ok())
        .unwrap_or(200);
    let headers = object(fields.take("headers").map(Node::to_value))
        .into_iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name, value)
        })
        .collect();
    let body = match (fields.take("json"), fields.take("text")) {
        (Some(json), _) => Body::Json(json.to_value()),
        (None, Some(text)) => Body::Text(text.as_str().unwrap_or_default().to_owned()),
        (None, None) => Body::None,
    };
    fields.finish(reader, &["status", "headers", "json", "text"]);
    Some(Answer {
        status,
        headers,
        body,
    })
}
