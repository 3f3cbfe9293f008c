//! `auth0.send_request`: any other operation of the Management API.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled, Retry};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::ATTEMPT_TIMEOUT;
use super::get_user::path_error;
use crate::connection::{Request, Session};
use crate::error::{self, INVALID_CONNECTION, USER_EXISTS, USER_NOT_FOUND, WEAK_PASSWORD};
use crate::path::{ApiPath, PathProblem};
use crate::scopes;
use crate::settings::CONNECTION_TYPE;
use crate::transport::Answer;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The connection sets these itself, or they would change how the message is framed (RFC 9110 §7.6, RFC 9112 §6).
const RESERVED_HEADERS: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "For operations that have no action of their own. Write ids as `{name}` in the path and their values \
               under `path_params`: they are encoded, so that an id with `|` or `/` in it stays one id.\n\n\
               The step counts as `once`. But what HTTP calls idempotent (`GET`, `PUT`, `DELETE`; RFC 9110 §9.2.2) is \
               tried again after a transient failure, and repeated after a crash. A `POST` or `PATCH` whose answer was \
               lost is in doubt.\n\n\
               The result is there for good statuses (2xx); all others are errors. `check` knows the scopes of the \
               users' endpoints and of the commonest others.".into(),
        input: Schema::new(input_schema()),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["status", "headers", "body"],
            "properties": {
                "status": { "type": "integer", "minimum": 200, "maximum": 299 },
                "headers": {
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                    "description": "The answer's headers, names in lower case."
                },
                "body": { "description": "The answer's JSON; null where it is empty." }
            }
        })),
        errors: error::declared(&[USER_EXISTS, USER_NOT_FOUND, WEAK_PASSWORD, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(needs),
        check: Some(check),
        changes_users: true,
        example: "action: auth0.send_request\nwith:\n  method: POST\n  path: /api/v2/users/{id}/roles\n  path_params: \
                  { id: \"{{steps.user.user_id}}\" }\n  body: { roles: [rol_VDU6kNIDMHqr6Kbc] }\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.send_request",
            Effect::Once,
            "Calls any operation of the Management API",
        )
    })
});

fn input_schema() -> Value {
    let scalar = json!(["string", "number", "integer", "boolean"]);
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["method", "path"],
        "properties": {
            "method": { "type": "string", "enum": METHODS },
            "path": {
                "type": "string",
                "pattern": "^/api/v2/[^?#]+$",
                "description": "Path from `/api/v2/` on, with `{name}` for each of `path_params`."
            },
            "path_params": {
                "type": "object",
                "additionalProperties": { "type": ["string", "integer"] },
                "description": "Values for the path's `{name}`s. They are encoded."
            },
            "query": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{ "type": scalar }, { "type": "array", "items": { "type": scalar } }, { "type": "null" }]
                },
                "description": "Query parameters. A list repeats its name; null leaves it out."
            },
            "headers": {
                "type": "object",
                "additionalProperties": { "type": "string" },
                "description": "Further headers, like `auth0-custom-domain`. Not `Authorization`."
            },
            "body": { "description": "Sent as JSON." }
        }
    })
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn needs(known: &KnownInput) -> Vec<ScopeNeed> {
    let (Some(method), Some(path)) = (text(&known.value, "method"), text(&known.value, "path")) else {
        return Vec::new();
    };
    scopes::of_endpoint(method, path)
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let mut found = |pointer: &str, message: String, help: &str| {
        problems.push(InputProblem {
            pointer: pointer.to_owned(),
            message,
            help: Some(help.to_owned()),
        });
    };
    if let Some(path) = text(&known.value, "path")
        && !known.is_unknown("/path_params")
    {
        // Values do not matter here; where one is not known yet, any will do.
        let parameters: Vec<_> = parameters(&known.value)
            .into_iter()
            .map(|(name, value)| {
                let is_known = !known.is_unknown(&format!("/path_params/{name}"));
                (name, value.filter(|_| is_known).unwrap_or_else(|| "x".to_owned()))
            })
            .collect();
        if let Err(problem) = ApiPath::from_template(path, &parameters) {
            let help = match problem {
                PathProblem::NotApi => "write the path from `/api/v2/` on, without the domain",
                PathProblem::Query => "move what is behind `?` to `query`",
                PathProblem::MissingParameter(_) | PathProblem::UnusedParameter(_) => {
                    "each `{name}` of the path needs its value under `path_params`, and each value its `{name}`"
                }
                _ => "write it like `/api/v2/users/{id}/roles`",
            };
            found("/path", problem.to_string(), help);
        }
    }
    if let Some(headers) = known.value.get("headers").and_then(Value::as_object) {
        for name in headers.keys().filter(|name| is_reserved(name)) {
            let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
            found(
                &pointer,
                format!("the header {name} is the connection's own"),
                "leave it out",
            );
        }
    }
    if text(&known.value, "method") == Some("GET")
        && known.value.get("body").is_some_and(|body| !body.is_null())
    {
        found("/body", "a GET has no body".to_owned(), "move it to `query`");
    }
    problems
}

