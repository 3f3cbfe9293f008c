//! Comparisons, conditions, and what to do about values that are absent.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::super::arguments::{Arguments, Fault, Outcome};
use super::super::evaluate::Evaluated;
use super::super::limits::MAX_PATTERN_BYTES;
use super::super::value::{compare_numbers, equal, loosely_equal};
use super::table::{Function, Group, Parameter};
use crate::schema::TypeSet;

const ANY: TypeSet = TypeSet::ANY;
const STRING: TypeSet = TypeSet::STRING;
const BOOLEAN: TypeSet = TypeSet::BOOLEAN;
const ORDERED: TypeSet = TypeSet::NUMBER.union(TypeSet::STRING);
const PAIR: &[Parameter] = &[Parameter::new("left", ANY), Parameter::new("right", ANY)];
const ORDERED_PAIR: &[Parameter] = &[Parameter::new("left", ORDERED), Parameter::new("right", ORDERED)];
const CONDITIONS: &[Parameter] = &[Parameter::new("condition", ANY).variadic().accepts_missing()];
const MAYBE: Parameter = Parameter::new("value", ANY).accepts_missing();

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Logic,
        "eq",
        "Whether two values are equal, strictly by JSON type; 1 equals 1.0.",
        PAIR,
        BOOLEAN,
        &[
            ("eq input.plan \"pro\"", "true"),
            ("eq 1 1.0", "true"),
            ("eq \"1\" 1", "false"),
        ],
        |arguments| Ok(both(arguments, equal)?.into()),
    ),
    Function::new(
        Group::Logic,
        "ne",
        "Whether two values differ; the opposite of `eq`.",
        PAIR,
        BOOLEAN,
        &[("ne input.plan \"free\"", "true")],
        |arguments| Ok((!both(arguments, equal)?).into()),
    ),
    Function::new(
        Group::Logic,
        "lt",
        "Whether the first is less than the second: numbers by value, text by code point.",
        ORDERED_PAIR,
        BOOLEAN,
        &[("lt input.age 40", "true"), ("lt \"b\" \"a\"", "false")],
        |arguments| Ok(order(arguments)?.is_lt().into()),
    ),
    Function::new(
        Group::Logic,
        "le",
        "Whether the first is less than or equal to the second.",
        ORDERED_PAIR,
        BOOLEAN,
        &[("le 2 2.0", "true")],
        |arguments| Ok(order(arguments)?.is_le().into()),
    ),
    Function::new(
        Group::Logic,
        "gt",
        "Whether the first is greater than the second.",
        ORDERED_PAIR,
        BOOLEAN,
        &[("gt input.age 18", "true")],
        |arguments| Ok(order(arguments)?.is_gt().into()),
    ),
    Function::new(
        Group::Logic,
        "ge",
        "Whether the first is greater than or equal to the second.",
        ORDERED_PAIR,
        BOOLEAN,
        &[("ge input.age 36", "true")],
        |arguments| Ok(order(arguments)?.is_ge().into()),
    ),
    Function::new(
        Group::Logic,
        "loose_eq",
        "Whether two values are equal when text, numbers and booleans may stand for each other.",
        PAIR,
        BOOLEAN,
        &[
            ("loose_eq \"1\" 1", "true"),
            ("loose_eq \"TRUE\" true", "true"),
            ("loose_eq null false", "false"),
        ],
        |arguments| Ok(both(arguments, loosely_equal)?.into()),
    ),
    Function::new(
        Group::Logic,
        "and",
        "Whether all are true. Stops at the first that is not; a missing value is false.",
        CONDITIONS,
        BOOLEAN,
        &[
            ("and (gt input.age 18) (eq input.plan \"pro\")", "true"),
            ("and input.nickname true", "false"),
        ],
        and,
    ),
    Function::new(
        Group::Logic,
        "or",
        "Whether any is true. Stops at the first that is; a missing value is false.",
        CONDITIONS,
        BOOLEAN,
        &[("or input.nickname input.name", "true"), ("or 0 \"\"", "false")],
        or,
    ),
    Function::new(
        Group::Logic,
        "not",
        "Whether the value is false; a missing value is false too.",
        &[Parameter::new("condition", ANY).accepts_missing()],
        BOOLEAN,
        &[
            ("not input.nickname", "true"),
            ("not (eq input.plan \"pro\")", "false"),
        ],
        |arguments| Ok((!arguments.evaluated(0)?.is_true()).into()),
    ),
    Function::new(
        Group::Logic,
        "coalesce",
        "The first value that is neither missing nor null; null if there is none.",
        &[Parameter::new("value", ANY).variadic().accepts_missing()],
        ANY,
        &[
            ("coalesce input.nickname input.name", "\"Ada Lovelace\""),
            ("coalesce input.nickname null", "null"),
        ],
        coalesce,
    ),
    Function::new(
        Group::Logic,
        "default",
        "The value, or the fallback where it is missing or null.",
        &[MAYBE, Parameter::new("fallback", ANY)],
        ANY,
        &[
            ("default input.nickname \"none\"", "\"none\""),
            ("default input.age 0", "36"),
        ],
        |arguments| match present(arguments.evaluated(0)?) {
            Some(value) => Ok(value),
            None => Ok(Evaluated::Value(arguments.value(1)?)),
        },
    ),
    Function::new(
        Group::Logic,
        "optional",
        "The value, or null where it is missing.",
        &[MAYBE],
        ANY,
        &[
            ("optional input.nickname", "null"),
            ("optional input.plan", "\"pro\""),
        ],
        |arguments| match arguments.evaluated(0)? {
            Evaluated::Value(value) => Ok(Evaluated::Value(value)),
            Evaluated::Missing | Evaluated::Omit => Ok(Value::Null.into()),
        },
    ),
    Function::new(
        Group::Logic,
        "omit_if_missing",
        "The value; where it is missing, the key or the list element that the expression stands in is left out.",
        &[MAYBE],
        ANY,
        &[("omit_if_missing input.plan", "\"pro\"")],
        |arguments| match arguments.evaluated(0)? {
            Evaluated::Value(value) => Ok(Evaluated::Value(value)),
            Evaluated::Missing | Evaluated::Omit => Ok(Evaluated::Omit),
        },
    ),
    Function::new(
        Group::Logic,
        "exists",
        "Whether there is a value; null is one.",
        &[MAYBE],
        BOOLEAN,
        &[("exists input.plan", "true"), ("exists input.nickname", "false")],
        |arguments| Ok(matches!(arguments.evaluated(0)?, Evaluated::Value(_)).into()),
    ),
    Function::new(
        Group::Logic,
        "is_empty",
        "Whether the value is missing, null, or an empty text, list or object. 0 and false are not empty.",
        &[MAYBE],
        BOOLEAN,
        &[
            ("is_empty input.nickname", "true"),
            ("is_empty input.tags", "false"),
            ("is_empty 0", "false"),
        ],
        is_empty,
    ),
    Function::new(
        Group::Logic,
        "includes",
        "Whether a list has an element, a text has a part, or an object has a field.",
        &[
            Parameter::new("container", STRING.union(TypeSet::ARRAY).union(TypeSet::OBJECT)),
            Parameter::new("value", ANY),
        ],
        BOOLEAN,
        &[
            ("includes input.tags \"beta\"", "true"),
            ("includes input.name \"Love\"", "true"),
            ("includes input.address \"city\"", "true"),
        ],
        includes,
    ),
    Function::new(
        Group::Logic,
        "starts_with",
        "Whether a text begins with another.",
        &[Parameter::new("text", STRING), Parameter::new("start", STRING)],
        BOOLEAN,
        &[("starts_with input.name \"Ada\"", "true")],
        |arguments| Ok(arguments.text(0)?.starts_with(&*arguments.text(1)?).into()),
    ),
    Function::new(
        Group::Logic,
        "ends_with",
        "Whether a text ends with another.",
        &[Parameter::new("text", STRING), Parameter::new("end", STRING)],
        BOOLEAN,
        &[("ends_with input.email \".com\"", "true")],
        |arguments| Ok(arguments.text(0)?.ends_with(&*arguments.text(1)?).into()),
    ),
    Function::new(
        Group::Logic,
        "matches",
        "Whether a regular expression finds something in a text. Anchor it with `^` and `$` to match all of it.",
        &[
            Parameter::new("text", STRING),
            Parameter::new("pattern", STRING).checked(|pattern| match pattern.as_str() {
                Some(pattern) => compile(pattern).map(|_| ()),
                None => Ok(()),
            }),
        ],
        BOOLEAN,
        &[
            ("matches input.address.zip \"^[A-Z][0-9]+$\"", "true"),
            ("matches input.email \"(?i)@example\\\\.com$\"", "true"),
        ],
        matches,
    ),
];

