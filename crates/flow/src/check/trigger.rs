//! What a trigger refers to: input fields by path parameters and rate limits, a connection by `auth`.

use super::FlowCheck;
use crate::diagnostic::{Code, list, suggestion};
use crate::source::Span;
use crate::syntax::{Auth, AuthKind, RateKey};
use crate::yaml::Spanned;

pub(super) fn check(check: &mut FlowCheck<'_>, connections: &[(String, String)]) {
    check_schedule(check);
    let Some(http) = check.syntax.trigger.http.clone() else {
        return;
    };
    for parameter in http.route.value.parameters() {
        if !takes(check, parameter) {
            let message = format!("the path gives `{parameter}`, and `input` has no field of that name");
            let help = format!("declare it: `input: {{ {parameter}: string }}`");
            check.report(Code::InvalidTrigger, http.route.span, message).help = Some(help);
        }
    }
    if let Some(limit) = &http.rate_limit
        && let RateKey::Input(field) = &limit.value.by
        && !takes(check, field)
    {
        let message =
            format!("the rate limit counts by `input.{field}`, and `input` has no field of that name");
        unknown_field(check, limit.span, field, message);
    }
    if let Some(auth) = &http.auth {
        check_auth(check, auth, connections);
    }
}

/// A due time gives no input.
fn check_schedule(check: &mut FlowCheck<'_>) {
    let Some(schedule) = &check.syntax.trigger.schedule else {
        return;
    };
    let source = std::sync::Arc::clone(check.source());
    for field in check.syntax.input.iter().filter(|field| field.required) {
        let name = &field.name.value;
        let message = format!("a schedule gives no input, and `{name}` must be given");
        let help = format!("give `{name}` a `default`, or write `required: false`");
        let finding = check.report(Code::ScheduledInput, schedule.cron.span, message);
        *finding = finding
            .clone()
            .and_in(&source, field.name.span, "must be given")
            .help(help);
    }
}

/// `auth` needs a connection of the type that has its kind's name.
fn check_auth(check: &mut FlowCheck<'_>, auth: &Spanned<Auth>, connections: &[(String, String)]) {
    let Auth { kind, connection } = &auth.value;
    let type_name = kind.name();
    if *kind == AuthKind::None {
        if let Some(named) = connection {
            let message = "`auth: none` uses no connection";
            check.report(Code::ConnectionType, named.span, message).help =
                Some("write `auth: none`".to_owned());
        }
        return;
    }
    let fitting: Vec<&str> = connections
        .iter()
        .filter(|(_, known)| known == type_name)
        .map(|(name, _)| name.as_str())
        .collect();
    match connection {
        Some(named) => match connections.iter().find(|(name, _)| *name == named.value) {
            None if !check.is_known => {}
            None => {
                let help = suggestion(&named.value, fitting.iter().copied());
                let message = format!("there is no connection `{}`", named.value);
                let help = help.unwrap_or_else(|| declare(check, type_name));
                check.report(Code::UnknownConnection, named.span, message).help = Some(help);
            }
            Some((_, known)) if known != type_name && check.catalog.connection(known).is_some() => {
                let message = format!(
                    "`{}` is a connection of type `{known}`; `auth: {type_name}` needs one of type `{type_name}`",
                    named.value
                );
                let help = if fitting.is_empty() {
                    declare(check, type_name)
                } else {
                    format!("of that type: {}", list(fitting.iter().copied()))
                };
                check.report(Code::ConnectionType, named.span, message).help = Some(help);
            }
            Some(_) => {}
        },
        None if fitting.is_empty() && check.is_known => {
            let message = format!(
                "`auth: {type_name}` needs a connection of type `{type_name}`, and the workspace has none"
            );
            let help = declare(check, type_name);
            check.report(Code::UnknownConnection, auth.span, message).help = Some(help);
        }
        None if fitting.len() > 1 => {
            let message = format!("several connections fit `auth: {type_name}`");
            check.report(Code::ConnectionNotChosen, auth.span, message).help = Some(format!(
                "choose one, like `auth: {{ {type_name}: {} }}`; there are: {}",
                fitting[0],
                list(fitting.iter().copied())
            ));
        }
        None => {}
    }
}

/// What to write into the workspace file.
fn declare(check: &FlowCheck<'_>, type_name: &str) -> String {
    let example = check
        .catalog
        .connection(type_name)
        .map(|spec| spec.example.clone());
    format!(
        "declare one under `connections` in `lockgate.yaml`:\n{}",
        example.unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

fn takes(check: &FlowCheck<'_>, field: &str) -> bool {
    !check.syntax.is_input_known || check.syntax.input.iter().any(|known| known.name.value == field)
}

fn unknown_field(check: &mut FlowCheck<'_>, place: Span, field: &str, message: String) {
    let help = suggestion(
        field,
        check.syntax.input.iter().map(|field| field.name.value.as_str()),
    );
    check.report(Code::UnknownField, place, message).help = help;
}
