//! One flow → one operation.

use http::StatusCode;
use lockgate_flow::expression::ValueTemplate;
use lockgate_flow::graph::{Flow, NodeIndex, Op};
use lockgate_flow::schema::{SchemaView, TypeSet};
use lockgate_flow::syntax::HttpTrigger;
use serde_json::{Map, Value, json};

use super::calls::Calls;
use super::components::{Components, pascal_case};
use super::infer::Inference;
use super::input;
use super::kept;
use super::places::Places;
use super::problems;
use super::reach::{Caller, constant, reach};
use super::responses::{Answer, CommonHeaders, DEFAULT, Responses, Shared};
use super::schema::{any, of_types, union};
use super::security::Security;

/// What operations have in common.
pub(super) struct Common<'a> {
    pub(super) calls: Calls<'a>,
    pub(super) components: Components,
    pub(super) security: Security<'a>,
    pub(super) shared: Shared,
}

/// The operation of a flow. `parameters` are the names of the path's parameters, `id` is the operation's.
pub(super) fn operation<'a>(
    flow: &'a Flow,
    trigger: &HttpTrigger,
    parameters: &[String],
    id: String,
    common: &mut Common<'a>,
) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), id.into());
    let description = flow.syntax.description.as_deref().map_or("", str::trim);
    let (summary, more) = match description.split_once('\n') {
        Some((summary, _)) => (summary.trim_end(), true),
        None => (description, false),
    };
    let summary = if summary.is_empty() { &flow.name } else { summary };
    operation.insert("summary".to_owned(), summary.into());
    if more {
        operation.insert("description".to_owned(), description.into());
    }
    operation.insert("x-flow".to_owned(), flow.name.as_str().into());
    let mut taken = input::taken(flow, &trigger.route.value, parameters, &mut common.components);
    if flow.durable {
        taken.parameters.extend(kept::parameters());
    }
    if !taken.parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(taken.parameters));
    }
    if let Some(body) = taken.body {
        operation.insert("requestBody".to_owned(), body);
    }
    operation.insert("responses".to_owned(), responses(flow, trigger, common));
    if let Some(requirement) = common.security.requirement(trigger) {
        operation.insert("security".to_owned(), requirement);
    }
    Value::Object(operation)
}

fn responses<'a>(flow: &'a Flow, trigger: &HttpTrigger, common: &mut Common<'a>) -> Value {
    let mut responses = Responses::default();
    let reached = reach(flow, Caller::Http, &common.calls);
    let places = Places::of(flow);
    let mut inference = Inference::new(flow, &places, &common.calls, &mut common.components);
    for index in reached.answers {
        responses.answer(answer(flow, index, &mut inference));
    }
    if reached.ends {
        responses.answer(Answer {
            status: StatusCode::NO_CONTENT.as_str().to_owned(),
            content: None,
            headers: Vec::new(),
        });
    }
    for (failure, when) in &reached.failures {
        responses.failure(failure, when);
    }
    for own in problems::own(flow, trigger) {
        responses.own(&own);
    }
    if flow.durable {
        responses.shared(kept::accepted());
    }
    let headers = CommonHeaders {
        has_rate_limit: trigger.rate_limit.is_some(),
        is_kept: flow.durable,
    };
    responses.write(
        &pascal_case(&flow.name),
        headers,
        &mut common.components,
        &mut common.shared,
    )
}

/// The answer that a step gives.
fn answer<'a>(flow: &'a Flow, index: NodeIndex, inference: &mut Inference<'a, '_>) -> Answer {
    match &flow.graph[index].op {
        Op::Respond {
            status,
            headers,
            body,
        } => {
            let status = match constant(status) {
                Some(Value::Number(status)) => status.to_string(),
                Some(Value::String(status)) => status.clone(),
                _ => DEFAULT.to_owned(),
            };
            let headers = Headers::of(headers, index, inference);
            let has_content = !["204", "205", "304"].contains(&status.as_str());
            let content = body
                .as_ref()
                .filter(|_| has_content)
                .map(|body| headers.content(inference.value(body, index)));
            Answer {
                status,
                content,
                headers: headers.shown,
            }
        }
        Op::Redirect { to, status } => {
            let schema = inference.value(to, index);
            let is_text = SchemaView::of(&schema).types() == TypeSet::STRING;
            let schema = if is_text {
                schema
            } else {
                of_types(TypeSet::STRING)
            };
            Answer {
                status: status.to_string(),
                content: None,
                headers: vec![("Location".to_owned(), schema, true)],
            }
        }
        Op::Return(value) => Answer {
            status: StatusCode::OK.as_str().to_owned(),
            content: Some(("application/json".to_owned(), inference.value(value, index))),
            headers: Vec::new(),
        },
        _ => Answer {
            status: DEFAULT.to_owned(),
            content: Some((ANY_MEDIA.to_owned(), any())),
            headers: Vec::new(),
        },
    }
}

const ANY_MEDIA: &str = "*/*";

/// The headers of a `respond`.
struct Headers {
    shown: Vec<(String, Value, bool)>,
    /// `content-type`, if there is one; `*/*` where it is worked out.
    media: Option<String>,
}

impl Headers {
    fn of<'a>(template: &'a ValueTemplate, index: NodeIndex, inference: &mut Inference<'a, '_>) -> Self {
        let mut headers = Self {
            shown: Vec::new(),
            media: None,
        };
        match template {
            ValueTemplate::Map(entries) => {
                for (name, value) in entries {
                    match constant(value) {
                        Some(value) => headers.add_constant(name, value),
                        None => headers.add_open(name, inference.value(value, index)),
                    }
                }
            }
            template => match constant(template) {
                Some(Value::Object(entries)) => {
                    for (name, value) in entries {
                        headers.add_constant(name, value);
                    }
                }
                // Which ones there are is worked out.
                _ => headers.media = Some(ANY_MEDIA.to_owned()),
            },
        }
        headers
    }

    fn add_constant(&mut self, name: &str, value: &Value) {
        // Null leaves a header out, and a list gives it several times.
        let values = match value {
            Value::Null => return,
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let mut texts = values.iter().filter(|value| !value.is_null()).map(text);
        if name.eq_ignore_ascii_case("content-type") {
            self.media = texts.next();
            return;
        }
        let schema = match (texts.next(), texts.next()) {
            (None, _) => return,
            (Some(text), None) => json!({ "type": "string", "const": text }),
            (Some(_), Some(_)) => of_types(TypeSet::STRING),
        };
        self.shown.push((name.to_owned(), schema, true));
    }

    fn add_open(&mut self, name: &str, schema: Value) {
        if name.eq_ignore_ascii_case("content-type") {
            self.media = Some(ANY_MEDIA.to_owned());
            return;
        }
        let types = SchemaView::of(&schema).types();
        let is_always = !types.overlaps(TypeSet::NULL.union(TypeSet::ARRAY));
        let schema = if types == TypeSet::STRING {
            schema
        } else {
            of_types(TypeSet::STRING)
        };
        self.shown.push((name.to_owned(), schema, is_always));
    }

    /// The media type of a body, and its schema.
    fn content(&self, schema: Value) -> (String, Value) {
        let Some(media) = &self.media else {
            return ("application/json".to_owned(), schema);
        };
        let essence = media
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if essence == ANY_MEDIA {
            return (essence, union([schema, of_types(TypeSet::STRING)]));
        }
        (essence, schema)
    }
}

/// A header's value as the executor writes it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
