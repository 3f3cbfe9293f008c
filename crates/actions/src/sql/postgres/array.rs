//! Arrays: `array_recv` and `array_send`.

use serde_json::Value;

use super::arguments::Unfit;
use super::decode::{Reader, Unreadable};

/// PostgreSQL's own bound (`MAXDIM`).
const MOST_DIMENSIONS: usize = 6;

/// Lists in lists, from a binary array. `element` reads one element.
pub(super) fn decode(
    bytes: &[u8],
    element: &mut dyn FnMut(&[u8]) -> Result<Value, Unreadable>,
) -> Result<Value, Unreadable> {
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.i32()?).map_err(|_| Unreadable)?;
    if dimensions > MOST_DIMENSIONS {
        return Err(Unreadable);
    }
    // Whether there are nulls, and the element's type: both are seen anyway.
    reader.take(8)?;
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.i32()?).map_err(|_| Unreadable)?);
        // Where counting begins has no place in JSON.
        reader.i32()?;
    }
    if lengths.is_empty() {
        return Ok(Value::Array(Vec::new()));
    }
    list(&mut reader, &lengths, element)
}

fn list(
    reader: &mut Reader<'_>,
    lengths: &[usize],
    element: &mut dyn FnMut(&[u8]) -> Result<Value, Unreadable>,
) -> Result<Value, Unreadable> {
    let Some((length, inner)) = lengths.split_first() else {
        return Err(Unreadable);
    };
    let mut items = Vec::new();
    for _ in 0..*length {
        items.push(if inner.is_empty() {
            match usize::try_from(reader.i32()?) {
                Ok(length) => element(reader.take(length)?)?,
                // -1 stands for null.
                Err(_) => Value::Null,
            }
        } else {
            list(reader, inner, element)?
        });
    }
    Ok(Value::Array(items))
}

/// Writes one element.
type Write<'a> = dyn Fn(&Value, &mut Vec<u8>) -> Result<(), Unfit> + 'a;

/// A binary array, from lists in lists; all lists of one level are as long as each other. Where the elements are JSON a list
/// is an element, so there is one dimension only.
pub(super) fn encode(
    value: &Value,
    element_type: u32,
    elements_may_be_lists: bool,
    out: &mut Vec<u8>,
    element: &Write<'_>,
) -> Result<(), Unfit> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut level = value;
    while let Value::Array(items) = level {
        if items.is_empty() && lengths.is_empty() {
            break;
        }
        lengths.push(items.len());
        match items.first() {
            Some(first) if first.is_array() && !elements_may_be_lists => level = first,
            _ => break,
        }
    }
    if !value.is_array() || lengths.len() > MOST_DIMENSIONS {
        return Err(Unfit("a list"));
    }
    let number = |number: usize| i32::try_from(number).map_err(|_| Unfit("a shorter list"));
    let mut elements = Vec::new();
    let mut has_null = false;
    flat(value, &lengths, &mut |item| {
        if item.is_null() {
            has_null = true;
            elements.extend_from_slice(&(-1_i32).to_be_bytes());
            return Ok(());
        }
        let start = elements.len();
        elements.extend_from_slice(&[0; 4]);
        element(item, &mut elements)?;
        let length = number(elements.len() - start - 4)?;
        elements[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    })?;
    out.extend_from_slice(&number(lengths.len())?.to_be_bytes());
    out.extend_from_slice(&i32::from(has_null).to_be_bytes());
    out.extend_from_slice(&element_type.to_be_bytes());
    for length in lengths {
        out.extend_from_slice(&number(length)?.to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
    }
    out.extend_from_slice(&elements);
    Ok(())
}

fn flat(
    value: &Value,
    lengths: &[usize],
    element: &mut dyn FnMut(&Value) -> Result<(), Unfit>,
) -> Result<(), Unfit> {
    let Some((length, inner)) = lengths.split_first() else {
        return match value {
            // The empty list at the top.
            Value::Array(items) if items.is_empty() => Ok(()),
            value => element(value),
        };
    };
    match value {
        Value::Array(items) if items.len() == *length => {
            for item in items {
                if inner.is_empty() {
                    element(item)?;
                } else {
                    flat(item, inner, element)?;
                }
            }
            Ok(())
        }
        _ => Err(Unfit("lists that are as long as each other")),
    }
}