fn is_reserved(name: &str) -> bool {
    RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str())
}

fn parameters(input: &Value) -> Vec<(String, Option<String>)> {
    let map = input.get("path_params").and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            (name.clone(), text)
        })
        .collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn build(input: &Value) -> Result<Request<'_>, ActionError> {
    let invalid =
        |text: String| ActionError::new("invalid_request", format!("the request was not sent: {text}"));
    let method = text(input, "method")
        .filter(|method| METHODS.contains(method))
        .and_then(|method| method.parse::<Method>().ok())
        .ok_or_else(|| invalid("the method is none of the Management API's".to_owned()))?;
    let mut values = Vec::new();
    for (name, value) in parameters(input) {
        let value = value
            .ok_or_else(|| invalid(format!("the path parameter `{name}` is neither text nor integer")))?;
        values.push((name, value));
    }
    let template = text(input, "path").unwrap_or_default();
    let path = ApiPath::from_template(template, &values).map_err(|problem| path_error(&problem))?;
    let mut request = Request::new(method, path);
    for (name, value) in input
        .get("query")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let items = match value {
            Value::Null => continue,
            Value::Array(items) => items.iter().collect(),
            value => vec![value],
        };
        for item in items {
            let item = scalar(item)
                .ok_or_else(|| invalid(format!("the query parameter `{name}` is no plain value")))?;
            request.query.push((name.clone(), item));
        }
    }
    request.headers = headers(input).map_err(invalid)?;
    request.body = input.get("body").filter(|body| !body.is_null());
    if request.method == Method::GET && request.body.is_some() {
        return Err(invalid("a GET has no body".to_owned()));
    }
    Ok(request)
}

fn headers(input: &Value) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if is_reserved(name) {
            return Err(format!("the header {name} is the connection's own"));
        }
        let parsed = name
            .parse::<HeaderName>()
            .map_err(|_| format!("`{name}` is no header name"))?;
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        headers.insert(
            parsed,
            value.ok_or_else(|| format!("the header {name} has no value that can be sent"))?,
        );
    }
    Ok(headers)
}

/// RFC 9110 §9.2.2: several identical requests have the effect of one.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::PUT | Method::DELETE)
}

/// Calls any operation of the Management API.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendRequest;

#[async_trait]
impl Action for SendRequest {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let request = build(&input)?;
        let result = match session.send(&request, false).await {
            Ok(answer) if answer.body.iter().all(u8::is_ascii_whitespace) => {
                Ok(result(&answer, &Value::Null))
            }
            Ok(answer) => session.read_json(&answer).map(|body| result(&answer, &body)),
            Err(error) => Err(error),
        };
        result.map_err(|error| match error.retry {
            // A repeat leaves the same state, so it is as if nothing had happened.
            Retry::Transient if is_idempotent(&request.method) => {
                error.with_retry(Retry::NothingHappened { after: None })
            }
            _ => error,
        })
    }

    async fn reconcile(&self, _: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        Ok(match build(input) {
            Ok(request) if is_idempotent(&request.method) => Reconciled::DidNotHappen,
            _ => Reconciled::Unknown,
        })
    }
}

fn result(answer: &Answer, body: &Value) -> Value {
    let mut headers = Map::new();
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), Value::from(value));
            }
        }
    }
    json!({ "status": answer.status.as_u16(), "headers": headers, "body": body })
}

#[cfg(test)]
mod tests {
    use lockgate_engine::trace::TraceContext;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_request_is_put_together() {
        let stand_in = StandIn::start([Reply::json(201, &json!({ "ok": true })).header("x-a", "1")]).await;
        let input = json!({
            "method": "POST",
            "path": "/api/v2/users/{id}/roles",
            "path_params": { "id": "auth0|a/b" },
            "query": { "a": [1, true, "x y"], "b": null, "c": "d" },
            "headers": { "Auth0-Custom-Domain": "login.acme.com" },
            "body": { "roles": ["r"] },
        });
        let result = Step::new(&stand_in).call(&SendRequest, input).await.unwrap();
        assert_eq!(
            (&result["status"], &result["body"]),
            (&json!(201), &json!({ "ok": true }))
        );
        assert_eq!(result["headers"]["x-a"], "1");
        let seen = &stand_in.requests()[0];
        assert_eq!(seen.uri, "/api/v2/users/auth0%7Ca%2Fb/roles?a=1&a=true&a=x+y&c=d");
        assert_eq!(seen.headers["auth0-custom-domain"], "login.acme.com");
        assert_eq!(seen.headers["content-type"], "application/json");
        assert_eq!(seen.json(), json!({ "roles": ["r"] }));
    }

