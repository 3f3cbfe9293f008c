//! Expectations that no run of the flow can meet.

use std::collections::BTreeSet;

use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::expression::ValueTemplate;
use lockgate_flow::graph::Op;
use lockgate_flow::schema::SchemaView;
use lockgate_flow::yaml::{Data, Node};
use serde_json::Value;

use crate::case::flow_of;
use crate::file::{Expected, Part, Run, TestFile};
use crate::subject::Subject;

/// What any run can end with, whatever its steps are.
const ENGINE: [&str; 4] = ["timeout", "invalid_input", "missing_value", "invalid_expression"];

pub(super) fn check(subject: &Subject, file: &TestFile) -> Vec<Diagnostic> {
    let mut expectations = Expectations {
        subject,
        file,
        findings: Vec::new(),
    };
    for run in file.cases.iter().flat_map(|case| &case.runs) {
        expectations.run(run);
    }
    expectations.findings
}

struct Expectations<'a> {
    subject: &'a Subject,
    file: &'a TestFile,
    findings: Vec<Diagnostic>,
}

impl Expectations<'_> {
    fn never(&mut self, node: &Node, message: String, help: Option<String>) {
        let mut finding = Diagnostic::new(Code::NeverHolds, &self.file.source, node.span, message);
        finding.help = help;
        self.findings.push(finding);
    }

    fn run(&mut self, run: &Run) {
        let Some(flow) = flow_of(self.file, run) else {
            return;
        };
        let part = |wanted| {
            let found = run.expect.parts.iter().find(|(part, _)| *part == wanted);
            found.map(|(_, expected)| expected)
        };
        if let Some(expected) = part(Part::Error) {
            if let Some(code) = code(expected) {
                let (text, codes) = (code.as_str().unwrap_or_default(), self.codes(flow));
                if let Some(codes) = codes
                    && !codes.contains(text)
                {
                    let help = suggestion(text, codes.iter().map(String::as_str));
                    self.never(code, format!("nothing in `{flow}` fails with `{text}`"), help);
                }
            }
            if let Some(status) = part(Part::Status)
                && status.node.as_str() == Some("succeeded")
                && !is_absent(expected)
            {
                let message = "a run that has succeeded has no error".to_owned();
                self.never(&status.node, message, None);
            }
        }
        if let Some(expected) = part(Part::Output)
            && run.alone.is_none()
            && !is_absent(expected)
            && !self.returns(flow)
        {
            let help = "what a run answers over HTTP is its `response`".to_owned();
            self.never(&expected.node, format!("`{flow}` returns nothing"), Some(help));
        }
        for (id, expected) in &run.expect.steps {
            let Some((_, node)) = self.subject.step(flow, &id.value) else {
                continue;
            };
            let Op::Action(action) = &node.op else { continue };
            if let Some(code) = code_of_step(expected) {
                let text = code.as_str().unwrap_or_default();
                if action.spec.error(text).is_none() {
                    let message = format!("{} does not fail with `{text}`", action.spec.name);
                    let help = suggestion(text, action.spec.error_codes());
                    self.never(code, message, help);
                }
            }
            if let Some(output) = expected.node.get("output") {
                self.output(&action.spec.name, action.spec.output.view(), output);
            }
        }
    }

    /// A field that the action's output does not have.
    fn output(&mut self, action: &str, schema: SchemaView<'_>, expected: &Node) {
        let Data::Map(entries) = &expected.data else {
            return;
        };
        if schema.additional().is_some() || schema.as_value().get("type") != Some(&"object".into()) {
            return;
        }
        for entry in entries {
            let key = entry.key.text.as_str();
            match schema.property(key) {
                Some(inner) => self.output(action, inner, &entry.value),
                None if is_matcher(key) => {}
                None => {
                    let help = suggestion(key, schema.property_names());
                    self.never(&entry.value, format!("{action} gives no `{key}`"), help);
                }
            }
        }
    }

    /// The codes that a run can end with; `None` where one is computed.
    fn codes(&self, flow: &str) -> Option<BTreeSet<String>> {
        let mut codes: BTreeSet<String> = ENGINE.iter().map(|code| (*code).to_owned()).collect();
        for flow in self.subject.reach(flow) {
            for node in flow.graph.node_weights() {
                match &node.op {
                    Op::Action(action) => {
                        codes.extend(action.spec.error_codes().map(str::to_owned));
                    }
                    Op::Fail { code, .. } => match code {
                        ValueTemplate::Constant(Value::String(code)) => {
                            codes.insert(code.clone());
                        }
                        _ => return None,
                    },
                    _ => {}
                }
            }
        }
        Some(codes)
    }

    fn returns(&self, flow: &str) -> bool {
        self.subject.flows.get(flow).is_none_or(|flow| {
            let mut nodes = flow.graph.node_weights();
            nodes.any(|node| matches!(node.op, Op::Return(_)))
        })
    }
}

fn is_matcher(key: &str) -> bool {
    ["any", "matches", "absent", "exactly", "contains", "one_of"].contains(&key)
}

fn is_absent(expected: &Expected) -> bool {
    expected.node.get("absent").is_some()
}

/// The node of a code that is written out.
fn code(expected: &Expected) -> Option<&Node> {
    let node = &expected.node;
    let code = if node.as_map().is_some() {
        node.get("code")?
    } else {
        node
    };
    code.as_str().filter(|text| !text.contains("{{")).map(|_| code)
}

fn code_of_step(expected: &Expected) -> Option<&Node> {
    let error = expected.node.get("error")?;
    let code = if error.as_map().is_some() {
        error.get("code")?
    } else {
        error
    };
    code.as_str().filter(|text| !text.contains("{{")).map(|_| code)
}
