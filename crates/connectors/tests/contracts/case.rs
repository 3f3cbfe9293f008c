//! Runs one case: a stand-in with its answers, a call, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use lockgate_connectors::{Connector, LiveConnection, Operation, OperationAction};
use lockgate_engine::action::{Action, ActionError, Reconciled, Retry};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::Opening;
use lockgate_engine::testing::{LoneStep, TestClock};
use lockgate_flow::schema::{compile, problems};
use lockgate_http::testing::{Seen, Server, reply};
use lockgate_http::{Exchange, HttpPolicy, SystemResolver};
use lockgate_testing::matching::Pattern;
use serde_json::{Map, Value, json};
use url::Url;

use crate::file::{Answer, Body, Case, Contract};

/// Longer than any case takes.
const LIMIT: Duration = Duration::from_secs(30);

/// What is wrong with a case.
type Problems = Vec<String>;

pub(crate) async fn run(
    connector: &Arc<Connector>,
    contract: &Contract,
    case: &Case,
) -> Result<(), Problems> {
    let operation = connector
        .operations()
        .iter()
        .find(|operation| operation.name() == case.operation)
        .ok_or_else(|| vec![format!("there is no operation `{}`", case.operation)])?;
    let mut found = Vec::new();
    let mistakes = of_schema(operation.spec().input.as_value(), &case.input);
    found.extend(
        mistakes
            .into_iter()
            .map(|mistake| format!("the input: {mistake}")),
    );
    let server = Server::start(case.answers.iter().map(Answer::reply)).await;
    let mut settings = contract.connection.clone();
    settings.extend(case.connection.clone());
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    let connection =
        open(connector, operation, &settings, &server, &clock).map_err(|problem| vec![problem])?;

    let mut step = LoneStep::on(TestClock::default()).with_connection(connection);
    step.entropy = |buffer| buffer.fill(7);
    let policy = HttpPolicy::parse(["127.0.0.1"]).unwrap();
    let exchange = Arc::new(Exchange::new(policy, Arc::new(SystemResolver)));
    let action = connector
        .actions(&exchange)
        .into_iter()
        .find(|action| action.spec().name == operation.spec().name)
        .unwrap();
    if case.reconcile {
        reconcile(&action, &step, case, &mut found).await;
    } else {
        let outcome = tokio::time::timeout(LIMIT, step.call(&action, case.input.clone()))
            .await
            .map_err(|_| vec!["no end in sight".to_owned()])?;
        judge(
            operation,
            case,
            outcome,
            &secrets(connector, &settings),
            &mut found,
        );
    }
    if let Some(requests) = &case.requests {
        look_at_requests(requests, &server.seen(), &mut found);
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// A connection whose URLs point at the stand-in; their paths stay.
fn open(
    connector: &Arc<Connector>,
    operation: &Operation,
    settings: &Map<String, Value>,
    server: &Server,
    clock: &Arc<dyn Clock>,
) -> Result<LiveConnection, String> {
    let live = |settings: &Map<String, Value>| {
        let opening = Opening {
            name: "test",
            settings,
            clock: Arc::clone(clock),
        };
        LiveConnection::open(connector, &opening).map_err(|error| error.to_string())
    };
    let real = live(settings)?;
    let mut settings = settings.clone();
    let there = |url: &Url| json!(server.url(url.path()));
    settings.insert("base_url".to_owned(), there(&real.url_of(operation)?));
    if let Some(url) = real.token_url_of(operation)? {
        settings.insert("token_url".to_owned(), there(&url));
    }
    live(&settings)
}

/// The texts that no error may hold.
fn secrets(connector: &Connector, settings: &Map<String, Value>) -> Vec<String> {
    let schema = connector.settings_schema();
    let is_secret = |name: &str| schema["properties"][name]["secret"] == json!(true);
    settings
        .iter()
        .filter(|(name, _)| is_secret(name))
        .filter_map(|(_, value)| value.as_str().map(str::to_owned))
        .filter(|text| text.len() >= 4)
        .collect()
}

fn judge(
    operation: &Operation,
    case: &Case,
    outcome: Result<Value, ActionError>,
    secrets: &[String],
    found: &mut Problems,
) {
    match outcome {
        Ok(result) => {
            let mistakes = of_schema(operation.spec().output.as_value(), &result);
            found.extend(
                mistakes
                    .into_iter()
                    .map(|mistake| format!("the output: {mistake}")),
            );
            match &case.result {
                Some(pattern) => compare("result", pattern, &result, found),
                None => found.push(format!("it succeeded: {result}")),
            }
        }
        Err(error) => {
            let text = format!("{error:?}");
            for secret in secrets {
                if text.contains(secret) {
                    found.push(format!("the error tells a secret: {text}"));
                }
            }
            let Some(declared) = operation.spec().error(&error.code) else {
                found.push(format!("the code `{}` is not declared", error.code));
                return;
            };
            let seen = json!({
                "code": error.code,
                "status": error.status.unwrap_or(declared.status),
                "message": error.message,
                "retry": match error.retry {
                    Retry::Never => "never",
                    Retry::Transient => "transient",
                    Retry::NothingHappened { .. } => "nothing_happened",
                },
                "provider": error.provider,
            });
            match &case.error {
                Some(pattern) => compare("error", pattern, &seen, found),
                None => found.push(format!("it failed: {seen}")),
            }
        }
    }
}

async fn reconcile(action: &OperationAction, step: &LoneStep, case: &Case, found: &mut Problems) {
    let (word, result) = match step.reconcile(action, &case.input).await {
        Ok(Reconciled::Happened(result)) => ("happened", Some(result)),
        Ok(Reconciled::DidNotHappen) => ("did_not_happen", None),
        Ok(Reconciled::Unknown) => ("unknown", None),
        Err(error) => {
            found.push(format!("it cannot be asked: {error:?}"));
            return;
        }
    };
    if case.reconciled.as_deref() != Some(word) {
        found.push(format!(
            "reconciled: expected {:?}, found `{word}`",
            case.reconciled
        ));
    }
    if let (Some(pattern), Some(result)) = (&case.result, result) {
        compare("result", pattern, &result, found);
    }
}

fn look_at_requests(expected: &[Pattern], seen: &[Seen], found: &mut Problems) {
    if expected.len() != seen.len() {
        found.push(format!(
            "{} requests are expected, and there were {}",
            expected.len(),
            seen.len()
        ));
    }
    for (index, (pattern, seen)) in expected.iter().zip(seen).enumerate() {
        compare(&format!("requests/{index}"), pattern, &described(seen), found);
    }
}

/// A request as contracts describe it.
fn described(seen: &Seen) -> Value {
    let headers: Map<String, Value> = seen
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let kind = headers
        .get("content-type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut request = json!({
        "method": seen.method.as_str(),
        "path": seen.uri.path(),
        "query": pairs(seen.uri.query().unwrap_or_default()),
        "headers": headers,
    });
    if kind.contains("json") {
        request["json"] = serde_json::from_str(&seen.body).unwrap_or(Value::Null);
    } else if kind.contains("form-urlencoded") {
        request["form"] = pairs(&seen.body);
    }
    if !seen.body.is_empty() {
        request["text"] = json!(seen.body);
    }
    request
}

/// Names and values; several of one name are a list.
fn pairs(text: &str) -> Value {
    let mut map = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let value = json!(value);
        match map.get_mut(&*name) {
            None => {
                map.insert(name.into_owned(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    Value::Object(map)
}

fn compare(what: &str, pattern: &Pattern, found: &Value, problems: &mut Problems) {
    let comparison = pattern.compare(Some(found));
    for difference in comparison.differences {
        problems.push(format!("{what}{}: {}", difference.pointer, difference.message));
    }
}

fn of_schema(schema: &Value, value: &Value) -> Problems {
    let validator = match compile(schema) {
        Ok(validator) => validator,
        Err(problem) => return vec![problem.message],
    };
    problems(&validator, value)
        .into_iter()
        .map(|problem| format!("{} {}", problem.pointer, problem.message))
        .collect()
}

impl Answer {
    fn reply(&self) -> http::Response<axum::body::Body> {
        let (kind, text) = match &self.body {
            Body::None => (None, String::new()),
            Body::Json(value) => (Some("application/json"), value.to_string()),
            Body::Text(text) => (Some("text/plain"), text.clone()),
        };
        let has_kind = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kind.filter(|_| !has_kind).map(|kind| ("content-type", kind));
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(kind)
            .collect();
        reply(self.status, &headers, &text)
    }
}
