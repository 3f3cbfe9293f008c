//! Reads the verbs, one function each.

use serde_json::Value;

use super::ast::{Branch, Case, Verb, Wait};
use super::data::{DataKind, DataNode, read_expression};
use super::reader::{Fields, Reader};
use super::step::{path_segment, read_list, scalar_value};
use super::trigger::is_identifier;
use crate::diagnostic::Code;
use crate::duration::parse_duration;
use crate::expression::{ROOTS, functions};
use crate::source::Span;
use crate::yaml::{Data, Node, Spanned};

/// The keys of a step that calls something, for the recovery of a misspelt `with`.
const ARGUMENT_KEYS: &[&str] = &[
    "with",
    "connection",
    "id",
    "name",
    "notes",
    "if",
    "timeout",
    "retry",
    "on_error",
    "secret",
];

/// Most runs of a `for_each` at once.
const MAX_AT_ONCE: u64 = 1000;

pub(super) fn read(reader: &mut Reader, fields: &mut Fields<'_>, name: &str, span: Span, path: &str) -> Verb {
    let verb = match name {
        "action" => read_action(reader, fields),
        "then" | "else" => Some(read_choice(reader, fields, span, path)),
        "switch" => read_switch(reader, fields, path),
        "parallel" => read_parallel(reader, fields, path),
        "for_each" => read_for_each(reader, fields, path),
        "set" => read_set(reader, fields),
        "wait" => fields
            .take("wait")
            .and_then(|node| read_wait(reader, node))
            .map(Verb::Wait),
        "call" => read_call(reader, fields),
        "respond" => fields.take("respond").map(|node| read_respond(reader, node)),
        "return" => fields.take("return").map(|node| Verb::Return {
            value: DataNode::read(reader, node),
        }),
        "redirect" => fields
            .take("redirect")
            .and_then(|node| read_redirect(reader, node)),
        _ => fields.take("fail").and_then(|node| read_fail(reader, node)),
    };
    verb.unwrap_or(Verb::Invalid)
}

