//! A scope of JSON and an ambient that always says the same, for tests.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::{
    Ambient, EvaluationError, Expression, Path, Scope, Segment, Slot, Template, ValueTemplate,
};

pub(in crate::expression) struct TestScope {
    pub(in crate::expression) input: Value,
    pub(in crate::expression) steps: Vec<(&'static str, Value)>,
    pub(in crate::expression) item: Value,
}

impl Scope for TestScope {
    fn root(&self, slot: Slot) -> Option<&Value> {
        match slot {
            Slot::Input => Some(&self.input),
            Slot::Step(index) => self.steps.get(index as usize).map(|(_, value)| value),
            Slot::Item(0) => Some(&self.item),
            _ => None,
        }
    }
}

impl TestScope {
    pub(in crate::expression) fn new() -> Self {
        Self {
            input: serde_json::from_str(super::super::functions::EXAMPLE_INPUT).unwrap(),
            steps: vec![("user", json!({ "user_id": "auth0|1", "ok": true }))],
            item: json!({ "sku": "A" }),
        }
    }

    /// What the checker does.
    pub(in crate::expression) fn resolve(&self, path: &mut Path) {
        let name = |at: usize| match path.segments.get(at) {
            Some(Segment::Key(name)) => &**name,
            _ => "",
        };
        let slot = match name(0) {
            "input" => Slot::Input,
            "item" => Slot::Item(0),
            "steps" => self
                .steps
                .iter()
                .position(|(id, _)| *id == name(1))
                .map_or(Slot::Unresolved, |at| Slot::Step(u32::try_from(at).unwrap())),
            _ => return,
        };
        if path.slot == Slot::Unresolved || path.bare_in_block {
            path.slot = slot;
        }
    }

    pub(in crate::expression) fn template(&self, text: &str) -> Template {
        let mut template = Template::parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:#?}"));
        template.paths_mut(&mut |path| self.resolve(path));
        template
    }

    pub(in crate::expression) fn expression(&self, text: &str) -> Expression {
        let mut expression = Expression::parse(text)
            .unwrap_or_else(|errors| panic!("{text}: {errors:#?}"))
            .expression;
        expression.paths_mut(&mut |path| self.resolve(path));
        expression
    }

    /// The value of a text with expressions.
    pub(in crate::expression) fn render(&self, text: &str) -> Result<Option<Value>, EvaluationError> {
        let template = self.template(text);
        let value = template.evaluate(self, &mut Still::default());
        value.map(|value| value.map(Cow::into_owned))
    }

    /// The value of a bare expression.
    pub(in crate::expression) fn value(&self, text: &str) -> Result<Value, EvaluationError> {
        let expression = self.expression(text);
        expression.value(self, &mut Still::default()).map(Cow::into_owned)
    }

    /// A YAML-like value with templates in its strings.
    pub(in crate::expression) fn values(&self, value: &Value) -> ValueTemplate {
        match value {
            Value::String(text) => self.template(text).into(),
            Value::Array(items) => ValueTemplate::list(items.iter().map(|item| self.values(item)).collect()),
            Value::Object(fields) => ValueTemplate::map(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), self.values(value)))
                    .collect(),
            ),
            other => ValueTemplate::Constant(other.clone()),
        }
    }
}

/// Time stands still and dice always fall the same way.
#[derive(Default)]
pub(in crate::expression) struct Still {
    pub(in crate::expression) masked: Vec<String>,
}

impl Ambient for Still {
    fn now(&mut self) -> jiff::Timestamp {
        "2026-03-01T12:00:00.123456Z".parse().unwrap()
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        for (byte, value) in buffer.iter_mut().zip((0_u8..=255).cycle()) {
            *byte = value.wrapping_mul(37).wrapping_add(11);
        }
    }

    fn mask(&mut self, text: &str) {
        self.masked.push(text.to_owned());
    }
}
