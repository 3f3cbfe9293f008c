//! What a flow takes: validation with all mistakes at once, defaults, and coercion from text.

use serde_json::{Map, Value, json};

use crate::diagnostic::nearest;
use crate::schema::{SchemaView, TypeSet, Validator, compile, problems};
use crate::syntax::InputField;

/// The input of a flow.
#[derive(Debug)]
pub struct InputSpec {
    /// The fields.
    pub fields: Vec<InputField>,
    /// All of them as one JSON Schema of an object.
    pub schema: Value,
    /// Dotted paths of what is secret: `password`, `card.number`; `*` stands for a list's elements: `keys.*`.
    pub secrets: Vec<String>,
    validators: Vec<Validator>,
}

/// One mistake in an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputMistake {
    /// The field, and within it a JSON Pointer: `address/city`.
    pub field: String,
    /// What is wrong; never quotes the value of a secret field.
    pub message: String,
}

/// Whether a text could be read as the type that its field wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Coercion {
    /// The value.
    Value(Value),
    /// The field is not one that this flow takes; the text is kept and validation will say so.
    Unknown(Value),
}

impl InputSpec {
    /// Puts the fields together. Fields whose schema does not compile were reported when they were read.
    pub fn new(fields: &[InputField]) -> Self {
        let (mut secrets, mut validators, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for field in fields {
            let Ok(validator) = compile(&field.schema) else {
                continue;
            };
            validators.push(validator);
            if field.secret {
                secrets.push(field.name.value.clone());
            } else {
                nested_secrets(SchemaView::of(&field.schema), &field.name.value, &mut secrets);
            }
            kept.push(field.clone());
        }
        let schema = input_schema(&kept);
        Self {
            fields: kept,
            schema,
            secrets,
            validators,
        }
    }

    /// Validates an input: adds defaults, refuses unknown fields.
    ///
    /// # Errors
    /// Every mistake, in the order of the fields.
    pub fn validate(&self, input: Map<String, Value>) -> Result<Value, Vec<InputMistake>> {
        let (mut complete, mut mistakes) = (Map::new(), Vec::new());
        let mut input = input;
        for (field, validator) in self.fields.iter().zip(&self.validators) {
            let name = &field.name.value;
            match input.shift_remove(name) {
                Some(value) => {
                    let found = if validator.is_valid(&value) {
                        Vec::new()
                    } else {
                        problems(validator, &value)
                    };
                    // A mistake may be about the whole of which the secret is a part.
                    let is_masked = self.secrets.iter().any(|secret| meet(secret, name));
                    for problem in found {
                        let message = if is_masked {
                            problem.masked
                        } else {
                            problem.message
                        };
                        mistakes.push(InputMistake {
                            field: format!("{name}{}", problem.pointer),
                            message: with_plain_format(message),
                        });
                    }
                    complete.insert(name.clone(), value);
                }
                None => match &field.default {
                    Some(default) => {
                        complete.insert(name.clone(), default.clone());
                    }
                    None if field.required => {
                        mistakes.push(InputMistake {
                            field: name.clone(),
                            message: "is required".to_owned(),
                        });
                    }
                    None => {}
                },
            }
        }
        for name in input.keys() {
            let known = self.fields.iter().map(|field| field.name.value.as_str());
            let message = match nearest(name, known) {
                Some(near) => format!("is not a field of this flow; did you mean `{near}`?"),
                None => "is not a field of this flow".to_owned(),
            };
            mistakes.push(InputMistake {
                field: name.clone(),
                message,
            });
        }
        if mistakes.is_empty() {
            Ok(Value::Object(complete))
        } else {
            Err(mistakes)
        }
    }

    /// Reads a text (a query parameter, a form field, `--input k=v`) as the type of its field. A text that does
    /// not fit stays text, so that validation reports it.
    pub fn coerce(&self, name: &str, text: &str) -> Coercion {
        let as_text = || Value::String(text.to_owned());
        let Some(field) = self.fields.iter().find(|field| field.name.value == name) else {
            return Coercion::Unknown(as_text());
        };
        let types = SchemaView::of(&field.schema).types();
        // A field that can be text is text: `007` stays what the caller wrote.
        if types.overlaps(TypeSet::STRING) && types != TypeSet::ANY {
            return Coercion::Value(as_text());
        }
        let parsed = serde_json::from_str::<Value>(text).ok();
        let fits = parsed.filter(|value| TypeSet::of(value).overlaps(types) && !value.is_string());
        Coercion::Value(fits.filter(|_| types != TypeSet::ANY).unwrap_or_else(as_text))
    }
}

/// The fields of an input as one JSON Schema of an object.
pub fn input_schema(fields: &[InputField]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.value.clone(), field.schema.clone()))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name.value.as_str())
        .collect();
    json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}

/// Formats as people call them.
const FORMATS: [(&str, &str); 6] = [
    ("email", "an e-mail address"),
    ("uri", "a URI like `https://example.com`"),
    ("date-time", "a time like `2030-01-31T12:00:00Z`"),
    ("date", "a date like `2030-01-31`"),
    ("time", "a time of day like `12:00:00Z`"),
    ("uuid", "a UUID"),
];

