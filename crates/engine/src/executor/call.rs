//! `call`: another flow, in the same run and the same task.
//!
//! What the called flow `return`s is the step's result; its `fail` is an error of the step. Its `respond` and
//! `redirect` answer nobody: the answer belongs to the flow that was called from outside. Its `timeout` is not its
//! own either: the run's limit and those of the steps around the call count.

use std::sync::Arc;

use lockgate_flow::expression::ValueTemplate;
use lockgate_flow::graph::Node;
use serde_json::{Value, json};

use super::frame::Frame;
use super::limit::Limit;
use super::walk::{Exit, Stop, Walker};
use crate::journal::Journal;
use crate::step_key::StepKey;

/// How many calls deep flows may go.
const DEEPEST: u32 = 32;

impl<J: Journal> Walker<'_, J> {
    pub(super) async fn call(
        &self,
        node: &Node,
        name: &str,
        input: &ValueTemplate,
        frame: &Frame<'_>,
        limit: Limit,
    ) -> Result<Value, Stop> {
        let flow = self.run.executor.flows.get(name).map(Arc::clone);
        let flow = flow.ok_or_else(|| {
            self.step_error(node, "unknown_flow", 500, format!("there is no flow `{name}`"))
        })?;
        if self.depth >= DEEPEST {
            let message = format!("flows call each other more than {DEEPEST} deep");
            return Err(self.step_error(node, "call_depth", 500, message).into());
        }
        let Value::Object(given) = self.template(node, frame, input).await? else {
            return Err(self
                .step_error(
                    node,
                    "invalid_input",
                    500,
                    format!("the input of `{name}` is no object"),
                )
                .into());
        };
        let input = match flow.input.validate(given) {
            Ok(input) => input,
            Err(mistakes) => {
                let listed: Vec<String> = mistakes
                    .iter()
                    .map(|mistake| format!("`{}` {}", mistake.field, mistake.message))
                    .collect();
                let message = format!("the input does not fit the flow `{name}`: {}", listed.join("; "));
                let mut error = self.step_error(node, "invalid_input", 500, message);
                let details = mistakes
                    .into_iter()
                    .map(|mistake| json!({ "field": mistake.field, "message": mistake.message }));
                error.details = Some(details.collect());
                return Err(error.into());
            }
        };
        self.run.mask_input(&flow, &input);
        let key: StepKey<'_> = self.key(node, &frame.indices, "");
        let called = Walker {
            run: self.run,
            flow: &flow,
            input: &input,
            parent: Some(&key),
            depth: self.depth + 1,
            alone: None,
        };
        match called.run_inside(limit).await {
            Ok(Exit::End) => Ok(Value::Null),
            Ok(Exit::Return(value)) => Ok(value),
            Err(Stop::Error(mut error)) => {
                // For the caller's handlers it is the call that failed; the place says where it began.
                error.ends_flow = false;
                node.id
                    .as_deref()
                    .unwrap_or(&node.path)
                    .clone_into(&mut error.step);
                Err(Stop::Error(error))
            }
            Err(stop) => Err(stop),
        }
    }
}
