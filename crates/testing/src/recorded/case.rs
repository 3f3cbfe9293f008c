//! The parts of a case, and its text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lockgate_auth0::CONNECTION_TYPE;
use lockgate_flow::catalog::{ActionSpec, Effect};
use lockgate_flow::graph::Op;
use lockgate_flow::workspace::resolve_settings;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::expected::Loose;
use super::users::Users;
use super::{Recorded, RecordedCall, gap, yaml};
use crate::subject::{Subject, runs_as_it_is};

/// What is written of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The case's name.
    pub name: String,
    /// The case as an element of `cases`, each line indented as asked for.
    pub text: String,
}

/// Writes a case. `flow` says whether it names its flow: in a file that tests another.
pub fn write(subject: &Subject, run: &Recorded, name: &str, indent: usize, flow: bool) -> Written {
    let parts = Parts { subject, run };
    let mut case = Map::new();
    case.insert("name".to_owned(), json!(name));
    if flow {
        case.insert("flow".to_owned(), json!(run.flow));
    }
    case.extend(parts.all());
    let margin = " ".repeat(indent);
    let mut text = String::new();
    for note in parts.notes() {
        let _ = writeln!(text, "{margin}# {note}");
    }
    for (index, (key, value)) in case.iter().enumerate() {
        let mark = if index == 0 { "- " } else { "  " };
        let _ = write!(text, "{margin}{mark}{key}:");
        yaml::value(&mut text, value, indent + 2);
    }
    Written {
        name: name.to_owned(),
        text,
    }
}

struct Parts<'a> {
    subject: &'a Subject,
    run: &'a Recorded,
}

