//! Conditions that are always the same, loops over what is no list, cases that never fit.

use super::{FlowCheck, span};
use crate::diagnostic::{Code, suggestion};
use crate::expression::{Ambient, Expression, Scope, Slot};
use crate::schema::TypeSet;
use crate::syntax::Verb;

pub(super) fn check(check: &mut FlowCheck<'_>) {
    for step in check.steps.clone() {
        if let Some(condition) = &step.condition
            && let Some(value) = constant_truth(&condition.value)
        {
            let help = if value {
                "leave `if` out"
            } else {
                "leave the step out"
            };
            check
                .report(
                    Code::ConstantCondition,
                    condition.span,
                    format!("this condition is always {value}"),
                )
                .help = Some(help.to_owned());
        }
        match &step.verb {
            Verb::ForEach { list, .. } => {
                let types = check.infer(&list.value);
                if !types.overlaps(TypeSet::ARRAY) {
                    let place = span(&list.value.span());
                    let message = format!("`for_each` needs a list, and this is {types}");
                    let help = if types.overlaps(TypeSet::OBJECT) {
                        "go over an object with `values` or `keys`"
                    } else {
                        "give a list, like `input.people`"
                    };
                    check.report(Code::NotAList, place, message).help = Some(help.to_owned());
                }
            }
            Verb::Switch { subject, cases, .. } => {
                if constant_truth(&subject.value).is_some() {
                    check.report(
                        Code::ConstantCondition,
                        subject.span,
                        "`switch` always takes the same way",
                    );
                }
                let types = check.infer(&subject.value);
                let values = check.values_of(&subject.value);
                for case in cases {
                    let own = TypeSet::of(&case.value.value);
                    if !types.overlaps(own) {
                        let message =
                            format!("this case is {own}, and the subject is {types}: they are never equal");
                        check.report(Code::TypeMismatch, case.value.span, message).help = Some(
                            "put the case in quotes if it is meant as text, or convert with `to_string`"
                                .to_owned(),
                        );
                    } else if let Some(values) = &values
                        && !values.contains(&case.value.value)
                        && constant_truth(&subject.value).is_none()
                    {
                        let texts: Vec<String> = values.iter().map(shown).collect();
                        let own = shown(&case.value.value);
                        let message = format!("the subject is never `{own}`");
                        check.report(Code::TypeMismatch, case.value.span, message).help =
                            suggestion(&own, texts.iter().map(String::as_str));
                    }
                }
            }
            _ => {}
        }
    }
}

/// A value as it is written for a case.
fn shown(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The truth of an expression that depends on nothing.
fn constant_truth(expression: &Expression) -> Option<bool> {
    if !expression.is_pure() || !expression.references().is_empty() {
        return None;
    }
    expression.is_true(&Nothing, &mut Nothing).ok()
}

/// The scope of an expression without references.
struct Nothing;

impl Scope for Nothing {
    fn root(&self, _: Slot) -> Option<&serde_json::Value> {
        None
    }
}

impl Ambient for Nothing {
    fn now(&mut self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }

    fn mask(&mut self, _: &str) {}
}
