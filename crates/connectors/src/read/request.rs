//! `request`: method, path, query, headers, body.

use http::{HeaderName, Method};
use lockgate_flow::diagnostic::{Code, suggestion};
use lockgate_flow::expression::{Expression, Part, Template, ValueTemplate};
use lockgate_flow::graph::strip;
use lockgate_flow::source::Span;
use lockgate_flow::syntax::{DataKind, Fields, Reader};
use lockgate_flow::yaml::Node;

use super::names::Names;
use super::read_data;
use crate::connector::{BodyKind, RequestTemplate};
use crate::path::{PathPiece, PathTemplate};

const KEYS: &[&str] = &[
    "method",
    "path",
    "query",
    "headers",
    "json",
    "form",
    "text",
    "xml",
    "idempotency_key",
];

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

const BODIES: [(&str, BodyKind); 4] = [
    ("json", BodyKind::Json),
    ("form", BodyKind::Form),
    ("text", BodyKind::Text),
    ("xml", BodyKind::Xml),
];

/// Reads a request. `headers` are those that its connector gives to all.
pub(super) fn read(
    reader: &mut Reader,
    node: &Node,
    headers: &[(HeaderName, ValueTemplate)],
    names: &mut Names,
) -> Option<RequestTemplate> {
    let mut fields = reader.fields(node, "the request")?;
    let method = fields
        .need(reader, "method")
        .and_then(|node| read_method(reader, node));
    let path = fields
        .take_or_recover("path", KEYS)
        .map_or_else(PathTemplate::default, |node| read_path(reader, node, names));
    let query = fields
        .take("query")
        .map(|node| read_map(reader, node, "`query`", names));
    let mut headers = headers.to_vec();
    if let Some(node) = fields.take("headers") {
        headers.extend(read_headers(reader, node, names));
    }
    let body = read_body(reader, &mut fields, method.as_ref(), names);
    let idempotency_key = fields
        .take("idempotency_key")
        .and_then(|node| reader.text(node, "`idempotency_key`"))
        .and_then(|name| read_header_name(reader, &name.value, name.span));
    fields.finish(reader, KEYS);
    Some(RequestTemplate {
        method: method.unwrap_or(Method::GET),
        path,
        query,
        headers,
        body,
        idempotency_key,
    })
}

fn read_method(reader: &mut Reader, node: &Node) -> Option<Method> {
    let text = reader.text(node, "`method`")?;
    if METHODS.contains(&text.value.as_str()) {
        return text.value.parse().ok();
    }
    let help = suggestion(&text.value.to_uppercase(), METHODS).unwrap_or_default();
    reader.report_help(
        Code::InvalidConnector,
        text.span,
        format!("`{}` is no method that can be sent", text.value),
        help,
    );
    None
}

fn read_path(reader: &mut Reader, node: &Node, names: &mut Names) -> PathTemplate {
    let data = read_data(reader, node, names);
    let pieces = match data.kind {
        DataKind::Constant(value) if value.is_string() => {
            vec![PathPiece::Text(value.as_str().unwrap_or_default().to_owned())]
        }
        DataKind::Template(Template::Expression(expression)) => vec![piece(expression)],
        DataKind::Template(Template::Text(text)) => text
            .parts
            .into_iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(PathPiece::Text(text)),
                Part::Expression(expression) => Some(piece(expression)),
                Part::Block(block) => {
                    let place = Span::new(block.span.start, block.span.end);
                    reader.report_help(
                        Code::InvalidConnector,
                        place,
                        "a path has no blocks",
                        "give each path an operation of its own",
                    );
                    None
                }
            })
            .collect(),
        _ => {
            reader.wrong_type(node, "`path`", "a text");
            Vec::new()
        }
    };
    check_path(reader, node, &pieces);
    PathTemplate(pieces)
}

