//! What a step gives to its action, flow or list: does it fit the declared schema?

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{FlowCheck, span};
use crate::catalog::{ActionSpec, KnownInput};
use crate::diagnostic::{Code, suggestion};
use crate::expression::{Expression, Node as Visited, Template, ValueTemplate};
use crate::graph::strip;
use crate::schema::{SchemaView, TypeSet, compile, problems};
use crate::source::Span;
use crate::syntax::{DataKind, DataNode, Step, Verb};

static STATUS: LazyLock<Value> = LazyLock::new(|| json!({ "type": ["integer", "string"] }));
static URL: LazyLock<Value> = LazyLock::new(|| json!({ "type": "string" }));

pub(super) fn check(check: &mut FlowCheck<'_>) {
    for step in check.steps.clone() {
        match &step.verb {
            Verb::Action { action, with, .. } => {
                let Some(spec) = check.action(step) else { continue };
                let what = format!("`{}`", spec.name);
                object(check, with.as_ref(), spec.input.view(), &what, action.span);
                own_check(check, step, &spec, with.as_ref());
            }
            Verb::Call { flow, with } => {
                let signatures = check.signatures;
                let Some(signature) = signatures.get(&flow.value) else {
                    continue;
                };
                let what = format!("the flow `{}`", flow.value);
                object(
                    check,
                    with.as_ref(),
                    SchemaView::of(&signature.schema),
                    &what,
                    flow.span,
                );
            }
            Verb::Respond {
                status: Some(status), ..
            } => {
                value(check, status, SchemaView::of(&STATUS), "`status`");
            }
            Verb::Redirect { to, .. } => {
                value(check, to, SchemaView::of(&URL), "`redirect`");
            }
            _ => {}
        }
    }
}

/// Checks the arguments of an action or a flow.
fn object(
    check: &mut FlowCheck<'_>,
    with: Option<&DataNode>,
    schema: SchemaView<'_>,
    what: &str,
    place: Span,
) {
    let entries = match with.map(|with| &with.kind) {
        None => &[],
        Some(DataKind::Map(entries)) => entries.as_slice(),
        Some(DataKind::Template(Template::Text(_))) => {
            let message = format!("{what} takes a map of arguments, and this is a text");
            let place = with.map_or(place, |with| with.span);
            check.report(Code::TypeMismatch, place, message).help =
                Some("write `with` as a map, or as one expression without text around it".to_owned());
            return;
        }
        // The whole input from one expression: known when it runs.
        Some(_) => return,
    };
    for (key, data) in entries {
        let Some(property) = schema.property(&key.value) else {
            if let Some(additional) = schema.additional() {
                value(check, data, additional, &format!("`{}`", key.value));
            } else {
                let message = format!("{what} has no argument `{}`", key.value);
                let help = suggestion(&key.value, schema.property_names());
                check.report(Code::UnknownArgument, key.span, message).help = help;
            }
            continue;
        };
        value(check, data, property, &format!("`{}`", key.value));
    }
    for name in schema.property_names().filter(|name| schema.requires(name)) {
        if let Some((_, data)) = entries.iter().find(|(key, _)| key.value == name)
            && let DataKind::Template(Template::Expression(Expression::Call(call))) = &data.kind
            && call.function.name == "omit_if_missing"
        {
            let message =
                format!("{what} needs the argument `{name}`, and `omit_if_missing` may leave it out");
            check
                .report(Code::MissingArgument, span(&call.span), message)
                .help = Some("use `default` to say what to give then".to_owned());
        }
        if !entries.iter().any(|(key, _)| key.value == name) {
            // A misspelt argument is reported once, as the unknown one that it is.
            let misspelt = entries.iter().any(|(key, _)| {
                schema.property(&key.value).is_none()
                    && crate::diagnostic::nearest(&key.value, [name]).is_some()
            });
            if !misspelt {
                let help = schema
                    .property(name)
                    .and_then(SchemaView::description)
                    .map(str::to_owned);
                check
                    .report(
                        Code::MissingArgument,
                        place,
                        format!("{what} needs the argument `{name}`"),
                    )
                    .help = help;
            }
        }
    }
}

/// Checks a piece of data against a schema, as far as it is known.
fn value(check: &mut FlowCheck<'_>, data: &DataNode, schema: SchemaView<'_>, what: &str) {
    match &data.kind {
        DataKind::Constant(constant) => self::constant(check, constant, data.span, schema, what),
        DataKind::Template(Template::Expression(expression)) => fits(check, expression, schema, what),
        DataKind::Template(_) => {
            // Text around an expression makes a string.
            let types = schema.types();
            if !types.overlaps(TypeSet::STRING) {
                let message = format!("{what} takes {types}, and this is a text");
                check.report(Code::TypeMismatch, data.span, message).help =
                    Some("an expression alone, without text around it, keeps its type".to_owned());
            }
        }
        DataKind::List(items) => {
            if mismatch(check, TypeSet::ARRAY, data.span, schema, what) {
                return;
            }
            for item in items {
                value(check, item, schema.items(), &format!("an element of {what}"));
            }
        }
        DataKind::Map(_) => {
            if !mismatch(check, TypeSet::OBJECT, data.span, schema, what) {
                object(check, Some(data), schema, what, data.span);
            }
        }
    }
}

fn mismatch(
    check: &mut FlowCheck<'_>,
    own: TypeSet,
    place: Span,
    schema: SchemaView<'_>,
    what: &str,
) -> bool {
    let types = schema.types();
    if own.overlaps(types) {
        return false;
    }
    check.report(
        Code::TypeMismatch,
        place,
        format!("{what} takes {types}, and this is {own}"),
    );
    true
}

