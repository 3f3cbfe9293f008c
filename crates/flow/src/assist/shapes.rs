//! What expressions give, as JSON Schema: as far as declarations, inputs and what authors wrote tell.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::schema::{any_of, member, of_types, of_value};
use crate::catalog::Catalog;
use crate::check::{error_schema, request_schema, run_schema};
use crate::expression::{Expression, Path, Segment, Slot, Template, segment_text};
use crate::graph::{flatten, input_schema};
use crate::syntax::{DataKind, DataNode, FlowSyntax, InputField, Step, Verb};
use crate::workspace::Workspace;

/// How many variables, loops and called flows are looked through.
const DEPTH: u32 = 8;

/// The values of one flow.
#[derive(Clone, Copy)]
pub(super) struct Shapes<'a> {
    workspace: &'a Workspace,
    catalog: &'a Catalog,
    syntax: &'a FlowSyntax,
    /// All its steps.
    steps: &'a [&'a Step],
    config: &'a Value,
    depth: u32,
}

impl<'a> Shapes<'a> {
    pub(super) const fn new(
        workspace: &'a Workspace,
        catalog: &'a Catalog,
        (syntax, steps): (&'a FlowSyntax, &'a [&'a Step]),
        config: &'a Value,
    ) -> Self {
        Self {
            workspace,
            catalog,
            syntax,
            steps,
            config,
            depth: DEPTH,
        }
    }

    fn deeper(self) -> Option<Self> {
        let depth = self.depth.checked_sub(1)?;
        Some(Self { depth, ..self })
    }

    /// `steps.<id>`.
    pub(super) fn of_step(self, step: &Step) -> Cow<'a, Value> {
        match &step.verb {
            Verb::Action { action, .. } => match self.catalog.action(&action.value) {
                Some(spec) => Cow::Borrowed(spec.output.as_value()),
                None => Cow::Owned(json!({})),
            },
            Verb::ForEach { result, .. } => {
                let items = match (result, self.deeper()) {
                    (Some(data), Some(inner)) => inner.of_data(data),
                    (None, _) => json!({ "type": "null" }),
                    (Some(_), None) => json!({}),
                };
                Cow::Owned(json!({ "type": "array", "items": items }))
            }
            Verb::Call { flow, .. } => Cow::Owned(self.of_call(&flow.value)),
            _ => Cow::Owned(json!({})),
        }
    }

    /// What a flow gives that is called.
    fn of_call(self, name: &str) -> Value {
        let Some((syntax, inner)) = self
            .workspace
            .flow(name)
            .and_then(|called| called.syntax.as_deref())
            .zip(self.deeper())
        else {
            return json!({});
        };
        let steps = flatten(syntax);
        let inner = Shapes {
            syntax,
            steps: &steps,
            ..inner
        };
        let returned = steps.iter().filter_map(|step| match &step.verb {
            Verb::Return { value } => Some(inner.of_data(value)),
            _ => None,
        });
        let returned: Vec<Value> = returned.collect();
        if returned.is_empty() {
            json!({ "type": "null" })
        } else {
            any_of(returned)
        }
    }

    /// `vars.<name>`: whatever is set anywhere.
    pub(super) fn of_variable(self, name: &str) -> Value {
        let Some(inner) = self.deeper() else {
            return json!({});
        };
        let set = self.steps.iter().flat_map(|step| match &step.verb {
            Verb::Set { variables } => variables.as_slice(),
            _ => &[],
        });
        any_of(
            set.filter(|(own, _)| own.value == name)
                .map(|(_, data)| inner.of_data(data))
                .collect(),
        )
    }

    /// The element of a loop.
    pub(super) fn of_item(self, each: &Step) -> Value {
        match (&each.verb, self.deeper()) {
            (Verb::ForEach { list, .. }, Some(inner)) => {
                let list = inner.of_expression(&list.value);
                list.get("items").cloned().unwrap_or_else(|| json!({}))
            }
            _ => json!({}),
        }
    }

    /// `input`.
    pub(super) fn of_input(self) -> Value {
        input_schema(&self.syntax.input)
    }

    /// `config`.
    pub(super) fn of_config(self) -> Value {
        of_value(self.config)
    }

    fn of_data(self, data: &DataNode) -> Value {
        match &data.kind {
            DataKind::Constant(value) | DataKind::Template(Template::Constant(value)) => of_value(value),
            DataKind::Template(Template::Text(_)) => json!({ "type": "string" }),
            DataKind::Template(Template::Expression(expression)) => self.of_expression(expression),
            DataKind::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.of_data(item)).collect();
                json!({ "type": "array", "items": any_of(items) })
            }
            DataKind::Map(entries) => {
                let properties: Map<String, Value> = entries
                    .iter()
                    .map(|(key, value)| (key.value.clone(), self.of_data(value)))
                    .collect();
                let required: Vec<&str> = entries.iter().map(|(key, _)| key.value.as_str()).collect();
                json!({ "type": "object", "required": required, "properties": properties })
            }
        }
    }

    pub(super) fn of_expression(self, expression: &Expression) -> Value {
        match expression {
            Expression::Literal(literal) => of_value(&literal.value),
            Expression::Path(path) => self.of_path(path).unwrap_or_else(|| json!({})),
            Expression::Call(call) => match (call.function.name, call.arguments.first()) {
                ("default" | "optional" | "omit_if_missing" | "mask" | "coalesce", Some(first)) => {
                    self.of_expression(first)
                }
                _ => of_types(call.function.returns),
            },
        }
    }

    /// What a path leads to; `None` where nothing is known of it.
    fn of_path(self, path: &Path) -> Option<Value> {
        let steps = self.steps;
        let root: Cow<'_, Value> = match path.slot {
            Slot::Input => Cow::Owned(self.of_input()),
            Slot::Config => Cow::Owned(self.of_config()),
            Slot::Request => Cow::Borrowed(request_schema()),
            Slot::Run => Cow::Borrowed(run_schema()),
            Slot::Error => Cow::Borrowed(error_schema()),
            Slot::Step(_) => {
                let id = segment_text(path.segments.get(1)?);
                let own = |step: &&&Step| step.id.as_ref().is_some_and(|own| own.value == id);
                self.deeper()?.of_step(steps.iter().find(own)?)
            }
            Slot::StepError(_) => {
                let rest = path.segments.get(3..).unwrap_or_default();
                return follow(error_schema(), rest).cloned();
            }
            Slot::Var(_) => Cow::Owned(self.deeper()?.of_variable(&segment_text(path.segments.get(1)?))),
            Slot::Item(_) => {
                let name = path.root()?;
                // Of several loops with one name the first is as good as any: only their fields are shown.
                let each = steps
                    .iter()
                    .find(|step| matches!(&step.verb, Verb::ForEach { item, .. } if item.value == name));
                Cow::Owned(self.deeper()?.of_item(each?))
            }
            Slot::Index(_) => Cow::Owned(json!({ "type": "integer" })),
            Slot::Unresolved | Slot::Other(_) | Slot::Block(_) | Slot::BlockLocal(..) => return None,
        };
        follow(&root, path.rest()).cloned()
    }
}

/// The schema of an input field, with what its author said of it beside JSON Schema.
pub(super) fn of_field(field: &InputField) -> Value {
    let mut schema = field.schema.clone();
    if let (true, Some(object)) = (field.secret, schema.as_object_mut()) {
        object.insert("secret".to_owned(), Value::Bool(true));
    }
    schema
}

fn follow<'v>(schema: &'v Value, rest: &[Segment]) -> Option<&'v Value> {
    let mut schema = schema;
    for segment in rest {
        schema = member(schema, &segment_text(segment))?.schema;
    }
    Some(schema)
}
