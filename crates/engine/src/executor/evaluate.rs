//! Templates → values. What calls `now`, `uuid` or `random` goes through the journal.

use std::borrow::Cow;

use jiff::Timestamp;
use lockgate_flow::catalog::Effect;
use lockgate_flow::expression::{Ambient, EvaluationError, EvaluationErrorKind, ValueTemplate};
use lockgate_flow::graph::Node;
use lockgate_flow::source::Span;
use serde_json::{Map, Value};

use super::frame::{Frame, View};
use super::walk::{Stop, Walker};
use crate::clock::Clock;
use crate::journal::{Journal, JournalError, Outcome, StepInfo};
use crate::masks::Masks;
use crate::outcome::{Place, StepError};
use crate::step_key::StepKey;

/// What impure functions take from outside.
pub(super) struct RunAmbient<'a> {
    clock: &'a dyn Clock,
    entropy: fn(&mut [u8]),
    masks: &'a Masks,
    /// What `mask` was called with, where it is to be recorded.
    masked: Option<Vec<Value>>,
}

impl Ambient for RunAmbient<'_> {
    fn now(&mut self) -> Timestamp {
        self.clock.now()
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        (self.entropy)(buffer);
    }

    fn mask(&mut self, text: &str) {
        self.masks.add(text);
        if let Some(masked) = &mut self.masked {
            masked.push(text.into());
        }
    }
}

impl<J: Journal> Walker<'_, J> {
    pub(super) fn ambient(&self) -> RunAmbient<'_> {
        let executor = self.run.executor;
        RunAmbient {
            clock: &*executor.clock,
            entropy: executor.entropy,
            masks: &self.run.masks,
            masked: None,
        }
    }

    pub(super) fn view<'a>(&'a self, node: &'a Node, frame: &'a Frame<'_>) -> View<'a, J> {
        View {
            walker: self,
            frame,
            path: &node.path,
        }
    }

    /// The key of a node, or of a part of it.
    pub(super) fn key<'a>(&'a self, node: &'a Node, indices: &'a [u32], part: &'static str) -> StepKey<'a> {
        StepKey {
            parent: self.parent,
            path: &node.path,
            indices,
            part,
        }
    }

    /// What a journal is told of something that only makes a value.
    pub(super) fn value_info(&self, node: &Node) -> StepInfo<'_> {
        StepInfo {
            attempt: 1,
            effect: Effect::Pure,
            verb: node.op.verb(),
            action: "",
            input: None,
            secret: node.secret,
            masks: &self.run.masks,
        }
    }

    /// Evaluates a template of a node. Recorded as the node's `input` where it would not give the same twice.
    pub(super) async fn template(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        template: &ValueTemplate,
    ) -> Result<Value, Stop> {
        if node.deterministic {
            return Ok(self.template_now(node, frame, template, &mut self.ambient())?);
        }
        let compute = |ambient: &mut dyn Ambient| self.template_now(node, frame, template, ambient);
        self.recorded(node, &frame.indices, "input", compute).await
    }

    /// Evaluates a template; one that leaves itself out gives null.
    pub(super) fn template_now(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        template: &ValueTemplate,
        ambient: &mut dyn Ambient,
    ) -> Result<Value, Box<StepError>> {
        let view = self.view(node, frame);
        let value = template
            .evaluate(&view, ambient)
            .map_err(|error| self.evaluation_error(node, &error))?;
        Ok(value.map_or(Value::Null, Cow::into_owned))
    }

    /// Computes a value and records it, with the texts that `mask` was called with.
    pub(super) async fn recorded(
        &self,
        node: &Node,
        indices: &[u32],
        part: &'static str,
        compute: impl FnOnce(&mut dyn Ambient) -> Result<Value, Box<StepError>> + Send,
    ) -> Result<Value, Stop> {
        self.recorded_at(&self.key(node, indices, part), node, compute)
            .await
    }

    /// The same under another key than the node's.
    pub(super) async fn recorded_at(
        &self,
        key: &StepKey<'_>,
        node: &Node,
        compute: impl FnOnce(&mut dyn Ambient) -> Result<Value, Box<StepError>> + Send,
    ) -> Result<Value, Stop> {
        if !J::RECORDS {
            return Ok(compute(&mut self.ambient())?);
        }
        let effect = |_| async {
            let mut ambient = RunAmbient {
                masked: Some(Vec::new()),
                ..self.ambient()
            };
            Some(compute(&mut ambient).map(|value| {
                let mut record = Map::new();
                record.insert("value".to_owned(), value);
                let masked = ambient.masked.unwrap_or_default();
                if !masked.is_empty() {
                    record.insert("masked".to_owned(), Value::Array(masked));
                }
                Value::Object(record)
            }))
        };
        let outcome = self.run.journal.step(key, self.value_info(node), effect).await?;
        let mut record = settled(node, outcome)?;
        if let Some(masked) = record.get("masked") {
            self.run.masks.add_value(masked);
        }
        record
            .get_mut("value")
            .map(Value::take)
            .ok_or_else(|| malformed(node, "a value"))
    }

    /// An error of a step, with its place.
    pub(super) fn step_error(
        &self,
        node: &Node,
        code: impl Into<Cow<'static, str>>,
        status: u16,
        message: impl Into<String>,
    ) -> Box<StepError> {
        let mut error = Box::new(StepError::new(code, status, message));
        node.id
            .as_deref()
            .unwrap_or(&node.path)
            .clone_into(&mut error.step);
        error.place = Some(Place::of(&self.flow.source, node.span));
        error
    }

    /// `missing_value` or `invalid_expression`, with the place of the expression.
    pub(super) fn evaluation_error(&self, node: &Node, error: &EvaluationError) -> Box<StepError> {
        let code = match error.kind {
            EvaluationErrorKind::Missing { .. } => "missing_value",
            _ => "invalid_expression",
        };
        let mut step_error = self.step_error(node, code, 500, error.to_string());
        if !error.span.is_empty() {
            let span = Span::new(error.span.start, error.span.end);
            step_error.place = Some(Place::of(&self.flow.source, span));
        }
        step_error
    }

    /// A value that the verb cannot use.
    pub(super) fn unusable(&self, node: &Node, message: impl Into<String>) -> Box<StepError> {
        self.step_error(node, "invalid_expression", 500, message)
    }
}

/// The journal gave back something else than it was given. That does not pass, so it is not one that is unavailable.
pub(super) fn malformed(node: &Node, expected: &str) -> Stop {
    Stop::Journal(JournalError::Departed {
        key: node.path.to_string(),
        recorded: "something else".to_owned(),
        found: expected.to_owned(),
    })
}

/// The outcome of something that cannot be in doubt.
pub(super) fn settled(node: &Node, outcome: Option<Outcome>) -> Result<Value, Stop> {
    match outcome {
        Some(outcome) => Ok(outcome?),
        None => Err(malformed(node, "an outcome")),
    }
}
