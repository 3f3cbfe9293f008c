//! The walk over a flow's graph: which answers and which errors can come out of it.
//!
//! A run is followed only as long as its caller has no answer: what comes after `respond` is not seen. Every error that
//! a node can end with goes the way that the executor sends it: to the nearest handler that takes its code, else out of
//! the region, at last to the flow's `on_error`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use lockgate_flow::catalog::{COMMON_ERRORS, Effect, ErrorSpec};
use lockgate_flow::expression::{Expression, Template, ValueTemplate};
use lockgate_flow::graph::{Edge, Flow, Node, NodeIndex, Op, WaitOp};
use serde_json::Value;

use super::calls::Calls;

/// What comes out of a flow.
#[derive(Debug, Default)]
pub(super) struct Reached<'a> {
    /// The `respond`, `redirect` and `return` steps that can give the answer, in the order of the graph.
    pub(super) answers: BTreeSet<NodeIndex>,
    /// Whether a run can end without any of them.
    pub(super) ends: bool,
    /// The errors that nobody in the flow takes.
    pub(super) failures: Failures<'a>,
}

/// Errors, each once. The text says when it happens, as far as someone has said it.
pub(super) type Failures<'a> = BTreeMap<Failure<'a>, Cow<'a, str>>;

/// An error that a flow can end with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Failure<'a> {
    /// The HTTP status; `None` where it is computed.
    pub(super) status: Option<u16>,
    /// The code; `None` where it is computed, or not declared.
    pub(super) code: Option<Cow<'a, str>>,
    /// No step's `on_error` takes it: it comes from `fail`.
    ends_flow: bool,
}

impl<'a> Failure<'a> {
    pub(super) fn new(status: impl Into<Option<u16>>, code: impl Into<Cow<'a, str>>) -> Self {
        Self {
            status: status.into(),
            code: Some(code.into()),
            ends_flow: false,
        }
    }

    fn undeclared(status: u16) -> Self {
        Self {
            status: Some(status),
            code: None,
            ends_flow: false,
        }
    }

    /// The same as an error of the step that called the flow.
    pub(super) fn of_call(&self) -> Self {
        Self {
            ends_flow: false,
            ..self.clone()
        }
    }
}

/// Who gets the answer of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Someone over HTTP.
    Http,
    /// Another flow: `respond` answers nobody.
    Flow,
}

/// Follows a flow to all its ends.
pub(super) fn reach<'a>(flow: &'a Flow, caller: Caller, calls: &Calls<'a>) -> Reached<'a> {
    let mut walk = Walk {
        flow,
        caller,
        calls,
        answers: BTreeSet::new(),
        seen: HashSet::new(),
    };
    let body = walk.region(flow.body.entry);
    let mut failures = body.failures;
    let time_is_over = (caller == Caller::Http && takes_time(flow)).then(|| Failure::new(504, "timeout"));
    if let Some(failure) = &time_is_over {
        failures.insert(failure.clone(), "the run was active for too long".into());
    }
    if let Some(on_error) = flow.on_error.as_ref().filter(|_| !failures.is_empty()) {
        let handler = walk.region(on_error.entry);
        if !handler.ends {
            // Whatever the error was, another answer is given.
            failures.clear();
        }
        failures.extend(handler.failures);
        if let Some(failure) = time_is_over {
            failures.insert(failure, "the run was active for too long".into());
        }
    }
    Reached {
        answers: walk.answers,
        ends: body.ends,
        failures,
    }
}

/// Whether something in a flow looks at the run's time limit.
fn takes_time(flow: &Flow) -> bool {
    flow.graph
        .node_weights()
        .any(|node| matches!(node.op, Op::Action(_) | Op::ForEach(_) | Op::Call { .. }))
}

struct Walk<'a, 'c> {
    flow: &'a Flow,
    caller: Caller,
    calls: &'c Calls<'a>,
    answers: BTreeSet<NodeIndex>,
    seen: HashSet<NodeIndex>,
}

/// What leaves a region while nobody has the answer.
#[derive(Default)]
struct Left<'a> {
    /// At its end.
    ends: bool,
    failures: Failures<'a>,
}

