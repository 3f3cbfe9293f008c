//! A naive interpreter of the flow's tree: it copies everything, does branches one after the other, and knows neither
//! graph nor journal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lockgate_flow::expression::{Ambient, EvaluationError, EvaluationErrorKind, Scope, Slot, equal};
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{DataKind, DataNode, Handler, Step, Verb};
use serde_json::{Map, Value, json};

/// What a run came to.
pub(super) struct Model {
    pub(super) gist: Value,
    /// How often `test.once` did its effect, by key.
    pub(super) effects: BTreeMap<String, u32>,
}

pub(super) fn run(flow: &Flow, input: &Value) -> Model {
    let mut interpreter = Interpreter {
        flow,
        effects: BTreeMap::new(),
        response: None,
    };
    let mut world = World {
        input: input.clone(),
        ..World::default()
    };
    let mut end = interpreter.list(&flow.syntax.steps, &mut world);
    if let (Err(End::Error { code, .. }), Some(handler)) = (&end, &flow.syntax.on_error) {
        let had_response = interpreter.response.is_some();
        world.error = Some(json!({ "code": code }));
        let handled = interpreter.list(&handler.value, &mut world);
        let answered = !had_response && interpreter.response.is_some();
        if handled.is_err() || answered {
            end = handled;
        }
    }
    let mut gist = match end {
        Ok(()) => json!({ "status": "succeeded" }),
        Err(End::Return(value)) => json!({ "status": "succeeded", "output": value }),
        Err(End::Error { code, .. }) => json!({ "status": "failed", "error": code }),
    };
    if let Some(body) = interpreter.response {
        gist["response"] = json!([200, body]);
    }
    Model {
        gist,
        effects: interpreter.effects,
    }
}

/// What expressions see.
#[derive(Clone, Default)]
struct World {
    input: Value,
    steps: BTreeMap<u32, Value>,
    failures: BTreeMap<u32, Value>,
    variables: BTreeMap<u32, Value>,
    written: BTreeSet<(bool, u32)>,
    items: Vec<(Value, Value)>,
    error: Option<Value>,
    turns: Vec<usize>,
}

impl Scope for World {
    fn root(&self, slot: Slot) -> Option<&Value> {
        match slot {
            Slot::Input => Some(&self.input),
            Slot::Step(slot) => self.steps.get(&slot),
            Slot::StepError(slot) => self.failures.get(&slot).or_else(|| self.steps.get(&slot)),
            Slot::Var(variable) => self.variables.get(&variable),
            Slot::Error => self.error.as_ref(),
            Slot::Item(depth) => self.items.get(depth as usize).map(|(item, _)| item),
            Slot::Index(depth) => self.items.get(depth as usize).map(|(_, index)| index),
            _ => None,
        }
    }
}

/// Nothing that chance writes asks for it.
struct NoAmbient;

impl Ambient for NoAmbient {
    fn now(&mut self) -> jiff::Timestamp {
        unreachable!()
    }

    fn random_bytes(&mut self, _buffer: &mut [u8]) {
        unreachable!()
    }

    fn mask(&mut self, _text: &str) {}
}

enum End {
    Return(Value),
    Error { code: String, fatal: bool },
}

impl From<EvaluationError> for End {
    fn from(error: EvaluationError) -> Self {
        let code = match error.kind {
            EvaluationErrorKind::Missing { .. } => "missing_value",
            _ => "invalid_expression",
        };
        Self::error(code)
    }
}

impl End {
    fn error(code: &str) -> Self {
        Self::Error {
            code: code.to_owned(),
            fatal: false,
        }
    }
}

fn data(node: &DataNode, world: &World) -> Result<Option<Value>, EvaluationError> {
    Ok(match &node.kind {
        DataKind::Constant(value) => Some(value.clone()),
        DataKind::Template(template) => template.evaluate(world, &mut NoAmbient)?.map(Cow::into_owned),
        DataKind::List(items) => {
            let mut list = Vec::new();
            for item in items {
                list.extend(data(item, world)?);
            }
            Some(Value::Array(list))
        }
        DataKind::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                if let Some(value) = data(value, world)? {
                    map.insert(key.value.clone(), value);
                }
            }
            Some(Value::Object(map))
        }
    })
}

fn value(node: &DataNode, world: &World) -> Result<Value, EvaluationError> {
    Ok(data(node, world)?.unwrap_or(Value::Null))
}

struct Interpreter<'a> {
    flow: &'a Flow,
    effects: BTreeMap<String, u32>,
    response: Option<Value>,
}

