//! What is known of an expression's value before a run: the types that it may have.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::FlowCheck;
use crate::expression::{Expression, Path, Segment, Slot};
use crate::schema::{SchemaView, TypeSet};
use crate::syntax::{Step, Verb};

pub(crate) use crate::expression::{Walk, follow, segment_text};

impl FlowCheck<'_> {
    /// The types that an expression's value may have.
    pub(crate) fn infer(&self, expression: &Expression) -> TypeSet {
        expression.types(&|path| match self.walk(path) {
            Walk::To { types, .. } => types,
            Walk::NoField { .. } => TypeSet::ANY,
        })
    }

    /// Follows a path through the schemas.
    pub(crate) fn walk(&self, path: &Path) -> Walk {
        let to = |types| Walk::To {
            types,
            optional: false,
        };
        let unknown = || to(TypeSet::ANY);
        let skip = path.slot.consumed();
        let rest = path.rest();
        match path.slot {
            Slot::Input => {
                let Some(first) = rest.first() else {
                    return to(TypeSet::OBJECT);
                };
                let fields = &self.syntax.input;
                let name = segment_text(first);
                let Some(field) = fields.iter().find(|field| field.name.value == name) else {
                    if !self.syntax.is_input_known {
                        return unknown();
                    }
                    let fields = fields.iter().map(|field| field.name.value.clone()).collect();
                    return Walk::NoField {
                        at: skip,
                        fields,
                        closed: true,
                        types: TypeSet::OBJECT,
                    };
                };
                let optional = !field.required && field.default.is_none();
                follow(&field.schema, &rest[1..], skip + 1, optional)
            }
            Slot::Step(slot) => match self.slot_steps.get(slot as usize) {
                Some(step) => match self.result_schema(step) {
                    Some(schema) => follow(&schema, rest, skip, false),
                    None => unknown(),
                },
                None => unknown(),
            },
            Slot::StepError(_) => follow(error_schema(), rest.get(1..).unwrap_or_default(), skip + 1, false),
            Slot::Config if !self.is_known => unknown(),
            Slot::Config => follow_value(self.config, rest, skip),
            Slot::Run => follow(run_schema(), rest, skip, false),
            Slot::Error => follow(error_schema(), rest, skip, false),
            Slot::Request => follow(request_schema(), rest, skip, false),
            Slot::Index(_) => to(TypeSet::INTEGER),
            Slot::Unresolved
            | Slot::Var(_)
            | Slot::Item(_)
            | Slot::Other(_)
            | Slot::Block(_)
            | Slot::BlockLocal(..) => unknown(),
        }
    }

    /// Every value that an expression can have, where that is known: an input field with an `enum`, a boolean. What an
    /// action's schema lists is not taken for all that a remote end may ever send.
    pub(crate) fn values_of(&self, expression: &Expression) -> Option<Vec<Value>> {
        let booleans = || vec![Value::Bool(true), Value::Bool(false)];
        match expression {
            Expression::Literal(literal) => Some(vec![literal.value.clone()]),
            Expression::Call(call) => (call.function.returns == TypeSet::BOOLEAN).then(booleans),
            Expression::Path(path) if path.slot == Slot::Input => {
                let (first, rest) = path.rest().split_first()?;
                let name = segment_text(first);
                let field = self.syntax.input.iter().find(|field| field.name.value == name)?;
                let mut schema = SchemaView::of(&field.schema);
                for segment in rest {
                    schema = schema.property(&segment_text(segment))?;
                }
                match schema.as_value().get("enum").and_then(Value::as_array) {
                    Some(values) => Some(values.clone()),
                    None => (schema.types() == TypeSet::BOOLEAN).then(booleans),
                }
            }
            Expression::Path(_) => None,
        }
    }

    /// The schema of what a step leaves behind; `None` where nothing is known.
    fn result_schema(&self, step: &Step) -> Option<Cow<'_, Value>> {
        match &step.verb {
            Verb::Action { action, .. } => {
                let spec = self.catalog.action(&action.value)?;
                Some(Cow::Borrowed(spec.output.as_value()))
            }
            Verb::ForEach { .. } => Some(Cow::Owned(json!({ "type": "array" }))),
            _ => None,
        }
    }
}

/// Whether a step has a result that can be referred to.
pub(crate) fn has_result(step: &Step) -> bool {
    matches!(
        step.verb,
        Verb::Action { .. } | Verb::ForEach { .. } | Verb::Call { .. } | Verb::Invalid
    )
}

fn follow_value(value: &Value, rest: &[Segment], at: usize) -> Walk {
    let Some(segment) = rest.first() else {
        return Walk::To {
            types: TypeSet::of(value),
            optional: false,
        };
    };
    let child = match (value, segment) {
        (Value::Array(items), Segment::Index(index)) => items.get(*index),
        _ => value.get(segment_text(segment)),
    };
    if let Some(child) = child {
        follow_value(child, &rest[1..], at + 1)
    } else {
        let fields = value
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        Walk::NoField {
            at,
            fields,
            closed: true,
            types: TypeSet::of(value),
        }
    }
}

/// The schema of `error`, and of `steps.<id>.error`.
pub(crate) fn error_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        json!({
            "type": "object",
            "description": "The error that is handled here.",
            "properties": {
                "code": { "type": "string", "description": "The code." },
                "message": { "type": "string", "description": "What happened, for people." },
                "status": { "type": "integer", "description": "The HTTP status that the run would end with." },
                "step": { "type": "string", "description": "The step that failed." },
                "provider": { "description": "What the remote end said, if there is one." },
                "details": { "description": "What `fail` said in a called flow." },
            },
            "required": ["code", "message", "status", "step"],
            "additionalProperties": false,
        })
    });
    &SCHEMA
}

/// The schema of `run`.
pub(crate) fn run_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        json!({
            "type": "object",
            "description": "The run itself.",
            "properties": {
                "id": { "type": "string", "description": "The run's id." },
                "flow": { "type": "string", "description": "The flow's name." },
                "started_at": { "type": "string", "format": "date-time", "description": "When the run began." },
                "attempt": { "type": "integer", "description": "How often the run has been taken up, from 1." },
            },
            "required": ["id", "flow", "started_at", "attempt"],
            "additionalProperties": false,
        })
    });
    &SCHEMA
}

/// The schema of `request`.
pub(crate) fn request_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        json!({
            "type": "object",
            "description": "The HTTP request that started the run.",
            "properties": {
                "method": { "type": "string", "description": "The method, like `POST`." },
                "path": { "type": "string", "description": "The path, without the query." },
                "query": { "type": "object", "additionalProperties": {}, "description": "The query's parameters." },
                "headers": { "type": "object", "additionalProperties": {}, "description": "The headers; names in lower case." },
                "ip": { "type": "string", "description": "The caller's address." },
            },
            "required": ["method", "path", "query", "headers", "ip"],
            "additionalProperties": false,
        })
    });
    &SCHEMA
}