impl Parts<'_> {
    fn all(&self) -> Map<String, Value> {
        let users = Users::of(self.run.calls.iter().filter(|call| self.is_of_tenant(call)));
        let before = gap::fill(&json!(users.before), "tenant.users");
        let mut case = Map::new();
        let mut put = |key: &str, value: Value| {
            let is_empty = match &value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                _ => false,
            };
            if !is_empty {
                case.insert(key.to_owned(), value);
            }
        };
        put("now", json!(self.run.at.to_string()));
        put("input", gap::fill(&self.run.input, ""));
        put("request", self.request());
        if users.before.is_empty() {
            put("tenant", Value::Null);
        } else {
            put("tenant", json!({ "users": before }));
        }
        put("connections", self.connections());
        put("mock", self.mocks());
        put("faults", self.faults());
        put("expect", self.expect(users.made));
        case
    }

    fn spec(&self, call: &RecordedCall) -> Option<&ActionSpec> {
        self.subject.catalog.action(&call.action).map(|spec| &**spec)
    }

    fn is_of_tenant(&self, call: &RecordedCall) -> bool {
        let connection = self.spec(call).and_then(|spec| spec.connection.as_deref());
        connection == Some(CONNECTION_TYPE)
    }

    /// What a mock or a fault is for: the step, where its id alone says which.
    fn target(&self, call: &RecordedCall) -> (&'static str, String) {
        let step = call.step.as_deref().filter(|step| {
            let found = self.subject.step(&self.run.flow, step);
            found.is_some_and(|(flow, _)| flow.name == call.flow)
        });
        match step {
            Some(step) => ("step", step.to_owned()),
            None => ("action", call.action.clone()),
        }
    }

    /// What of `request` the flow looks at. It is sealed as a whole, so that nobody has recorded it.
    fn request(&self) -> Value {
        let mut request = Map::new();
        if !self.run.is_http {
            return Value::Null;
        }
        let Ok(read) = Regex::new(r"request\.(headers|query)\.(?:\[([^\]]+)\]|([A-Za-z0-9_-]+))") else {
            return Value::Null;
        };
        for flow in self.subject.reach(&self.run.flow) {
            let text = flow.source.text();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            for found in lines.flat_map(|line| read.captures_iter(line)) {
                let part = &found[1];
                let name = found.get(2).or_else(|| found.get(3));
                let name = name.map_or("", |name| name.as_str());
                request.entry(part).or_insert_with(|| json!({}))[name] =
                    json!(gap::gap(&format!("request.{part}.{name}")));
            }
        }
        Value::Object(request)
    }

    /// Settings of connections that are opened in tests: a test reads no variables.
    fn connections(&self) -> Value {
        let mut used = BTreeSet::new();
        for flow in self.subject.reach(&self.run.flow) {
            for node in flow.graph.node_weights() {
                if let Op::Action(action) = &node.op
                    && let Some(name) = &action.connection
                    && runs_as_it_is(&action.spec)
                {
                    used.insert(&**name);
                }
            }
        }
        let mut connections = Map::new();
        for connection in &self.subject.connections {
            let name = &connection.name.value;
            if connection.type_name.value == CONNECTION_TYPE || !used.contains(name.as_str()) {
                continue;
            }
            for missing in resolve_settings(connection, &|_| None).err().unwrap_or_default() {
                let gap = gap::gap(&format!("connections.{name}.{}", missing.setting));
                connections.entry(name).or_insert_with(|| json!({}))[missing.setting] = json!(gap);
            }
        }
        Value::Object(connections)
    }

    fn mocks(&self) -> Value {
        let mut mocks: Map<String, Value> = Map::new();
        for call in &self.run.calls {
            if self.spec(call).is_none_or(runs_as_it_is) {
                continue;
            }
            let (kind, name) = self.target(call);
            let target = if kind == "step" {
                format!("steps.{name}")
            } else {
                name
            };
            let answers = mocks.entry(&*target).or_insert_with(|| json!([]));
            let Value::Array(answers) = answers else { continue };
            for (index, answer) in call.answers.iter().enumerate() {
                let answer = match answer {
                    Ok(value) => json!({ "value": value }),
                    Err(error) => {
                        let mut error = kept(error, &["code", "message", "status", "provider"]);
                        if let Some(retry) = self.retry(call, index) {
                            error["retry"] = json!(retry);
                        }
                        json!({ "error": error })
                    }
                };
                answers.push(gap::fill(&answer, &target));
            }
        }
        for answers in mocks.values_mut() {
            // The last one stays: what is answered again and again need not be written more than once.
            if let Value::Array(all) = answers {
                while all.len() > 1 && all[all.len() - 1] == all[all.len() - 2] {
                    all.pop();
                }
                if all.len() == 1 {
                    *answers = all.remove(0);
                }
            }
        }
        Value::Object(mocks)
    }

    /// What has to be said of an error so that it is tried again as it was: nothing where it is anyway, or was not.
    fn retry(&self, call: &RecordedCall, index: usize) -> Option<&'static str> {
        let Some(Err(error)) = call.answers.get(index) else {
            return None;
        };
        let was_retried = index + 1 < call.answers.len();
        let is_transient = error["code"] == "unavailable"
            || matches!(error["status"].as_u64(), Some(408 | 425 | 429 | 503 | 504));
        (was_retried && !is_transient).then(|| match self.spec(call).map(|spec| spec.effect) {
            Some(Effect::Once) => "nothing_happened",
            _ => "transient",
        })
    }

    /// Errors of the tenant that do not come of what it holds: it was down, or asked too often.
    fn faults(&self) -> Value {
        let mut faults: Vec<Value> = Vec::new();
        for call in self.run.calls.iter().filter(|call| self.is_of_tenant(call)) {
            let (kind, name) = self.target(call);
            for (index, answer) in call.answers.iter().enumerate() {
                let Err(error) = answer else { continue };
                let status = error["status"].as_u64().unwrap_or_default();
                if status < 500 && status != 429 {
                    continue;
                }
                let code = &error["code"];
                let error = match self.retry(call, index) {
                    None => code.clone(),
                    Some(retry) => json!({ "code": code, "retry": retry }),
                };
                let fault = json!({ kind: name, "times": 1, "error": error });
                match faults.last_mut() {
                    Some(last) if last[kind] == fault[kind] && last["error"] == fault["error"] => {
                        last["times"] = json!(last["times"].as_u64().unwrap_or_default() + 1);
                    }
                    _ => faults.push(fault),
                }
            }
        }
        json!(faults)
    }

    fn expect(&self, made: BTreeSet<String>) -> Value {
        let run = self.run;
        let loose = Loose::new(made, &run.input);
        let mut expect = Map::new();
        if let Some(response) = &run.response {
            let mut seen = Map::new();
            seen.insert("status".to_owned(), response["status"].clone());
            let location = response["headers"].as_array().into_iter().flatten();
            for header in location.filter(|header| header[0] == "location") {
                seen.insert(
                    "headers".to_owned(),
                    json!({ "location": loose.pattern(&header[1]) }),
                );
            }
            if !response["body"].is_null() {
                seen.insert("body".to_owned(), loose.pattern(&response["body"]));
            }
            expect.insert("response".to_owned(), Value::Object(seen));
        }
        if let Some(output) = &run.output {
            expect.insert("output".to_owned(), loose.pattern(output));
        }
        if let (None, Some(error), true) = (&run.response, &run.error, run.is_http) {
            let answer = json!({ "status": error["status"], "body": { "code": error["code"] } });
            expect.insert("response".to_owned(), answer);
        }
        if let Some(error) = &run.error {
            let error = loose.pattern(&kept(error, &["code", "status", "details"]));
            expect.insert("error".to_owned(), error);
        } else if expect.is_empty() {
            expect.insert("status".to_owned(), json!("succeeded"));
        }
        Value::Object(expect)
    }

    /// What the case may lack, for its author.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("Recorded from the run {}.", self.run.id)];
        let mut shares: Vec<&str> = self
            .run
            .calls
            .iter()
            .filter(|call| {
                self.spec(call)
                    .is_some_and(|spec| spec.offline && spec.effect != Effect::Pure && spec.name != "log")
            })
            .map(|call| call.action.as_str())
            .collect();
        shares.dedup();
        if !shares.is_empty() {
            notes.push(format!(
                "{} may build on what runs before it have left: put them before it with `runs`.",
                shares.join(", ")
            ));
        }
        notes
    }
}

/// Some fields of an object.
fn kept(value: &Value, names: &[&str]) -> Value {
    let mut kept = Map::new();
    for name in names {
        if let Some(field) = value.get(*name).filter(|field| !field.is_null()) {
            kept.insert((*name).to_owned(), field.clone());
        }
    }
    Value::Object(kept)
}