impl Interpreter<'_> {
    fn list(&mut self, steps: &[Step], world: &mut World) -> Result<(), End> {
        steps.iter().try_for_each(|step| self.step(step, world))
    }

    fn step(&mut self, step: &Step, world: &mut World) -> Result<(), End> {
        let slot = self.flow.steps.iter().position(|info| info.path == step.path);
        let slot = slot.and_then(|slot| u32::try_from(slot).ok());
        let code = match self.verb(step, world) {
            Ok(result) => {
                if let (Some(slot), Some(result)) = (slot, result) {
                    world.steps.insert(slot, result);
                    world.written.insert((true, slot));
                }
                return Ok(());
            }
            Err(End::Error { code, fatal: false }) => code,
            Err(end) => return Err(end),
        };
        let arms = step.on_error.iter().flat_map(|on_error| &on_error.arms);
        let named = arms
            .clone()
            .find(|arm| arm.code.as_ref().is_some_and(|named| named.value == code));
        let Some(arm) = named.or_else(|| arms.clone().find(|arm| arm.code.is_none())) else {
            return Err(End::error(&code));
        };
        match &arm.handler {
            Handler::Continue => {
                if let Some(slot) = slot {
                    world.failures.insert(slot, json!({ "error": { "code": code } }));
                }
                Ok(())
            }
            Handler::Steps(steps) => {
                let around = world.error.replace(json!({ "code": code }));
                let end = self.list(steps, world);
                world.error = around;
                end
            }
        }
    }

    fn verb(&mut self, step: &Step, world: &mut World) -> Result<Option<Value>, End> {
        let is_true = match &step.condition {
            Some(condition) => condition.value.is_true(world, &mut NoAmbient)?,
            None => true,
        };
        if let Verb::Choose { then, otherwise } = &step.verb {
            return self
                .list(if is_true { then } else { otherwise }, world)
                .map(|()| None);
        }
        if !is_true {
            return Ok(None);
        }
        match &step.verb {
            Verb::Action { action, with, .. } => {
                self.action(step, &action.value, with.as_ref(), world).map(Some)
            }
            Verb::Switch {
                subject,
                cases,
                default,
            } => {
                let subject = subject.value.value(world, &mut NoAmbient)?.into_owned();
                let case = cases.iter().find(|case| equal(&case.value.value, &subject));
                let steps = case.map(|case| case.steps.as_slice()).or(default.as_deref());
                self.list(steps.unwrap_or_default(), world).map(|()| None)
            }
            Verb::Parallel { branches } => {
                let mut ends = Vec::new();
                for branch in branches {
                    let mut inner = World {
                        written: BTreeSet::new(),
                        ..world.clone()
                    };
                    self.list(&branch.steps, &mut inner)?;
                    ends.push(inner);
                }
                for mut inner in ends {
                    world.failures.append(&mut inner.failures);
                    for (is_step, slot) in inner.written {
                        let (from, to) = if is_step {
                            (&mut inner.steps, &mut world.steps)
                        } else {
                            (&mut inner.variables, &mut world.variables)
                        };
                        to.insert(slot, from.remove(&slot).unwrap());
                        world.written.insert((is_step, slot));
                    }
                }
                Ok(None)
            }
            Verb::ForEach {
                list, steps, result, ..
            } => {
                let list = list.value.value(world, &mut NoAmbient)?.into_owned();
                let Value::Array(items) = list else {
                    return Err(End::error("invalid_expression"));
                };
                let mut results = Vec::new();
                for (turn, item) in items.into_iter().enumerate() {
                    let mut inner = world.clone();
                    inner.items.push((item, json!(turn)));
                    inner.turns.push(turn);
                    self.list(steps, &mut inner)?;
                    results.push(match result {
                        Some(result) => value(result, &inner)?,
                        None => Value::Null,
                    });
                }
                Ok(Some(Value::Array(results)))
            }
            Verb::Set { variables } => {
                for (name, node) in variables {
                    let value = value(node, world)?;
                    let variable = self
                        .flow
                        .variables
                        .iter()
                        .position(|known| *known == name.value)
                        .unwrap();
                    let variable = u32::try_from(variable).unwrap();
                    world.variables.insert(variable, value);
                    world.written.insert((false, variable));
                }
                Ok(None)
            }
            Verb::Wait(_) => Ok(None),
            Verb::Respond { body, .. } => {
                let body = body.as_ref().map(|body| value(body, world)).transpose()?;
                self.response.get_or_insert(body.unwrap_or(Value::Null));
                Ok(None)
            }
            Verb::Return { value: node } => Err(End::Return(value(node, world)?)),
            Verb::Fail { code, message, .. } => {
                value(message, world)?;
                let Value::String(code) = value(code, world)? else {
                    unreachable!("chance writes texts")
                };
                Err(End::Error { code, fatal: true })
            }
            verb => unreachable!("chance writes no {}", verb.name()),
        }
    }

    fn action(
        &mut self,
        step: &Step,
        name: &str,
        with: Option<&DataNode>,
        world: &World,
    ) -> Result<Value, End> {
        let input = with.map_or(Ok(Value::Null), |with| value(with, world))?;
        match name {
            "test.echo" => Ok(input),
            "test.fail" => Err(End::error(input["code"].as_str().unwrap())),
            _ => {
                let mut turns = world.turns.iter();
                let key: Vec<String> = step
                    .path
                    .split('/')
                    .map(|part| {
                        if part == "#" {
                            turns.next().unwrap().to_string()
                        } else {
                            part.to_owned()
                        }
                    })
                    .collect();
                *self.effects.entry(key.join("/")).or_default() += 1;
                // The id is derived from the key; flows of chance read `x` only.
                Ok(json!({ "value": input.get("value") }))
            }
        }
    }
}