/// `"a" is not a "email"` → `"a" is not an e-mail address`.
fn with_plain_format(message: String) -> String {
    FORMATS
        .iter()
        .find_map(|(format, words)| {
            let start = message.strip_suffix(&format!(" is not a \"{format}\""))?;
            Some(format!("{start} is not {words}"))
        })
        .unwrap_or(message)
}

/// Whether one of two dotted paths leads to the other, or through it.
pub(crate) fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.split('.'), other.split('.'));
    one.zip(other).all(|(a, b)| a == b || a == "*" || b == "*")
}

/// What is secret in a value. Where no path leads to it (an alternative, a reference), all around it is.
fn nested_secrets(schema: SchemaView<'_>, path: &str, secrets: &mut Vec<String>) {
    if holds_secret_elsewhere(schema.as_value()) {
        secrets.push(path.to_owned());
        return;
    }
    let mut nested = |name: &str, inner: SchemaView<'_>| {
        let path = format!("{path}.{name}");
        if inner.is_secret() {
            secrets.push(path);
        } else {
            nested_secrets(inner, &path, secrets);
        }
    };
    for name in schema.property_names() {
        if let Some(property) = schema.property(name) {
            nested(name, property);
        }
    }
    if schema.as_value().get("items").is_some() {
        nested("*", schema.items());
    }
}

/// Whether `secret` stands somewhere that `properties` and `items` do not lead to, or under a name that would be read as
/// a path.
fn holds_secret_elsewhere(schema: &Value) -> bool {
    let Some(keywords) = schema.as_object() else {
        return false;
    };
    keywords.iter().any(|(keyword, value)| match keyword.as_str() {
        "items" | "default" | "const" | "enum" | "examples" => false,
        "properties" => value.as_object().is_some_and(|properties| {
            let is_path = |name: &str| name == "*" || name.contains('.');
            properties
                .iter()
                .any(|(name, property)| is_path(name) && holds_secret(property))
        }),
        _ => holds_secret(value),
    })
}

fn holds_secret(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => {
            keywords.get("secret") == Some(&Value::Bool(true)) || keywords.values().any(holds_secret)
        }
        Value::Array(schemas) => schemas.iter().any(holds_secret),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::syntax::parse;

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let source = Source::new(
            "flows/a.yaml",
            "input:\n  plain: { properties: { a: { type: string } }, default: { secret: true } }\n  \
             key: { type: string, minLength: 20, secret: true }\n  \
             card: { properties: { number: { pattern: '^1', secret: true }, name: { type: string } } }\n  \
             keys: { items: { maxLength: 3, secret: true } }\n  \
             cards: { items: { properties: { number: { maxLength: 3, secret: true } } } }\n  \
             either: { anyOf: [{ type: integer, secret: true }, { type: boolean }] }\n  \
             named: { $ref: '#/$defs/a', $defs: { a: { maxLength: 3, secret: true } } }\n  \
             dotted: { properties: { a.b: { maxLength: 3, secret: true } } }\n\
             steps:\n  - return: 1\n",
        );
        let spec = InputSpec::new(&parse(&source).flow.unwrap().input);
        assert_eq!(
            spec.secrets,
            [
                "key",
                "card.number",
                "keys.*",
                "cards.*.number",
                "either",
                "named",
                "dotted"
            ]
        );
        let input = json!({
            "plain": {}, "key": "canary", "card": { "number": "canary" }, "keys": ["canary"],
            "cards": [{ "number": "canary" }], "either": "canary", "named": "canary", "dotted": { "a.b": "canary" },
        });
        let Value::Object(input) = input else {
            unreachable!()
        };
        let mistakes = spec.validate(input).unwrap_err();
        assert_eq!(mistakes.len(), 7, "{mistakes:?}");
        assert!(!format!("{mistakes:?}").contains("canary"), "{mistakes:?}");
    }

    #[test]
    fn formats_have_the_names_that_people_know() {
        let source = Source::new(
            "flows/a.yaml",
            "input:\n  a: { type: string, format: email }\n  b: { type: string, format: uri }\n  \
             c: { type: string, format: date-time }\n  d: { type: string, format: date }\n  \
             e: { type: string, format: time }\n  f: { type: string, format: uuid }\n  \
             g: { type: string, format: ipv4 }\n  h: { type: string, format: email, secret: true }\n\
             steps:\n  - return: 1\n",
        );
        let spec = InputSpec::new(&parse(&source).flow.unwrap().input);
        let input = "abcdefgh"
            .chars()
            .map(|name| (name.to_string(), json!("x")))
            .collect();
        let messages: Vec<String> = spec
            .validate(input)
            .unwrap_err()
            .into_iter()
            .map(|mistake| mistake.message)
            .collect();
        assert_eq!(
            messages,
            [
                "\"x\" is not an e-mail address",
                "\"x\" is not a URI like `https://example.com`",
                "\"x\" is not a time like `2030-01-31T12:00:00Z`",
                "\"x\" is not a date like `2030-01-31`",
                "\"x\" is not a time of day like `12:00:00Z`",
                "\"x\" is not a UUID",
                "\"x\" is not a \"ipv4\"",
                "the value is not an e-mail address",
            ]
        );
    }
}
