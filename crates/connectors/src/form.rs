//! Values as names and texts, for queries and form bodies.

use serde_json::Value;
use url::form_urlencoded::Serializer;

/// The names and texts of a map. Nulls are left out. A list of plain values repeats its name; in a form, what is deeper
/// is named in brackets (`metadata[plan]`, `items[0][price]`), as PHP, Rails and Stripe read it.
///
/// # Errors
/// Which part is no map of values that can be written.
pub(crate) fn pairs(value: &Value, style: Nesting) -> Result<Vec<(String, String)>, String> {
    let Value::Object(fields) = value else {
        return Err("it is no map".to_owned());
    };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Array(items) if items.iter().all(is_plain) => {
                for item in items {
                    add(name, item, style, &mut pairs)?;
                }
            }
            value => add(name, value, style, &mut pairs)?,
        }
    }
    Ok(pairs)
}

/// What becomes of lists and objects inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// There are no objects.
    Refused,
    /// Names in brackets.
    Brackets,
}

fn add(name: &str, value: &Value, style: Nesting, pairs: &mut Vec<(String, String)>) -> Result<(), String> {
    match (value, style) {
        (Value::Null, _) => {}
        (Value::String(text), _) => pairs.push((name.to_owned(), text.clone())),
        (Value::Bool(_) | Value::Number(_), _) => pairs.push((name.to_owned(), value.to_string())),
        (Value::Array(_) | Value::Object(_), Nesting::Refused) => {
            return Err(format!("`{name}` holds a list or an object"));
        }
        (Value::Array(items), Nesting::Brackets) => {
            for (index, item) in items.iter().enumerate() {
                add(&format!("{name}[{index}]"), item, style, pairs)?;
            }
        }
        (Value::Object(fields), Nesting::Brackets) => {
            for (key, item) in fields {
                add(&format!("{name}[{key}]"), item, style, pairs)?;
            }
        }
    }
    Ok(())
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// As `application/x-www-form-urlencoded`.
pub(crate) fn encode(pairs: &[(String, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_and_queries() {
        let value = json!({
            "email": "a+b@c.d", "n": 1.5, "yes": true, "none": null,
            "metadata": { "plan": "pro", "tags": ["x", "y"] }, "items": [{ "price": "p1" }], "to": ["a", "b"],
        });
        let form = encode(&pairs(&value, Nesting::Brackets).unwrap());
        assert_eq!(
            form,
            "email=a%2Bb%40c.d&n=1.5&yes=true&metadata%5Bplan%5D=pro&metadata%5Btags%5D%5B0%5D=x&\
             metadata%5Btags%5D%5B1%5D=y&items%5B0%5D%5Bprice%5D=p1&to=a&to=b"
        );
        let query = json!({ "id": ["a", 2, null], "q": "x y" });
        assert_eq!(
            encode(&pairs(&query, Nesting::Refused).unwrap()),
            "id=a&id=2&q=x+y"
        );
        for wrong in [json!({ "a": {} }), json!({ "a": [[]] }), json!([])] {
            assert!(pairs(&wrong, Nesting::Refused).is_err(), "{wrong}");
        }
    }
}
