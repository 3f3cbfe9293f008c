//! Looks at the keywords of an input field's schema: misspelt types and formats, values that say nothing. Whether the
//! whole is a valid JSON Schema is the validator's business.

use super::reader::Reader;
use crate::diagnostic::{Code, Diagnostic, Severity, list, nearest};
use crate::yaml::Node;

/// The keywords of JSON Schema that say something about one value, in draft 7 and since. The editors' schema names these.
pub(crate) const DRAFT_7_KEYWORDS: &[&str] = &[
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "contains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "title",
    "description",
    "examples",
];

/// Those of draft 2020-12 besides, and our additions.
const OTHER_KEYWORDS: &[&str] = &[
    "prefixItems",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "$comment",
    "$defs",
    "$ref",
    "required",
    "default",
    "secret",
    "html",
];

/// Every keyword that an input field may have.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    DRAFT_7_KEYWORDS.iter().chain(OTHER_KEYWORDS).copied()
}

/// The types of JSON Schema.
pub(crate) const TYPES: [&str; 7] = [
    "string", "integer", "number", "boolean", "array", "object", "null",
];

/// The formats that are checked: those of JSON Schema 2020-12.
pub(crate) const FORMATS: [&str; 19] = [
    "email",
    "date",
    "time",
    "date-time",
    "duration",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "hostname",
    "ipv4",
    "ipv6",
    "regex",
    "json-pointer",
    "relative-json-pointer",
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
];

/// Reads a JSON Schema. `what` it is of, for messages. `None` where it cannot be used, which was reported.
pub fn read_schema(reader: &mut Reader, node: &Node, what: &str) -> Option<serde_json::Value> {
    if node.as_map().is_none() {
        reader.wrong_type(node, what, "a JSON Schema");
        return None;
    }
    if !check(reader, node, false) {
        return None;
    }
    let schema = node.to_value();
    if let Err(problem) = crate::schema::compile(&schema) {
        let place = node.at_pointer(&problem.pointer).span;
        let message = format!("{what}: {}", problem.message);
        reader.report_help(Code::InvalidSchema, place, message, "see JSON Schema 2020-12");
        return None;
    }
    Some(schema)
}

/// Reports what is wrong in a schema and those inside it. `own` is the field itself. Gives whether it can be used.
pub(super) fn check(reader: &mut Reader, node: &Node, own: bool) -> bool {
    let mut usable = true;
    for entry in node.as_map().unwrap_or_default() {
        let value = &entry.value;
        match entry.key.text.as_str() {
            "type" => match value.as_list() {
                Some(types) => {
                    for node in types {
                        usable &= check_type(reader, node);
                    }
                }
                None => usable &= check_type(reader, value),
            },
            "format" => check_format(reader, value),
            "enum" if value.as_list().is_some_and(<[Node]>::is_empty) => {
                reader.report_help(
                    Code::InvalidSchema,
                    value.span,
                    "no value fits an empty `enum`",
                    "list the values that may be given",
                );
                usable = false;
            }
            "default" if !own => {
                reader.report_help(
                    Code::InvalidSchema,
                    entry.key.span,
                    "a `default` inside a field's schema has no effect",
                    "give the field itself a `default`, or use `default` where the value is used",
                );
                if let Some(finding) = reader.diagnostics.last_mut() {
                    finding.severity = Severity::Warning;
                }
            }
            "properties" | "patternProperties" | "$defs" | "dependentSchemas" => {
                for property in value.as_map().unwrap_or_default() {
                    usable &= check(reader, &property.value, false);
                }
            }
            "items"
            | "additionalProperties"
            | "contains"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else" => {
                usable &= check(reader, value, false);
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                for schema in value.as_list().unwrap_or_default() {
                    usable &= check(reader, schema, false);
                }
            }
            _ => {}
        }
    }
    usable
}

/// Reports a text that names no type. Anything else than a text is left to the validator.
pub(super) fn check_type(reader: &mut Reader, node: &Node) -> bool {
    let Some(name) = node.as_str().filter(|name| !TYPES.contains(name)) else {
        return true;
    };
    let familiar = match name.trim_end_matches('?').to_lowercase().as_str() {
        "str" | "text" | "email" | "date" | "uuid" | "url" => Some("string"),
        "int" | "long" => Some("integer"),
        "float" | "double" | "decimal" => Some("number"),
        "bool" => Some("boolean"),
        "list" => Some("array"),
        "map" | "dict" | "json" => Some("object"),
        _ => None,
    };
    let help = match familiar.or_else(|| nearest(name, TYPES)) {
        Some(near) if name.ends_with('?') => {
            format!("for a field that may be left out, write `{{ type: {near}, required: false }}`")
        }
        Some("string") if FORMATS.contains(&name) => format!("write `{{ type: string, format: {name} }}`"),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the types are {}", list(TYPES)),
    };
    reader.report_help(
        Code::InvalidSchema,
        node.span,
        format!("`{name}` is no type"),
        help,
    );
    false
}

fn check_format(reader: &mut Reader, node: &Node) {
    let Some(name) = node.as_str().filter(|name| !FORMATS.contains(name)) else {
        return;
    };
    let familiar = match name {
        "url" => Some("uri"),
        "datetime" | "timestamp" => Some("date-time"),
        "ip" => Some("ipv4"),
        "guid" => Some("uuid"),
        _ => None,
    };
    let near = familiar.or_else(|| nearest(name, FORMATS));
    let message = format!("the format `{name}` is not known, so nothing is checked by it");
    let mut finding = Diagnostic::new(Code::InvalidSchema, &reader.source, node.span, message);
    if let Some(near) = near {
        finding.help = Some(format!("did you mean `{near}`?"));
    } else {
        // JSON Schema allows formats that only people understand.
        finding.severity = Severity::Warning;
        finding.help = Some("check the text with a `pattern`".to_owned());
    }
    reader.diagnostics.push(finding);
}
