//! Reads `input`: fields with JSON Schemas and three additions (`default`, `required: false`, `secret`).

use serde_json::Value;

use super::ast::InputField;
use super::keywords;
use super::reader::Reader;
use super::trigger::is_identifier;
use crate::diagnostic::{Code, Diagnostic, suggestion};
use crate::yaml::{Data, Entry, Node, Spanned};

/// Reads the fields, and whether they are all that there are.
pub fn read(reader: &mut Reader, node: &Node) -> (Vec<InputField>, bool) {
    if let Data::Scalar(scalar) = &node.data
        && scalar.value.is_null()
    {
        return (Vec::new(), true);
    }
    let Some(entries) = node.as_map() else {
        reader.wrong_type(node, "`input`", "a map from field to schema");
        return (Vec::new(), false);
    };
    let fields = entries.iter().map(|entry| read_field(reader, entry)).collect();
    (fields, true)
}

fn read_field(reader: &mut Reader, entry: &Entry) -> InputField {
    let name = Spanned::new(entry.key.text.clone(), entry.key.span);
    if !is_identifier(&name.value) {
        reader.report_help(
            Code::InvalidName,
            name.span,
            format!("`{}` is no name for an input field", name.value),
            "letters, digits and `_`, not beginning with a digit",
        );
    }
    // `email: string` is short for `email: { type: string }`.
    if let Some(type_name) = entry.value.as_str() {
        let schema = if keywords::check_type(reader, &entry.value) {
            serde_json::json!({ "type": type_name })
        } else {
            serde_json::json!({})
        };
        return finish(reader, entry, name, schema, None, true, false);
    }
    let Some(fields) = entry.value.as_map() else {
        if let Data::Scalar(scalar) = &entry.value.data
            && scalar.value.is_null()
        {
            return finish(
                reader,
                entry,
                name,
                Value::Object(serde_json::Map::new()),
                None,
                true,
                false,
            );
        }
        reader.wrong_type(
            &entry.value,
            &format!("input field `{}`", name.value),
            "a JSON Schema",
        );
        let anything = Value::Object(serde_json::Map::new());
        return finish(reader, entry, name, anything, None, true, false);
    };
    let (mut default, mut required, mut secret) = (None, true, false);
    let mut schema = serde_json::Map::new();
    for field in fields {
        match field.key.text.as_str() {
            "default" => {
                default = Some(field.value.to_value());
                schema.insert("default".to_owned(), field.value.to_value());
            }
            // For an object's own properties `required` is JSON Schema's list.
            "required" if field.value.as_list().is_none() => {
                required = reader.boolean(&field.value, "`required`").unwrap_or(true);
            }
            "secret" => secret = reader.boolean(&field.value, "`secret`").unwrap_or(false),
            keyword => {
                if !keywords::known().any(|known| known == keyword) {
                    let message = format!("`{keyword}` is no keyword of JSON Schema");
                    let mut finding =
                        Diagnostic::new(Code::UnknownKey, &reader.source, field.key.span, message);
                    finding.help = match keyword {
                        "optional" => Some("write `required: false`".to_owned()),
                        "nullable" => Some("write `type: [string, \"null\"]`".to_owned()),
                        "values" | "options" | "choices" | "one_of" => Some("write `enum: […]`".to_owned()),
                        _ => suggestion(keyword, keywords::known()),
                    };
                    reader.diagnostics.push(finding);
                }
                schema.insert(keyword.to_owned(), field.value.to_value());
            }
        }
    }
    let required = required && default.is_none();
    if secret
        && let Some(value) = &default
        && !value.is_null()
        && value != ""
    {
        let place = entry
            .value
            .get("default")
            .map_or(entry.value.span, |node| node.span);
        reader.report_help(
            Code::WrittenSecret,
            place,
            format!(
                "the default of the secret `{}` is written out in the flow",
                name.value
            ),
            "leave the default out: the caller gives the secret, or a connection holds it",
        );
    }
    // What is wrong in a keyword was said there: a field that takes anything, so that its uses are not wrong as well.
    if !keywords::check(reader, &entry.value, true) {
        schema.clear();
    }
    finish(
        reader,
        entry,
        name,
        Value::Object(schema),
        default,
        required,
        secret,
    )
}

fn finish(
    reader: &mut Reader,
    entry: &Entry,
    name: Spanned<String>,
    schema: Value,
    default: Option<Value>,
    required: bool,
    secret: bool,
) -> InputField {
    let span = entry.value.span;
    let validator = match crate::schema::compile(&schema) {
        Ok(validator) => validator,
        Err(problem) => {
            let place = entry.value.at_pointer(&problem.pointer).span;
            let message = format!("input field `{}`: {}", name.value, problem.message);
            reader.report_help(Code::InvalidSchema, place, message, "see JSON Schema 2020-12");
            // A field that takes anything, so that its uses are not wrong as well.
            return InputField {
                name,
                schema: Value::Object(serde_json::Map::new()),
                span,
                default,
                required,
                secret,
            };
        }
    };
    if let Some(value) = &default
        && let Err(error) = validator.validate(value)
    {
        let place = entry.value.get("default").map_or(span, |node| node.span);
        let own = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values = schema.get("enum").and_then(Value::as_array);
        if let Some(values) = values.filter(|values| !values.contains(value)) {
            let values: Vec<String> = values.iter().map(own).collect();
            let message = format!("the default of `{}` is none of its values", name.value);
            let mut finding = Diagnostic::new(Code::InvalidSchema, &reader.source, place, message);
            finding.help = suggestion(&own(value), values.iter().map(String::as_str));
            reader.diagnostics.push(finding);
        } else {
            let message = format!(
                "the default of `{}` does not fit its own schema: {error}",
                name.value
            );
            reader.report(Code::InvalidSchema, place, message);
        }
    }
    InputField {
        name,
        schema,
        span,
        default,
        required,
        secret,
    }
}