fn both(arguments: &mut Arguments<'_, '_>, test: fn(&Value, &Value) -> bool) -> Result<bool, Fault> {
    let left = arguments.value(0)?;
    let right = arguments.value(1)?;
    Ok(test(&left, &right))
}

fn order(arguments: &mut Arguments<'_, '_>) -> Result<Ordering, Fault> {
    let left = arguments.value(0)?;
    let right = arguments.value(1)?;
    let order = match (&*left, &*right) {
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    order.ok_or_else(|| {
        format!(
            "compares two numbers or two strings, got {} and {}",
            TypeSet::of(&left),
            TypeSet::of(&right)
        )
        .into()
    })
}

fn and<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    for position in 0..arguments.len() {
        if !arguments.evaluated(position)?.is_true() {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

fn or<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    for position in 0..arguments.len() {
        if arguments.evaluated(position)?.is_true() {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn coalesce<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    for position in 0..arguments.len() {
        if let Some(value) = present(arguments.evaluated(position)?) {
            return Ok(value);
        }
    }
    Ok(Value::Null.into())
}

/// The value, if it is neither missing nor null.
fn present(evaluated: Evaluated<'_>) -> Option<Evaluated<'_>> {
    match &evaluated {
        Evaluated::Value(value) if !value.is_null() => Some(evaluated),
        _ => None,
    }
}

fn is_empty<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let Evaluated::Value(value) = arguments.evaluated(0)? else {
        return Ok(true.into());
    };
    Ok(match &*value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
    .into())
}

fn includes<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let container = arguments.value(0)?;
    let value = arguments.value(1)?;
    let found = match (&*container, &*value) {
        (Value::Array(items), value) => items.iter().any(|item| equal(item, value)),
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Object(fields), Value::String(key)) => fields.contains_key(key),
        (_, value) => {
            return Err(format!(
                "looks for string in a string or an object, got {}",
                TypeSet::of(value)
            )
            .into());
        }
    };
    Ok(found.into())
}

fn matches<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    if let Some(pattern) = &arguments.call().pattern {
        return Ok(pattern.is_match(&text).into());
    }
    let pattern = arguments.text(1)?;
    Ok(compile(&pattern)?.is_match(&text).into())
}

/// Compiles a regular expression, bounded in size. The error is one line.
pub(in crate::expression) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            // The library draws the pattern with a caret; its last line says what is wrong.
            error => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim();
                format!(
                    "not a regular expression: {}",
                    reason.strip_prefix("error: ").unwrap_or(reason)
                )
            }
        })
}
