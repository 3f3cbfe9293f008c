//! Headers of `respond` that no answer can have. What an expression gives is known when the step runs.

use super::FlowCheck;
use crate::diagnostic::Code;
use crate::source::Span;
use crate::syntax::{DataKind, DataNode, FRAMING_HEADERS, Verb};

pub(super) fn check(check: &mut FlowCheck<'_>) {
    for step in check.steps.clone() {
        let Verb::Respond {
            headers: Some(headers),
            ..
        } = &step.verb
        else {
            continue;
        };
        let DataKind::Map(entries) = &headers.kind else {
            continue;
        };
        for (name, value) in entries {
            name_fits(check, &name.value, name.span);
            value_fits(check, &name.value, value);
        }
    }
}

fn name_fits(check: &mut FlowCheck<'_>, name: &str, span: Span) {
    if FRAMING_HEADERS
        .iter()
        .any(|framing| framing.eq_ignore_ascii_case(name))
    {
        let message = format!("`{name}` belongs to the connection: the server writes it");
        check.report(Code::InvalidHeader, span, message).help = Some("leave it out".to_owned());
    } else if !is_token(name) {
        let message = format!("`{name}` is no name of a header");
        check.report(Code::InvalidHeader, span, message).help =
            Some("letters, digits and hyphens, like `x-request-id`".to_owned());
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A header is text, or several texts: one line each. `null` leaves it out.
fn value_fits(check: &mut FlowCheck<'_>, name: &str, value: &DataNode) {
    let values = match &value.kind {
        DataKind::List(values) => values.as_slice(),
        _ => std::slice::from_ref(value),
    };
    for value in values {
        match &value.kind {
            DataKind::Constant(constant) => {
                let text = constant.as_str().unwrap_or_default();
                // RFC 9110, section 5.5: a line break would begin another header.
                if text.chars().any(|c| c.is_control() && c != '\t') {
                    let message = format!("the header `{name}` has a control character in it");
                    check.report(Code::InvalidHeader, value.span, message).help =
                        Some("write it in one line; `>-` folds lines without a break at the end".to_owned());
                }
            }
            DataKind::List(_) | DataKind::Map(_) => {
                let message = format!("the header `{name}` is text, and this is none");
                check.report(Code::InvalidHeader, value.span, message).help =
                    Some("to write JSON into a header: `{{to_json …}}`".to_owned());
            }
            DataKind::Template(_) => {}
        }
    }
}
