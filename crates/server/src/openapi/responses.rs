//! The answers of one operation, by status.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::components::{Components, describe, reference};
use super::problems::{self, Own, PROBLEM_JSON};
use super::reach::Failure;
use super::schema::{is_worth_a_name, union};

/// The key of answers whose status a flow works out.
pub(super) const DEFAULT: &str = "default";

/// An answer that a step of a flow gives.
pub(super) struct Answer {
    /// As the document has it: `201`, `default`.
    pub(super) status: String,
    /// The media type and the schema of the body.
    pub(super) content: Option<(String, Value)>,
    /// Headers, and whether this answer always has them.
    pub(super) headers: Vec<(String, Value, bool)>,
}

/// What decides which headers the answers of an operation may have.
#[derive(Clone, Copy)]
pub(super) struct CommonHeaders {
    pub(super) has_rate_limit: bool,
    /// Whether the flow's runs are kept.
    pub(super) is_kept: bool,
}

/// Collects the answers of an operation.
#[derive(Default)]
pub(super) struct Responses {
    entries: BTreeMap<String, Entry>,
}

/// Everything that is answered with one status.
#[derive(Default)]
struct Entry {
    answers: usize,
    content: BTreeMap<String, Vec<Value>>,
    headers: BTreeMap<String, (Vec<Value>, usize)>,
    /// Codes of problems and when they come; the text of no code comes last.
    problems: BTreeMap<(bool, String), BTreeSet<String>>,
    /// Headers of the server's own problems.
    own_headers: BTreeSet<&'static str>,
    /// Whether a run gives it.
    is_from_run: bool,
    /// Whether others have the same.
    is_shared: bool,
}

impl Responses {
    pub(super) fn answer(&mut self, answer: Answer) {
        let entry = self.entries.entry(answer.status).or_default();
        entry.answers += 1;
        entry.is_from_run = true;
        if let Some((media, schema)) = answer.content {
            entry.content.entry(media).or_default().push(schema);
        }
        for (name, schema, is_always) in answer.headers {
            let (schemas, always) = entry.headers.entry(name).or_default();
            schemas.push(schema);
            *always += usize::from(is_always);
        }
    }

    /// An answer that many operations have. Where no step of the flow gives one with its status, they have it word by word.
    pub(super) fn shared(&mut self, answer: Answer) {
        let is_alone = !self.entries.contains_key(&answer.status);
        let status = answer.status.clone();
        self.answer(answer);
        if let Some(entry) = self.entries.get_mut(&status) {
            entry.is_shared = is_alone;
        }
    }

    pub(super) fn failure(&mut self, failure: &Failure<'_>, when: &str) {
        let statuses = match failure.status {
            Some(status) => vec![status.to_string()],
            None => vec!["4XX".to_owned(), "5XX".to_owned()],
        };
        for status in statuses {
            let entry = self.entries.entry(status).or_default();
            entry.is_from_run = true;
            entry.problem(failure.code.as_deref(), when);
        }
    }

    pub(super) fn own(&mut self, own: &Own) {
        let entry = self.entries.entry(own.status.to_string()).or_default();
        entry.own_headers.extend(own.header);
        entry.problem(Some(own.code), own.when);
    }

    /// `responses` of the operation. `name` is the flow's in the names of schemas.
    pub(super) fn write(
        self,
        name: &str,
        common: CommonHeaders,
        components: &mut Components,
        shared: &mut Shared,
    ) -> Value {
        let bodies = self
            .entries
            .values()
            .filter(|entry| !entry.content.is_empty() && !entry.is_shared)
            .count();
        let mut responses = Map::new();
        for (status, entry) in self.entries {
            let schema_name = if bodies > 1 {
                format!("{name}Output{}", capitalized(&status))
            } else {
                format!("{name}Output")
            };
            let is_problem = entry.answers == 0
                && (!entry.is_from_run || status.parse().is_ok_and(|status: u16| status >= 500));
            let is_shared = is_problem || entry.is_shared;
            let response = entry.write(&status, &schema_name, common, components);
            let response = if is_shared {
                shared.response(&status, response)
            } else {
                response
            };
            responses.insert(status, response);
        }
        Value::Object(responses)
    }
}

impl Entry {
    fn problem(&mut self, code: Option<&str>, when: &str) {
        let (is_other, name) = match code {
            Some(code) => (false, code.to_owned()),
            None => (true, String::new()),
        };
        let texts = self.problems.entry((is_other, name)).or_default();
        let when = when.split_whitespace().collect::<Vec<_>>().join(" ");
        let when = when.trim_end_matches('.').to_owned();
        if !when.is_empty() {
            texts.insert(when);
        }
    }

