//! Mocks and faults: whether they are met, and whether what they give could be true.

use lockgate_flow::catalog::ActionSpec;
use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::graph::Op;
use lockgate_flow::schema::{compile, problems};
use lockgate_flow::source::Span;
use lockgate_flow::yaml::{Node, Spanned};
use serde_json::Value;
use std::sync::Arc;

use crate::case::flow_of;
use crate::file::{Answer, Case, MockError, Run, Setup, Target, TestFile};
use crate::subject::Subject;

pub(super) fn check(subject: &Subject, file: &TestFile) -> Vec<Diagnostic> {
    let mut mocks = Mocks {
        subject,
        file,
        findings: Vec::new(),
    };
    let all: Vec<&Run> = file.cases.iter().flat_map(|case| &case.runs).collect();
    // A file without cases says nothing of what is used.
    if !all.is_empty() {
        mocks.setup(&file.setup, &all);
    }
    for case in file.cases.iter().filter(|case| !case.runs.is_empty()) {
        mocks.setup(&case.setup, &case.runs.iter().collect::<Vec<_>>());
        mocks.calls(case);
    }
    mocks.findings
}

struct Mocks<'a> {
    subject: &'a Subject,
    file: &'a TestFile,
    findings: Vec<Diagnostic>,
}

impl<'a> Mocks<'a> {
    fn report(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let mut finding = Diagnostic::new(code, &self.file.source, span, message);
        finding.help = help;
        self.findings.push(finding);
    }

    fn setup(&mut self, setup: &Setup, runs: &[&Run]) {
        for mock in &setup.mocks {
            let Some(spec) = self.target(&mock.target, runs, "mock") else {
                continue;
            };
            for answered in &mock.answers {
                match &answered.answer {
                    Answer::Value(value) => self.value(&spec, value, &answered.node),
                    Answer::Error(error) => self.error(&spec, error),
                }
            }
        }
        for fault in &setup.faults {
            if let Some(spec) = self.target(&fault.target, runs, "fault") {
                self.error(&spec, &fault.error);
            }
        }
    }

    /// The declaration of what is meant; a finding where nothing is.
    fn target(&mut self, target: &Spanned<Target>, runs: &[&Run], what: &str) -> Option<Arc<ActionSpec>> {
        let flows: Vec<&str> = runs.iter().filter_map(|run| flow_of(self.file, run)).collect();
        match &target.value {
            Target::Action(name) => {
                let Some(spec) = self.subject.catalog.action(name) else {
                    let known = self.subject.catalog.actions().map(|spec| &*spec.name);
                    let mut help = suggestion(name, known);
                    let is_step = flows.iter().any(|flow| self.subject.step(flow, name).is_some());
                    if is_step {
                        help = Some(format!("for the step of this id write `steps.{name}`"));
                    }
                    let message = format!("there is no action `{name}`");
                    self.report(Code::UnknownAction, target.span, message, help);
                    return None;
                };
                let spec = Arc::clone(spec);
                let is_met = flows
                    .iter()
                    .any(|flow| self.subject.called(flow).contains_key(name.as_str()));
                if !is_met {
                    let called: Vec<&str> = flows
                        .iter()
                        .flat_map(|flow| self.subject.called(flow).into_keys())
                        .collect();
                    let message = format!("no step calls `{name}`: this {what} changes nothing");
                    let help = lockgate_flow::diagnostic::nearest(name, called)
                        .map(|near| format!("did you mean `{near}`?"));
                    self.report(Code::UnusedMock, target.span, message, help);
                }
                Some(spec)
            }
            Target::Step(id) => {
                let step = flows.iter().find_map(|flow| self.subject.step(flow, id));
                let Some((_, node)) = step else {
                    let known: Vec<&str> = flows
                        .iter()
                        .filter_map(|flow| self.subject.flows.get(*flow))
                        .flat_map(|flow| flow.steps.iter().map(|step| step.id.as_str()))
                        .filter(|id| !id.is_empty())
                        .collect();
                    let help = suggestion(id, known);
                    self.report(
                        Code::UnknownStep,
                        target.span,
                        format!("there is no step `{id}`"),
                        help,
                    );
                    return None;
                };
                match &node.op {
                    Op::Action(action) => Some(Arc::clone(&action.spec)),
                    op => {
                        let message = format!("the step `{id}` calls no action: it is a `{}`", op.verb());
                        self.report(Code::InvalidMock, target.span, message, None);
                        None
                    }
                }
            }
        }
    }

    fn value(&mut self, spec: &ActionSpec, value: &Value, node: &Node) {
        let Ok(validator) = compile(spec.output.as_value()) else {
            return;
        };
        for problem in problems(&validator, value) {
            let message = format!("{} does not give this: {}", spec.name, problem.message);
            let help = format!("`lockgate actions {}` shows what it gives", spec.name);
            let span = node.at_pointer(&problem.pointer).span;
            self.report(Code::InvalidMock, span, message, Some(help));
        }
    }

    fn error(&mut self, spec: &ActionSpec, error: &MockError) {
        let code = error.code.value.as_str();
        if spec.error(code).is_none() {
            let message = format!("{} does not fail with `{code}`", spec.name);
            let help = suggestion(code, spec.error_codes());
            self.report(Code::InvalidMock, error.code.span, message, help);
        }
    }

    /// `calls` of what no step of the run calls.
    fn calls(&mut self, case: &'a Case) {
        for run in &case.runs {
            let Some(flow) = flow_of(self.file, run) else {
                continue;
            };
            for calls in &run.expect.calls {
                let is_none = calls.expected.node.to_value();
                if is_none == 0 || is_none == Value::Array(Vec::new()) {
                    continue;
                }
                let (message, help) = match &calls.target.value {
                    Target::Action(name) => {
                        let called = self.subject.called(flow);
                        if called.contains_key(name.as_str()) {
                            continue;
                        }
                        let help = suggestion(name, called.keys().copied());
                        (format!("`{flow}` never calls `{name}`"), help)
                    }
                    Target::Step(id) if self.subject.step(flow, id).is_some() => continue,
                    Target::Step(id) => (format!("`{flow}` has no step `{id}`"), None),
                };
                self.report(Code::NeverHolds, calls.target.span, message, help);
            }
        }
    }
}
