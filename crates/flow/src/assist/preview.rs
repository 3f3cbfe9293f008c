//! What a value with templates gives with what a run recorded: by the evaluator that runs flows, without effects.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Assist;
use super::answers::Recorded;
use super::situation::Situation;
use crate::check::Site;
use crate::expression::{
    Ambient, Evaluated, EvaluationError, Expression, ParseError, Path, Scope, Slot, Template, ValueTemplate,
};
use crate::graph::{Op, flatten};
use crate::source::Span;
use crate::syntax::{DataKind, DataNode, FlowSyntax, Step, Verb};
use crate::yaml::Spanned;

/// How deep variables are looked through.
const DEPTH: u32 = 8;

pub(super) fn preview(
    assist: &Assist<'_>,
    step: &str,
    value: &Value,
    is_expression: bool,
    recorded: &Recorded,
) -> Result<Value, String> {
    let verb = if is_expression {
        let text = match value {
            Value::String(text) => text,
            literal => return Ok(literal.clone()),
        };
        let read = Expression::parse(text).map_err(|errors| first(&errors))?;
        // The node of `for_each` holds its expression as it is.
        Verb::ForEach {
            list: Spanned::new(read.expression, Span::default()),
            item: Spanned::new("item".to_owned(), Span::default()),
            at_once: 1,
            steps: Vec::new(),
            result: None,
        }
    } else {
        Verb::Return { value: data(value)? }
    };
    let flow = assist.flow().ok_or_else(|| "there is no such flow".to_owned())?;
    let syntax = flow
        .syntax
        .as_deref()
        .ok_or_else(|| "the flow cannot be read".to_owned())?;
    let found = flatten(syntax).into_iter().any(|own| own.path == step);
    let site = if step.is_empty() {
        Site::New("on_error".to_owned(), 0)
    } else if found {
        Site::Step(step.to_owned())
    } else {
        return Err("there is no such step".to_owned());
    };
    let situation = Situation::with_verb(assist, syntax, &site, verb)
        .ok_or_else(|| "there is no such step".to_owned())?;
    let mut values = Values {
        syntax,
        situation: &situation,
        step,
        recorded,
        known: BTreeMap::new(),
        depth: DEPTH,
    };
    match situation.probed().op() {
        Some(Op::ForEach(each)) => values.evaluate(&each.list),
        Some(Op::Return(template)) => values.fill(template),
        _ => Err("there is no such step".to_owned()),
    }
}

fn first(errors: &[ParseError]) -> String {
    errors
        .first()
        .map_or_else(|| "it cannot be read".to_owned(), |error| error.message.clone())
}

/// A value, with its texts read as templates.
fn data(value: &Value) -> Result<DataNode, String> {
    let kind = match value {
        Value::String(text) => match Template::parse(text).map_err(|errors| first(&errors))? {
            Template::Constant(value) => DataKind::Constant(value),
            template => DataKind::Template(template),
        },
        Value::Array(items) => DataKind::List(items.iter().map(data).collect::<Result<_, _>>()?),
        Value::Object(fields) => DataKind::Map(
            fields
                .iter()
                .map(|(name, value)| Ok((Spanned::new(name.clone(), Span::default()), data(value)?)))
                .collect::<Result<_, String>>()?,
        ),
        other => DataKind::Constant(other.clone()),
    };
    Ok(DataNode {
        span: Span::default(),
        kind,
    })
}

/// The values that a preview works with, looked up before they are needed.
struct Values<'v> {
    syntax: &'v FlowSyntax,
    situation: &'v Situation,
    step: &'v str,
    recorded: &'v Recorded,
    known: BTreeMap<String, (Slot, Value)>,
    depth: u32,
}

