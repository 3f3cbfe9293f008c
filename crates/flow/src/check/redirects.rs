//! Redirects whose target is the caller's choice (CWE-601, URL redirection to an untrusted site).

use super::types::segment_text;
use super::{FlowCheck, span};
use crate::diagnostic::Code;
use crate::expression::{Expression, Part, Path, Slot, Template};
use crate::schema::SchemaView;
use crate::source::Span;
use crate::syntax::{AuthKind, DataKind, DataNode, Verb};

/// Functions whose result leads where their argument leads.
const KEEPING: [&str; 9] = [
    "default",
    "coalesce",
    "optional",
    "omit_if_missing",
    "lower",
    "upper",
    "trim",
    "mask",
    "to_string",
];

pub(super) fn check(check: &mut FlowCheck<'_>) {
    if !is_for_browsers(check) {
        return;
    }
    for step in check.steps.clone() {
        let Verb::Redirect { to, .. } = &step.verb else {
            continue;
        };
        if let Some((place, text)) = open_target(check, to) {
            let message = format!("`{text}` decides where the redirect leads, and it is the caller's");
            check.report(Code::OpenRedirect, place, message).help = Some(
                "write scheme and host into the flow, `https://app.example.com/…`, or give the field an `enum` or a `pattern`"
                    .to_owned(),
            );
        }
    }
}

/// Whether a link or a form on somebody else's page can start the flow: a browser adds neither a token nor a signature.
fn is_for_browsers(check: &FlowCheck<'_>) -> bool {
    let auth = check.syntax.trigger.http.as_ref().map(|http| &http.auth);
    auth.is_some_and(|auth| {
        auth.as_ref()
            .is_none_or(|auth| matches!(auth.value.kind, AuthKind::None | AuthKind::Basic))
    })
}

/// The value of the caller's that a target begins with, before its host is settled.
fn open_target(check: &FlowCheck<'_>, to: &DataNode) -> Option<(Span, String)> {
    let DataKind::Template(template) = &to.kind else {
        return None;
    };
    match template {
        Template::Constant(_) => None,
        Template::Expression(expression) => callers(check, expression),
        Template::Text(text) => {
            let mut start = "";
            for part in &text.parts {
                match part {
                    Part::Text(text) => start = text,
                    Part::Expression(_) if has_host(start) => return None,
                    Part::Expression(expression) => return callers(check, expression),
                    // What a block writes is not looked into.
                    Part::Block(_) => return None,
                }
            }
            None
        }
    }
}

/// Whether what follows this text cannot change the host: `https://app.example.com/`, and `/welcome`, but neither
/// `https://app.example.com` (`.evil.com` may follow), nor `/` (`/evil.com` may).
fn has_host(start: &str) -> bool {
    match start.split_once("://") {
        Some((_, rest)) => rest.contains(['/', '?', '#']),
        None => start.len() > 1 && !start.starts_with("//") || start.starts_with(['?', '#']),
    }
}

fn callers(check: &FlowCheck<'_>, expression: &Expression) -> Option<(Span, String)> {
    match expression {
        Expression::Path(path) => is_open(check, path).then(|| (span(&path.span), path.text.to_string())),
        Expression::Call(call) if KEEPING.contains(&call.function.name) => call
            .arguments
            .iter()
            .find_map(|argument| callers(check, argument)),
        Expression::Literal(_) | Expression::Call(_) => None,
    }
}

/// Whether a value can be anything that a caller wants.
fn is_open(check: &FlowCheck<'_>, path: &Path) -> bool {
    match path.slot {
        Slot::Request => true,
        Slot::Input => !is_bounded(check, path) && !is_tested(check, path),
        _ => false,
    }
}

/// Whether the schema of a field says which texts it takes.
fn is_bounded(check: &FlowCheck<'_>, path: &Path) -> bool {
    let Some((first, rest)) = path.rest().split_first() else {
        return false;
    };
    let name = segment_text(first);
    let Some(field) = check.syntax.input.iter().find(|field| field.name.value == name) else {
        // It is reported as unknown.
        return true;
    };
    let mut schema = SchemaView::of(&field.schema);
    for segment in rest {
        match schema.property(&segment_text(segment)) {
            Some(property) => schema = property,
            None => return false,
        }
    }
    let has = |keyword: &str| schema.as_value().get(keyword).is_some();
    has("enum") || has("const") || has("pattern")
}

/// Whether some condition looks at the value: what it lets through is the author's decision.
fn is_tested(check: &FlowCheck<'_>, path: &Path) -> bool {
    check.steps.iter().any(|step| {
        let subject = match &step.verb {
            Verb::Switch { subject, .. } => Some(&subject.value),
            _ => None,
        };
        let condition = step.condition.as_ref().map(|condition| &condition.value);
        subject
            .into_iter()
            .chain(condition)
            .flat_map(Expression::references)
            .any(|reference| reference.path.text == path.text)
    })
}

#[cfg(test)]
mod tests {
    use super::has_host;

    #[test]
    fn a_host_that_nothing_can_change() {
        for (start, expect) in [
            ("", false),
            ("/", false),
            ("//", false),
            ("//evil", false),
            ("https://", false),
            ("https://app.example.com", false),
            ("https://app.example.com/", true),
            ("https://app.example.com?next=", true),
            ("/welcome/", true),
            ("/welcome?next=", true),
            ("?next=", true),
        ] {
            assert_eq!(has_host(start), expect, "{start}");
        }
    }
}
