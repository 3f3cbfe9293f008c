//! What the two tickets have in common: the request, its answer, and what a lost answer means.

use lockgate_engine::action::{ActionError, Retry};
use reqwest::Method;
use serde_json::{Value, json};

use super::verification;
use crate::connection::{Request, Session};
use crate::error;
use crate::path::ApiPath;
use lockgate_flow::catalog::{InputProblem, KnownInput};

/// Asks for a ticket.
pub(super) async fn ask(
    session: &Session<'_>,
    path: &'static str,
    body: &Value,
) -> Result<Value, ActionError> {
    let request = Request {
        body: Some(body),
        ..Request::new(Method::POST, ApiPath::fixed(path))
    };
    let result = async {
        let answer = session.send(&request, false).await?;
        let body = session.read_json(&answer)?;
        match body.get("ticket") {
            Some(Value::String(ticket)) => Ok(json!({ "ticket": ticket })),
            _ => Err(error::unexpected(session.subject(), &answer, "no ticket")),
        }
    };
    result.await.map_err(|mut error| {
        // A ticket that nobody has seen can be used by nobody: it is as if there were none.
        if error.retry == Retry::Transient {
            error.retry = Retry::NothingHappened { after: None };
        }
        error
    })
}

pub(super) fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["ticket"],
        "properties": {
            "ticket": {
                "type": "string",
                "secret": true,
                "description": "The URL. Whoever has it acts for the user: give it to the person alone, by a way that is \
                                theirs."
            }
        }
    })
}

/// Where the person goes, and how long the ticket is good, by the API's names.
pub(super) fn fields() -> [(String, Value); 5] {
    [
        (
            "result_url".to_owned(),
            json!({
                "type": "string",
                "format": "uri",
                "description": "Where the person goes afterwards, with the classic login pages. Not with `client_id` or \
                                `organization_id`."
            }),
        ),
        ("client_id".to_owned(), verification::client_id()),
        ("organization_id".to_owned(), verification::organization_id()),
        (
            "ttl_sec".to_owned(),
            json!({
                "type": "integer",
                "minimum": 0,
                "description": "Seconds for which the ticket is good; five days when left out or 0."
            }),
        ),
        (
            "includeEmailInRedirect".to_owned(),
            json!({ "type": "boolean", "description": "Whether the address goes with the person to `result_url`." }),
        ),
    ]
}

/// What must not stand together.
pub(super) fn check(known: &KnownInput) -> Vec<InputProblem> {
    let has = |name: &str| known.value.get(name).is_some_and(|value| !value.is_null());
    let other = ["client_id", "organization_id"]
        .into_iter()
        .find(|name| has(name));
    match other {
        Some(other) if has("result_url") => vec![InputProblem {
            pointer: "/result_url".to_owned(),
            message: format!("Auth0 takes no result_url together with {other}"),
            help: Some(format!(
                "leave out one of the two; with {other} the person returns to the application's login page"
            )),
        }],
        _ => Vec::new(),
    }
}

/// The first problem of an input that is known whole, as the step's error.
pub(super) fn refuse(problems: Vec<InputProblem>) -> Result<(), ActionError> {
    let Some(problem) = problems.into_iter().next() else {
        return Ok(());
    };
    let help = problem.help.map(|help| format!("; {help}")).unwrap_or_default();
    Err(ActionError::new(
        "invalid_request",
        format!("the request was not sent: {}{help}", problem.message),
    ))
}
