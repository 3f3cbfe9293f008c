//! Arithmetic and conversions. Integers stay integers and never wrap; a fraction that comes out whole is an integer.

use serde_json::{Number, Value};

use super::super::arguments::{Arguments, Fault, Outcome};
use super::super::evaluate::Evaluated;
use super::super::value::{as_integer, json_text, parse_number};
use super::table::{Function, Group, Parameter};
use crate::schema::TypeSet;

const NUMBER: TypeSet = TypeSet::NUMBER;
const LEFT: Parameter = Parameter::new("left", NUMBER);
const RIGHT: Parameter = Parameter::new("right", NUMBER);
const SCALAR: TypeSet = NUMBER.union(TypeSet::STRING).union(TypeSet::BOOLEAN);

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Numbers,
        "add",
        "The sum.",
        &[LEFT, RIGHT.variadic()],
        NUMBER,
        &[("add input.age 1", "37"), ("add 1 2 3.5", "6.5")],
        |arguments| fold(arguments, i128::checked_add, |left, right| left + right),
    ),
    Function::new(
        Group::Numbers,
        "subtract",
        "The first less the second.",
        &[LEFT, RIGHT],
        NUMBER,
        &[("subtract input.age 40", "-4")],
        |arguments| fold(arguments, i128::checked_sub, |left, right| left - right),
    ),
    Function::new(
        Group::Numbers,
        "multiply",
        "The product.",
        &[LEFT, RIGHT.variadic()],
        NUMBER,
        &[("multiply input.age 2", "72"), ("multiply 0.5 4", "2")],
        |arguments| fold(arguments, i128::checked_mul, |left, right| left * right),
    ),
    Function::new(
        Group::Numbers,
        "divide",
        "The quotient: an integer where it comes out even, else a fraction. Dividing by zero is an error.",
        &[LEFT, RIGHT],
        NUMBER,
        &[("divide input.age 4", "9"), ("divide 7 2", "3.5")],
        divide,
    ),
    Function::new(
        Group::Numbers,
        "modulo",
        "The remainder of the division, with the sign of the first number. Dividing by zero is an error.",
        &[LEFT, RIGHT],
        NUMBER,
        &[("modulo 7 3", "1"), ("modulo -7 3", "-1")],
        modulo,
    ),
    Function::new(
        Group::Numbers,
        "round",
        "The number rounded to some digits after the point, 0 if not given; halves go away from zero.",
        &[
            Parameter::new("value", NUMBER),
            Parameter::new("digits", TypeSet::INTEGER)
                .optional()
                .checked(|digits| {
                    let fits = digits.as_i64().is_none_or(|digits| (0..=15).contains(&digits));
                    if fits {
                        Ok(())
                    } else {
                        Err(TOO_MANY_DIGITS.to_owned())
                    }
                }),
        ],
        NUMBER,
        &[
            ("round 2.5", "3"),
            ("round 3.14159 2", "3.14"),
            ("round -2.5", "-3"),
        ],
        round,
    ),
    Function::new(
        Group::Numbers,
        "to_number",
        "The number that a text writes. Numbers stay as they are.",
        &[Parameter::new("value", NUMBER.union(TypeSet::STRING))],
        NUMBER,
        &[("to_number \"42\"", "42"), ("to_number \" -1.5 \"", "-1.5")],
        to_number,
    ),
    Function::new(
        Group::Numbers,
        "to_string",
        "The value as text: lists and objects as JSON, null as an empty text.",
        &[Parameter::new("value", TypeSet::ANY)],
        TypeSet::STRING,
        &[
            ("to_string input.age", "\"36\""),
            ("to_string true", "\"true\""),
            ("to_string [1]", "\"[1]\""),
        ],
        to_string,
    ),
    Function::new(
        Group::Numbers,
        "to_boolean",
        "The boolean that a text or number means: `true`, `yes`, `on` and 1, or `false`, `no`, `off` and 0.",
        &[Parameter::new("value", SCALAR)],
        TypeSet::BOOLEAN,
        &[("to_boolean \"Yes\"", "true"), ("to_boolean 0", "false")],
        to_boolean,
    ),
];

