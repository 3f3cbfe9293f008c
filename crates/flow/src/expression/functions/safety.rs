//! Keeping values out of what is written about a run.

use serde_json::Value;

use super::super::arguments::{Arguments, Outcome};
use super::super::evaluate::{Ambient, Evaluated};
use super::table::{Function, Group, Parameter};
use crate::schema::TypeSet;

pub(super) static FUNCTIONS: &[Function] = &[Function::new(
    Group::Safety,
    "mask",
    "The value itself; from now on its text is masked wherever the run is written: history, logs, events, errors. Of a list or an object, each text and number in it.",
    &[Parameter::new("value", TypeSet::ANY)],
    TypeSet::ANY,
    &[("mask input.plan", "\"pro\"")],
    mask,
)];

fn mask<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.value(0)?;
    mask_texts(&value, arguments.ambient);
    Ok(Evaluated::Value(value))
}

fn mask_texts(value: &Value, ambient: &mut dyn Ambient) {
    match value {
        // Masking these would black out ordinary words everywhere, and hide nothing.
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => ambient.mask(&number.to_string()),
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => ambient.mask(text),
        Value::Array(items) => items.iter().for_each(|item| mask_texts(item, ambient)),
        Value::Object(fields) => fields.values().for_each(|item| mask_texts(item, ambient)),
    }
}
