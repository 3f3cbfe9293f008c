//! Names that stand for something outside the step: actions, connections, flows; and ids that stand twice.

use std::collections::HashMap;

use super::FlowCheck;
use crate::diagnostic::{Code, list, suggestion};
use crate::syntax::Verb;
use crate::yaml::Spanned;

pub(super) fn check(check: &mut FlowCheck<'_>, connections: &[(String, String)]) {
    let mut ids: HashMap<&str, &Spanned<String>> = HashMap::new();
    for step in check.steps.clone() {
        if let Some(id) = &step.id
            && let Some(first) = ids.insert(&id.value, id)
        {
            let first_span = first.span;
            ids.insert(&id.value, first);
            let source = std::sync::Arc::clone(check.source());
            let finding = check.report(
                Code::DuplicateStepId,
                id.span,
                format!("the id `{}` is taken by another step", id.value),
            );
            *finding = finding
                .clone()
                .and_in(&source, first_span, "first here")
                .help("ids are unique in a flow");
        }
        match &step.verb {
            Verb::Action {
                action, connection, ..
            } => {
                check_action(check, action);
                check_connection(check, action, connection.as_ref(), connections);
            }
            Verb::Call { flow, .. } if !check.signatures.contains_key(&flow.value) => {
                let help = suggestion(&flow.value, check.signatures.keys().map(String::as_str));
                check
                    .report(
                        Code::UnknownFlow,
                        flow.span,
                        format!("there is no flow `{}`", flow.value),
                    )
                    .help = help;
            }
            _ => {}
        }
        if step.retry.is_some() && !matches!(step.verb, Verb::Action { .. } | Verb::Invalid) {
            let span = step.retry.as_ref().map_or(step.span, |retry| retry.span);
            let message = format!("`{}` is not retried; only an `action` is", step.verb.name());
            check.report(Code::UnknownKey, span, message).help =
                Some("put `retry` at the action inside".to_owned());
        }
    }
}

fn check_action(check: &mut FlowCheck<'_>, action: &Spanned<String>) {
    if check.catalog.action(&action.value).is_some() {
        return;
    }
    let names: Vec<&str> = check.catalog.actions().map(|spec| &*spec.name).collect();
    let help = match suggestion(&action.value, names.iter().copied()) {
        Some(help) => help,
        None => match action.value.split_once('.') {
            Some((group, _)) if names.iter().any(|name| name.starts_with(&format!("{group}."))) => {
                let prefix = format!("{group}.");
                format!(
                    "known there: {}",
                    list(names.iter().copied().filter(|name| name.starts_with(&prefix)))
                )
            }
            _ => "`lockgate actions` lists what there is".to_owned(),
        },
    };
    check
        .report(
            Code::UnknownAction,
            action.span,
            format!("there is no action `{}`", action.value),
        )
        .help = Some(help);
}

fn check_connection(
    check: &mut FlowCheck<'_>,
    action: &Spanned<String>,
    named: Option<&Spanned<String>>,
    connections: &[(String, String)],
) {
    let Some(spec) = check.catalog.action(&action.value).cloned() else {
        return;
    };
    let Some(type_name) = spec.connection.as_deref() else {
        if let Some(named) = named {
            let message = format!("`{}` uses no connection", spec.name);
            check.report(Code::ConnectionType, named.span, message).help =
                Some("remove `connection`".to_owned());
        }
        return;
    };
    let fitting: Vec<&str> = connections
        .iter()
        .filter(|(_, kind)| kind == type_name)
        .map(|(name, _)| name.as_str())
        .collect();
    match named {
        Some(named) => match connections.iter().find(|(name, _)| *name == named.value) {
            None if !check.is_known => {}
            None => {
                let help = suggestion(&named.value, fitting.iter().copied());
                let message = format!("there is no connection `{}`", named.value);
                check.report(Code::UnknownConnection, named.span, message).help =
                    help.or_else(|| Some("declare it under `connections` in `lockgate.yaml`".to_owned()));
            }
            Some((_, kind)) if kind != type_name && check.catalog.connection(kind).is_some() => {
                let message = format!(
                    "`{}` is a connection of type `{kind}`; `{}` needs `{type_name}`",
                    named.value, spec.name
                );
                check.report(Code::ConnectionType, named.span, message).help =
                    (!fitting.is_empty()).then(|| format!("of that type: {}", list(fitting.iter().copied())));
            }
            Some(_) => {}
        },
        None if fitting.is_empty() && !check.is_known => {}
        None if fitting.is_empty() => {
            let message = format!(
                "`{}` needs a connection of type `{type_name}`, and the workspace has none",
                spec.name
            );
            let example = check
                .catalog
                .connection(type_name)
                .map(|spec| spec.example.clone())
                .unwrap_or_default();
            check.report(Code::UnknownConnection, action.span, message).help = Some(
                format!("declare one in `lockgate.yaml`:\n{example}")
                    .trim_end()
                    .to_owned(),
            );
        }
        None if fitting.len() > 1 => {
            let message = format!("several connections fit `{}`", spec.name);
            check.report(Code::ConnectionNotChosen, action.span, message).help = Some(format!(
                "choose with `connection`: {}",
                list(fitting.iter().copied())
            ));
        }
        None => {}
    }
}
