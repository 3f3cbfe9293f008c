//! What a trigger refers to: input fields by path parameters and rate limits, a connection by `auth`.

use super::FlowCheck;
use crate::diagnostic::{Code, suggestion};
use crate::source::Span;
use crate::syntax::{AuthKind, RateKey};

pub(super) fn check(check: &mut FlowCheck<'_>, connections: &[(String, String)]) {
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
    if let Some(auth) = &http.auth
        && let Some(name) = &auth.value.connection
    {
        if auth.value.kind == AuthKind::None {
            let message = "`auth: none` uses no connection";
            check.report(Code::ConnectionType, name.span, message).help =
                Some("write `auth: none`".to_owned());
        } else if check.is_known && !connections.iter().any(|(known, _)| *known == name.value) {
            let help = suggestion(&name.value, connections.iter().map(|(known, _)| known.as_str()));
            let message = format!("there is no connection `{}`", name.value);
            check.report(Code::UnknownConnection, name.span, message).help =
                help.or_else(|| Some("declare it under `connections` in `lockgate.yaml`".to_owned()));
        }
    }
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
