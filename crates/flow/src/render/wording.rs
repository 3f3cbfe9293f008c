//! Says in a few words what a step does.

use std::time::Duration;

use serde_json::Value;

use crate::source::{Source, Span};
use crate::syntax::{DataKind, DataNode, InputField, Step, Trigger, Verb, Wait};

use super::outline::{Field, Kind};

/// What a step does.
pub(super) struct Words {
    pub(super) kind: Kind,
    /// Stands as the title where the step has no name: `auth0.create_user`, `respond 201`.
    pub(super) what: String,
    /// More about it, as code: the condition, the list, the message.
    pub(super) detail: Option<String>,
}

/// The words for a step's verb (its `if` is the reader's business).
pub(super) fn words(source: &Source, step: &Step) -> Words {
    let slice = |span: Span| written(source, span);
    let (kind, what, detail) = match &step.verb {
        Verb::Action { action, .. } => (Kind::Action, action.value.clone(), None),
        Verb::Choose { .. } => (
            Kind::Decision,
            "if".to_owned(),
            step.condition.as_ref().map(|condition| slice(condition.span)),
        ),
        Verb::Switch { subject, .. } => (Kind::Switch, "switch".to_owned(), Some(slice(subject.span))),
        Verb::Parallel { branches } => (
            Kind::Parallel,
            "in parallel".to_owned(),
            Some(counted(branches.len(), "branch", "branches")),
        ),
        Verb::ForEach {
            list, item, at_once, ..
        } => {
            let what = format!("for each {} in {}", item.value, slice(list.span));
            (
                Kind::Loop,
                what,
                (*at_once > 1).then(|| format!("{at_once} at once")),
            )
        }
        Verb::Set { variables } => {
            let names: Vec<&str> = variables.iter().map(|(name, _)| name.value.as_str()).collect();
            let detail = match variables.as_slice() {
                [(_, value)] => Some(format!("= {}", brief(source, value))),
                _ => None,
            };
            (Kind::Set, format!("set {}", names.join(", ")), detail)
        }
        Verb::Wait(Wait::For(duration)) => (Kind::Wait, format!("wait {}", brief(source, duration)), None),
        Verb::Wait(Wait::Until(time)) => (Kind::Wait, format!("wait until {}", brief(source, time)), None),
        Verb::Call { flow, .. } => (Kind::Call, format!("call {}", flow.value), None),
        Verb::Respond { status, body, .. } => {
            let status = status
                .as_ref()
                .map_or_else(|| "200".to_owned(), |status| brief(source, status));
            (
                Kind::Respond,
                format!("respond {status}"),
                body.as_ref().map(|body| brief(source, body)),
            )
        }
        Verb::Return { value } => (Kind::Return, "return".to_owned(), Some(brief(source, value))),
        Verb::Redirect { to, status } => {
            let status = status.as_ref().map_or(303, |status| status.value);
            (
                Kind::Redirect,
                format!("redirect {status}"),
                Some(brief(source, to)),
            )
        }
        Verb::Fail {
            code,
            message,
            status,
            ..
        } => {
            let status = status
                .as_ref()
                .map_or_else(|| "422".to_owned(), |status| brief(source, status));
            let detail = format!("{status} · {}", brief(source, message));
            (Kind::Fail, format!("fail {}", brief(source, code)), Some(detail))
        }
        Verb::Invalid => (Kind::Invalid, "not a step yet".to_owned(), None),
    };
    Words {
        kind,
        what,
        detail: detail.filter(|detail| !detail.is_empty()),
    }
}

/// `3 attempts`, `timeout 5s`, `secret`.
pub(super) fn marks(step: &Step) -> Vec<String> {
    let mut marks = Vec::new();
    if let Some(retry) = &step.retry {
        marks.push(counted(retry.value.attempts as usize, "attempt", "attempts"));
    }
    if let Some(timeout) = &step.timeout {
        marks.push(format!("timeout {}", duration(timeout.value)));
    }
    if step.secret {
        marks.push("secret".to_owned());
    }
    marks
}

/// How a flow starts: a title, and what is said under it.
pub(super) fn trigger(trigger: &Trigger) -> (String, Option<String>, Vec<String>) {
    let schedule = trigger.schedule.as_ref().map(|schedule| {
        let zone = schedule
            .timezone
            .as_ref()
            .map_or("UTC", |zone| zone.value.as_str());
        format!("{} · {zone}", schedule.cron.value)
    });
    match (&trigger.http, schedule) {
        (Some(http), schedule) => {
            let mut marks = Vec::new();
            marks.extend(
                http.auth
                    .as_ref()
                    .map(|auth| format!("auth {}", auth.value.kind.name())),
            );
            marks.extend(
                http.rate_limit
                    .as_ref()
                    .map(|limit| rate(limit.value.count, limit.value.per)),
            );
            (
                http.route.value.to_string(),
                schedule.map(|schedule| format!("and at {schedule}")),
                marks,
            )
        }
        (None, Some(schedule)) => ("Schedule".to_owned(), Some(schedule), Vec::new()),
        (None, None) => (
            "Start".to_owned(),
            Some("command line, API or another flow".to_owned()),
            Vec::new(),
        ),
    }
}

/// An input field: `free | pro = free`.
pub(super) fn field(field: &InputField) -> Field {
    let schema = &field.schema;
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let choices = schema
        .get("enum")
        .and_then(Value::as_array)
        .map(|values| values.iter().map(literal).collect::<Vec<_>>().join(" | "));
    let types = || match schema.get("type") {
        Some(Value::Array(types)) => types.iter().map(literal).collect::<Vec<_>>().join(" | "),
        Some(Value::String(name)) => name.clone(),
        _ => "any".to_owned(),
    };
    let mut description = choices.or_else(|| text("format")).unwrap_or_else(types);
    if let Some(default) = field.default.as_ref().filter(|_| !field.secret) {
        description = format!("{description} = {}", literal(default));
    }
    Field {
        name: field.name.value.clone(),
        description,
        optional: !field.required,
        secret: field.secret,
    }
}

/// A value of a `switch` case, a default, an `enum`: texts without quotes, the rest as JSON.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => plain(text),
        value => value.to_string(),
    }
}

/// Data in a few words: a text as it was written, a map by its keys, a list by its length.
fn brief(source: &Source, data: &DataNode) -> String {
    match &data.kind {
        DataKind::Constant(value) => literal(value),
        DataKind::Template(_) => written(source, data.span),
        DataKind::List(items) => counted(items.len(), "item", "items"),
        DataKind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        DataKind::Map(entries) => {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| key.value.as_str()).collect();
            format!("{{ {} }}", keys.join(", "))
        }
    }
}

/// A text as its author wrote it, on one line and without YAML's quotes.
pub(super) fn written(source: &Source, span: Span) -> String {
    let text = source.slice(span);
    for (quote, escaped, meant) in [('"', "\\\"", "\""), ('\'', "''", "'")] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return plain(&inner.replace(escaped, meant));
        }
    }
    plain(text.trim_start_matches(['|', '>', '-', '+']))
}

/// One line: runs of white space become one space.
pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `20/min`, as an author writes it.
fn rate(count: u32, per: Duration) -> String {
    let unit = match per.as_secs() {
        1 => "s".to_owned(),
        60 => "min".to_owned(),
        3600 => "h".to_owned(),
        _ => duration(per),
    };
    format!("{count}/{unit}")
}

/// `200ms`, `30s`, `5m`, `2h`, `3d`: the largest unit that gives a whole number.
pub(super) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if millis >= size && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    format!("{millis}ms")
}
