//! The loop over the nodes of a region.

use std::borrow::Cow;
use std::pin::pin;

use futures_util::future::BoxFuture;
use lockgate_flow::expression::{Ambient, ValueTemplate, equal, truthy};
use lockgate_flow::graph::{Edge, Flow, Node, NodeIndex, Op};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::evaluate::malformed;
use super::frame::Frame;
use super::limit::Limit;
use super::run::Run;
use super::tell::Told;
use crate::event::StepOutcome;
use crate::journal::{Journal, JournalError};
use crate::outcome::StepError;
use crate::step_key::StepKey;

/// One flow that is being run: the run's own, or one that it calls.
pub(super) struct Walker<'r, J> {
    pub(super) run: &'r Run<'r, J>,
    pub(super) flow: &'r Flow,
    pub(super) input: &'r Value,
    /// The `call` step, for a called flow.
    pub(super) parent: Option<&'r StepKey<'r>>,
    /// How many calls deep.
    pub(super) depth: u32,
    /// The path of the step that runs alone, if one does.
    pub(super) alone: Option<&'r str>,
}

/// How a region ended well.
pub(super) enum Exit {
    /// At its end.
    End,
    /// With the whole flow: `return`.
    Return(Value),
}

/// Why a region ended otherwise.
pub(super) enum Stop {
    /// An error that nobody in it took.
    Error(Box<StepError>),
    /// It sleeps, and the journal wants it out of memory.
    Suspended,
    /// Nobody can tell whether a step happened.
    InDoubt(Box<StepError>),
    /// The journal failed.
    Journal(JournalError),
}

