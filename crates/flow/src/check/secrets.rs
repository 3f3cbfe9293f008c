//! Secrets that leave by the wrong door, secrets written out, doors that stand open.

use super::{FlowCheck, span};
use crate::catalog::Effect;
use crate::diagnostic::Code;
use crate::expression::functions::Group;
use crate::expression::{Expression, Part, Path, Slot, Template};
use crate::graph::meet;
use crate::schema::SchemaView;
use crate::source::Span;
use crate::syntax::{DataKind, DataNode, Step, Verb};

pub(super) const OPEN_TRIGGER_HELP: &str =
    "write the trigger as a map and add `auth: { bearer: … }`; `auth: none` says that it is meant";

pub(super) fn check(check: &mut FlowCheck<'_>) {
    secret_variables(check);
    for step in check.steps.clone() {
        match &step.verb {
            Verb::Action { with: Some(with), .. } => {
                let Some(spec) = check.action(step) else { continue };
                arguments(check, with, spec.input.view());
            }
            Verb::Respond { headers, body, .. } => {
                for part in [headers, body].into_iter().flatten() {
                    exposed(check, part, "the answer");
                }
            }
            Verb::Return { value } => exposed(check, value, "the result, which is the answer over HTTP"),
            Verb::Redirect { to, .. } => exposed(check, to, "a URL"),
            Verb::Fail {
                code,
                message,
                details,
                ..
            } => {
                for part in [code, message].into_iter().chain(details) {
                    exposed(check, part, "an error that the caller sees");
                }
            }
            _ => {}
        }
    }
    open_trigger(check);
}

fn arguments(check: &mut FlowCheck<'_>, data: &DataNode, schema: SchemaView<'_>) {
    if let Some(place) = schema.exposed() {
        exposed(check, data, place);
    }
    if schema.is_url() {
        insecure(check, data);
    }
    match &data.kind {
        DataKind::Map(entries) => {
            for (key, value) in entries {
                if let Some(property) = schema.property(&key.value).or_else(|| schema.additional()) {
                    arguments(check, value, property);
                }
            }
        }
        DataKind::List(items) => items
            .iter()
            .for_each(|item| arguments(check, item, schema.items())),
        DataKind::Constant(value)
            if schema.is_secret() && value.as_str().is_some_and(|text| !text.is_empty()) =>
        {
            check
                .report(
                    Code::WrittenSecret,
                    data.span,
                    "a secret is written out in the flow",
                )
                .help = Some("take it as `input` with `secret: true`, or keep it in a connection".to_owned());
        }
        DataKind::Constant(_) | DataKind::Template(_) => {}
    }
}

/// Plain `http://` to another machine.
fn insecure(check: &mut FlowCheck<'_>, data: &DataNode) {
    let start = match &data.kind {
        DataKind::Constant(value) => value.as_str(),
        DataKind::Template(Template::Text(text)) => match text.parts.first() {
            Some(Part::Text(text)) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    let Some(host) = start.and_then(|text| text.strip_prefix("http://")) else {
        return;
    };
    let authority = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let loopback = name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if !loopback && !host.is_empty() {
        check
            .report(Code::InsecureUrl, data.span, "the request is not encrypted")
            .help = Some("write `https://`".to_owned());
    }
}

/// Finds the variables that a secret is put into, also by way of others.
pub(super) fn secret_variables(check: &mut FlowCheck<'_>) {
    let steps = check.steps.clone();
    let assignments: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.verb {
            Verb::Set { variables } => Some(variables),
            _ => None,
        })
        .flatten()
        .collect();
    loop {
        let before = check.secret_variables.len();
        for (name, value) in &assignments {
            if !secrets_in(check, value).is_empty() {
                check.secret_variables.insert(name.value.clone());
            }
        }
        if check.secret_variables.len() == before {
            break;
        }
    }
}

/// The secrets that a piece of data gives away, with their places.
fn secrets_in(check: &FlowCheck<'_>, data: &DataNode) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for template in data.templates() {
        match template {
            Template::Constant(_) => {}
            Template::Expression(expression) => secrets(check, expression, &mut found),
            Template::Text(text) => parts(check, &text.parts, &mut found),
        }
    }
    found
}

/// Reports every secret that reaches a place where others can read it.
fn exposed(check: &mut FlowCheck<'_>, data: &DataNode, place: &str) {
    for (at, text) in secrets_in(check, data) {
        check
            .report(
                Code::SecretExposed,
                at,
                format!("the secret `{text}` goes into {place}"),
            )
            .help = Some("leave it out; where a digest is enough use `sha256` or `hmac_sha256`".to_owned());
    }
}

