//! The keys of an input field: JSON Schema's keywords and our additions, with what they mean.

use serde_json::Value;

use super::language::Shape;
use crate::syntax::{DRAFT_7_KEYWORDS, FORMATS, TYPES};

/// What each keyword says, the most used first. Those of [`DRAFT_7_KEYWORDS`] that are not here say it by their names.
const DOCS: [(&str, &str); 26] = [
    (
        "type",
        "The JSON type: `string`, `integer`, `number`, `boolean`, `array`, `object`.",
    ),
    ("description", "What the field is for, for people."),
    (
        "required",
        "`false`: the field may be left out. Of an object's own fields: the list of those that must be there.",
    ),
    (
        "default",
        "What is used where the field is not given; it must fit the field's own schema.",
    ),
    (
        "secret",
        "`true`: masked wherever Lockgate would write it, and refused where others could read it.",
    ),
    ("enum", "The values that are allowed."),
    (
        "format",
        "What a text must look like, like `email` or `date-time`.",
    ),
    ("minLength", "The fewest characters."),
    ("maxLength", "The most characters."),
    ("pattern", "A regular expression that the text must match."),
    ("minimum", "The smallest number."),
    ("maximum", "The largest number."),
    ("exclusiveMinimum", "The number must be larger than this."),
    ("exclusiveMaximum", "The number must be smaller than this."),
    ("multipleOf", "The number must be a multiple of this."),
    ("items", "The schema of each element of a list."),
    ("minItems", "The fewest elements."),
    ("maxItems", "The most elements."),
    ("uniqueItems", "Whether no element may stand twice."),
    ("properties", "The fields of an object, each with its schema."),
    (
        "additionalProperties",
        "`false`: an object has no fields but those under `properties`; or the schema of others.",
    ),
    ("const", "The only value that is allowed."),
    ("anyOf", "Schemas of which at least one must fit."),
    ("oneOf", "Schemas of which exactly one must fit."),
    ("allOf", "Schemas that must all fit."),
    ("examples", "Values for people to see."),
];

/// What stands at a place in a schema.
enum At {
    /// The names of fields: their author's.
    Names,
    /// Keywords; whether they are those of an input field itself.
    Keywords { own: bool },
    /// The value of a keyword.
    Value,
}

/// Follows keys below `input`.
fn follow<'p>(path: &[&'p str]) -> (At, Option<&'p str>) {
    let mut at = At::Names;
    let mut last = None;
    for (index, name) in path.iter().enumerate() {
        last = Some(*name);
        at = match at {
            At::Names => At::Keywords { own: index == 0 },
            At::Keywords { .. } => match *name {
                "properties" | "patternProperties" | "$defs" | "dependentSchemas" => At::Names,
                "items"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else" => At::Keywords { own: false },
                _ => At::Value,
            },
            // The schemas of `anyOf` and the like.
            At::Value if *name == "*" => match path.get(index.wrapping_sub(1)) {
                Some(&"anyOf" | &"oneOf" | &"allOf" | &"prefixItems") => At::Keywords { own: false },
                _ => At::Value,
            },
            At::Value => At::Value,
        };
    }
    (at, last)
}

/// The keywords that may stand at a place below `input`; `None` where names of the author's own stand.
pub(super) fn keys(path: &[&str]) -> Option<Vec<(&'static str, &'static str)>> {
    let (At::Keywords { own }, _) = follow(path) else {
        return None;
    };
    let known = DOCS.iter().copied();
    let rest = DRAFT_7_KEYWORDS
        .iter()
        .map(|name| (*name, "A keyword of JSON Schema (2020-12)."));
    let is_new = |name: &str| !DOCS.iter().any(|(known, _)| *known == name);
    let all = known.chain(rest.filter(|(name, _)| is_new(name)));
    // What is given instead of a missing field belongs to the field itself.
    Some(all.filter(|(name, _)| own || *name != "default").collect())
}

/// What a keyword means, where one stands.
pub(super) fn docs(path: &[&str]) -> Option<&'static str> {
    let (name, above) = path.split_last()?;
    keys(above)?
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, docs)| docs)
}

/// The values that may stand at a place below `input`, each with a word about it.
pub(super) fn values(path: &[&str]) -> Option<Vec<(Value, Option<&'static str>)>> {
    let types = || {
        let all = TYPES.iter().filter(|name| **name != "null");
        all.map(|name| (Value::from(*name), None)).collect()
    };
    let (at, last) = follow(path);
    Some(match (at, last?) {
        // `email: string` is short for its schema.
        (At::Keywords { .. }, _) => types(),
        (At::Value, "type" | "*") if path.contains(&"type") => types(),
        (At::Value, "format") => FORMATS.iter().map(|name| (Value::from(*name), None)).collect(),
        (At::Value, "secret" | "required" | "uniqueItems" | "deprecated" | "readOnly" | "writeOnly") => {
            vec![(Value::Bool(true), None), (Value::Bool(false), None)]
        }
        _ => return None,
    })
}

/// What stands behind a keyword.
pub(super) fn shape(name: &str) -> Shape {
    match name {
        "properties" | "items" | "patternProperties" => Shape::Map,
        _ => Shape::Scalar,
    }
}