    #[tokio::test]
    async fn the_callers_trace_context_goes_on() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let answer = || Reply::json(200, &json!({}));
        let stand_in = StandIn::start([answer(), answer()]).await;
        let mut step = Step::new(&stand_in);
        step.caller = TraceContext::parse(parent).map(|context| context.with_state(["a=1"]));
        let mut input = json!({ "method": "GET", "path": "/api/v2/clients" });
        step.call(&SendRequest, input.clone()).await.unwrap();
        input["headers"] = json!({ "Traceparent": "written" });
        step.call(&SendRequest, input).await.unwrap();
        let requests = stand_in.requests();
        assert_eq!(requests[0].headers["traceparent"], parent);
        assert_eq!(requests[0].headers["tracestate"], "a=1");
        // What an author writes counts.
        let written: Vec<_> = requests[1].headers.get_all("traceparent").iter().collect();
        assert_eq!(written, ["written"]);
        assert!(!requests[1].headers.contains_key("tracestate"));
    }

    #[tokio::test]
    async fn an_empty_answer_has_a_null_body() {
        let stand_in = StandIn::start([Reply {
            headers: Vec::new(),
            ..Reply::text(204, "")
        }])
        .await;
        let input =
            json!({ "method": "DELETE", "path": "/api/v2/users/{id}/roles", "path_params": { "id": "a" } });
        let result = Step::new(&stand_in).call(&SendRequest, input).await.unwrap();
        assert_eq!((&result["status"], &result["body"]), (&json!(204), &Value::Null));
    }

    #[tokio::test]
    async fn only_what_is_idempotent_may_be_repeated() {
        for (method, retry, reconciled) in [
            (
                "GET",
                Retry::NothingHappened { after: None },
                Reconciled::DidNotHappen,
            ),
            (
                "PUT",
                Retry::NothingHappened { after: None },
                Reconciled::DidNotHappen,
            ),
            (
                "DELETE",
                Retry::NothingHappened { after: None },
                Reconciled::DidNotHappen,
            ),
            ("POST", Retry::Transient, Reconciled::Unknown),
            ("PATCH", Retry::Transient, Reconciled::Unknown),
        ] {
            let stand_in = StandIn::start([Reply::text(503, "")]).await;
            let step = Step::new(&stand_in);
            let input = json!({ "method": method, "path": "/api/v2/roles" });
            assert_eq!(
                step.call(&SendRequest, input.clone()).await.unwrap_err().retry,
                retry,
                "{method}"
            );
            assert_eq!(
                step.reconcile(&SendRequest, &input).await,
                Ok(reconciled),
                "{method}"
            );
        }
    }

    #[tokio::test]
    async fn what_must_not_be_sent_is_not_sent() {
        let stand_in = StandIn::start([]).await;
        let step = Step::new(&stand_in);
        for input in [
            json!({ "method": "GET", "path": "/oauth/token" }),
            json!({ "method": "GET", "path": "/api/v2/../../oauth/token" }),
            json!({ "method": "DELETE", "path": "/api/v2/users/{id}", "path_params": { "id": "" } }),
            json!({ "method": "DELETE", "path": "/api/v2/users/{id}", "path_params": { "id": ".." } }),
            json!({ "method": "TRACE", "path": "/api/v2/users" }),
            json!({ "method": "GET", "path": "/api/v2/users", "headers": { "Authorization": "Bearer mine" } }),
            json!({ "method": "GET", "path": "/api/v2/users", "headers": { "x": "a\r\nb" } }),
            json!({ "method": "GET", "path": "/api/v2/users", "body": {} }),
        ] {
            assert_eq!(
                step.call(&SendRequest, input).await.unwrap_err().code,
                "invalid_request"
            );
        }
        assert!(stand_in.requests().is_empty());
    }

    #[track_caller]
    fn problems(value: Value, unknown: &[&str], expected: &[(&str, &str)]) {
        let known = KnownInput {
            value,
            unknown: unknown.iter().map(|text| (*text).to_owned()).collect(),
        };
        let found: Vec<_> = check(&known)
            .into_iter()
            .map(|problem| (problem.pointer, problem.message))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, m)| ((*p).to_owned(), (*m).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn mistakes_are_found_before_it_runs() {
        let path = "/api/v2/users/{id}";
        problems(
            json!({ "method": "GET", "path": path, "path_params": { "id": null } }),
            &["/path_params/id"],
            &[],
        );
        problems(
            json!({ "method": "GET", "path": path, "path_params": null }),
            &["/path_params"],
            &[],
        );
        problems(json!({ "method": "GET", "path": null }), &["/path"], &[]);
        problems(
            json!({ "method": "GET", "path": path }),
            &[],
            &[("/path", "the path has `{id}`, but `path_params` has no `id`")],
        );
        problems(
            json!({ "method": "GET", "path": "/api/v2/users", "headers": { "Host": null }, "body": {} }),
            &["/headers/Host"],
            &[
                ("/headers/Host", "the header Host is the connection's own"),
                ("/body", "a GET has no body"),
            ],
        );
    }

    #[test]
    fn scopes_are_derived() {
        let known = |value: Value| KnownInput {
            value,
            unknown: Vec::new(),
        };
        let need = needs(&known(
            json!({ "method": "GET", "path": "/api/v2/users/{id}/logs" }),
        ));
        assert_eq!(
            need,
            [ScopeNeed(vec![
                "read:logs_users".to_owned(),
                "read:logs".to_owned()
            ])]
        );
        assert!(needs(&known(json!({ "method": "GET", "path": null }))).is_empty());
    }
}