fn parts(check: &FlowCheck<'_>, list: &[Part], found: &mut Vec<(Span, String)>) {
    for part in list {
        match part {
            Part::Text(_) => {}
            Part::Expression(expression) => secrets(check, expression, found),
            Part::Block(block) => {
                parts(check, &block.body, found);
                parts(check, &block.otherwise, found);
            }
        }
    }
}

fn secrets(check: &FlowCheck<'_>, expression: &Expression, found: &mut Vec<(Span, String)>) {
    match expression {
        Expression::Literal(_) => {}
        Expression::Path(path) => {
            if is_secret(check, path) {
                found.push((span(&path.span), path.text.to_string()));
            }
        }
        Expression::Call(call) => {
            // A digest or a comparison does not give the secret away; `coalesce` and the like do.
            let gives_argument = matches!(
                call.function.name,
                "default" | "coalesce" | "optional" | "omit_if_missing"
            );
            let hides = match call.function.group {
                Group::Digests => true,
                Group::Logic => !gives_argument,
                _ => matches!(call.function.name, "length" | "before" | "after"),
            };
            if !hides {
                call.arguments
                    .iter()
                    .for_each(|argument| secrets(check, argument, found));
            }
        }
    }
}

fn is_secret(check: &FlowCheck<'_>, path: &Path) -> bool {
    let dotted = || {
        path.rest()
            .iter()
            .map(super::types::segment_text)
            .collect::<Vec<_>>()
            .join(".")
    };
    match path.slot {
        Slot::Input => {
            let path = dotted();
            check
                .lowered
                .flow
                .input
                .secrets
                .iter()
                .any(|secret| path.is_empty() || meet(secret, &path))
        }
        Slot::Var(slot) => check
            .lowered
            .flow
            .variables
            .get(slot as usize)
            .is_some_and(|name| check.secret_variables.contains(name)),
        Slot::Step(slot) => {
            let Some(step) = check.slot_steps.get(slot as usize) else {
                return false;
            };
            if step.secret {
                return true;
            }
            if let Verb::ForEach { result, .. } = &step.verb {
                return result
                    .as_ref()
                    .is_some_and(|result| !secrets_in(check, result).is_empty());
            }
            let Some(spec) = check.action(step) else {
                return false;
            };
            let mut schema = spec.output.view();
            for segment in path.rest() {
                match schema.property(&super::types::segment_text(segment)) {
                    Some(property) if property.is_secret() => return true,
                    Some(property) => schema = property,
                    None => return false,
                }
            }
            holds_secret(schema)
        }
        _ => false,
    }
}

/// Whether a value of this schema, or one of its fields, is secret: who gives away the whole gives that away, too. What lies deeper
/// (tokens of other providers in a user's identities) is rarely there, and masked when it is.
fn holds_secret(schema: SchemaView<'_>) -> bool {
    schema.is_secret()
        || schema
            .property_names()
            .filter_map(|name| schema.property(name))
            .any(SchemaView::is_secret)
}

/// An HTTP trigger without `auth` before a step that changes accounts which the flow did not make itself.
fn open_trigger(check: &mut FlowCheck<'_>) {
    let Some(http) = &check.syntax.trigger.http else {
        return;
    };
    // `auth: none` is an author's decision; leaving it out is not.
    if http.auth.is_some() {
        return;
    }
    let place = http.route.span;
    let changing = check.steps.iter().copied().find(|step| {
        check.action(step).is_some_and(|spec| spec.changes_users) && !changes_own_user(check, step)
    });
    if let Some(step) = changing {
        let Verb::Action { action, .. } = &step.verb else {
            return;
        };
        let source = std::sync::Arc::clone(check.source());
        let finding = check.report(
            Code::OpenTrigger,
            place,
            format!("anyone can call this flow, and `{}` changes users", action.value),
        );
        *finding = finding
            .clone()
            .and_in(&source, action.span, "changes users")
            .help(OPEN_TRIGGER_HELP);
    }
}

/// Whether the user that a step changes is one that the same run created.
fn changes_own_user(check: &FlowCheck<'_>, step: &Step) -> bool {
    let Verb::Action { with: Some(with), .. } = &step.verb else {
        return false;
    };
    let Some(DataKind::Template(Template::Expression(Expression::Path(path)))) =
        with.get("user_id").map(|data| &data.kind)
    else {
        return false;
    };
    let Slot::Step(slot) = path.slot else { return false };
    check
        .slot_steps
        .get(slot as usize)
        .and_then(|step| check.action(step))
        .is_some_and(|spec| spec.effect == Effect::Once && !spec.changes_users)
}
