//! Lists and objects.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::arguments::{Arguments, Fault, Outcome, within_limit};
use super::super::evaluate::Evaluated;
use super::super::limits::MAX_OUTPUT_BYTES;
use super::super::value::json_text;
use super::table::{Function, Group, Parameter};
use super::text::part_of;
use crate::schema::TypeSet;

const ANY: TypeSet = TypeSet::ANY;
const ARRAY: TypeSet = TypeSet::ARRAY;
const OBJECT: TypeSet = TypeSet::OBJECT;
const INTEGER: TypeSet = TypeSet::INTEGER;
const LIST: Parameter = Parameter::new("list", ARRAY);
const FIELDS: Parameter = Parameter::new("object", OBJECT);
const NAMED: &[Parameter] = &[
    FIELDS,
    Parameter::new("key", TypeSet::STRING.union(ARRAY)).variadic(),
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Json,
        "to_json",
        "The JSON text of a value.",
        &[Parameter::new("value", ANY)],
        TypeSet::STRING,
        &[("to_json input.tags", "\"[\\\"admin\\\",\\\"beta\\\"]\"")],
        |arguments| {
            Ok(json_text(&*arguments.value(0)?)
                .ok_or("the text is too long")?
                .into())
        },
    ),
    Function::new(
        Group::Json,
        "from_json",
        "The value of a JSON text.",
        &[Parameter::new("text", TypeSet::STRING)],
        ANY,
        &[("from_json \"[1, null]\"", "[1, null]")],
        |arguments| {
            let text = arguments.text(0)?;
            within_limit(text.len())?;
            let value: Value = serde_json::from_str(&text).map_err(|error| {
                format!(
                    "the text is not JSON (line {}, column {})",
                    error.line(),
                    error.column()
                )
            })?;
            Ok(value.into())
        },
    ),
    Function::new(
        Group::Json,
        "merge",
        "One object with the fields of all; of two equal keys the later one stands. Null counts as an empty object.",
        &[Parameter::new("object", OBJECT.union(TypeSet::NULL)).variadic()],
        OBJECT,
        &[
            ("merge {\"a\": 1, \"b\": 1} {\"b\": 2}", "{\"a\": 1, \"b\": 2}"),
            (
                "merge input.address null",
                "{\"city\": \"London\", \"zip\": \"W1\"}",
            ),
        ],
        merge,
    ),
    Function::new(
        Group::Json,
        "pick",
        "The object with only the named fields; names that it does not have are passed over.",
        NAMED,
        OBJECT,
        &[
            ("pick input \"plan\" \"age\"", "{\"plan\": \"pro\", \"age\": 36}"),
            ("pick input [\"plan\"]", "{\"plan\": \"pro\"}"),
        ],
        |arguments| named(arguments, true),
    ),
    Function::new(
        Group::Json,
        "without",
        "The object without the named fields.",
        NAMED,
        OBJECT,
        &[("without input.address \"zip\"", "{\"city\": \"London\"}")],
        |arguments| named(arguments, false),
    ),
    Function::new(
        Group::Json,
        "keys",
        "The names of an object's fields, in their order.",
        &[FIELDS],
        ARRAY,
        &[("keys input.address", "[\"city\", \"zip\"]")],
        |arguments| {
            let fields = arguments.object(0)?;
            Ok(Value::Array(fields.keys().cloned().map(Value::from).collect()).into())
        },
    ),
    Function::new(
        Group::Json,
        "values",
        "The values of an object's fields, in their order.",
        &[FIELDS],
        ARRAY,
        &[("values input.address", "[\"London\", \"W1\"]")],
        |arguments| {
            let fields = arguments.object(0)?;
            Ok(Value::Array(fields.values().cloned().collect()).into())
        },
    ),
    Function::new(
        Group::Json,
        "first",
        "The first element of a list; missing where the list is empty.",
        &[LIST],
        ANY,
        &[
            ("first input.tags", "\"admin\""),
            ("default (first []) \"none\"", "\"none\""),
        ],
        |arguments| Ok(element(arguments.list(0)?, 0)),
    ),
    Function::new(
        Group::Json,
        "last",
        "The last element of a list; missing where the list is empty.",
        &[LIST],
        ANY,
        &[("last input.tags", "\"beta\"")],
        |arguments| Ok(element(arguments.list(0)?, -1)),
    ),
    Function::new(
        Group::Json,
        "at",
        "The element of a list at a position from 0, negative ones from the end, or the field of an object with a name; missing where there is none.",
        &[
            Parameter::new("container", ARRAY.union(OBJECT)),
            Parameter::new("position", INTEGER.union(TypeSet::STRING)),
        ],
        ANY,
        &[
            ("at input.tags 1", "\"beta\""),
            ("at input.tags -1", "\"beta\""),
            ("at input.address \"city\"", "\"London\""),
        ],
        at,
    ),
    Function::new(
        Group::Json,
        "slice",
        "The elements from `start` up to, not including, `end`. Positions count from 0; negative ones from the end.",
        &[
            LIST,
            Parameter::new("start", INTEGER),
            Parameter::new("end", INTEGER).optional(),
        ],
        ARRAY,
        &[
            ("slice [1, 2, 3, 4] 1 3", "[2, 3]"),
            ("slice [1, 2, 3] -2", "[2, 3]"),
        ],
        |arguments| {
            let list = arguments.list(0)?;
            let range = part_of(arguments, list.len())?;
            Ok(Value::Array(list.get(range).unwrap_or_default().to_vec()).into())
        },
    ),
];

