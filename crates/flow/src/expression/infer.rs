//! What is known of an expression's value before it is evaluated: the types that it may have, where a path leads.

use serde_json::Value;

use super::ast::{Call, Expression, Path, Segment};
use crate::schema::{Schema, SchemaView, TypeSet};

/// Where a path leads.
#[derive(Clone, Debug)]
pub enum Walk {
    /// To a value of these types.
    To {
        /// The types.
        types: TypeSet,
        /// Whether it may be missing.
        optional: bool,
    },
    /// Nowhere: at this segment the schema shows no such field.
    NoField {
        /// The segment.
        at: usize,
        /// The fields that are there.
        fields: Vec<String>,
        /// Whether the schema says that there are no others.
        closed: bool,
        /// What is there instead of an object.
        types: TypeSet,
    },
}

impl Expression {
    /// The types that its value may have, given those of its paths.
    pub fn types(&self, of_path: &dyn Fn(&Path) -> TypeSet) -> TypeSet {
        match self {
            Self::Literal(literal) => TypeSet::of(&literal.value),
            Self::Path(path) => of_path(path),
            Self::Call(call) => call.types(of_path),
        }
    }
}

impl Call {
    fn types(&self, of_path: &dyn Fn(&Path) -> TypeSet) -> TypeSet {
        let argument = |index: usize| self.arguments.get(index).map(|argument| argument.types(of_path));
        match self.function.name {
            // These give one of their arguments.
            "default" | "coalesce" => {
                let types = (0..self.arguments.len())
                    .filter_map(argument)
                    .fold(TypeSet::NONE, TypeSet::union);
                if types.is_empty() { TypeSet::ANY } else { types }.intersection(self.function.returns)
            }
            "optional" => argument(0).unwrap_or(TypeSet::ANY).union(TypeSet::NULL),
            "omit_if_missing" | "mask" => argument(0).unwrap_or(TypeSet::ANY),
            _ => self.function.returns,
        }
    }
}

/// A segment as text.
pub fn segment_text(segment: &Segment) -> String {
    match segment {
        Segment::Key(key) => key.to_string(),
        Segment::Index(index) => index.to_string(),
    }
}

/// Follows the rest of a path through a schema. `at` is how many segments came before it; `optional` says whether what
/// they lead to may be missing.
pub fn follow(schema: &Value, rest: &[Segment], at: usize, optional: bool) -> Walk {
    let view = SchemaView::of(schema);
    let Some(segment) = rest.first() else {
        return Walk::To {
            types: view.types(),
            optional,
        };
    };
    let types = view.types();
    let name = segment_text(segment);
    let next = |schema: &Value, optional: bool| follow(schema, &rest[1..], at + 1, optional);
    if let Some(property) = view.property(&name) {
        return next(property.as_value(), optional || !view.requires(&name));
    }
    if types.overlaps(TypeSet::ARRAY) && matches!(segment, Segment::Index(_)) {
        return next(view.items().as_value(), true);
    }
    if !types.overlaps(TypeSet::OBJECT) {
        // A text, a number or a list has no fields.
        return Walk::NoField {
            at,
            fields: Vec::new(),
            closed: true,
            types,
        };
    }
    let alternatives = ["anyOf", "oneOf", "allOf"]
        .iter()
        .any(|keyword| schema.get(*keyword).is_some());
    match view.additional() {
        _ if alternatives => next(Schema::any().as_value(), true),
        None => Walk::NoField {
            at,
            fields: view.property_names().map(str::to_owned).collect(),
            closed: true,
            types,
        },
        Some(additional) => {
            let fields: Vec<String> = view.property_names().map(str::to_owned).collect();
            let explicit = schema.get("additionalProperties").is_some_and(Value::is_object);
            if !explicit && crate::diagnostic::nearest(&name, fields.iter().map(String::as_str)).is_some() {
                return Walk::NoField {
                    at,
                    fields,
                    closed: false,
                    types,
                };
            }
            next(additional.as_value(), optional)
        }
    }
}