const TOO_MANY_DIGITS: &str = "takes 0 to 15 digits";
const OUT_OF_RANGE: &str = "the result is out of range";

/// A number from an integer that may be too large for JSON's exact range.
fn integer(value: Option<i128>) -> Result<Number, Fault> {
    value
        .and_then(Number::from_i128)
        .ok_or_else(|| OUT_OF_RANGE.into())
}

/// A number from a fraction; whole ones become integers.
fn fraction(value: f64) -> Result<Number, Fault> {
    let number = Number::from_f64(value).ok_or(OUT_OF_RANGE)?;
    Ok(as_integer(&number).and_then(Number::from_i128).unwrap_or(number))
}

fn float(number: &Number) -> Result<f64, Fault> {
    number.as_f64().ok_or_else(|| OUT_OF_RANGE.into())
}

fn fold<'a>(
    arguments: &mut Arguments<'a, '_>,
    whole: fn(i128, i128) -> Option<i128>,
    broken: fn(f64, f64) -> f64,
) -> Outcome<'a> {
    let mut result = arguments.number(0)?;
    for position in 1..arguments.len() {
        let next = arguments.number(position)?;
        result = match (result.as_i128(), next.as_i128()) {
            (Some(left), Some(right)) => integer(whole(left, right))?,
            _ => fraction(broken(float(&result)?, float(&next)?))?,
        };
    }
    Ok(Value::Number(result).into())
}

fn operands(arguments: &mut Arguments<'_, '_>) -> Result<(Number, Number), Fault> {
    let left = arguments.number(0)?;
    let right = arguments.number(1)?;
    if right.as_f64() == Some(0.0) {
        return Err("division by zero".into());
    }
    Ok((left, right))
}

fn divide<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let (left, right) = operands(arguments)?;
    let result = match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) if left % right == 0 => integer(Some(left / right))?,
        _ => fraction(float(&left)? / float(&right)?)?,
    };
    Ok(Value::Number(result).into())
}

fn modulo<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let (left, right) = operands(arguments)?;
    let result = match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => integer(Some(left % right))?,
        _ => fraction(float(&left)? % float(&right)?)?,
    };
    Ok(Value::Number(result).into())
}

fn round<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.number(0)?;
    let digits = if arguments.len() > 1 {
        arguments.integer(1)?
    } else {
        0
    };
    let digits = i32::try_from(digits)
        .ok()
        .filter(|digits| (0..=15).contains(digits))
        .ok_or(TOO_MANY_DIGITS)?;
    if value.as_i128().is_some() {
        return Ok(Value::Number(value).into());
    }
    let value = float(&value)?;
    let scale = 10_f64.powi(digits);
    let scaled = value * scale;
    // So large that it has no such digits.
    let rounded = if scaled.is_finite() {
        scaled.round() / scale
    } else {
        value
    };
    Ok(Value::Number(fraction(rounded)?).into())
}

fn to_number<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.value(0)?;
    match &*value {
        Value::String(text) => {
            let number = parse_number(text.trim()).ok_or("the text is not a number")?;
            Ok(Value::Number(number).into())
        }
        _ => Ok(Evaluated::Value(value)),
    }
}

fn to_string<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.value(0)?;
    match &*value {
        Value::String(_) => Ok(Evaluated::Value(value)),
        Value::Null => Ok(String::new().into()),
        other => Ok(json_text(other).ok_or("the text is too long")?.into()),
    }
}

fn to_boolean<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.value(0)?;
    let meant = match &*value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match as_integer(number) {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    meant
        .map(Evaluated::from)
        .ok_or_else(|| "takes true, yes, on, 1, or false, no, off, 0".into())
}