    fn write(
        self,
        status: &str,
        schema_name: &str,
        common: CommonHeaders,
        components: &mut Components,
    ) -> Value {
        let mut response = Map::new();
        response.insert("description".to_owned(), self.description(status).into());
        let headers = self.headers(common);
        if !headers.is_empty() {
            response.insert("headers".to_owned(), Value::Object(headers));
        }
        let mut content = Map::new();
        for (media, schemas) in self.content {
            let mut schema = union(schemas);
            if is_worth_a_name(&schema) {
                let name = components.claim(schema_name);
                let description = match status {
                    DEFAULT => "The body of an answer whose status the flow works out.".to_owned(),
                    status => format!("The body of {status} {}.", phrase(status)),
                };
                describe(&mut schema, &description);
                schema = components.put(name, schema);
            }
            content.insert(media, json!({ "schema": schema }));
        }
        let codes: Vec<&String> = self
            .problems
            .keys()
            .filter(|(is_other, _)| !is_other)
            .map(|(_, code)| code)
            .collect();
        if !self.problems.is_empty() {
            content.insert(
                PROBLEM_JSON.to_owned(),
                json!({ "schema": reference(problems::SCHEMA) }),
            );
        }
        if !content.is_empty() {
            response.insert("content".to_owned(), Value::Object(content));
        }
        if !codes.is_empty() {
            response.insert("x-codes".to_owned(), json!(codes));
        }
        Value::Object(response)
    }

    fn headers(&self, common: CommonHeaders) -> Map<String, Value> {
        let mut headers = Map::new();
        let shared = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
        for (name, (schemas, always)) in &self.headers {
            // One that only some of the answers have is not required.
            let is_required = *always >= self.answers && self.problems.is_empty();
            let schema = union(schemas.iter().cloned());
            headers.insert(name.clone(), json!({ "required": is_required, "schema": schema }));
        }
        if self.is_from_run {
            headers.insert("X-Run-Id".to_owned(), shared("X-Run-Id"));
            if common.is_kept {
                headers.insert("Idempotency-Replayed".to_owned(), shared("Idempotency-Replayed"));
            }
        }
        if common.has_rate_limit {
            for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
                headers.insert(name.to_owned(), shared(name));
            }
        }
        for name in &self.own_headers {
            headers.insert((*name).to_owned(), shared(name));
        }
        headers
    }

    fn description(&self, status: &str) -> String {
        let mut text = phrase(status);
        if self.problems.is_empty() {
            return text;
        }
        text.push_str(if self.answers > 0 {
            ", or a problem:\n"
        } else {
            ":\n"
        });
        for ((is_other, code), when) in &self.problems {
            let name = if *is_other {
                "any code".to_owned()
            } else {
                format!("`{code}`")
            };
            let when = when.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
            let separator = if when.is_empty() { "" } else { ": " };
            let _ = write!(text, "\n- {name}{separator}{when}");
        }
        text
    }
}

/// Answers that several operations have word by word.
#[derive(Default)]
pub(super) struct Shared {
    names: HashMap<String, String>,
    responses: BTreeMap<String, Value>,
}

impl Shared {
    fn response(&mut self, status: &str, response: Value) -> Value {
        let text = response.to_string();
        if let Some(name) = self.names.get(&text) {
            return Self::reference(name);
        }
        let words = phrase(status);
        let wanted: String = words.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while self.responses.contains_key(&name) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        let reference = Self::reference(&name);
        self.responses.insert(name.clone(), response);
        self.names.insert(text, name);
        reference
    }

    fn reference(name: &str) -> Value {
        json!({ "$ref": format!("#/components/responses/{name}") })
    }

    pub(super) fn into_responses(self) -> Map<String, Value> {
        self.responses.into_iter().collect()
    }
}

/// `Created`; of a range or no status what it stands for.
fn phrase(status: &str) -> String {
    let known = status
        .parse()
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    match (status, known) {
        ("4XX", _) => "The flow works out the status: from 400 to 499".to_owned(),
        ("5XX", _) => "The flow works out the status: from 500 to 599".to_owned(),
        (DEFAULT, _) => "The flow works out the status: from 200 to 599".to_owned(),
        (status, known) => known
            .and_then(|status| status.canonical_reason())
            .map_or_else(|| format!("Status {status}"), str::to_owned),
    }
}

fn capitalized(status: &str) -> &str {
    if status == DEFAULT { "Default" } else { status }
}
