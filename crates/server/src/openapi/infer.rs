//! A template → the JSON Schema of the values that it makes, as far as the flow shows it; `{}` where it does not.
//!
//! What an action's schema declares is believed. The checker proves more (that a value is there at all); here only what
//! the value can be counts.

use lockgate_flow::expression::{
    BlockKind, Call, Expression, Part, Path, Segment, Slot, Template, ValueTemplate,
};
use lockgate_flow::graph::{Flow, NodeIndex, Op};
use lockgate_flow::schema::{SchemaView, TypeSet};
use serde_json::{Value, json};

use super::calls::Calls;
use super::components::Components;
use super::places::Places;
use super::schema::{any, has_references, like, list_of, object, of_answer, of_constant, of_types, or_null};
use super::schema::{union, without_null};

/// How many templates and expressions are looked at for one schema. Variables that are made of each other could
/// otherwise write one out that is exponentially longer than its flow.
const BUDGET: u32 = 2_000;

/// Infers what the templates of one flow make.
pub(super) struct Inference<'a, 'c> {
    pub(super) flow: &'a Flow,
    pub(super) places: &'c Places<'a>,
    pub(super) calls: &'c Calls<'a>,
    pub(super) components: &'c mut Components,
    budget: u32,
    /// The variables that are being looked at.
    open: Vec<u32>,
}

impl<'a, 'c> Inference<'a, 'c> {
    pub(super) fn new(
        flow: &'a Flow,
        places: &'c Places<'a>,
        calls: &'c Calls<'a>,
        components: &'c mut Components,
    ) -> Self {
        Self {
            flow,
            places,
            calls,
            components,
            budget: BUDGET,
            open: Vec::new(),
        }
    }

    /// What a whole value of a node is: one that is left out is null.
    pub(super) fn value(&mut self, template: &'a ValueTemplate, node: NodeIndex) -> Value {
        self.budget = BUDGET;
        let schema = self.template(template, self.places.loop_around(node));
        if may_be_left_out(template) {
            or_null(schema)
        } else {
            schema
        }
    }

    /// `around` is the innermost loop.
    fn template(&mut self, template: &'a ValueTemplate, around: Option<NodeIndex>) -> Value {
        if self.is_over() {
            return any();
        }
        match template {
            ValueTemplate::Constant(value) => of_constant(value),
            ValueTemplate::Template(template) => match template {
                Template::Constant(value) => of_constant(value),
                Template::Expression(expression) => self.expression(expression, around),
                Template::Text(_) => of_types(TypeSet::STRING),
            },
            ValueTemplate::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.template(item, around)).collect();
                list_of(&union(items))
            }
            ValueTemplate::Map(entries) => {
                let properties: Vec<_> = entries
                    .iter()
                    .map(|(name, value)| {
                        let schema = self.template(value, around);
                        (name.clone(), schema, !may_be_left_out(value))
                    })
                    .collect();
                object(properties)
            }
        }
    }

    fn is_over(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget == 0
    }

    fn expression(&mut self, expression: &'a Expression, around: Option<NodeIndex>) -> Value {
        if self.is_over() {
            return any();
        }
        match expression {
            Expression::Literal(literal) => of_constant(&literal.value),
            Expression::Path(path) => self.path(path, around),
            Expression::Call(call) => self.call(call, around),
        }
    }

    fn call(&mut self, call: &'a Call, around: Option<NodeIndex>) -> Value {
        let mut arguments = call.arguments.iter();
        match call.function.name {
            "default" | "coalesce" => {
                let last = arguments.len().saturating_sub(1);
                let is_default = call.function.name == "default";
                let values: Vec<Value> = arguments
                    .enumerate()
                    .map(|(position, argument)| {
                        let schema = self.expression(argument, around);
                        if is_default && position == last {
                            schema
                        } else {
                            without_null(schema)
                        }
                    })
                    .collect();
                if is_default {
                    union(values)
                } else {
                    or_null(union(values))
                }
            }
            "optional" => match arguments.next() {
                Some(argument) => or_null(self.expression(argument, around)),
                None => any(),
            },
            "omit_if_missing" | "mask" => arguments
                .next()
                .map_or_else(any, |argument| self.expression(argument, around)),
            "now" => json!({ "type": "string", "format": "date-time" }),
            "uuid" => json!({ "type": "string", "format": "uuid" }),
            "from_json" => match arguments.next() {
                Some(Expression::Literal(literal)) => literal
                    .value
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok())
                    .map_or_else(any, |value: Value| of_constant(&value)),
                _ => any(),
            },
            _ => of_types(call.function.returns),
        }
    }

    fn path(&mut self, path: &'a Path, around: Option<NodeIndex>) -> Value {
        let rest = path.rest();
        match path.slot {
            Slot::Input => self.input(rest),
            Slot::Step(slot) => self.step(slot, rest),
            Slot::StepError(_) => self.follow(&error(), rest.get(1..).unwrap_or_default()),
            Slot::Error => self.follow(&error(), rest),
            Slot::Var(variable) => self.variable(variable, rest),
            Slot::Config => {
                let value = rest
                    .iter()
                    .try_fold(&*self.flow.config, |value, segment| match segment {
                        Segment::Key(key) => value.get(&**key),
                        Segment::Index(index) => value.get(*index),
                    });
                value.map_or_else(any, like)
            }
            Slot::Run => self.follow(&run(), rest),
            Slot::Request => self.follow(&request(), rest),
            Slot::Item(depth) => self.item(depth, rest, around),
            Slot::Index(_) => json!({ "type": "integer", "minimum": 0 }),
            Slot::Unresolved | Slot::Other(_) | Slot::Block(_) | Slot::BlockLocal(..) => any(),
        }
    }

    fn input(&self, rest: &[Segment]) -> Value {
        let Some((Segment::Key(name), rest)) = rest.split_first() else {
            return of_types(TypeSet::OBJECT);
        };
        let field = self
            .flow
            .input
            .fields
            .iter()
            .find(|field| *field.name.value == **name);
        let Some(field) = field else { return any() };
        if has_references(&field.schema) {
            let types = SchemaView::of(&field.schema).types();
            return if rest.is_empty() { of_types(types) } else { any() };
        }
        let mut schema = self.follow(&of_answer(&field.schema, "#"), rest);
        if let Value::Object(fields) = &mut schema {
            // An annotation for callers who leave it out.
            fields.shift_remove("default");
        }
        schema
    }

    fn step(&mut self, slot: u32, rest: &[Segment]) -> Value {
        let flow = self.flow;
        let Some(index) = self.places.step(slot) else {
            return any();
        };
        let result = match &flow.graph[index].op {
            Op::Action(action) => self.components.result_of(&action.spec),
            Op::ForEach(each) => match &each.result {
                Some(template) => {
                    let mut items = self.template(template, Some(index));
                    if may_be_left_out(template) {
                        items = or_null(items);
                    }
                    list_of(&items)
                }
                None => json!({ "type": "array", "items": { "type": "null" } }),
            },
            Op::Call { flow, .. } => self.calls.result(flow).cloned().unwrap_or_else(any),
            _ => any(),
        };
        self.follow(&result, rest)
    }

    /// What any of its `set`s gives.
    fn variable(&mut self, variable: u32, rest: &[Segment]) -> Value {
        if self.open.contains(&variable) {
            return any();
        }
        self.open.push(variable);
        let places = self.places;
        let values: Vec<Value> = places
            .sets(variable)
            .iter()
            .map(|(node, template)| {
                let mut schema = self.template(template, places.loop_around(*node));
                if may_be_left_out(template) {
                    schema = or_null(schema);
                }
                self.follow(&schema, rest)
            })
            .collect();
        self.open.pop();
        union(values)
    }

    fn item(&mut self, depth: u32, rest: &[Segment], around: Option<NodeIndex>) -> Value {
        let flow = self.flow;
        let mut at = around;
        while let Some(index) = at {
            if let Op::ForEach(each) = &flow.graph[index].op
                && each.depth == depth
            {
                let list = self.expression(&each.list, self.places.loop_around(index));
                let items = SchemaView::of(self.components.resolve(&list))
                    .items()
                    .as_value()
                    .clone();
                return self.follow(&items, rest);
            }
            at = self.places.loop_around(index);
        }
        any()
    }

    /// The schema behind a path into a value.
    fn follow(&self, schema: &Value, rest: &[Segment]) -> Value {
        let mut at = schema;
        for segment in rest {
            at = self.components.resolve(at);
            let view = SchemaView::of(at);
            let next = match segment {
                Segment::Key(key) => view.property(key),
                Segment::Index(index) => view.property(&index.to_string()),
            };
            let next = next.or_else(|| match segment {
                Segment::Index(_) if view.types() == TypeSet::ARRAY && at.get("prefixItems").is_none() => {
                    Some(view.items())
                }
                // Without a declared property the additional ones count, if nothing else could say more.
                Segment::Key(_) if at.get("patternProperties").is_none() => view.additional(),
                _ => None,
            });
            let Some(next) = next else { return any() };
            at = next.as_value();
        }
        if *at == Value::Bool(true) {
            return any();
        }
        at.clone()
    }
}

