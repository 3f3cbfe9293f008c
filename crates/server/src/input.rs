//! Path, query and body → the flow's input.

use bytes::Bytes;
use lockgate_flow::graph::{Coercion, InputSpec};
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::body::MediaType;
use crate::endpoint::Endpoint;
use crate::problem::Problem;

/// The input of a run, validated. A name that stands in two places is a mistake of the caller's, who may think that
/// another one counts.
pub(crate) fn read(
    endpoint: &Endpoint,
    parameters: &[&str],
    query: Option<&str>,
    body: &Bytes,
    media: MediaType,
) -> Result<Value, Problem> {
    let spec = &endpoint.flow.input;
    let mut input = Map::new();
    for (name, raw) in endpoint.parameters.iter().zip(parameters) {
        let text = percent_decode_str(raw)
            .decode_utf8()
            .map_err(|_| Problem::Malformed(format!("the path's `{name}` is not UTF-8 text")))?;
        add(&mut input, name, coerce(spec, name, &text), "the path")?;
    }
    for (name, text) in pairs(query.unwrap_or_default().as_bytes(), "query")? {
        add(&mut input, &name, coerce(spec, &name, &text), "the query")?;
    }
    if !body.is_empty() {
        match media {
            MediaType::Json => {
                let Value::Object(fields) = json(body)? else {
                    return Err(Problem::Malformed("the body is not a JSON object".to_owned()));
                };
                for (name, value) in fields {
                    add(&mut input, &name, value, "the body")?;
                }
            }
            MediaType::Form => {
                for (name, text) in pairs(body, "form")? {
                    add(&mut input, &name, coerce(spec, &name, &text), "the form")?;
                }
            }
        }
    }
    spec.validate(input).map_err(Problem::InvalidInput)
}

fn add(input: &mut Map<String, Value>, name: &str, value: Value, place: &str) -> Result<(), Problem> {
    if input.contains_key(name) {
        return Err(Problem::Malformed(format!(
            "`{name}` comes twice, the second time in {place}"
        )));
    }
    input.insert(name.to_owned(), value);
    Ok(())
}

fn coerce(spec: &InputSpec, name: &str, text: &str) -> Value {
    match spec.coerce(name, text) {
        Coercion::Value(value) | Coercion::Unknown(value) => value,
    }
}

/// The pairs of a query or a form (the URL standard's `application/x-www-form-urlencoded`). A name that comes several
/// times is refused where it is added.
fn pairs(text: &[u8], what: &str) -> Result<Vec<(String, String)>, Problem> {
    let malformed = || Problem::Malformed(format!("the {what} is not UTF-8 text"));
    if !is_utf8_decoded(text) {
        return Err(malformed());
    }
    Ok(url::form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect())
}

/// Whether the text stays UTF-8 when its percent signs are decoded; the parser would put replacement characters.
fn is_utf8_decoded(text: &[u8]) -> bool {
    percent_encoding::percent_decode(text).decode_utf8().is_ok()
}

/// A JSON text without duplicate keys: two parsers could take different ones of them (RFC 8259, section 4).
fn json(body: &Bytes) -> Result<Value, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Problem::Malformed(format!("the body is not JSON: {error}")))
}

/// Reads a value and refuses duplicate keys.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Strict)?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the key `{name}` comes twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}