impl Values<'_> {
    fn evaluate(&mut self, expression: &Expression) -> Result<Value, String> {
        for reference in expression.references() {
            self.learn(reference.path)?;
        }
        match expression.evaluate(&Known(&self.known), &mut Still) {
            Ok(Evaluated::Value(value)) => Ok(value.into_owned()),
            Ok(Evaluated::Omit) => Ok(Value::Null),
            Ok(Evaluated::Missing) => Err(match expression {
                Expression::Path(path) => not_recorded(&path.text),
                _ => "there is no value".to_owned(),
            }),
            Err(error) => Err(in_words(&error)),
        }
    }

    fn fill(&mut self, template: &ValueTemplate) -> Result<Value, String> {
        for reference in template.references() {
            self.learn(reference.path)?;
        }
        let known = Known(&self.known);
        let filled = template.evaluate(&known, &mut Still);
        let value = filled.map_err(|error| in_words(&error))?;
        // `omit_if_missing` leaves nothing behind.
        Ok(value.map_or(Value::Null, Cow::into_owned))
    }

    /// Looks up what a path begins with.
    fn learn(&mut self, path: &Path) -> Result<(), String> {
        let name = format!("{:?}", path.slot);
        if self.known.contains_key(&name) {
            return Ok(());
        }
        let flow = self.situation.probed().flow();
        let value = match path.slot {
            Slot::Input => Some(self.recorded.input.clone()),
            Slot::Config => Some(self.situation.config().clone()),
            Slot::Run => Some(self.recorded.run.clone()),
            Slot::Request => self.recorded.request.clone(),
            Slot::Step(slot) | Slot::StepError(slot) => self.recorded.steps.get(flow.step_id(slot)).cloned(),
            Slot::Var(slot) => match flow.variables.get(slot as usize) {
                Some(variable) => self.variable(&variable.clone())?,
                None => None,
            },
            Slot::Item(depth) => self.item(depth)?,
            Slot::Index(_) => Some(Value::from(0)),
            Slot::Error => self.error(),
            Slot::Unresolved | Slot::Other(_) | Slot::Block(_) | Slot::BlockLocal(..) => None,
        };
        if let Some(value) = value {
            self.known.insert(name, (path.slot, value));
        }
        Ok(())
    }

    /// A variable is not recorded: what sets it is worked out again.
    fn variable(&mut self, name: &str) -> Result<Option<Value>, String> {
        let steps = flatten(self.syntax);
        let here = steps
            .iter()
            .position(|step| step.path == self.step)
            .unwrap_or(steps.len());
        let sets = |step: &&&Step| matches!(&step.verb, Verb::Set { variables } if variables.iter().any(|(own, _)| own.value == name));
        let before: Vec<&&Step> = steps[..here].iter().filter(sets).collect();
        // One in a list around the step has run; of others nobody knows which.
        let is_around = |step: &&&&Step| {
            let list = step.path.rsplit_once('/').map_or("", |(list, _)| list);
            self.step
                .strip_prefix(list)
                .is_some_and(|rest| rest.starts_with('/'))
                && step.condition.is_none()
        };
        let chosen = match before.iter().rev().find(is_around) {
            Some(step) if before.last().is_some_and(|last| last.path == step.path) => step,
            None if before.len() == 1 => &before[0],
            None if before.is_empty() => return Ok(None),
            _ => {
                return Err(format!(
                    "several steps set `vars.{name}`, and which one did is not recorded"
                ));
            }
        };
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(format!("`vars.{name}` is set in too many steps"));
        };
        let path = chosen.path.clone();
        let nodes = self.situation.probed().flow().graph.node_weights();
        let op = nodes
            .filter(|node| *node.path == *path)
            .find_map(|node| match &node.op {
                Op::Set(variables) => Some(variables),
                _ => None,
            });
        let mut inner = Values {
            step: &path,
            known: BTreeMap::new(),
            depth,
            ..*self
        };
        // Each may use those before it.
        for (slot, template) in op.into_iter().flatten() {
            let value = inner.fill(template);
            if self
                .situation
                .probed()
                .flow()
                .variables
                .get(*slot as usize)
                .is_some_and(|own| own == name)
            {
                return value.map(Some);
            }
            if let Ok(value) = value {
                inner
                    .known
                    .insert(format!("{:?}", Slot::Var(*slot)), (Slot::Var(*slot), value));
            }
        }
        Ok(None)
    }

    /// The first element stands for the others.
    fn item(&mut self, depth: u32) -> Result<Option<Value>, String> {
        let flow = self.situation.probed().flow();
        let mut loops = flow.graph.node_weights().filter_map(|node| match &node.op {
            Op::ForEach(each) => {
                let is_around = self
                    .step
                    .strip_prefix(&*node.path)
                    .is_some_and(|rest| rest.starts_with("/each/"));
                (is_around && each.depth == depth).then_some((&node.path, &each.list))
            }
            _ => None,
        });
        let (Some((path, list)), Some(deeper)) = (loops.next(), self.depth.checked_sub(1)) else {
            return Ok(None);
        };
        let mut inner = Values {
            step: path,
            known: BTreeMap::new(),
            depth: deeper,
            ..*self
        };
        let list = inner.evaluate(list)?;
        Ok(list.get(0).cloned())
    }

    /// The error of the step whose handler this is.
    fn error(&self) -> Option<Value> {
        let steps = flatten(self.syntax);
        let mut around = steps.iter().rev().filter(|step| {
            self.step
                .strip_prefix(step.path.as_str())
                .is_some_and(|rest| rest.starts_with("/on_error/"))
        });
        let id = around.next()?.id.as_ref()?;
        self.recorded.steps.get(&id.value)?.get("error").cloned()
    }
}

fn not_recorded(path: &str) -> String {
    format!("`{path}` was not recorded")
}

fn in_words(error: &EvaluationError) -> String {
    match &error.kind {
        crate::expression::EvaluationErrorKind::Missing { path } => not_recorded(path),
        _ => error.to_string(),
    }
}

struct Known<'k>(&'k BTreeMap<String, (Slot, Value)>);

impl Scope for Known<'_> {
    fn root(&self, slot: Slot) -> Option<&Value> {
        self.0
            .values()
            .find(|(own, _)| *own == slot)
            .map(|(_, value)| value)
    }
}

/// Neither time nor chance: a preview gives the same twice.
struct Still;

impl Ambient for Still {
    fn now(&mut self) -> jiff::Timestamp {
        // 2026-01-01T00:00:00Z
        jiff::Timestamp::from_second(1_767_225_600).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        buffer.fill(0x2a);
    }

    fn mask(&mut self, _text: &str) {}
}
