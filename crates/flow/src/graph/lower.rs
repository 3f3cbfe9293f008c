//! Syntax → graph. Always gives a graph, also for a flow with mistakes, so that the checker can look at it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::compiled::{
    ActionOp, Branch, Edge, ErrorHandler, Flow, ForEach, Node, Op, Region, RetryPolicy, WaitOp,
};
use super::concurrency::Concurrency;
use super::input::InputSpec;
use super::numbering::Numbering;
use super::resolve::resolve;
use super::steps::{handler_lists, nested_lists, title};
use super::template::{arguments, data_or, is_deterministic, strip};
use crate::catalog::{ActionSpec, Catalog, Effect, Text};
use crate::duration::parse_duration;
use crate::expression::{Expression, ValueTemplate};
use crate::schema::{Schema, Validator, compile};
use crate::syntax::{DataNode, FlowSyntax, Handler, RetrySyntax, Step, Verb, Wait};
use crate::yaml::Spanned;

/// What lowering gave: the graph, and what the checker needs beside it.
#[derive(Debug)]
pub struct Lowered {
    /// The flow. Only to be run if the checker found no error.
    pub flow: Flow,
    /// The syntax of each node's step, by node.
    pub origins: Vec<StepOrigin>,
}

/// Where a node comes from.
#[derive(Clone, Debug)]
pub struct StepOrigin {
    /// The index of the step in document order, see [`flatten`](super::flatten).
    pub step: usize,
}

/// The compiled input schemas of actions, by name. Flows of one workspace share them.
pub type InputValidators = HashMap<Text, Option<Arc<Validator>>>;

