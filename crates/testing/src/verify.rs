//! What a run gave, held against what is expected.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::yaml::Node;
use lockgate_tenant::Tenant;
use serde_json::{Value, json};

use crate::earlier;
use crate::file::{Case, Expected, Part, Run, Target};
use crate::matching::{Comparison, Pattern};
use crate::report::{Failure, RunReport, Values};
use crate::script::Called;

/// How many differences of one expectation have a word at their place.
const SHOWN: usize = 6;

/// A run that is over, and what was expected of it.
pub(crate) struct Seen<'a> {
    pub(crate) source: &'a Arc<Source>,
    pub(crate) case: &'a Case,
    pub(crate) run: &'a Run,
    /// Which of the case's.
    pub(crate) index: usize,
    pub(crate) report: &'a RunReport,
    pub(crate) calls: &'a [Called],
    pub(crate) tenant: &'a Tenant,
    /// What earlier runs gave.
    pub(crate) runs: &'a Value,
    pub(crate) now: Timestamp,
}

impl Seen<'_> {
    /// What does not hold.
    pub(crate) fn failures(&self) -> Vec<Failure> {
        let expect = &self.run.expect;
        let mut failures = Vec::new();
        if !self.says_how_it_ends() && self.report.is_failed() {
            failures.push(self.unexpected_end());
        }
        for (part, expected) in &expect.parts {
            let actual = self.part(*part);
            failures.extend(self.hold(expected, part.name(), actual.as_ref()));
        }
        for (id, expected) in &expect.steps {
            let name = format!("steps.{}", id.value);
            failures.extend(self.hold(expected, &name, Some(&self.report.step(&id.value))));
        }
        for calls in &expect.calls {
            let name = format!("calls.{}", calls.target.value.written());
            let inputs = self.inputs(&calls.target.value);
            let is_number = calls.expected.node.to_value().is_number();
            let actual = if is_number {
                json!(inputs.len())
            } else {
                Value::Array(inputs)
            };
            failures.extend(self.hold(&calls.expected, &name, Some(&actual)));
        }
        failures.extend(self.tenant());
        if let Some(duration) = &expect.duration {
            let took = self.report.took;
            let expected = duration.value;
            if took < expected.at_least || took > expected.at_most {
                let message = format!("`duration`: the run took {}", shown(took));
                failures.push(self.failure(Diagnostic::new(
                    Code::ExpectationFailed,
                    self.source,
                    duration.span,
                    message,
                )));
            }
        }
        failures
    }

    /// Whether the author has said how the run ends. Where not, it is to end well.
    fn says_how_it_ends(&self) -> bool {
        let expect = &self.run.expect;
        let mut parts = expect.parts.iter();
        parts.any(|(part, _)| *part != Part::Output) || expect.snapshot.is_some()
    }

    fn unexpected_end(&self) -> Failure {
        let report = self.report;
        let (message, help) = match &report.error {
            Some(error) => (
                format!(
                    "the run {} with {}: {}",
                    report.status,
                    error["code"].as_str().unwrap_or_default(),
                    error["message"].as_str().unwrap_or_default()
                ),
                "if it should: `expect: { error: CODE }`, or `expect: { response: { status: … } }`",
            ),
            None => (
                format!("the input does not fit the flow: {}", listed(&report.response)),
                "if that is meant: `expect: { response: { status: 422 } }`",
            ),
        };
        let span = match self.run.expect.span {
            Some(span) => span,
            None if self.case.is_series => self.run.span,
            None => self.case.name.span,
        };
        self.failure(Diagnostic::new(Code::ExpectationFailed, self.source, span, message).help(help))
    }

    fn part(&self, part: Part) -> Option<Value> {
        let report = self.report;
        match part {
            Part::Response => Some(report.response.clone()),
            Part::Output => report.output.clone(),
            Part::Error => report.error.clone(),
            Part::Status => Some(json!(report.status)),
        }
    }

    /// What an action or a step was called with.
    fn inputs(&self, target: &Target) -> Vec<Value> {
        let is_meant = |call: &&Called| match target {
            Target::Action(action) => call.action == *action,
            Target::Step(step) => call.step.as_ref() == Some(step),
        };
        self.calls
            .iter()
            .filter(is_meant)
            .map(|call| call.input.clone())
            .collect()
    }

    fn tenant(&self) -> Vec<Failure> {
        let expect = &self.run.expect.tenant;
        let mut failures = Vec::new();
        if expect.is_empty() {
            return failures;
        }
        let users = self.tenant.users();
        for expected in &expect.user {
            let pattern = match self.pattern(expected) {
                Ok(pattern) => pattern,
                Err(failure) => {
                    failures.push(*failure);
                    continue;
                }
            };
            if users.iter().any(|user| pattern.compare(Some(user)).holds()) {
                continue;
            }
            failures.push(if let Some(user) = meant(&pattern, &users) {
                self.differs(&expected.node, "tenant.user", pattern.compare(Some(user)))
            } else {
                let message = format!(
                    "`tenant.user`: there is no such user; the tenant has {}",
                    people(&users)
                );
                let finding =
                    Diagnostic::new(Code::ExpectationFailed, self.source, expected.node.span, message);
                self.failure(finding)
            });
        }
        for expected in &expect.no_user {
            match self.pattern(expected) {
                Err(failure) => failures.push(*failure),
                Ok(pattern) => {
                    let found = users.iter().find(|user| pattern.compare(Some(user)).holds());
                    if let Some(user) = found {
                        let message = "`tenant.no_user`: there is one".to_owned();
                        let finding = Diagnostic::new(
                            Code::ExpectationFailed,
                            self.source,
                            expected.node.span,
                            message,
                        );
                        failures.push(Failure {
                            values: Some(Values {
                                expected: None,
                                actual: Some(user.clone()),
                            }),
                            ..self.failure(finding)
                        });
                    }
                }
            }
        }
        if let Some(expected) = &expect.users {
            let actual = if expected.node.to_value().is_number() {
                json!(users.len())
            } else {
                Value::Array(users)
            };
            failures.extend(self.hold(expected, "tenant.users", Some(&actual)));
        }
        if let Some(expected) = &expect.requests {
            let actual = Value::Array(self.report.requests.clone());
            failures.extend(self.hold(expected, "tenant.requests", Some(&actual)));
        }
        failures
    }

    fn hold(&self, expected: &Expected, name: &str, actual: Option<&Value>) -> Option<Failure> {
        let pattern = match self.pattern(expected) {
            Ok(pattern) => pattern,
            Err(failure) => return Some(*failure),
        };
        let compared = pattern.compare(actual);
        (!compared.holds()).then(|| self.differs(&expected.node, name, compared))
    }

    /// The pattern; put together now, where it reads earlier runs.
    fn pattern(&self, expected: &Expected) -> Result<Pattern, Box<Failure>> {
        if let Some(pattern) = &expected.pattern {
            return Ok(pattern.clone());
        }
        let refuse = |span: Span, message: String| {
            Box::new(self.failure(Diagnostic::new(
                Code::InvalidExpectation,
                self.source,
                span,
                message,
            )))
        };
        let value = match &expected.template {
            None => expected.node.to_value(),
            Some(template) => earlier::evaluate(template, self.runs, self.now)
                .map_err(|error| refuse(Span::new(error.span.start, error.span.end), error.to_string()))?,
        };
        Pattern::parse(&value).map_err(|mistakes| {
            let mistake = mistakes.into_iter().next();
            let (pointer, message) = mistake.map_or_else(Default::default, |it| (it.pointer, it.message));
            refuse(expected.node.at_pointer(&pointer).span, message)
        })
    }

    fn differs(&self, node: &Node, name: &str, compared: Comparison) -> Failure {
        let mut differences = compared.differences.iter();
        let place = |pattern: &str| node.at_pointer(pattern).span;
        let dotted = |pointer: &str| {
            let path = pointer.replace('/', ".").replace("~1", "/").replace("~0", "~");
            format!("`{name}{path}`")
        };
        let Some(first) = differences.next() else {
            return self.failure(Diagnostic::new(
                Code::ExpectationFailed,
                self.source,
                node.span,
                name,
            ));
        };
        let mut finding = Diagnostic::new(
            Code::ExpectationFailed,
            self.source,
            place(&first.pattern),
            format!("{}: {}", dotted(&first.pointer), first.message),
        );
        let mut spans = vec![finding.primary.span];
        for more in differences.by_ref() {
            let span = place(&more.pattern);
            if spans.contains(&span) {
                continue;
            }
            spans.push(span);
            if spans.len() > SHOWN {
                break;
            }
            finding = finding.and(span, more.message.clone());
        }
        Failure {
            values: Some(Values {
                expected: compared.expected,
                actual: compared.actual,
            }),
            ..self.failure(finding)
        }
    }

    fn failure(&self, finding: Diagnostic) -> Failure {
        Failure::new(finding, self.index)
    }
}

