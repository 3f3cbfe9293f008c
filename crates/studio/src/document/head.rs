//! What a flow says of itself.

use lockgate_flow::syntax::Trigger;
use lockgate_flow::workspace::CheckedFlow;
use lockgate_flow::yaml::Node;
use serde::Serialize;
use serde_json::Value;

/// `FlowHead` of the API.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FlowHead {
    name: String,
    description: Option<String>,
    route: Option<String>,
    schedule: Option<String>,
    durable: bool,
    timeout_ms: u128,
    input: Vec<InputField>,
    reads_request: bool,
    written: Value,
}

#[derive(Clone, Debug, Serialize)]
struct InputField {
    name: String,
    schema: Value,
    required: bool,
    secret: bool,
    default: Option<Value>,
}

impl FlowHead {
    /// As far as the flow could be read.
    pub(super) fn of(checked: &CheckedFlow, root: Option<&Node>) -> Option<Self> {
        let syntax = checked.syntax.as_ref()?;
        let input = syntax.input.iter().map(|field| InputField {
            name: field.name.value.clone(),
            schema: field.schema.clone(),
            required: field.required,
            secret: field.secret,
            default: field.default.clone(),
        });
        Some(Self {
            name: checked.name.clone(),
            description: syntax.description.clone(),
            route: route_of(&syntax.trigger),
            schedule: schedule_of(&syntax.trigger),
            durable: syntax.durable,
            timeout_ms: syntax.timeout.as_millis(),
            input: input.collect(),
            reads_request: checked.flow.as_ref().is_some_and(|flow| flow.reads_request),
            written: written(root),
        })
    }
}

/// The file's own keys; its steps are told with their places.
fn written(root: Option<&Node>) -> Value {
    let entries = root.and_then(Node::as_map).unwrap_or_default().iter();
    let own = entries.filter(|entry| !matches!(&*entry.key.text, "steps" | "on_error"));
    let own = own.map(|entry| (entry.key.text.clone(), entry.value.to_value()));
    Value::Object(own.collect())
}

/// `POST /sign-up`
pub(crate) fn route_of(trigger: &Trigger) -> Option<String> {
    Some(trigger.http.as_ref()?.route.value.to_string())
}

/// The cron line.
pub(crate) fn schedule_of(trigger: &Trigger) -> Option<String> {
    Some(trigger.schedule.as_ref()?.cron.value.clone())
}
