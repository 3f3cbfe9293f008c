//! Conditions that are always the same, loops over what is no list, cases that never fit.

use super::{FlowCheck, span};
use crate::diagnostic::{Code, suggestion};
use crate::expression::{Ambient, Expression, Literal, Scope, Slot};
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
        } else if let Some(condition) = &step.condition {
            comparisons(check, &condition.value);
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
                        check.report(Code::TypeMismatch, case.value.span, message).help =
                            Some(case_help(&case.value.value, types));
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

/// How to write a case so that it can equal a subject of these types.
fn case_help(case: &serde_json::Value, types: TypeSet) -> String {
    if let Some(text) = case.as_str() {
        return match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) if types.overlaps(TypeSet::of(&value)) => {
                format!("write the case without quotes: `{text}`")
            }
            _ => "convert the subject with `to_string`".to_owned(),
        };
    }
    if types.overlaps(TypeSet::STRING) {
        return format!("put the case in quotes: `\"{case}\"`");
    }
    format!("write a case that is {types}")
}

/// Comparisons of what can never be equal: a misspelt value of an `enum`, a number with a text.
fn comparisons(check: &mut FlowCheck<'_>, expression: &Expression) {
    let Expression::Call(call) = expression else {
        return;
    };
    if let ("eq" | "ne", [left, right]) = (call.function.name, call.arguments.as_slice())
        && is_certain(left)
        && is_certain(right)
    {
        let (of_left, of_right) = (check.infer(left), check.infer(right));
        let outcome = call.function.name == "ne";
        if !of_left.overlaps(of_right) {
            let message = format!("this is always {outcome}: {of_left} and {of_right} are never equal");
            check
                .report(Code::ConstantCondition, span(&expression.span()), message)
                .help = Some("convert one of them, or compare with `loose_eq`".to_owned());
        } else if let Some((value, literal)) = literal_of(left, right)
            && let Some(values) = check.values_of(value)
            && !values.contains(&literal.value)
        {
            let own = shown(&literal.value);
            let texts: Vec<String> = values.iter().map(shown).collect();
            let message = format!("this is always {outcome}: the value is never `{own}`");
            check
                .report(Code::ConstantCondition, span(&literal.span), message)
                .help = suggestion(&own, texts.iter().map(String::as_str));
        }
    }
    for argument in &call.arguments {
        comparisons(check, argument);
    }
}

/// The written-out side of a comparison, second, and the other one.
fn literal_of<'e>(left: &'e Expression, right: &'e Expression) -> Option<(&'e Expression, &'e Literal)> {
    match (left, right) {
        (Expression::Literal(_), Expression::Literal(_)) => None,
        (value, Expression::Literal(literal)) | (Expression::Literal(literal), value) => {
            Some((value, literal))
        }
        _ => None,
    }
}

/// Whether the types of an expression are what it will have: what a remote end answers may differ from its schema.
fn is_certain(expression: &Expression) -> bool {
    match expression {
        Expression::Literal(_) => true,
        Expression::Path(path) => matches!(
            path.slot,
            Slot::Input | Slot::Index(_) | Slot::Run | Slot::Request
        ),
        Expression::Call(call) => match call.function.name {
            "default" | "coalesce" | "optional" | "omit_if_missing" | "mask" => {
                call.arguments.iter().all(is_certain)
            }
            _ => true,
        },
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
