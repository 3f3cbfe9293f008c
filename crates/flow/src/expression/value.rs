//! What values mean to expressions: truth, equality, and how they are written as text.

use std::io;

use serde_json::{Number, Value};

use super::limits::MAX_OUTPUT_BYTES;

/// Whether a value counts as true. False are `false`, `null`, `""`, `0`, `[]` and `{}`.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// Equality by JSON type and value; 1 equals 1.0, also deep inside lists and objects. The order of fields does not
/// count.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            compare_numbers(left, right) == Some(std::cmp::Ordering::Equal)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Equality across text, numbers and booleans: `"1"` equals `1`, `"true"` equals `true`, `1` equals `true`. Lists,
/// objects and null compare as with [`equal`].
pub fn loosely_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(text), other @ (Value::Number(_) | Value::Bool(_)))
        | (other @ (Value::Number(_) | Value::Bool(_)), Value::String(text)) => {
            let text = text.trim();
            match other {
                Value::Bool(flag) => text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
                other => parse_number(text).is_some_and(|number| equal(&Value::Number(number), other)),
            }
        }
        (Value::Bool(flag), Value::Number(number)) | (Value::Number(number), Value::Bool(flag)) => {
            number.as_f64() == Some(f64::from(u8::from(*flag)))
        }
        (left, right) => equal(left, right),
    }
}

/// Orders numbers by their value, without losing digits of large integers.
pub(super) fn compare_numbers(left: &Number, right: &Number) -> Option<std::cmp::Ordering> {
    match (as_integer(left), as_integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// 2^53: up to here, every integer has a floating point number of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The number as an integer, if it is one: also `1.0`, as long as every digit is certain.
pub(super) fn as_integer(number: &Number) -> Option<i128> {
    if let Some(integer) = number.as_i128() {
        return Some(integer);
    }
    let float = number.as_f64()?;
    #[allow(clippy::cast_possible_truncation)] // It is whole and below 2^53.
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i128)
}

/// A number from its JSON text.
pub(super) fn parse_number(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    match serde_json::from_str(text).ok()? {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// The JSON text of a value; `None` where it is longer than a result may be.
pub(super) fn json_text(value: &Value) -> Option<String> {
    let mut buffer = Bounded(Vec::new());
    serde_json::to_writer(&mut buffer, value).ok()?;
    String::from_utf8(buffer.0).ok()
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text that grows up to [`MAX_OUTPUT_BYTES`].
pub(super) struct Output {
    text: String,
    html: bool,
}

/// The text has become too long.
pub(super) struct TooLong;

impl Output {
    pub(super) fn new(html: bool, capacity: usize) -> Self {
        Self {
            text: String::with_capacity(capacity.min(MAX_OUTPUT_BYTES)),
            html,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Writes text of the author's own.
    pub(super) fn raw(&mut self, text: &str) -> Result<(), TooLong> {
        if self.text.len() + text.len() > MAX_OUTPUT_BYTES {
            return Err(TooLong);
        }
        self.text.push_str(text);
        Ok(())
    }

    /// Writes an expression's value: null as nothing, lists and objects as JSON.
    pub(super) fn value(&mut self, value: &Value) -> Result<(), TooLong> {
        match value {
            Value::Null => Ok(()),
            Value::Bool(true) => self.raw("true"),
            Value::Bool(false) => self.raw("false"),
            Value::String(text) => self.escaped(text),
            Value::Number(number) => {
                use std::fmt::Write as _;
                // Writing to a string does not fail, and a number is short.
                let _ = write!(self.text, "{number}");
                self.raw("")
            }
            Value::Array(_) | Value::Object(_) => self.escaped(&json_text(value).ok_or(TooLong)?),
        }
    }

    fn escaped(&mut self, text: &str) -> Result<(), TooLong> {
        if !self.html {
            return self.raw(text);
        }
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.raw(&rest[..at])?;
            self.raw(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#x27;",
            })?;
            rest = &rest[at + 1..];
        }
        self.raw(rest)
    }
}
