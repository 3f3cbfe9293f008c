//! Values: names of actions, connections and flows; what is listed; what expressions give.

use std::ops::Range;

use serde_json::Value;

use super::filter::is_meant;
use super::fragments::{plain, scalar};
use super::{Offer, Question, arguments, expressions, item};
use crate::assist::answers::{Completion, CompletionKind};
use crate::assist::cursor::{Spot, Style, value_of};
use crate::assist::language::Grammar;
use crate::assist::place::names;
use crate::assist::schema::{shown, type_name, values};
use crate::assist::situation::Spotted;
use crate::assist::{describe, keywords};
use crate::catalog::{COMMON_ERRORS, ErrorSpec};
use crate::syntax::{AuthKind, Method};

pub(super) fn complete(question: &Question<'_, '_>) -> Option<Offer> {
    let Spot::Value {
        scalar: written,
        lacks_space,
        ..
    } = &question.cursor.spot
    else {
        return None;
    };
    if let Some(spotted) = Spotted::of(question.cursor, question.place)
        && let Some(offer) = expressions::complete(question, &spotted)
    {
        return Some(offer);
    }
    if written.style == Style::Block {
        return None;
    }
    let mut items = of_place(question, written.style)?;
    if *lacks_space {
        for item in &mut items {
            item.insert.insert(0, ' ');
        }
    }
    Some(Offer {
        span: written.span.clone(),
        items,
    })
}

/// Elements of a list that is no list of steps.
pub(super) fn elements(question: &Question<'_, '_>, span: Range<usize>) -> Option<Offer> {
    let items = of_place(question, Style::Plain)?;
    Some(Offer { span, items })
}

fn of_place(question: &Question<'_, '_>, style: Style) -> Option<Vec<Completion>> {
    let Some(step) = &question.place.step else {
        return of_flow(question, style);
    };
    let path = step.keys(question.cursor);
    let own = question
        .cursor
        .levels
        .get(step.depth)
        .map(|level| level.keys.as_slice());
    let text = question.cursor.text;
    Some(match path.as_slice() {
        ["action"] => actions(question),
        ["connection"] => {
            let spec = own.and_then(|keys| value_of(keys, "action", text));
            let spec = spec.and_then(|name| question.assist.catalog.action(name));
            connections(question, spec.and_then(|spec| spec.connection.as_deref()))
        }
        ["call"] => flows(question),
        ["on_error"] | ["on_error", _] => vec![going_on()],
        ["retry", "codes", "*"] => retried(question),
        ["with", ..] => {
            let levels = step.inside(question.cursor);
            let schema = arguments::schema(question.assist, own?, text)?;
            let schema = arguments::inside(&schema, levels.get(1..)?)?;
            listed(&values(schema), style)
        }
        path => listed(&Grammar::step().follow(path)?.values(), style),
    })
}

fn of_flow(question: &Question<'_, '_>, style: Style) -> Option<Vec<Completion>> {
    let path = names(&question.cursor.levels);
    Some(match path.as_slice() {
        ["trigger", "http"] => Method::ALL
            .iter()
            .map(|method| Completion {
                insert: format!("{} /${{}}", method.name()),
                detail: Some("method and path".to_owned()),
                ..item(method.name(), CompletionKind::Value)
            })
            .collect(),
        ["trigger", "http", "auth", kind] => connections(question, Some(*kind)),
        ["trigger", "http", "auth"] => kinds_of_auth(),
        ["trigger", "http", "rate_limit", "by"] => {
            let fields = question.assist.flow()?.syntax.as_ref()?.input.iter();
            let fields = fields.map(|field| Completion {
                detail: Some(type_name(&field.schema)),
                ..item(format!("input.{}", field.name.value), CompletionKind::Reference)
            });
            let address = Completion {
                detail: Some("of the caller".to_owned()),
                ..item("address", CompletionKind::Value)
            };
            [address].into_iter().chain(fields).collect()
        }
        ["input", inner @ ..] => keywords::values(inner)?
            .into_iter()
            .map(|(value, docs)| Completion {
                docs: docs.map(str::to_owned),
                insert: scalar(&value, style),
                ..item(shown(&value), CompletionKind::Value)
            })
            .collect(),
        path => listed(&Grammar::flow().follow(path)?.values(), style),
    })
}

