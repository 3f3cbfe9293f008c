//! `{{runs.[0].response.body.code}}`: what earlier runs of a case gave, read by later ones.

use std::borrow::Cow;

use jiff::Timestamp;
use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::expression::{Ambient, EvaluationError, Scope, Segment, Slot};
use lockgate_flow::graph::strip;
use lockgate_flow::source::Span;
use lockgate_flow::syntax::{DataNode, Reader};
use lockgate_flow::yaml::Node;
use serde_json::Value;

use crate::entropy;

/// The name that templates of a test file may begin with.
const ROOT: &str = "runs";

/// The slot of [`ROOT`].
const RUNS: Slot = Slot::Other(0);

/// What a run gave, by name: what may stand behind `runs.[0]`.
const FIELDS: [&str; 5] = ["response", "output", "error", "status", "steps"];

/// Reads a value with templates; every path in it must begin with `runs`.
pub(crate) fn read(reader: &mut Reader, node: &Node) -> DataNode {
    let mut data = DataNode::read(reader, node);
    let mut findings = Vec::new();
    data.paths_mut(&mut |path| {
        if path.slot.is_block_local() {
            return;
        }
        let span = Span::new(path.span.start, path.span.end);
        match path.root() {
            Some(ROOT) => {
                path.slot = RUNS;
                if let Some(Segment::Key(field)) = path.segments.get(2)
                    && !FIELDS.contains(&&**field)
                {
                    let message = format!("a run has no `{field}`");
                    findings.push((Code::UnknownField, span, message, suggestion(field, FIELDS)));
                }
            }
            Some(root) if !root.is_empty() => {
                let message = format!("`{root}` is nothing that a test can read");
                let help =
                    "write `runs.[0].response.body.…`: what an earlier run of the case gave".to_owned();
                findings.push((Code::UnknownRoot, span, message, Some(help)));
            }
            // Of what was not read something is said already.
            _ => {}
        }
    });
    for (code, span, message, help) in findings {
        let mut finding = Diagnostic::new(code, &reader.source, span, message);
        finding.help = help;
        reader.diagnostics.push(finding);
    }
    data
}

/// Puts in what earlier runs gave.
///
/// # Errors
/// It is not there; with the place in the test file.
pub(crate) fn evaluate(data: &DataNode, runs: &Value, now: Timestamp) -> Result<Value, EvaluationError> {
    let template = strip(data, None);
    let mut ambient = TestAmbient(now);
    let scope = Runs(runs);
    let value = template.evaluate(&scope, &mut ambient)?;
    Ok(value.map_or(Value::Null, Cow::into_owned))
}

struct Runs<'a>(&'a Value);

impl Scope for Runs<'_> {
    fn root(&self, slot: Slot) -> Option<&Value> {
        (slot == RUNS).then_some(self.0)
    }
}

struct TestAmbient(Timestamp);

impl Ambient for TestAmbient {
    fn now(&mut self) -> Timestamp {
        self.0
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        entropy::fill(buffer);
    }

    fn mask(&mut self, _: &str) {}
}
