//! `request` as the flow sees it, and answers as tests see them.

use lockgate_engine::outcome::Response;
use lockgate_engine::request::of_route;
use lockgate_flow::graph::Flow;
use serde_json::{Map, Value, json};

/// The address of callers whose test says none: one for documentation (RFC 5737).
const ADDRESS: &str = "203.0.113.7";

/// The request that would have this input. What the test says counts.
pub(crate) fn of(flow: &Flow, input: &Map<String, Value>, given: Option<&Value>) -> Option<Value> {
    if flow.syntax.trigger.http.is_none() && given.is_none() {
        return None;
    }
    let mut request = of_route(flow, input);
    request.insert("ip".to_owned(), json!(ADDRESS));
    for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
        let value = match (name.as_str(), value) {
            ("headers", Value::Object(headers)) => headers
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.clone()))
                .collect::<Map<_, _>>()
                .into(),
            (_, value) => value.clone(),
        };
        request.insert(name.clone(), value);
    }
    Some(Value::Object(request))
}

/// An answer: `status`, `headers` by lower-case name, and `body`, where there is one.
pub(crate) fn seen(response: &Response) -> Value {
    let mut headers = response.headers_by_name();
    let body = response.content();
    if body.is_some() && !headers.contains_key("content-type") {
        headers.insert("content-type".to_owned(), json!("application/json"));
    }
    let mut seen = json!({ "status": response.status, "headers": headers });
    if let Some(body) = body {
        seen["body"] = body.clone();
    }
    seen
}