impl From<Box<StepError>> for Stop {
    fn from(error: Box<StepError>) -> Self {
        Self::Error(error)
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// What a node came to.
pub(super) enum Done {
    /// Without a result.
    Nothing,
    /// With a result.
    Value(Value),
    /// A way was chosen.
    Way(Edge),
    /// The flow ends.
    Return(Value),
}

/// What events tell of a step beside its outcome.
pub(super) struct Trace {
    pub(super) attempt: u32,
    pub(super) replayed: bool,
}

impl<'r, J: Journal> Walker<'r, J> {
    /// [`Self::walk`] in a box: for what is inside of a step.
    pub(super) fn walk_inside<'a, 'f: 'a>(
        &'a self,
        frame: &'a mut Frame<'f>,
        entry: Option<NodeIndex>,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Exit, Stop>>
    where
        'r: 'f,
    {
        Box::pin(self.walk(frame, entry, limit))
    }

    /// Goes along the graph from a node to where its region ends.
    pub(super) async fn walk<'f>(
        &self,
        frame: &mut Frame<'f>,
        entry: Option<NodeIndex>,
        around: Limit,
    ) -> Result<Exit, Stop>
    where
        'r: 'f,
    {
        let flow: &'r Flow = self.flow;
        let mut at = entry;
        while let Some(index) = at {
            let node = &flow.graph[index];
            if self.alone.is_some_and(|step| !is_within(&node.path, step)) {
                break;
            }
            let told = self.tell_started(node, &frame.indices);
            let mut trace = Trace {
                attempt: 1,
                replayed: false,
            };
            let limit = around.narrowed(node.timeout, &*self.run.executor.clock);
            let span = self.step_span(node, &frame.indices);
            let end = {
                let performed = pin!(self.perform(node, frame, limit, &mut trace));
                if span.span().is_disabled() {
                    performed.await
                } else {
                    performed.instrument(span.span().clone()).await
                }
            };
            self.end_step_span(span, node, &trace, end.as_ref());
            match end {
                Ok(done) => {
                    if let Done::Value(value) = &done
                        && node.secret
                    {
                        self.run.masks.add_value(value);
                    }
                    if told.is_some() {
                        self.tell_done(told, node, &frame.indices, &done, &trace);
                    }
                    at = match done {
                        Done::Nothing => flow.next(index),
                        Done::Value(value) => {
                            if let Some(slot) = node.slot {
                                frame.set(slot, value);
                            }
                            flow.next(index)
                        }
                        Done::Way(edge) => {
                            self.tell_way(node, &edge);
                            flow.successor(index, &edge)
                        }
                        Done::Return(value) => return Ok(Exit::Return(value)),
                    };
                }
                Err(Stop::Error(mut error)) => {
                    if let Some(timeout) = node.timeout
                        && error.limit == Some(limit.level)
                    {
                        *error = *self.step_error(
                            node,
                            "timeout",
                            504,
                            format!("the step did not finish within {timeout:?}"),
                        );
                    }
                    if told.is_some() {
                        let outcome = StepOutcome::Failed {
                            error: self.run.shown_error(&error),
                            handled: self.is_handled(index, &error),
                        };
                        self.tell_finished(told, node, &frame.indices, outcome, &trace);
                    }
                    at = self.handle(index, frame, error)?;
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(Exit::End)
    }

    fn is_handled(&self, index: NodeIndex, error: &StepError) -> bool {
        !error.ends_flow && error.limit.is_none() && self.flow.handler(index, &error.code).is_some()
    }

    /// Where an error goes on; the error again, where nobody in the region takes it.
    fn handle<'f>(
        &self,
        index: NodeIndex,
        frame: &mut Frame<'f>,
        error: Box<StepError>,
    ) -> Result<Option<NodeIndex>, Stop>
    where
        'r: 'f,
    {
        let flow: &'r Flow = self.flow;
        if !self.is_handled(index, &error) {
            return Err(Stop::Error(error));
        }
        let Some((owner, handler)) = flow.handler(index, &error.code) else {
            return Err(Stop::Error(error));
        };
        let owner = &flow.graph[owner];
        let arm = owner
            .handlers
            .iter()
            .position(|known| std::ptr::eq(known, handler));
        self.tell_way(
            owner,
            &Edge::Error(arm.and_then(|arm| u32::try_from(arm).ok()).unwrap_or(u32::MAX)),
        );
        if !handler.keeps_error {
            frame.set_error(&owner.path, error.in_scope());
        } else if let Some(slot) = owner.slot {
            frame.set_failure(slot, json!({ "error": error.in_scope() }));
        }
        Ok(handler.target)
    }

    fn tell_done(&self, told: Option<Told>, node: &Node, indices: &[u32], done: &Done, trace: &Trace) {
        let outcome = match done {
            Done::Way(Edge::Else) if !node.part.is_empty() => StepOutcome::Skipped,
            Done::Way(_) if !node.part.is_empty() => return,
            Done::Value(value) | Done::Return(value) => StepOutcome::Succeeded {
                output: self.shown(node, value),
            },
            Done::Nothing | Done::Way(_) => StepOutcome::Succeeded { output: None },
        };
        self.tell_finished(told, node, indices, outcome, trace);
    }

    async fn perform<'f>(
        &self,
        node: &'r Node,
        frame: &mut Frame<'f>,
        limit: Limit,
        trace: &mut Trace,
    ) -> Result<Done, Stop>
    where
        'r: 'f,
    {
        match &node.op {
            Op::Action(op) => self.action(node, op, frame, limit, trace).await.map(Done::Value),
            Op::If(condition) => {
                let decide = |ambient: &mut dyn Ambient| {
                    let decided = condition.is_true(&self.view(node, frame), ambient);
                    decided.map_err(|error| self.evaluation_error(node, &error))
                };
                let is_true = if node.deterministic {
                    decide(&mut self.ambient())?
                } else {
                    // The guard of a step has the step's path; its record must not be taken for the step's input.
                    let part = if node.part.is_empty() { "input" } else { node.part };
                    let decided = self.recorded(node, &frame.indices, part, |ambient| {
                        decide(ambient).map(Value::Bool)
                    });
                    truthy(&decided.await?)
                };
                Ok(Done::Way(if is_true { Edge::Then } else { Edge::Else }))
            }
            Op::Switch { subject, cases } => {
                let choose = |value: &Value| {
                    let case = (0..).zip(cases).find(|(_, case)| equal(case, value));
                    Done::Way(case.map_or(Edge::Default, |(case, _)| Edge::Case(case)))
                };
                if node.deterministic {
                    let view = self.view(node, frame);
                    let value = subject
                        .value(&view, &mut self.ambient())
                        .map(|value| choose(&value));
                    return Ok(value.map_err(|error| self.evaluation_error(node, &error))?);
                }
                let compute = |ambient: &mut dyn Ambient| {
                    let value = subject
                        .value(&self.view(node, frame), ambient)
                        .map(Cow::into_owned);
                    value.map_err(|error| self.evaluation_error(node, &error))
                };
                Ok(choose(
                    &self.recorded(node, &frame.indices, "input", compute).await?,
                ))
            }
            Op::Set(variables) => self.set(node, variables, frame).await.map(|()| Done::Nothing),
            Op::Parallel(branches) => self.parallel(node, branches, frame, limit).await,
            Op::ForEach(each) => self.for_each(node, each, frame, limit).await,
            Op::Block(region) => {
                let mut inner = Frame::branch(frame, &region.slots);
                let exit = self.walk_inside(&mut inner, region.entry, limit).await?;
                let remains = inner.into_remains();
                frame.merge(remains);
                Ok(exit.into())
            }
            Op::Wait(wait) => self.wait(node, wait, frame, limit).await.map(|()| Done::Nothing),
            Op::Call { flow, input } => self.call(node, flow, input, frame, limit).await.map(Done::Value),
            Op::Respond {
                status,
                headers,
                body,
            } => self
                .respond(node, frame, status, headers, body.as_ref())
                .await
                .map(|()| Done::Nothing),
            Op::Redirect { to, status } => self
                .redirect(node, frame, to, *status)
                .await
                .map(|()| Done::Nothing),
            Op::Return(value) => self.template(node, frame, value).await.map(Done::Return),
            Op::Fail {
                code,
                message,
                status,
                details,
            } => Err(self
                .fail(node, frame, [code, message, status], details.as_ref())
                .await),
        }
    }

    /// `set`: each value sees those before.
    async fn set(
        &self,
        node: &Node,
        variables: &[(u32, ValueTemplate)],
        frame: &mut Frame<'_>,
    ) -> Result<(), Stop> {
        if node.deterministic {
            for (variable, template) in variables {
                let value = self.template_now(node, frame, template, &mut self.ambient())?;
                self.set_variable(node, frame, *variable, value);
            }
            return Ok(());
        }
        let indices = frame.indices.clone();
        let compute = |ambient: &mut dyn Ambient| {
            let mut values = Vec::with_capacity(variables.len());
            for (variable, template) in variables {
                let value = self.template_now(node, frame, template, ambient)?;
                frame.set_variable(*variable, value.clone());
                values.push(value);
            }
            Ok(Value::Array(values))
        };
        let Value::Array(values) = self.recorded(node, &indices, "input", compute).await? else {
            return Err(malformed(node, "a list of values"));
        };
        for ((variable, _), value) in variables.iter().zip(values) {
            self.set_variable(node, frame, *variable, value);
        }
        Ok(())
    }

    fn set_variable(&self, node: &Node, frame: &mut Frame<'_>, variable: u32, value: Value) {
        if node.secret {
            self.run.masks.add_value(&value);
        }
        frame.set_variable(variable, value);
    }

    /// `fail`: an error that only the flow's own `on_error` sees.
    async fn fail(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        [code, message, status]: [&ValueTemplate; 3],
        details: Option<&ValueTemplate>,
    ) -> Stop {
        let compute = |ambient: &mut dyn Ambient| {
            let mut value = |template| self.template_now(node, frame, template, ambient);
            Ok(json!([
                value(code)?,
                value(message)?,
                value(status)?,
                details.map(value).transpose()?
            ]))
        };
        let values = if node.deterministic {
            compute(&mut self.ambient()).map_err(Stop::Error)
        } else {
            self.recorded(node, &frame.indices, "input", compute).await
        };
        match values {
            Ok(mut values) => {
                let Value::String(code) = values[0].take() else {
                    return Stop::Error(self.unusable(node, "the code of `fail` is not a text"));
                };
                let message = match values[1].take() {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                let status = values[2].as_u64().and_then(|status| u16::try_from(status).ok());
                let Some(status) = status.filter(|status| (400..=599).contains(status)) else {
                    return Stop::Error(
                        self.unusable(node, "the status of `fail` is not a number from 400 to 599"),
                    );
                };
                let mut error = self.step_error(node, code, status, message);
                error.details = Some(values[3].take()).filter(|details| !details.is_null());
                error.ends_flow = true;
                Stop::Error(error)
            }
            Err(stop) => stop,
        }
    }
}

/// Whether a node belongs to a step, or to one that stands in it.
fn is_within(path: &str, step: &str) -> bool {
    path.strip_prefix(step)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl From<Exit> for Done {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::End => Self::Nothing,
            Exit::Return(value) => Self::Return(value),
        }
    }
}