fn check_path(reader: &mut Reader, node: &Node, pieces: &[PathPiece]) {
    let begins_well = match pieces.first() {
        Some(PathPiece::Text(text)) => text.is_empty() || text.starts_with('/'),
        // One that could not be read was reported.
        Some(PathPiece::Value { expression, .. }) => {
            matches!(expression, Expression::Path(path) if path.segments.is_empty())
        }
        None => true,
    };
    let problem = if begins_well {
        let texts = || {
            pieces.iter().filter_map(|piece| match piece {
                PathPiece::Text(text) => Some(text.as_str()),
                PathPiece::Value { .. } => None,
            })
        };
        let has = |marks: &[char]| texts().any(|text| text.contains(marks));
        if has(&['?', '#']) {
            Some((
                "a path has no `?` and no `#`",
                "what comes after `?` is written under `query`",
            ))
        } else if texts()
            .flat_map(|text| text.split('/'))
            .any(|segment| matches!(segment, "." | ".."))
        {
            Some(("a path has no `.` or `..`", "write the path as it is meant"))
        } else {
            None
        }
    } else {
        Some(("a path begins with `/`", "write it like `/contacts/{{input.id}}`"))
    };
    if let Some((message, help)) = problem {
        reader.report_help(Code::InvalidConnector, node.span, message, help);
    }
}

fn piece(expression: Expression) -> PathPiece {
    let is_encoded = matches!(&expression, Expression::Call(call) if call.function.name == "url_encode");
    PathPiece::Value {
        expression,
        is_encoded,
    }
}

/// Reads a map of values; one expression may stand for all of it.
fn read_map(reader: &mut Reader, node: &Node, what: &str, names: &mut Names) -> ValueTemplate {
    let data = read_data(reader, node, names);
    if matches!(data.kind, DataKind::List(_) | DataKind::Constant(_)) {
        reader.wrong_type(node, what, "a map");
    }
    strip(&data, None)
}

/// Reads names and values.
pub(super) fn read_headers(
    reader: &mut Reader,
    node: &Node,
    names: &mut Names,
) -> Vec<(HeaderName, ValueTemplate)> {
    let Some(entries) = node.as_map() else {
        reader.wrong_type(node, "`headers`", "a map");
        return Vec::new();
    };
    let mut headers = Vec::new();
    for entry in entries {
        let name = read_header_name(reader, &entry.key.text, entry.key.span);
        let value = read_data(reader, &entry.value, names);
        if matches!(value.kind, DataKind::List(_) | DataKind::Map(_)) {
            reader.wrong_type(&entry.value, "a header", "a text");
        }
        headers.extend(name.map(|name| (name, strip(&value, None))));
    }
    headers
}

/// A header that a request may have.
pub(super) fn read_header_name(reader: &mut Reader, text: &str, span: Span) -> Option<HeaderName> {
    let name = text.parse::<HeaderName>().ok();
    let problem = match &name {
        None => format!("`{text}` is no header name"),
        Some(name) if lockgate_http::is_reserved(name.as_str()) => {
            format!("the header {text} is made from the request itself")
        }
        Some(_) => return name,
    };
    reader.report(Code::InvalidConnector, span, problem);
    None
}

fn read_body(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    method: Option<&Method>,
    names: &mut Names,
) -> Option<(BodyKind, ValueTemplate)> {
    let mut body = None;
    for (key, kind) in BODIES {
        let Some(entry) = fields.entry(key) else { continue };
        let what = format!("`{key}`");
        let value = match kind {
            BodyKind::Form => read_map(reader, &entry.value, &what, names),
            BodyKind::Json => strip(&read_data(reader, &entry.value, names), None),
            BodyKind::Text | BodyKind::Xml => names.read_text(reader, &entry.value, &what).into(),
        };
        if let Some(method @ (&Method::GET | &Method::HEAD)) = method {
            // RFC 9110 §9.3: a body of these means nothing.
            let message = format!("a {method} has no body");
            let help = "write what goes into the URL under `query`";
            reader.report_help(Code::InvalidConnector, entry.key.span, message, help);
        }
        if body.is_some() {
            reader.report(
                Code::InvalidConnector,
                entry.key.span,
                format!("a second body, {what}"),
            );
        }
        body = Some((kind, value));
    }
    body
}