/// The user that an author has in mind: the one of that id or address, where the pattern says one.
fn meant<'u>(pattern: &Pattern, users: &'u [Value]) -> Option<&'u Value> {
    for key in ["user_id", "email", "phone_number", "username"] {
        if let Some(Value::String(wanted)) = pattern.written().get(key) {
            let has = |user: &&Value| {
                user[key]
                    .as_str()
                    .is_some_and(|it| it.eq_ignore_ascii_case(wanted))
            };
            if let Some(user) = users.iter().find(has) {
                return Some(user);
            }
        }
    }
    None
}

/// `ada@example.com and alan@example.com`
fn people(users: &[Value]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = users
        .iter()
        .take(SHOWN)
        .map(|user| {
            let name = ["email", "phone_number", "username", "user_id"]
                .into_iter()
                .find_map(|key| user[key].as_str());
            name.unwrap_or("someone").to_owned()
        })
        .collect();
    if users.len() > SHOWN {
        names.push(format!("{} more", users.len() - SHOWN));
    }
    match names.len() {
        0 => "none".to_owned(),
        _ => names.join(", "),
    }
}

/// The mistakes of an input, as one line.
fn listed(response: &Value) -> String {
    let errors = response["body"]["errors"].as_array();
    let errors: Vec<String> = errors
        .into_iter()
        .flatten()
        .map(|error| {
            let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            format!("`{}` {}", text("field"), text("message"))
        })
        .collect();
    errors.join("; ")
}

/// A duration as an author writes it.
fn shown(duration: Duration) -> String {
    const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let mut left = duration.as_millis();
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if left >= unit {
            parts.push(format!("{}{name}", left / unit));
            left %= unit;
        }
    }
    if left > 0 || parts.is_empty() {
        parts.push(format!("{left}ms"));
    }
    parts.join(" ")
}