fn merge<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let mut merged = Map::new();
    // A rough size, so that many copies of a large object end in an error.
    let mut size = 0_usize;
    for position in 0..arguments.len() {
        match arguments.value(position)? {
            Cow::Borrowed(Value::Object(fields)) => {
                for (key, value) in fields {
                    size += key.len() + rough_size(value);
                    within_limit(size)?;
                    merged.insert(key.clone(), value.clone());
                }
            }
            Cow::Owned(Value::Object(fields)) => merged.extend(fields),
            _ => {}
        }
    }
    Ok(Value::Object(merged).into())
}

/// About as many bytes as the value's JSON text has; stops counting at the limit.
fn rough_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => sum(items.iter().map(rough_size)),
        Value::Object(fields) => sum(fields
            .iter()
            .map(|(key, value)| key.len() + 4 + rough_size(value))),
    }
}

fn sum(sizes: impl Iterator<Item = usize>) -> usize {
    let mut total = 2;
    for size in sizes {
        total += size;
        if total > MAX_OUTPUT_BYTES {
            break;
        }
    }
    total
}

fn named<'a>(arguments: &mut Arguments<'a, '_>, keep: bool) -> Outcome<'a> {
    let fields = arguments.object(0)?;
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    for position in 1..arguments.len() {
        match arguments.value(position)? {
            Cow::Borrowed(Value::String(name)) => names.push(name.into()),
            Cow::Owned(Value::String(name)) => names.push(name.into()),
            list => {
                for name in list.as_array().into_iter().flatten() {
                    let name = name
                        .as_str()
                        .ok_or("takes keys as strings or as a list of strings")?;
                    names.push(name.to_owned().into());
                }
            }
        }
    }
    let fields = fields
        .iter()
        .filter(|(key, _)| names.iter().any(|name| *name == **key) == keep);
    Ok(Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect()).into())
}

/// An element, borrowed where the list is.
fn element(list: Cow<'_, [Value]>, position: i64) -> Evaluated<'_> {
    let position = match usize::try_from(position) {
        Ok(position) => Some(position),
        Err(_) => usize::try_from(position.unsigned_abs())
            .ok()
            .and_then(|back| list.len().checked_sub(back)),
    };
    let Some(position) = position.filter(|position| *position < list.len()) else {
        return Evaluated::Missing;
    };
    match list {
        Cow::Borrowed(items) => (&items[position]).into(),
        Cow::Owned(mut items) => items.swap_remove(position).into(),
    }
}

fn at<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let container = arguments.value(0)?;
    let key = arguments.value(1)?;
    match (container, &*key) {
        (Cow::Borrowed(Value::Array(items)), Value::Number(_)) => {
            Ok(element(Cow::Borrowed(items), arguments.integer(1)?))
        }
        (Cow::Owned(Value::Array(items)), Value::Number(_)) => {
            Ok(element(Cow::Owned(items), arguments.integer(1)?))
        }
        (Cow::Borrowed(Value::Object(fields)), Value::String(name)) => {
            Ok(fields.get(name).map_or(Evaluated::Missing, Evaluated::from))
        }
        (Cow::Owned(Value::Object(mut fields)), Value::String(name)) => Ok(fields
            .swap_remove(name)
            .map_or(Evaluated::Missing, Evaluated::from)),
        (container, key) => Err(mismatch(&container, key)),
    }
}

fn mismatch(container: &Value, key: &Value) -> Fault {
    let (has, given) = (TypeSet::of(container), TypeSet::of(key));
    format!("a list takes a position and an object a key; got {given} for {has}").into()
}