/// Lowers a flow. `connection` tells the workspace's connection for an action that needs one of a type, given
/// what the step names; names that are not known give `None` and are reported by the checker.
pub fn lower(
    mut syntax: FlowSyntax,
    catalog: &Catalog,
    config: &Arc<Value>,
    connection: &dyn Fn(&str, Option<&str>) -> Option<String>,
    validators: &mut InputValidators,
) -> Lowered {
    let numbering = Numbering::of(&syntax);
    let reads_request = resolve(&mut syntax, &numbering.names);
    let syntax = Arc::new(syntax);
    let mut lowering = Lowering {
        catalog,
        connection,
        graph: DiGraph::new(),
        depth: 0,
        validators,
        origins: Vec::new(),
        numbering,
    };
    let body = lowering.region(&syntax.steps);
    let on_error = syntax
        .on_error
        .as_ref()
        .map(|steps| lowering.region(&steps.value));
    let numbering = lowering.numbering;
    let flow = Flow {
        name: syntax.name.value.clone(),
        digest: hex(&Sha256::digest(syntax.source.text().as_bytes())),
        source: Arc::clone(&syntax.source),
        input: InputSpec::new(&syntax.input),
        timeout: syntax.timeout,
        durable: syntax.durable,
        concurrency: syntax.concurrency.as_ref().map(Concurrency::of),
        reads_request,
        syntax,
        graph: lowering.graph,
        body,
        on_error,
        steps: numbering.steps,
        variables: numbering.variables,
        config: Arc::clone(config),
    };
    Lowered {
        flow,
        origins: lowering.origins,
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Lowering<'a> {
    catalog: &'a Catalog,
    connection: &'a dyn Fn(&str, Option<&str>) -> Option<String>,
    graph: DiGraph<Node, Edge>,
    /// How many loops are around.
    depth: u32,
    validators: &'a mut InputValidators,
    origins: Vec<StepOrigin>,
    numbering: Numbering,
}

/// Where a step stands: what comes after it, and which step's handlers cover it.
#[derive(Clone, Copy)]
struct Place {
    next: Option<NodeIndex>,
    protector: Option<NodeIndex>,
}

impl Lowering<'_> {
    fn region(&mut self, steps: &[Step]) -> Region {
        let entry = self.list(
            steps,
            Place {
                next: None,
                protector: None,
            },
        );
        Region {
            entry,
            slots: self.numbering.range(steps),
        }
    }

    /// Lowers from the last step to the first, so that each knows what comes after it.
    fn list(&mut self, steps: &[Step], place: Place) -> Option<NodeIndex> {
        steps
            .iter()
            .rev()
            .fold(place.next, |next, step| self.step(step, Place { next, ..place }))
    }

    fn step(&mut self, step: &Step, place: Place) -> Option<NodeIndex> {
        match &step.verb {
            Verb::Invalid => place.next,
            Verb::Choose { .. } | Verb::Switch { .. } if step.timeout.is_some() => {
                let node = self.node(
                    step,
                    Op::Block(Region {
                        entry: None,
                        slots: 0..0,
                    }),
                    place,
                );
                let entry = self.choice(
                    step,
                    Place {
                        next: None,
                        protector: None,
                    },
                    false,
                );
                let slots = self.inner_slots(step);
                self.graph[node].op = Op::Block(Region {
                    entry: Some(entry),
                    slots,
                });
                self.graph.add_edge(node, entry, Edge::Body);
                self.finish(node, step, place);
                // A choice decides by its own `if`; a switch has one before it.
                let guarded = matches!(step.verb, Verb::Switch { .. });
                Some(if guarded {
                    self.guard(step, node, place)
                } else {
                    node
                })
            }
            Verb::Choose { .. } => Some(self.choice(step, place, true)),
            Verb::Switch { .. } => {
                let node = self.choice(step, place, true);
                Some(self.guard(step, node, place))
            }
            _ => {
                let node = self.effect(step, place);
                self.finish(node, step, place);
                Some(self.guard(step, node, place))
            }
        }
    }

    /// The slots of everything that stands in a step's verb.
    fn inner_slots(&self, step: &Step) -> Range<u32> {
        let handlers: Vec<_> = handler_lists(step)
            .map(|list| self.numbering.range(list))
            .collect();
        let ranges: Vec<_> = nested_lists(step)
            .into_iter()
            .map(|list| self.numbering.range(list))
            .filter(|range| !range.is_empty() && !handlers.contains(range))
            .collect();
        let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
        start..ranges.iter().map(|range| range.end).max().unwrap_or(start)
    }

    /// Adds a node without ways out.
    fn node(&mut self, step: &Step, op: Op, place: Place) -> NodeIndex {
        let (slot, index) = self
            .numbering
            .by_path
            .get(&step.path)
            .copied()
            .unwrap_or((None, 0));
        let retry = match (&step.verb, &step.retry) {
            (_, Some(retry)) => Some(policy(&retry.value)),
            (Verb::Action { .. }, None) => Some(RetryPolicy::standard()),
            _ => None,
        };
        let deterministic = is_deterministic(&op);
        self.origins.push(StepOrigin { step: index });
        self.graph.add_node(Node {
            path: step.path.as_str().into(),
            part: "",
            id: step.id.as_ref().map(|id| id.value.as_str().into()),
            title: title(step).into(),
            span: step.span,
            op,
            slot,
            timeout: step.timeout.as_ref().map(|timeout| timeout.value),
            retry,
            secret: step.secret,
            deterministic,
            handlers: Vec::new(),
            protector: place.protector,
        })
    }

    /// Gives a node its handlers and what comes after it.
    fn finish(&mut self, node: NodeIndex, step: &Step, place: Place) {
        self.handlers(node, step, place);
        let ends = matches!(self.graph[node].op, Op::Return(_) | Op::Fail { .. });
        if let Some(next) = place.next.filter(|_| !ends) {
            self.graph.add_edge(node, next, Edge::Next);
        }
    }

    fn handlers(&mut self, node: NodeIndex, step: &Step, place: Place) {
        let Some(on_error) = &step.on_error else { return };
        for (index, arm) in on_error.arms.iter().enumerate() {
            let (keeps_error, target) = match &arm.handler {
                Handler::Continue => (true, place.next),
                Handler::Steps(steps) => (false, self.list(steps, place)),
            };
            let code = arm.code.as_ref().map(|code| code.value.as_str().into());
            self.graph[node].handlers.push(ErrorHandler {
                code,
                keeps_error,
                target,
            });
            if let Some(target) = target {
                self.graph.add_edge(
                    node,
                    target,
                    Edge::Error(u32::try_from(index).unwrap_or(u32::MAX)),
                );
            }
        }
    }

    /// Puts the step's `if` before a node of another verb. The guard's own errors are the step's.
    fn guard(&mut self, step: &Step, node: NodeIndex, place: Place) -> NodeIndex {
        let Some(condition) = &step.condition else {
            return node;
        };
        let condition = condition.value.clone();
        let guard = self.node(step, Op::If(condition), place);
        let handlers = self.graph[node].handlers.clone();
        for (index, handler) in handlers.iter().enumerate() {
            if let Some(target) = handler.target {
                self.graph.add_edge(
                    guard,
                    target,
                    Edge::Error(u32::try_from(index).unwrap_or(u32::MAX)),
                );
            }
        }
        let weight = &mut self.graph[guard];
        weight.part = "if";
        weight.retry = None;
        weight.timeout = None;
        weight.handlers = handlers;
        self.graph.add_edge(guard, node, Edge::Then);
        if let Some(next) = place.next {
            self.graph.add_edge(guard, next, Edge::Else);
        }
        guard
    }

    /// `if`/`then`/`else` and `switch`: the branches join in what comes after.
    fn choice(&mut self, step: &Step, place: Place, with_handlers: bool) -> NodeIndex {
        let (op, branches): (Op, Vec<(Edge, &[Step])>) = match &step.verb {
            Verb::Switch {
                subject,
                cases,
                default,
            } => {
                let values = cases.iter().map(|case| case.value.value.clone()).collect();
                let op = Op::Switch {
                    subject: subject.value.clone(),
                    cases: values,
                };
                let mut branches: Vec<(Edge, &[Step])> = (0..)
                    .map(Edge::Case)
                    .zip(cases.iter().map(|case| case.steps.as_slice()))
                    .collect();
                branches.push((Edge::Default, default.as_deref().unwrap_or_default()));
                (op, branches)
            }
            Verb::Choose { then, otherwise } => {
                let condition = step.condition.as_ref().map_or_else(
                    || Expression::literal(Value::Bool(true), step.span.range()),
                    |condition| condition.value.clone(),
                );
                (
                    Op::If(condition),
                    vec![(Edge::Then, then.as_slice()), (Edge::Else, otherwise.as_slice())],
                )
            }
            _ => unreachable!("only choices come here"),
        };
        let node = self.node(step, op, place);
        if with_handlers {
            self.handlers(node, step, place);
        } else {
            self.graph[node].timeout = None;
            self.graph[node].slot = None;
        }
        let covered = with_handlers && step.on_error.is_some();
        let inner = Place {
            protector: if covered { Some(node) } else { place.protector },
            ..place
        };
        for (edge, steps) in branches {
            if let Some(target) = self.list(steps, inner) {
                self.graph.add_edge(node, target, edge);
            }
        }
        node
    }

    /// A step that does something itself.
    fn effect(&mut self, step: &Step, place: Place) -> NodeIndex {
        let op = match &step.verb {
            Verb::Action {
                action,
                with,
                connection,
            } => self.action(action, with.as_ref(), connection.as_ref()),
            Verb::Parallel { branches } => Op::Parallel(
                branches
                    .iter()
                    .map(|branch| Branch {
                        name: branch.name.value.as_str().into(),
                        region: self.region(&branch.steps),
                    })
                    .collect(),
            ),
            Verb::ForEach {
                list,
                at_once,
                steps,
                result,
                ..
            } => {
                let list = list.value.clone();
                let depth = self.depth;
                self.depth += 1;
                let body = self.region(steps);
                self.depth -= 1;
                let result = result.as_ref().map(|result| strip(result, None));
                let at_once = usize::try_from(*at_once).unwrap_or(usize::MAX);
                Op::ForEach(Box::new(ForEach {
                    list,
                    depth,
                    at_once,
                    body,
                    result,
                }))
            }
            Verb::Set { variables } => Op::Set(
                variables
                    .iter()
                    .filter_map(|(name, value)| {
                        let slot = *self.numbering.names.variables.get(&name.value)?;
                        Some((slot, strip(value, None)))
                    })
                    .collect(),
            ),
            Verb::Wait(Wait::For(data)) => {
                let constant = data
                    .constant()
                    .and_then(|value| parse_duration(value.as_str()?).ok());
                Op::Wait(match constant {
                    Some(duration) => WaitOp::For(duration),
                    None if data.constant().is_some() => WaitOp::For(Duration::ZERO),
                    None => WaitOp::ForValue(strip(data, None)),
                })
            }
            Verb::Wait(Wait::Until(data)) => Op::Wait(WaitOp::Until(strip(data, None))),
            Verb::Call { flow, with } => Op::Call {
                flow: flow.value.as_str().into(),
                input: arguments(with.as_ref(), None),
            },
            Verb::Respond {
                status,
                headers,
                body,
            } => Op::Respond {
                status: data_or(status.as_ref(), Value::from(200)),
                headers: data_or(headers.as_ref(), Value::Object(serde_json::Map::new())),
                body: body.as_ref().map(|body| strip(body, None)),
            },
            Verb::Return { value } => Op::Return(strip(value, None)),
            Verb::Redirect { to, status } => Op::Redirect {
                to: strip(to, None),
                status: status.as_ref().map_or(303, |status| status.value),
            },
            Verb::Fail {
                code,
                message,
                status,
                details,
            } => Op::Fail {
                code: strip(code, None),
                message: strip(message, None),
                status: data_or(status.as_ref(), Value::from(422)),
                details: details.as_ref().map(|details| strip(details, None)),
            },
            Verb::Choose { .. } | Verb::Switch { .. } | Verb::Invalid => unreachable!("handled by `step`"),
        };
        let regions: Vec<(Edge, Option<NodeIndex>)> = match &op {
            Op::Parallel(branches) => (0..)
                .map(Edge::Branch)
                .zip(branches.iter().map(|branch| branch.region.entry))
                .collect(),
            Op::ForEach(each) => vec![(Edge::Body, each.body.entry)],
            _ => Vec::new(),
        };
        let node = self.node(step, op, place);
        for (edge, entry) in regions {
            if let Some(entry) = entry {
                self.graph.add_edge(node, entry, edge);
            }
        }
        node
    }

    fn action(
        &mut self,
        action: &Spanned<String>,
        with: Option<&DataNode>,
        connection: Option<&Spanned<String>>,
    ) -> Op {
        let spec = self.catalog.action(&action.value).cloned().unwrap_or_else(|| {
            let mut unknown = ActionSpec::new("unknown", Effect::Once, "");
            unknown.input = Schema::any().clone();
            Arc::new(unknown)
        });
        let input = arguments(with, Some(spec.input.view()));
        let validator = match &input {
            ValueTemplate::Constant(_) => None,
            _ => self
                .validators
                .entry(spec.name.clone())
                .or_insert_with(|| compile(spec.input.as_value()).ok().map(Arc::new))
                .clone(),
        };
        let connection = spec
            .connection
            .as_deref()
            .and_then(|type_name| (self.connection)(type_name, connection.map(|name| name.value.as_str())))
            .map(String::into_boxed_str);
        Op::Action(Box::new(ActionOp {
            spec,
            input,
            validator,
            connection,
        }))
    }
}

fn policy(retry: &RetrySyntax) -> RetryPolicy {
    RetryPolicy {
        attempts: retry.attempts,
        delay: retry.delay,
        max_delay: retry.max_delay,
        codes: retry
            .codes
            .as_ref()
            .map(|codes| codes.iter().map(|code| code.value.as_str().into()).collect()),
    }
}
