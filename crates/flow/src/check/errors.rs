//! Codes under `on_error` and `retry`: only what the step can fail with.

use std::collections::BTreeSet;

use super::FlowCheck;
use crate::catalog::COMMON_ERRORS;
use crate::diagnostic::{Code, Severity, list, nearest};
use crate::graph::nested_lists;
use crate::source::Span;
use crate::syntax::{Handler, Step, Verb};

pub(super) fn check(check: &mut FlowCheck<'_>) {
    for step in check.steps.clone() {
        let Some(possible) = codes(check, step) else {
            continue;
        };
        let handled = step
            .on_error
            .iter()
            .flat_map(|on_error| &on_error.arms)
            .filter_map(|arm| arm.code.as_ref());
        let retried = step
            .retry
            .iter()
            .filter_map(|retry| retry.value.codes.as_ref())
            .flatten();
        for code in handled.chain(retried) {
            if !possible.contains(code.value.as_str()) {
                report(check, step, &code.value, code.span, &possible);
            }
        }
        never_retried(check, step);
    }
}

/// What an action that happens once is never repeated after: the engine's own errors say nothing about whether it has
/// happened.
fn never_retried(check: &mut FlowCheck<'_>, step: &Step) {
    let codes = step.retry.iter().filter_map(|retry| retry.value.codes.as_ref());
    let Some(spec) = check.action(step).filter(|spec| !spec.effect.is_repeatable()) else {
        return;
    };
    for code in codes.flatten() {
        if COMMON_ERRORS.iter().any(|common| common.code == code.value) {
            let message = format!(
                "`{}` happens once: it is not repeated after `{}`",
                spec.name, code.value
            );
            let finding = check.report(Code::ErrorCannotOccur, code.span, message);
            finding.severity = Severity::Warning;
            finding.help = Some(
                "it is repeated only where it is sure that nothing has happened; leave the code out"
                    .to_owned(),
            );
        }
    }
}

fn report(check: &mut FlowCheck<'_>, step: &Step, code: &str, span: Span, possible: &BTreeSet<String>) {
    let what = match &step.verb {
        Verb::Action { action, .. } => format!("`{}`", action.value),
        verb => format!("this `{}`", verb.name()),
    };
    let own: Vec<&str> = possible
        .iter()
        .map(String::as_str)
        .filter(|code| !COMMON_ERRORS.iter().any(|common| common.code == *code))
        .collect();
    let help = match nearest(code, possible.iter().map(String::as_str)) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        // What the engine itself raises is left out: it is the same everywhere.
        None => (!own.is_empty()).then(|| format!("it can fail with {}", list(own))),
    };
    check
        .report(
            Code::ErrorCannotOccur,
            span,
            format!("{what} cannot fail with `{code}`"),
        )
        .help = help;
}

/// The codes that a step can fail with; `None` where nobody can tell.
fn codes(check: &FlowCheck<'_>, step: &Step) -> Option<BTreeSet<String>> {
    let mut codes: BTreeSet<String> = COMMON_ERRORS.iter().map(|error| error.code.to_string()).collect();
    match &step.verb {
        Verb::Action { .. } => {
            codes.extend(check.action(step)?.error_codes().map(str::to_owned));
        }
        // A called flow may fail with anything.
        Verb::Call { .. } | Verb::Invalid => return None,
        Verb::Choose { .. } | Verb::Switch { .. } | Verb::Parallel { .. } | Verb::ForEach { .. } => {
            for list in nested_lists(step) {
                for inner in list {
                    codes.extend(leaving(check, inner)?);
                }
            }
        }
        // The code of a `fail` ends the flow; no step's handler takes it, so it is not among them.
        _ => {}
    }
    Some(codes)
}

/// The codes that leave a step that may have handlers of its own.
fn leaving(check: &FlowCheck<'_>, step: &Step) -> Option<BTreeSet<String>> {
    let mut codes = codes(check, step)?;
    let Some(on_error) = &step.on_error else {
        return Some(codes);
    };
    if on_error.arms.iter().any(|arm| arm.code.is_none()) {
        codes.clear();
    }
    for arm in &on_error.arms {
        if let Some(code) = &arm.code {
            codes.remove(&code.value);
        }
        if let Handler::Steps(steps) = &arm.handler {
            for inner in steps {
                codes.extend(leaving(check, inner)?);
            }
        }
    }
    Some(codes)
}
