//! `respond` and `redirect`: the answer, recorded before it is given, and given once.

use lockgate_flow::expression::{Ambient, ValueTemplate};
use lockgate_flow::graph::Node;
use serde_json::Value;

use super::evaluate::malformed;
use super::frame::Frame;
use super::walk::{Stop, Walker};
use crate::event::EventKind;
use crate::journal::Journal;
use crate::outcome::{Response, StepError};

impl<J: Journal> Walker<'_, J> {
    pub(super) async fn respond(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        status: &ValueTemplate,
        headers: &ValueTemplate,
        body: Option<&ValueTemplate>,
    ) -> Result<(), Stop> {
        let compute = |ambient: &mut dyn Ambient| {
            let status = self.status(node, &self.template_now(node, frame, status, ambient)?)?;
            let headers = self.headers(node, self.template_now(node, frame, headers, ambient)?)?;
            let body = body
                .map(|body| self.template_now(node, frame, body, ambient))
                .transpose()?;
            Ok(Response {
                status,
                headers,
                body,
            })
        };
        self.answer(node, frame, compute).await
    }

    pub(super) async fn redirect(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        to: &ValueTemplate,
        status: u16,
    ) -> Result<(), Stop> {
        let compute = |ambient: &mut dyn Ambient| {
            let to = self.template_now(node, frame, to, ambient)?;
            let Value::String(to) = to else {
                return Err(self.unusable(node, format!("`redirect` takes a URL, got {to}")));
            };
            self.no_line_breaks(node, &to)?;
            Ok(Response {
                status,
                headers: vec![("location".to_owned(), to)],
                body: None,
            })
        };
        self.answer(node, frame, compute).await
    }

    /// Records the answer and gives it. A caller who has one already keeps it; one of a called flow goes to nobody.
    async fn answer(
        &self,
        node: &Node,
        frame: &Frame<'_>,
        compute: impl FnOnce(&mut dyn Ambient) -> Result<Response, Box<StepError>> + Send,
    ) -> Result<(), Stop> {
        let response = if J::RECORDS {
            let compute = |ambient: &mut dyn Ambient| compute(ambient).map(Response::into_record);
            let recorded = self.recorded(node, &frame.indices, "", compute).await?;
            Response::from_record(recorded).ok_or_else(|| malformed(node, "an answer"))?
        } else {
            compute(&mut self.ambient())?
        };
        if self.depth > 0 {
            return Ok(());
        }
        let status = response.status;
        if self.run.response.set(response).is_ok() {
            if let (Some(responder), Some(response)) = (self.run.responder, self.run.response.get()) {
                responder.respond(response);
            }
            self.run
                .tell(&self.flow.name, || EventKind::RunResponded { status });
        }
        Ok(())
    }

    fn status(&self, node: &Node, value: &Value) -> Result<u16, Box<StepError>> {
        let status = match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        };
        status
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (200..600).contains(status))
            .ok_or_else(|| {
                self.unusable(
                    node,
                    format!("`status` is a whole number from 200 to 599, got {value}"),
                )
            })
    }

    /// A header is text, a number or a boolean; null leaves it out; a list gives it several times.
    fn headers(&self, node: &Node, value: Value) -> Result<Vec<(String, String)>, Box<StepError>> {
        let Value::Object(fields) = value else {
            return Err(self.unusable(node, format!("`headers` is a map from name to text, got {value}")));
        };
        let mut headers = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            for value in values {
                let text = match value {
                    Value::Null => continue,
                    Value::String(text) => text,
                    value @ (Value::Bool(_) | Value::Number(_)) => value.to_string(),
                    value => {
                        return Err(self.unusable(node, format!("the header `{name}` is text, got {value}")));
                    }
                };
                self.no_line_breaks(node, &text)?;
                headers.push((name.clone(), text));
            }
        }
        Ok(headers)
    }

    /// A line break in a header would begin another one (RFC 9112, section 11.1).
    fn no_line_breaks(&self, node: &Node, text: &str) -> Result<(), Box<StepError>> {
        if text.contains(['\r', '\n', '\0']) {
            return Err(self.unusable(node, "a header must not hold a line break"));
        }
        Ok(())
    }
}
