//! JSON Schema as the checker reads it: which types a value may have and which fields an object shows.
//!
//! Validation of values is the `jsonschema` crate's job; this module only asks a schema questions.

mod type_set;
mod validate;

use std::sync::OnceLock;

use serde_json::Value;

pub use type_set::TypeSet;
pub use validate::{SchemaProblem, Validator, ValueProblem, compile, problems};

/// A JSON Schema (2020-12) document, as written by an action's declaration or by a flow's `input`.
///
/// Three annotations of our own are understood on any property: `"secret": true` (masked wherever it would be
/// written), `"html": true` (expressions in it are HTML-escaped) and `"exposed": "a URL"` (others can read it there).
#[derive(Clone, Debug, PartialEq)]
pub struct Schema(Value);

impl Schema {
    /// Wraps a schema. A schema that is no object and no boolean accepts everything.
    pub fn new(schema: Value) -> Self {
        Self(schema)
    }

    /// The schema that accepts every value.
    pub fn any() -> &'static Self {
        static ANY: OnceLock<Schema> = OnceLock::new();
        ANY.get_or_init(|| Self(Value::Bool(true)))
    }

    /// The document.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Borrowed view for questions.
    pub fn view(&self) -> SchemaView<'_> {
        SchemaView(&self.0)
    }
}

/// A borrowed (part of a) schema.
#[derive(Clone, Copy, Debug)]
pub struct SchemaView<'a>(&'a Value);

impl<'a> SchemaView<'a> {
    /// Views any JSON value as a schema.
    pub fn of(value: &'a Value) -> Self {
        Self(value)
    }

    /// The (sub)document.
    pub fn as_value(self) -> &'a Value {
        self.0
    }

    fn keyword(self, name: &str) -> Option<&'a Value> {
        self.0.as_object()?.get(name)
    }

    /// The types that a value of this schema may have: from `type`, `const`, `enum`, `anyOf`/`oneOf`.
    pub fn types(self) -> TypeSet {
        if let Some(types) = self.keyword("type") {
            return TypeSet::from_keyword(types);
        }
        if let Some(value) = self.keyword("const") {
            return TypeSet::of(value);
        }
        if let Some(Value::Array(values)) = self.keyword("enum") {
            return values.iter().map(TypeSet::of).fold(TypeSet::NONE, TypeSet::union);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(alternatives)) = self.keyword(keyword) {
                return alternatives
                    .iter()
                    .map(|alternative| Self(alternative).types())
                    .fold(TypeSet::NONE, TypeSet::union);
            }
        }
        if self.keyword("properties").is_some() {
            return TypeSet::OBJECT;
        }
        TypeSet::ANY
    }

    /// The declared property names, in their order.
    pub fn property_names(self) -> impl Iterator<Item = &'a str> {
        self.keyword("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }

    /// A declared property's schema.
    pub fn property(self, name: &str) -> Option<Self> {
        self.keyword("properties")?.as_object()?.get(name).map(Self)
    }

    /// Whether a declared property must be there.
    pub fn requires(self, name: &str) -> bool {
        self.keyword("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|required| required.as_str() == Some(name)))
    }

    /// The schema of properties that are not declared: `None` where there can be none
    /// (`additionalProperties: false`).
    pub fn additional(self) -> Option<Self> {
        match self.keyword("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(Self(schema)),
            None => Some(Schema::any().view()),
        }
    }

    /// The schema of a list's elements.
    #[must_use]
    pub fn items(self) -> Self {
        self.keyword("items").map_or(Schema::any().view(), Self)
    }

    /// Whether the annotation `secret` stands here.
    pub fn is_secret(self) -> bool {
        self.keyword("secret") == Some(&Value::Bool(true))
    }

    /// Whether the annotation `html` stands here.
    pub fn is_html(self) -> bool {
        self.keyword("html") == Some(&Value::Bool(true))
    }

    /// Where others can read the value: the annotation `exposed`.
    pub fn exposed(self) -> Option<&'a str> {
        self.keyword("exposed")?.as_str()
    }

    /// Whether the value is a URL.
    pub fn is_url(self) -> bool {
        self.keyword("format").and_then(Value::as_str) == Some("uri")
    }

    /// The schema's own description.
    pub fn description(self) -> Option<&'a str> {
        self.keyword("description")?.as_str()
    }

    /// The schema's default.
    pub fn default_value(self) -> Option<&'a Value> {
        self.keyword("default")
    }
}