impl<'a> Walk<'a, '_> {
    fn region(&mut self, entry: Option<NodeIndex>) -> Left<'a> {
        let mut left = Left::default();
        let mut todo = Vec::new();
        go(entry, &mut todo, &mut left);
        while let Some(index) = todo.pop() {
            if !self.seen.insert(index) {
                continue;
            }
            let flow = self.flow;
            let node = &flow.graph[index];
            let mut failures = own_failures(node);
            let mut goes_on = true;
            match &node.op {
                Op::If(_) => {
                    for edge in [Edge::Then, Edge::Else] {
                        go(flow.successor(index, &edge), &mut todo, &mut left);
                    }
                    goes_on = false;
                }
                Op::Switch { cases, .. } => {
                    for edge in (0..).map(Edge::Case).take(cases.len()) {
                        go(flow.successor(index, &edge), &mut todo, &mut left);
                    }
                    go(flow.successor(index, &Edge::Default), &mut todo, &mut left);
                    goes_on = false;
                }
                Op::Parallel(branches) => {
                    for branch in branches {
                        let inner = self.region(branch.region.entry);
                        goes_on &= inner.ends;
                        failures.extend(inner.failures);
                    }
                }
                // The list may be empty.
                Op::ForEach(each) => failures.extend(self.region(each.body.entry).failures),
                Op::Block(region) => {
                    let inner = self.region(region.entry);
                    goes_on = inner.ends;
                    failures.extend(inner.failures);
                }
                Op::Call { flow: name, .. } => self.calls.failures(name, &mut failures),
                Op::Respond { .. } | Op::Redirect { .. } if self.caller == Caller::Http => {
                    self.answers.insert(index);
                    goes_on = false;
                }
                Op::Return(_) => {
                    self.answers.insert(index);
                    goes_on = false;
                }
                Op::Fail { .. } => goes_on = false,
                Op::Action(_) | Op::Set(_) | Op::Wait(_) | Op::Respond { .. } | Op::Redirect { .. } => {}
            }
            if goes_on {
                go(flow.next(index), &mut todo, &mut left);
            }
            for (failure, when) in failures {
                if !self.handle(index, &failure, &mut todo, &mut left) {
                    left.failures.insert(failure, when);
                }
            }
        }
        left
    }

    /// Goes on with the handlers that may take an error. Whether it never leaves the region.
    fn handle(
        &self,
        index: NodeIndex,
        failure: &Failure<'a>,
        todo: &mut Vec<NodeIndex>,
        left: &mut Left<'a>,
    ) -> bool {
        if failure.ends_flow {
            return false;
        }
        if let Some(code) = &failure.code {
            let handler = self.flow.handler(index, code);
            if let Some((_, handler)) = handler {
                go(handler.target, todo, left);
            }
            return handler.is_some();
        }
        // A code that nobody knows: every handler may be the one, up to the first that takes all.
        let mut at = Some(index);
        while let Some(index) = at {
            let node = &self.flow.graph[index];
            for handler in &node.handlers {
                go(handler.target, todo, left);
            }
            if node.handlers.iter().any(|handler| handler.code.is_none()) {
                return true;
            }
            at = node.protector;
        }
        false
    }
}

/// To a node, or to the end of the region.
fn go(target: Option<NodeIndex>, todo: &mut Vec<NodeIndex>, left: &mut Left<'_>) {
    match target {
        Some(target) => todo.push(target),
        None => left.ends = true,
    }
}

/// What a node can end with by itself.
fn own_failures(node: &Node) -> Failures<'_> {
    let mut failures = Failures::new();
    let mut add = |error: &ErrorSpec| {
        failures.insert(
            Failure::new(error.status, error.code.clone()),
            error.summary.to_string().into(),
        );
    };
    let common = |code: &'static str| COMMON_ERRORS.iter().filter(move |error| error.code == code);
    if node.timeout.is_some() {
        common("timeout").for_each(&mut add);
    }
    if evaluates(&node.op) {
        common("missing_value").for_each(&mut add);
        common("invalid_expression").for_each(&mut add);
    }
    match &node.op {
        Op::Action(action) => {
            // Where both have a code, the engine's errors keep the common status.
            COMMON_ERRORS.iter().chain(&action.spec.errors).for_each(add);
            failures.insert(Failure::undeclared(500), "an error that is not declared".into());
            if action.spec.effect != Effect::Pure {
                let when = "an error of a remote end that is not declared";
                failures.insert(Failure::undeclared(502), when.into());
            }
        }
        Op::Call { .. } => {
            common("invalid_input").for_each(&mut add);
            let when = "flows call each other too deep";
            failures.insert(Failure::new(500, "call_depth"), when.into());
        }
        Op::Fail {
            code,
            message,
            status,
            ..
        } => {
            let code = constant(code).and_then(Value::as_str);
            let status = constant(status).and_then(Value::as_u64);
            let failure = Failure {
                status: status.and_then(|status| u16::try_from(status).ok()),
                code: code.map(Cow::Borrowed),
                ends_flow: true,
            };
            let message = constant(message).and_then(Value::as_str);
            failures.insert(failure, message.unwrap_or_default().into());
        }
        _ => {}
    }
    failures
}

/// Whether a node works something out: what is written out cannot fail.
fn evaluates(op: &Op) -> bool {
    let is_open = |template: &ValueTemplate| constant(template).is_none();
    match op {
        Op::Parallel(_) | Op::Block(_) | Op::Wait(WaitOp::For(_)) => false,
        Op::If(condition) => !matches!(condition, Expression::Literal(_)),
        Op::Switch { subject, .. } => !matches!(subject, Expression::Literal(_)),
        Op::Set(variables) => variables.iter().any(|(_, template)| is_open(template)),
        Op::Respond {
            status,
            headers,
            body,
        } => [status, headers].into_iter().chain(body).any(is_open),
        Op::Return(template) | Op::Redirect { to: template, .. } => is_open(template),
        Op::Fail {
            code,
            message,
            status,
            details,
        } => [code, message, status].into_iter().chain(details).any(is_open),
        Op::Action(_) | Op::ForEach(_) | Op::Call { .. } | Op::Wait(_) => true,
    }
}

/// The value of a template that has no expression in it, or only a written-out one.
pub(super) fn constant(template: &ValueTemplate) -> Option<&Value> {
    match template {
        ValueTemplate::Constant(value) | ValueTemplate::Template(Template::Constant(value)) => Some(value),
        ValueTemplate::Template(Template::Expression(Expression::Literal(literal))) => Some(&literal.value),
        _ => None,
    }
}