fn read_action(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Verb> {
    let action = fields
        .take("action")
        .and_then(|node| reader.text(node, "`action`"));
    let with = fields
        .take_or_recover("with", ARGUMENT_KEYS)
        .and_then(|node| read_with(reader, node));
    let connection = fields
        .take("connection")
        .and_then(|node| reader.text(node, "`connection`"));
    Some(Verb::Action {
        action: action?,
        with,
        connection,
    })
}

fn read_with(reader: &mut Reader, node: &Node) -> Option<DataNode> {
    match &node.data {
        Data::Map(_) => Some(DataNode::read(reader, node)),
        Data::Scalar(scalar) if scalar.value.is_null() => None,
        // The whole input from one expression.
        Data::Scalar(_) => {
            let data = DataNode::read(reader, node);
            if matches!(data.kind, DataKind::Template(_)) {
                return Some(data);
            }
            reader.wrong_type(node, "`with`", "a map of arguments");
            Some(DataNode::unreadable(node))
        }
        _ => {
            reader.wrong_type(node, "`with`", "a map of arguments");
            if node.as_list().is_some()
                && let Some(finding) = reader.diagnostics.last_mut()
            {
                finding.help =
                    Some("write each argument without `- ` in front of it: `name: value`".to_owned());
            }
            Some(DataNode::unreadable(node))
        }
    }
}

fn read_choice(reader: &mut Reader, fields: &mut Fields<'_>, span: Span, path: &str) -> Verb {
    if !fields.has("if") {
        let help = "`if` decides, `then` and `else` say what: add `if: …` to this step";
        reader.report_help(Code::MissingKey, span, "`then` and `else` need an `if`", help);
    }
    let mut branch = |key: &str| match fields.take(key) {
        Some(node) => read_list(reader, node, &format!("`{key}`"), &format!("{path}/{key}"), false),
        None => Vec::new(),
    };
    Verb::Choose {
        then: branch("then"),
        otherwise: branch("else"),
    }
}

fn read_switch(reader: &mut Reader, fields: &mut Fields<'_>, path: &str) -> Option<Verb> {
    let subject = fields
        .take("switch")
        .and_then(|node| read_expression(reader, node, "`switch`"));
    let mut cases = Vec::new();
    if let Some(node) = fields.need(reader, "cases") {
        match node.as_map() {
            Some(entries) => {
                for entry in entries {
                    let steps_path = format!("{path}/cases/{}", path_segment(&entry.key.text));
                    let steps = read_list(reader, &entry.value, "a case", &steps_path, false);
                    cases.push(Case {
                        value: Spanned::new(entry.key.value.clone(), entry.key.span),
                        steps,
                    });
                }
            }
            None => reader.wrong_type(node, "`cases`", "a map from value to steps"),
        }
    }
    let default = fields
        .take("default")
        .map(|node| read_list(reader, node, "`default`", &format!("{path}/default"), false));
    Some(Verb::Switch {
        subject: subject?,
        cases,
        default,
    })
}

fn read_parallel(reader: &mut Reader, fields: &mut Fields<'_>, path: &str) -> Option<Verb> {
    let node = fields.take("parallel")?;
    let Some(entries) = node.as_map() else {
        reader.wrong_type(node, "`parallel`", "a map from branch name to steps");
        return None;
    };
    if entries.is_empty() {
        reader.report(Code::MissingKey, node.span, "`parallel` has no branch");
    }
    let branches = entries
        .iter()
        .map(|entry| {
            let name = Spanned::new(entry.key.text.clone(), entry.key.span);
            check_identifier(reader, &name, "a branch");
            let steps_path = format!("{path}/parallel/{}", path_segment(&name.value));
            let steps = read_list(reader, &entry.value, "a branch of `parallel`", &steps_path, false);
            Branch { name, steps }
        })
        .collect();
    Some(Verb::Parallel { branches })
}

fn read_for_each(reader: &mut Reader, fields: &mut Fields<'_>, path: &str) -> Option<Verb> {
    let list = fields.take("for_each").and_then(|node| match &node.data {
        // A list that is written out.
        Data::List(_) => {
            let value = DataNode::read(reader, node).constant();
            if value.is_none() {
                reader.report_help(
                    Code::InvalidExpression,
                    node.span,
                    "a list with expressions in it cannot stand here",
                    "build it with `set` in a step before, then write `for_each: vars.…`",
                );
            }
            let literal = crate::expression::Expression::literal(value?, node.span.range());
            Some(Spanned::new(literal, node.span))
        }
        _ => read_expression(reader, node, "`for_each`"),
    });
    let item = fields.take("as").and_then(|node| reader.text(node, "`as`"));
    if let Some(item) = &item {
        check_identifier(reader, item, "`as`");
        // A function that can be called without arguments is called by its bare name.
        let called = functions::find(&item.value).is_some_and(|function| function.min_arguments() == 0);
        if called || item.value == "index" || ROOTS.contains(&item.value.as_str()) {
            reader.report_help(
                Code::InvalidName,
                item.span,
                format!("`{}` means something else in expressions", item.value),
                "give the element another name, like `person`",
            );
        }
    }
    let at_once = fields
        .take("at_once")
        .and_then(|node| reader.whole(node, "`at_once`", 1..=MAX_AT_ONCE));
    let steps = match fields.need(reader, "steps") {
        Some(node) => read_list(
            reader,
            node,
            "`steps` of `for_each`",
            &format!("{path}/each/#/steps"),
            true,
        ),
        None => Vec::new(),
    };
    let result = fields.take("yield").map(|node| DataNode::read(reader, node));
    let list = list?;
    let item = item.unwrap_or_else(|| Spanned::new("item".to_owned(), list.span));
    let at_once = at_once.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    Some(Verb::ForEach {
        list,
        item,
        at_once,
        steps,
        result,
    })
}

fn check_identifier(reader: &mut Reader, name: &Spanned<String>, what: &str) {
    if !is_identifier(&name.value) {
        reader.report_help(
            Code::InvalidName,
            name.span,
            format!("`{}` is no name for {what}", name.value),
            "letters, digits and `_`, not beginning with a digit",
        );
    }
}

fn read_set(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Verb> {
    let node = fields.take("set")?;
    let Some(entries) = node.as_map() else {
        reader.wrong_type(node, "`set`", "a map from variable to value");
        return None;
    };
    let variables = entries
        .iter()
        .map(|entry| {
            let name = Spanned::new(entry.key.text.clone(), entry.key.span);
            check_identifier(reader, &name, "a variable");
            (name, DataNode::read(reader, &entry.value))
        })
        .collect();
    Some(Verb::Set { variables })
}

fn read_wait(reader: &mut Reader, node: &Node) -> Option<Wait> {
    if node.as_map().is_some() {
        let mut fields = reader.fields(node, "`wait`")?;
        let until = fields
            .need(reader, "until")
            .map(|node| DataNode::read(reader, node));
        fields.finish(reader, &["until"]);
        let until = until?;
        if let DataKind::Constant(value) = &until.kind
            && value
                .as_str()
                .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                .is_none()
        {
            let help = "write a time with its zone, like `2026-12-24T18:00:00Z`, or an expression";
            reader.report_help(Code::InvalidDuration, until.span, "`until` is no time", help);
        }
        return Some(Wait::Until(until));
    }
    let data = DataNode::read(reader, node);
    if let DataKind::Constant(value) = &data.kind {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        if let Err(error) = parse_duration(&text) {
            let help = "write `200ms`, `30s`, `5m`, `2h`, `3d`, ISO 8601 like `PT5M`, or `{ until: time }`";
            reader.report_help(Code::InvalidDuration, node.span, format!("`wait`: {error}"), help);
        }
    }
    Some(Wait::For(data))
}

fn read_call(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Verb> {
    let flow = fields.take("call").and_then(|node| reader.text(node, "`call`"));
    let with = fields
        .take_or_recover("with", ARGUMENT_KEYS)
        .and_then(|node| read_with(reader, node));
    Some(Verb::Call { flow: flow?, with })
}

fn read_respond(reader: &mut Reader, node: &Node) -> Verb {
    let empty = Verb::Respond {
        status: None,
        headers: None,
        body: None,
    };
    if scalar_value(node).is_some_and(Value::is_null) {
        return empty;
    }
    let Some(mut fields) = reader.fields(node, "`respond`") else {
        return Verb::Invalid;
    };
    let status = fields.take("status").map(|node| DataNode::read(reader, node));
    if let Some(status) = &status {
        check_status(reader, status, 200..=599);
    }
    let headers = fields.take("headers").and_then(|node| {
        if let Data::Map(_) = &node.data {
            Some(DataNode::read(reader, node))
        } else {
            reader.wrong_type(node, "`headers`", "a map");
            None
        }
    });
    let body = fields.take("body").map(|node| DataNode::read(reader, node));
    fields.finish(reader, &["status", "headers", "body"]);
    Verb::Respond {
        status,
        headers,
        body,
    }
}

fn check_status(reader: &mut Reader, data: &DataNode, range: std::ops::RangeInclusive<u64>) {
    if let Some(value) = data.constant()
        && !value.as_u64().is_some_and(|status| range.contains(&status))
    {
        let message = format!("`{value}` is no status for an answer");
        reader.report_help(
            Code::WrongType,
            data.span,
            message,
            format!("from {} to {}", range.start(), range.end()),
        );
    }
}

fn read_redirect(reader: &mut Reader, node: &Node) -> Option<Verb> {
    if node.as_map().is_none() {
        reader.text(node, "`redirect`")?;
        return Some(Verb::Redirect {
            to: DataNode::read(reader, node),
            status: None,
        });
    }
    let mut fields = reader.fields(node, "`redirect`")?;
    let to = fields.need(reader, "to").map(|node| DataNode::read(reader, node));
    let status = fields.take("status").and_then(|node| {
        let known = [301, 302, 303, 307, 308];
        if let Some(status) = scalar_value(node)
            .and_then(Value::as_u64)
            .filter(|status| known.contains(status))
        {
            Some(Spanned::new(u16::try_from(status).unwrap_or(303), node.span))
        } else {
            let help = "303 asks for a GET; 302 and 307 are temporary, 301 and 308 for good";
            reader.report_help(
                Code::WrongType,
                node.span,
                "the status of a redirect is 301, 302, 303, 307 or 308",
                help,
            );
            None
        }
    });
    fields.finish(reader, &["to", "status"]);
    Some(Verb::Redirect { to: to?, status })
}

fn read_fail(reader: &mut Reader, node: &Node) -> Option<Verb> {
    let mut fields = reader.fields(node, "`fail`")?;
    let code = fields
        .need(reader, "code")
        .and_then(|node| read_code(reader, node));
    let message = fields
        .need(reader, "message")
        .map(|node| DataNode::read(reader, node));
    let status = fields.take("status").map(|node| DataNode::read(reader, node));
    if let Some(status) = &status {
        check_status(reader, status, 400..=599);
    }
    let details = fields.take("details").map(|node| DataNode::read(reader, node));
    fields.finish(reader, &["code", "message", "status", "details"]);
    Some(Verb::Fail {
        code: code?,
        message: message?,
        status,
        details,
    })
}

/// An error code: an identifier, or an expression that gives one (`{{error.code}}` hands an error on).
fn read_code(reader: &mut Reader, node: &Node) -> Option<DataNode> {
    let text = reader.text(node, "`code`")?;
    let code = DataNode::read(reader, node);
    if matches!(code.kind, DataKind::Constant(_)) && !is_identifier(&text.value) {
        let help = "a code is for programs: letters, digits and `_`, like `email_taken`";
        reader.report_help(
            Code::InvalidName,
            text.span,
            format!("`{}` is no error code", text.value),
            help,
        );
    }
    Some(code)
}
