//! `mock` and `faults`.

use std::time::Duration;

use lockgate_engine::action::Retry;
use lockgate_flow::diagnostic::{Code, suggestion};
use lockgate_flow::syntax::Reader;
use lockgate_flow::yaml::{Data, Node, Spanned};

use super::ast::{Answer, Answered, FaultRule, Mock, MockError, Target};

/// What may be said of trying again, in words.
const RETRIES: [(&str, Retry); 3] = [
    ("never", Retry::Never),
    ("transient", Retry::Transient),
    ("nothing_happened", Retry::NothingHappened { after: None }),
];

pub(super) fn mocks(reader: &mut Reader, node: &Node) -> Vec<Mock> {
    let Data::Map(entries) = &node.data else {
        reader.wrong_type(
            node,
            "`mock`",
            "a map from an action (or `steps.<id>`) to what it answers",
        );
        return Vec::new();
    };
    let mut mocks = Vec::new();
    for entry in entries {
        let answers: Vec<Answered> = match entry.value.as_list() {
            Some([]) => {
                reader.report(Code::InvalidMock, entry.value.span, "a mock without an answer");
                continue;
            }
            Some(nodes) => nodes.iter().filter_map(|node| answer(reader, node)).collect(),
            None => answer(reader, &entry.value).into_iter().collect(),
        };
        if !answers.is_empty() {
            mocks.push(Mock {
                target: Spanned::new(Target::parse(&entry.key.text), entry.key.span),
                answers,
            });
        }
    }
    mocks
}

fn answer(reader: &mut Reader, node: &Node) -> Option<Answered> {
    const KEYS: &[&str] = &["value", "error", "takes"];
    let mut fields = reader.fields(node, "an answer")?;
    let takes = fields
        .take("takes")
        .and_then(|node| reader.duration(node, "`takes`"))
        .map_or(Duration::ZERO, |takes| takes.value);
    let (value, failure) = (fields.take("value"), fields.take("error"));
    let (answer, node) = match (value, failure) {
        (Some(value), None) => (Answer::Value(value.to_value()), value),
        (None, Some(failure)) => {
            let Some(error) = error(reader, failure) else {
                fields.finish(reader, KEYS);
                return None;
            };
            (Answer::Error(error), failure)
        }
        (Some(_), Some(_)) => {
            let help = "an answer is a `value` or an `error`; write a list for one after the other";
            reader.report_help(
                Code::InvalidMock,
                node.span,
                "`value` and `error` in one answer",
                help,
            );
            fields.finish(reader, KEYS);
            return None;
        }
        (None, None) => {
            let help = "write `{ value: … }` for its output, or `{ error: code }`";
            reader.report_help(
                Code::InvalidMock,
                node.span,
                "an answer has a `value` or an `error`",
                help,
            );
            fields.finish(reader, KEYS);
            return None;
        }
    };
    fields.finish(reader, KEYS);
    Some(Answered {
        answer,
        takes,
        node: node.clone(),
    })
}

/// `code`, or a map.
fn error(reader: &mut Reader, node: &Node) -> Option<MockError> {
    if node.as_map().is_none() {
        return Some(MockError {
            code: reader.text(node, "`error`")?,
            message: None,
            status: None,
            provider: None,
            retry: None,
        });
    }
    let mut fields = reader.fields(node, "`error`")?;
    let code = fields
        .need(reader, "code")
        .and_then(|node| reader.text(node, "`code`"));
    let message = fields
        .take("message")
        .and_then(|node| reader.text(node, "`message`"));
    let status = fields
        .take("status")
        .and_then(|node| reader.whole(node, "`status`", 400..=599))
        .and_then(|status| u16::try_from(status).ok());
    let provider = fields.take("provider").map(Node::to_value);
    let retry = fields.take("retry").and_then(|node| {
        let text = reader.text(node, "`retry`")?;
        let found = RETRIES.iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            let help = suggestion(&text.value, RETRIES.iter().map(|(name, _)| *name));
            let message = format!("`retry` cannot be `{}`", text.value);
            reader.report_help(Code::InvalidMock, node.span, message, help.unwrap_or_default());
        }
        found.map(|(_, retry)| *retry)
    });
    fields.finish(reader, &["code", "message", "status", "provider", "retry"]);
    Some(MockError {
        code: code?,
        message: message.map(|message| message.value),
        status,
        provider,
        retry,
    })
}

pub(super) fn faults(reader: &mut Reader, node: &Node) -> Vec<FaultRule> {
    let Some(nodes) = node.as_list() else {
        reader.wrong_type(node, "`faults`", "a list");
        return Vec::new();
    };
    nodes.iter().filter_map(|node| fault(reader, node)).collect()
}

fn fault(reader: &mut Reader, node: &Node) -> Option<FaultRule> {
    let mut fields = reader.fields(node, "a fault")?;
    let action = fields
        .take("action")
        .and_then(|node| reader.text(node, "`action`"));
    let step = fields.take("step").and_then(|node| reader.text(node, "`step`"));
    let times = fields
        .take("times")
        .map_or(Some(1), |node| reader.whole(node, "`times`", 1..=1_000_000));
    let failure = fields.need(reader, "error").and_then(|node| error(reader, node));
    fields.finish(reader, &["action", "step", "times", "error"]);
    let target = match (action, step) {
        (Some(action), None) => Spanned::new(Target::Action(action.value), action.span),
        (None, Some(step)) => Spanned::new(Target::Step(step.value), step.span),
        _ => {
            let help = "write `action: auth0.create_user` or `step: user`";
            reader.report_help(
                Code::InvalidMock,
                node.span,
                "a fault is of one action or one step",
                help,
            );
            return None;
        }
    };
    Some(FaultRule {
        target,
        times: times?,
        error: failure?,
    })
}
