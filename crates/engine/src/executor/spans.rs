//! The spans of a run and of its steps. Where nobody is interested in them, each costs the load of a flag.

use std::borrow::Cow;

use lockgate_flow::expression::ValueTemplate;
use lockgate_flow::graph::{Flow, Node, Op};
use serde_json::Value;
use tracing::{Span, field};

use super::run::Run;
use super::walk::{Done, Stop, Trace, Walker};
use crate::journal::Journal;
use crate::outcome::{RunStatus, StepError};
use crate::trace::{OTHER, OpenSpan, TARGET, TraceContext, mark_failed};

impl<J> Run<'_, J> {
    /// The run begins.
    pub(super) fn span(&self, flow: &Flow, attempt: u32, trace: Option<&TraceContext>) -> OpenSpan {
        let span = tracing::info_span!(
            target: TARGET,
            "run",
            "otel.name" = %format_args!("run {}", flow.name),
            "lockgate.flow" = flow.name,
            "lockgate.run_id" = self.id,
            "lockgate.attempt" = i64::from(attempt),
            "lockgate.status" = field::Empty,
            "error.type" = field::Empty,
            "otel.status_code" = field::Empty,
        );
        if !span.is_disabled()
            && let (Some(propagation), Some(trace)) = (self.executor.propagation, trace)
        {
            (propagation.incoming)(&span, trace);
        }
        OpenSpan::new(span)
    }

    /// The executor lets go of the run. What an author meant to fail is no error, unless it has the status of one.
    pub(super) fn end_span(
        &self,
        mut open: OpenSpan,
        flow: &Flow,
        status: RunStatus,
        error: Option<&StepError>,
    ) {
        open.over();
        let span = open.span();
        if span.is_disabled() {
            return;
        }
        span.record("lockgate.status", status.name());
        match error {
            Some(error) if status == RunStatus::Failed && error.status < 500 => {
                span.record("error.type", self.known_code(flow, error));
            }
            Some(error) => mark_failed(span, self.known_code(flow, error)),
            None => {}
        }
    }

    /// An error's code, if it stands in a flow, in an action's declaration or in the engine; one that was made from a
    /// value may be anything, a secret, too.
    fn known_code<'e>(&self, flow: &Flow, error: &'e StepError) -> &'e str {
        let code = match &error.code {
            Cow::Borrowed(code) => return code,
            Cow::Owned(code) => code.as_str(),
        };
        let called = self.executor.flows.values().map(|flow| &**flow);
        let is_known = called
            .chain([flow])
            .flat_map(|flow| flow.graph.node_weights())
            .any(|node| match &node.op {
                Op::Fail {
                    code: ValueTemplate::Constant(Value::String(written)),
                    ..
                } => written == code,
                Op::Action(op) => op.spec.error(code).is_some(),
                _ => false,
            });
        if is_known { code } else { OTHER }
    }
}

impl<J: Journal> Walker<'_, J> {
    /// A step begins. Nodes that are only a part of a step have no span.
    pub(super) fn step_span(&self, node: &Node, indices: &[u32]) -> OpenSpan {
        let is_step = node.part.is_empty() && !matches!(node.op, Op::Block(_));
        let span = if is_step {
            tracing::info_span!(
                target: TARGET,
                "step",
                "otel.name" = &*node.title,
                "lockgate.flow" = self.flow.name,
                "lockgate.step" = %self.key(node, indices, ""),
                "lockgate.step.id" = node.id.as_deref(),
                "lockgate.step.verb" = node.op.verb(),
                "lockgate.action" = match &node.op {
                    Op::Action(op) => Some(&*op.spec.name),
                    _ => None,
                },
                "lockgate.attempts" = field::Empty,
                "lockgate.replayed" = field::Empty,
                "error.type" = field::Empty,
                "otel.status_code" = field::Empty,
            )
        } else {
            Span::none()
        };
        OpenSpan::new(span)
    }

    /// A step is over: all its attempts, and the pauses between them.
    pub(super) fn end_step_span(
        &self,
        mut open: OpenSpan,
        node: &Node,
        trace: &Trace,
        end: Result<&Done, &Stop>,
    ) {
        open.over();
        let span = open.span();
        if span.is_disabled() {
            return;
        }
        if matches!(node.op, Op::Action(_)) {
            span.record("lockgate.attempts", i64::from(trace.attempt));
        }
        if trace.replayed {
            span.record("lockgate.replayed", true);
        }
        match end {
            Ok(_) | Err(Stop::Suspended) => {}
            Err(Stop::Error(error)) if error.is_from_fail() && error.status < 500 => {
                span.record("error.type", self.run.known_code(self.flow, error));
            }
            Err(Stop::Error(error) | Stop::InDoubt(error)) => {
                mark_failed(span, self.run.known_code(self.flow, error));
            }
            Err(Stop::Journal(error)) => mark_failed(span, error.code()),
        }
    }
}
