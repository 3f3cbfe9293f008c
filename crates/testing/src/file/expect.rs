//! `expect`.

use std::time::Duration;

use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::syntax::Reader;
use lockgate_flow::yaml::{Data, Node, Spanned};
use serde_json::{Value, json};

use super::ast::{Calls, DurationExpected, Expect, Expected, Part, Target, TenantExpected};
use super::read::template;
use crate::matching::Pattern;

const KEYS: &[&str] = &[
    "response", "output", "error", "status", "steps", "calls", "tenant", "duration", "snapshot",
];
const STEP_KEYS: [&str; 5] = ["ran", "output", "error", "attempts", "turns"];
const ERROR_KEYS: [&str; 6] = ["code", "message", "status", "step", "provider", "details"];
const RESPONSE_KEYS: [&str; 3] = ["status", "headers", "body"];
const REQUEST_KEYS: [&str; 4] = ["method", "path", "query", "status"];

/// Reads `expect` of the run of an index. Where there are earlier ones, it may read them.
pub(super) fn read(reader: &mut Reader, node: &Node, index: usize) -> Expect {
    let mut expect = Expect {
        span: Some(node.span),
        ..Expect::default()
    };
    if node.as_str() == Some("snapshot") {
        expect.snapshot = Some(node.span);
        return expect;
    }
    let Some(mut fields) = reader.fields(node, "`expect`") else {
        return expect;
    };
    let mut from = ReadExpected { reader, index };
    for part in [Part::Response, Part::Output, Part::Error, Part::Status] {
        if let Some(node) = fields.take(part.name()) {
            expect.parts.push((part, from.part(part, node)));
        }
    }
    if let Some(node) = fields.take("steps") {
        expect.steps = from.steps(node);
    }
    if let Some(node) = fields.take("calls") {
        expect.calls = from.calls(node);
    }
    if let Some(node) = fields.take("tenant") {
        expect.tenant = from.tenant(node);
    }
    if let Some(node) = fields.take("duration") {
        expect.duration = from.duration(node);
    }
    if let Some(entry) = fields.entry("snapshot")
        && reader.boolean(&entry.value, "`snapshot`") == Some(true)
    {
        expect.snapshot = Some(entry.key.span);
    }
    fields.finish(reader, KEYS);
    expect
}

struct ReadExpected<'r> {
    reader: &'r mut Reader,
    index: usize,
}