pub(super) fn listed(values: &[Value], style: Style) -> Vec<Completion> {
    values
        .iter()
        .map(|value| Completion {
            insert: scalar(value, style),
            ..item(shown(value), CompletionKind::Value)
        })
        .collect()
}

fn actions(question: &Question<'_, '_>) -> Vec<Completion> {
    let actions = question.assist.catalog.actions();
    actions
        .filter(|spec| is_meant(&spec.name, question.typed))
        .map(|spec| Completion {
            detail: Some(spec.summary.to_string()),
            docs: Some(describe::action(spec)),
            ..item(spec.name.to_string(), CompletionKind::Action)
        })
        .collect()
}

/// The connections of a type; all where it is not known.
fn connections(question: &Question<'_, '_>, type_name: Option<&str>) -> Vec<Completion> {
    let all = question.assist.workspace.connections().iter();
    all.filter(|connection| type_name.is_none_or(|wanted| connection.type_name.value == wanted))
        .map(|connection| {
            let kind = &connection.type_name.value;
            let spec = question.assist.catalog.connection(kind);
            Completion {
                detail: Some(kind.clone()),
                docs: spec.map(|spec| spec.summary.to_string()),
                insert: plain(&connection.name.value),
                ..item(connection.name.value.clone(), CompletionKind::Connection)
            }
        })
        .collect()
}

fn flows(question: &Question<'_, '_>) -> Vec<Completion> {
    let own = question.assist.path;
    let others = question
        .assist
        .workspace
        .flows
        .iter()
        .filter(|flow| flow.source.path() != own);
    others
        .map(|flow| {
            let description = flow.syntax.as_ref().and_then(|syntax| syntax.description.clone());
            Completion {
                detail: Some(flow.source.path().to_owned()),
                docs: description,
                ..item(flow.name.clone(), CompletionKind::Flow)
            }
        })
        .collect()
}

fn kinds_of_auth() -> Vec<Completion> {
    [
        (AuthKind::None, "Anyone may call."),
        (
            AuthKind::Bearer,
            "Callers send `Authorization: Bearer` with a token of a connection.",
        ),
        (
            AuthKind::Basic,
            "Callers send a name and a password of a connection.",
        ),
        (
            AuthKind::Hmac,
            "Callers sign the request with the secret of a connection.",
        ),
    ]
    .into_iter()
    .map(|(kind, docs)| Completion {
        docs: Some(docs.to_owned()),
        ..item(kind.name(), CompletionKind::Value)
    })
    .collect()
}

fn going_on() -> Completion {
    Completion {
        detail: Some("goes on as if nothing had happened".to_owned()),
        docs: Some("The run goes on; `steps.<id>` then has no result, only `steps.<id>.error`.".to_owned()),
        ..item("continue", CompletionKind::Value)
    }
}

/// The codes that are worth another attempt.
fn retried(question: &Question<'_, '_>) -> Vec<Completion> {
    let is_own = |code: &str| !COMMON_ERRORS.iter().any(|common| common.code == code);
    let found = codes(question)
        .into_iter()
        .filter(|error| is_own(&error.code) || error.code == "timeout");
    found
        .map(|error| Completion {
            detail: Some(format!("status {}", error.status)),
            docs: Some(error.summary.to_string()),
            ..item(error.code.to_string(), CompletionKind::Code)
        })
        .collect()
}

/// The codes that the step around the cursor can fail with, its actions' own first.
pub(super) fn codes(question: &Question<'_, '_>) -> Vec<ErrorSpec> {
    let Some(step) = &question.place.step else {
        return Vec::new();
    };
    let keys = question
        .cursor
        .levels
        .get(step.depth)
        .map(|level| level.keys.as_slice());
    let own = keys.and_then(|keys| value_of(keys, "action", question.cursor.text));
    let mut found: Vec<ErrorSpec> = Vec::new();
    let mut add = |error: &ErrorSpec| {
        if !found.iter().any(|known| known.code == error.code) {
            found.push(error.clone());
        }
    };
    match own {
        Some(name) => {
            let spec = question.assist.catalog.action(name);
            spec.into_iter().flat_map(|spec| &spec.errors).for_each(&mut add);
        }
        // What the steps inside can fail with.
        None => describe::inner_errors(question.assist, &step.path)
            .iter()
            .for_each(&mut add),
    }
    COMMON_ERRORS.iter().for_each(&mut add);
    found
}