fn constant(check: &mut FlowCheck<'_>, constant: &Value, place: Span, schema: SchemaView<'_>, what: &str) {
    let own = TypeSet::of(constant);
    let types = schema.types();
    if !own.overlaps(types) {
        let finding = check.report(
            Code::TypeMismatch,
            place,
            format!("{what} takes {types}, and this is {own}"),
        );
        if types.overlaps(TypeSet::STRING) && constant.is_number() {
            // A default that is a duration tells what the text means.
            let is_duration = schema
                .default_value()
                .and_then(Value::as_str)
                .is_some_and(|default| crate::duration::parse_duration(default).is_ok());
            finding.help = Some(if is_duration {
                format!("a duration has a unit: `{constant}s` for seconds, or ms, m, h, d")
            } else {
                format!("put it in quotes: \"{constant}\"")
            });
        }
        return;
    }
    if let Some(Value::Array(values)) = schema.as_value().get("enum")
        && !values.contains(constant)
    {
        let texts: Vec<String> = values.iter().map(written).collect();
        let message = if schema.is_secret() {
            format!("{what} does not take this value")
        } else {
            format!("{what} does not take `{}`", written(constant))
        };
        check.report(Code::TypeMismatch, place, message).help =
            suggestion(&written(constant), texts.iter().map(String::as_str));
        return;
    }
    // Validators are built once for each schema, and only for schemas that say more than a type. A schema is known by
    // its address: every schema that comes here outlives the check.
    let plain = schema.as_value().as_object().is_none_or(|keywords| {
        keywords.keys().all(|keyword| {
            matches!(
                keyword.as_str(),
                "type" | "description" | "secret" | "html" | "exposed" | "examples"
            )
        })
    });
    if plain {
        return;
    }
    let key = std::ptr::from_ref(schema.as_value()) as usize;
    let validator = check
        .validators
        .entry(key)
        .or_insert_with(|| compile(schema.as_value()).ok());
    let found = validator
        .as_ref()
        .map(|validator| problems(validator, constant))
        .unwrap_or_default();
    for problem in found {
        let message = if schema.is_secret() {
            problem.masked
        } else {
            problem.message
        };
        check.report(Code::TypeMismatch, place, format!("{what}: {message}"));
    }
}

/// A value as it is written in a flow.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fits(check: &mut FlowCheck<'_>, expression: &Expression, schema: SchemaView<'_>, what: &str) {
    let types = schema.types();
    let known = check.infer(expression);
    if !known.overlaps(types) {
        let message = format!("{what} takes {types}, and this is {known}");
        let help = if types.overlaps(TypeSet::STRING) {
            Some("convert it with `to_string` or `to_json`")
        } else if types.overlaps(TypeSet::NUMBER) {
            Some("convert it with `to_number`")
        } else if types.overlaps(TypeSet::BOOLEAN) {
            Some("convert it with `to_boolean`")
        } else {
            None
        };
        check
            .report(Code::TypeMismatch, span(&expression.span()), message)
            .help = help.map(str::to_owned);
    } else if known.overlaps(TypeSet::NULL)
        && known != TypeSet::ANY
        && !types.overlaps(TypeSet::NULL)
        && matches!(expression, Expression::Call(call) if call.function.name == "optional")
    {
        let message = format!("{what} takes {types}, and `optional` may give null");
        check
            .report(Code::TypeMismatch, span(&expression.span()), message)
            .help = Some("use `omit_if_missing` to leave the argument out, or `default`".to_owned());
    }
}

/// What the action itself finds in the known part of its input.
fn own_check(check: &mut FlowCheck<'_>, step: &Step, spec: &ActionSpec, with: Option<&DataNode>) {
    let (Some(rule), Some(with)) = (spec.check, with) else {
        return;
    };
    let known = known_input(&strip(with, None));
    for problem in rule(&known) {
        let place = with.at_pointer(&problem.pointer).span;
        let place = if problem.pointer.is_empty() {
            step.verb_span
        } else {
            place
        };
        check.report(Code::InvalidArgument, place, problem.message).help = problem.help;
    }
}

/// The part of a compiled input that is known before it runs.
pub(crate) fn known_input(template: &ValueTemplate) -> KnownInput {
    fn read(template: &ValueTemplate, pointer: String, unknown: &mut Vec<String>) -> Value {
        match template {
            ValueTemplate::Constant(value) => value.clone(),
            ValueTemplate::Template(_) => {
                unknown.push(pointer);
                Value::Null
            }
            ValueTemplate::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| read(item, format!("{pointer}/{index}"), unknown))
                .collect(),
            ValueTemplate::Map(entries) => {
                let mut fields = serde_json::Map::new();
                for (key, value) in entries {
                    let token = key.replace('~', "~0").replace('/', "~1");
                    let inner = read(value, format!("{pointer}/{token}"), unknown);
                    // A key that may be left out when it runs is unknown altogether.
                    if !may_be_omitted(value) {
                        fields.insert(key.clone(), inner);
                    }
                }
                Value::Object(fields)
            }
        }
    }
    let mut known = KnownInput::default();
    known.value = read(template, String::new(), &mut known.unknown);
    known
}

fn may_be_omitted(template: &ValueTemplate) -> bool {
    let ValueTemplate::Template(template) = template else {
        return false;
    };
    let mut omits = false;
    template.walk(&mut |node| {
        omits |= matches!(node, Visited::Call(call) if call.function.name == "omit_if_missing");
    });
    omits
}