impl ReadExpected<'_> {
    /// A pattern; its mistakes are findings.
    fn expected(&mut self, node: &Node) -> Expected {
        self.expected_as(node, &node.to_value())
    }

    /// A pattern that is written shorter than it means.
    fn expected_as(&mut self, node: &Node, value: &Value) -> Expected {
        let template = template(self.reader, node, self.index);
        let mut pattern = None;
        if template.is_none() {
            match Pattern::parse(value) {
                Ok(read) => pattern = Some(read),
                Err(mistakes) => {
                    for mistake in mistakes {
                        let span = node.at_pointer(&mistake.pointer).span;
                        let source = &self.reader.source;
                        let mut finding =
                            Diagnostic::new(Code::InvalidExpectation, source, span, mistake.message);
                        finding.help = mistake.help;
                        self.reader.diagnostics.push(finding);
                    }
                }
            }
        }
        Expected {
            node: node.clone(),
            pattern,
            template,
        }
    }

    fn part(&mut self, part: Part, node: &Node) -> Expected {
        match part {
            Part::Response => {
                self.keys(node, "`response`", &RESPONSE_KEYS);
                if let Some(status) = node.get("status") {
                    self.status_code(status);
                }
            }
            Part::Error => {
                if let Some(code) = node.as_str() {
                    return self.expected_as(node, &json!({ "code": code }));
                }
                self.keys(node, "`error`", &ERROR_KEYS);
            }
            Part::Status => self.one_of(node, "`status`", &["succeeded", "failed", "refused"]),
            Part::Output => {}
        }
        self.expected(node)
    }

    /// A number that no answer can have.
    fn status_code(&mut self, node: &Node) {
        let Data::Scalar(scalar) = &node.data else { return };
        if !scalar
            .value
            .as_u64()
            .is_some_and(|status| (200..600).contains(&status))
        {
            let message = format!("no answer has the status {}", scalar.text);
            let help = "a status is a number from 200 to 599";
            self.reader
                .report_help(Code::NeverHolds, node.span, message, help);
        }
    }

    fn one_of(&mut self, node: &Node, what: &str, known: &[&str]) {
        let Data::Scalar(scalar) = &node.data else { return };
        if !known.contains(&scalar.text.as_str()) {
            let message = format!("{what} is never `{}`", scalar.text);
            let help = lockgate_flow::diagnostic::suggestion(&scalar.text, known.iter().copied());
            self.reader
                .report_help(Code::NeverHolds, node.span, message, help.unwrap_or_default());
        }
    }

    /// Reports keys that what is expected never has.
    fn keys(&mut self, node: &Node, what: &'static str, known: &[&str]) {
        let Data::Map(entries) = &node.data else {
            self.reader.wrong_type(node, what, "a map");
            return;
        };
        // `{ absent: true }` and the like.
        if entries.len() == 1 && !known.contains(&entries[0].key.text.as_str()) && is_matcher(node) {
            return;
        }
        if let Some(mut fields) = self.reader.fields(node, what) {
            for key in known {
                fields.take(key);
            }
            fields.finish(self.reader, known);
        }
    }

    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(Spanned<String>, &'n Node)> {
        let Data::Map(entries) = &node.data else {
            self.reader.wrong_type(node, what, "a map");
            return Vec::new();
        };
        entries
            .iter()
            .map(|entry| {
                let key = Spanned::new(entry.key.text.clone(), entry.key.span);
                (key, &entry.value)
            })
            .collect()
    }

    fn steps(&mut self, node: &Node) -> Vec<(Spanned<String>, Expected)> {
        let mut steps = Vec::new();
        for (id, node) in self.entries(node, "`steps`") {
            self.keys(node, "a step", &STEP_KEYS);
            let mut value = node.to_value();
            short_error(&mut value);
            if let Some(Value::Array(turns)) = value.get_mut("turns") {
                turns.iter_mut().for_each(short_error);
            }
            if node.get("ran").is_some_and(|ran| ran.to_value() == json!(false)) {
                for key in ["output", "error", "attempts", "turns"] {
                    if let Some(other) = node.get(key) {
                        let message = format!("a step that has not run has no `{key}`");
                        self.reader.report(Code::NeverHolds, other.span, message);
                    }
                }
            }
            steps.push((id, self.expected_as(node, &value)));
        }
        steps
    }

    fn calls(&mut self, node: &Node) -> Vec<Calls> {
        let mut calls = Vec::new();
        for (name, node) in self.entries(node, "`calls`") {
            let is_number = matches!(&node.data, Data::Scalar(scalar) if scalar.value.is_u64());
            if !is_number && node.as_list().is_none() && !is_matcher(node) {
                self.reader.wrong_type(
                    node,
                    "what an action is called with",
                    "a list of inputs, or a number",
                );
                continue;
            }
            calls.push(Calls {
                target: Spanned::new(Target::parse(&name.value), name.span),
                expected: self.expected(node),
            });
        }
        calls
    }

    fn tenant(&mut self, node: &Node) -> TenantExpected {
        let mut tenant = TenantExpected::default();
        let Some(mut fields) = self.reader.fields(node, "`tenant`") else {
            return tenant;
        };
        for (key, into) in [("user", &mut tenant.user), ("no_user", &mut tenant.no_user)] {
            let Some(node) = fields.take(key) else { continue };
            for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
                if node.as_map().is_some() {
                    into.push(self.expected(node));
                } else {
                    self.reader.wrong_type(node, &format!("`{key}`"), "a map");
                }
            }
        }
        tenant.users = fields.take("users").map(|node| self.expected(node));
        tenant.requests = fields.take("requests").map(|node| {
            for request in node.as_list().unwrap_or_default() {
                self.keys(request, "a request", &REQUEST_KEYS);
            }
            self.expected(node)
        });
        fields.finish(self.reader, &["user", "no_user", "users", "requests"]);
        tenant
    }

    /// `3d`: that long, and less than a second more. Or `{ at_least, at_most }`.
    fn duration(&mut self, node: &Node) -> Option<Spanned<DurationExpected>> {
        if node.as_map().is_none() {
            let at_least = self.reader.duration(node, "`duration`")?.value;
            let at_most = at_least.saturating_add(Duration::from_millis(999));
            return Some(Spanned::new(DurationExpected { at_least, at_most }, node.span));
        }
        let mut fields = self.reader.fields(node, "`duration`")?;
        let mut bound = |key: &str, otherwise| match fields.take(key) {
            None => Some(otherwise),
            Some(node) => Some(self.reader.duration(node, &format!("`{key}`"))?.value),
        };
        let (at_least, at_most) = (bound("at_least", Duration::ZERO), bound("at_most", Duration::MAX));
        fields.finish(self.reader, &["at_least", "at_most"]);
        let (at_least, at_most) = (at_least?, at_most?);
        if at_least > at_most {
            let message = "`at_least` is longer than `at_most`";
            self.reader.report(Code::NeverHolds, node.span, message);
        }
        Some(Spanned::new(DurationExpected { at_least, at_most }, node.span))
    }
}

/// `error: code` is `error: { code: code }`.
fn short_error(step: &mut Value) {
    if let Some(error) = step.get_mut("error")
        && error.is_string()
    {
        *error = json!({ "code": error.take() });
    }
}

/// Whether a map says what it stands for instead of being it.
fn is_matcher(node: &Node) -> bool {
    const MATCHERS: [&str; 6] = ["any", "matches", "absent", "exactly", "contains", "one_of"];
    node.as_map().is_some_and(|entries| {
        !entries.is_empty()
            && entries
                .iter()
                .all(|entry| MATCHERS.contains(&entry.key.text.as_str()))
    })
}