/// Whether `omit_if_missing` may drop the whole value.
fn may_be_left_out(template: &ValueTemplate) -> bool {
    let is_omitting = |expression: &Expression| matches!(expression, Expression::Call(call) if call.function.name == "omit_if_missing");
    match template {
        ValueTemplate::Template(Template::Expression(expression)) => is_omitting(expression),
        ValueTemplate::Template(Template::Text(text)) => {
            let mut todo: Vec<&Part> = text.parts.iter().collect();
            while let Some(part) = todo.pop() {
                match part {
                    Part::Text(_) => {}
                    Part::Expression(expression) => {
                        if is_omitting(expression) {
                            return true;
                        }
                    }
                    Part::Block(block) => {
                        let takes_it = matches!(block.kind, BlockKind::Each | BlockKind::With);
                        if takes_it && is_omitting(&block.subject) {
                            return true;
                        }
                        todo.extend(block.body.iter().chain(&block.otherwise));
                    }
                }
            }
            false
        }
        _ => false,
    }
}

/// `error`, and `steps.<id>.error`.
fn error() -> Value {
    let text = || json!({ "type": "string" });
    object([
        ("code".to_owned(), text(), true),
        ("message".to_owned(), text(), true),
        ("status".to_owned(), json!({ "type": "integer" }), true),
        ("step".to_owned(), text(), true),
        ("provider".to_owned(), any(), true),
        ("details".to_owned(), any(), true),
    ])
}

fn run() -> Value {
    let text = || json!({ "type": "string" });
    object([
        ("id".to_owned(), text(), true),
        ("flow".to_owned(), text(), true),
        (
            "started_at".to_owned(),
            json!({ "type": "string", "format": "date-time" }),
            true,
        ),
        (
            "attempt".to_owned(),
            json!({ "type": "integer", "minimum": 1 }),
            true,
        ),
    ])
}

fn request() -> Value {
    let text = || json!({ "type": "string" });
    let texts = || json!({ "type": "object", "additionalProperties": { "type": "string" } });
    object([
        ("method".to_owned(), text(), true),
        ("path".to_owned(), text(), true),
        ("query".to_owned(), texts(), true),
        ("headers".to_owned(), texts(), true),
        ("ip".to_owned(), text(), true),
    ])
}
