//! Events. Where nobody listens, nothing here costs anything; where nobody looks at values, none are copied or masked.

use std::borrow::Cow;
use std::time::Duration;

use lockgate_flow::graph::{Edge, Node, Op};
use serde_json::Value;

use super::run::Run;
use super::walk::{Trace, Walker};
use crate::event::{Event, EventKind, StepEvent, StepOutcome, Way};
use crate::masks::MASKED;
use crate::outcome::StepError;

impl<J> Run<'_, J> {
    fn tells_values(&self) -> bool {
        let observer = self.executor.observer.as_ref();
        observer.is_some_and(|observer| observer.wants_values())
    }

    fn tells_secrets(&self) -> bool {
        let observer = self.executor.observer.as_ref();
        observer.is_some_and(|observer| observer.sees_secrets())
    }

    /// A run's input as it may be written.
    pub(super) fn shown_input<'a>(&self, input: &'a Value) -> Cow<'a, Value> {
        if self.tells_secrets() {
            Cow::Borrowed(input)
        } else if self.tells_values() {
            self.masks.apply_to(input)
        } else {
            Cow::Owned(Value::Null)
        }
    }

    /// A run's result as it may be written.
    pub(super) fn shown_output<'a>(&self, output: Option<&'a Value>) -> Option<Cow<'a, Value>> {
        let output = output.filter(|_| self.tells_values());
        if self.tells_secrets() {
            return output.map(Cow::Borrowed);
        }
        output.map(|output| self.masks.apply_to(output))
    }

    /// An error as it may be written.
    pub(super) fn shown_error<'a>(&self, error: &StepError) -> Cow<'a, StepError> {
        Cow::Owned(if self.tells_secrets() {
            error.clone()
        } else if self.tells_values() {
            error.clone().masked(&self.masks)
        } else {
            StepError::new(error.code.clone(), error.status, String::new())
        })
    }

    /// Tells what `kind` makes, if someone listens.
    pub(super) fn tell<'a>(&'a self, flow: &'a str, kind: impl FnOnce() -> EventKind<'a>) {
        if let Some(observer) = &self.executor.observer {
            let at = self.executor.clock.now();
            observer.on_event(&Event {
                run_id: &self.id,
                flow,
                at,
                kind: kind(),
            });
        }
    }
}

/// A step whose beginning was told.
#[derive(Clone, Copy)]
pub(super) struct Told {
    began: Duration,
}

impl<J> Walker<'_, J> {
    fn step_event<'a>(&'a self, node: &'a Node, indices: &'a [u32], attempt: u32) -> StepEvent<'a> {
        StepEvent {
            key: crate::step_key::StepKey {
                parent: self.parent,
                path: &node.path,
                indices,
                part: "",
            },
            id: node.id.as_deref(),
            title: &node.title,
            verb: node.op.verb(),
            action: match &node.op {
                Op::Action(op) => Some(&*op.spec.name),
                _ => None,
            },
            attempt,
        }
    }

    /// A step begins. `None` where nobody listens, and for nodes that are only a part of a step.
    pub(super) fn tell_started(&self, node: &Node, indices: &[u32]) -> Option<Told> {
        if self.run.executor.observer.is_none() || matches!(node.op, Op::Block(_)) {
            return None;
        }
        if node.part.is_empty() {
            let step = self.step_event(node, indices, 1);
            self.run.tell(&self.flow.name, || EventKind::StepStarted(step));
        }
        Some(Told {
            began: self.run.executor.clock.elapsed(),
        })
    }

    pub(super) fn tell_finished(
        &self,
        told: Option<Told>,
        node: &Node,
        indices: &[u32],
        outcome: StepOutcome<'_>,
        trace: &Trace,
    ) {
        let Some(told) = told else { return };
        let duration = self.run.executor.clock.elapsed().saturating_sub(told.began);
        let step = self.step_event(node, indices, trace.attempt);
        let replayed = trace.replayed;
        self.run.tell(&self.flow.name, || EventKind::StepFinished {
            step,
            outcome,
            duration,
            replayed,
        });
    }

    pub(super) fn tell_retrying(
        &self,
        node: &Node,
        indices: &[u32],
        attempt: u32,
        error: &StepError,
        delay: Duration,
    ) {
        if self.run.executor.observer.is_some() {
            let error = self.run.shown_error(error);
            let step = self.step_event(node, indices, attempt);
            self.run
                .tell(&self.flow.name, || EventKind::StepRetrying { step, error, delay });
        }
    }

    /// One of several ways was taken.
    pub(super) fn tell_way(&self, node: &Node, edge: &Edge) {
        if let Some(observer) = &self.run.executor.observer {
            let flow = self.flow;
            observer.on_way(&Way { flow, node, edge });
        }
    }

    /// A step's result as it may be written.
    pub(super) fn shown<'a>(&self, node: &Node, value: &'a Value) -> Option<Cow<'a, Value>> {
        if node.secret && self.run.tells_values() && !self.run.tells_secrets() {
            Some(Cow::Owned(MASKED.into()))
        } else {
            self.run.shown_output(Some(value))
        }
    }
}
