//! An answer that is none → an error with a code: the first rule that fits, or one of the common codes.

use lockgate_engine::action::{ActionError, Retry};
use lockgate_http::{Answer, Request, provider, retry_after};
use serde_json::Value;

use crate::auth::Caller;
use crate::connector::Operation;
use crate::scope::{Surroundings, Values};

/// How much of a provider's own words is kept.
const LONGEST_WORDS: usize = 1000;

/// The error of an answer. `values` hold the answer.
pub(crate) fn refused(
    operation: &Operation,
    request: &Request,
    answer: &Answer,
    values: Values<'_>,
    caller: Caller<'_>,
) -> ActionError {
    let status = answer.status.as_u16();
    let after = retry_after(answer, caller.context.clock.now().as_second());
    let ambient = &mut Surroundings(caller.context);
    let rule = operation.errors.iter().find(|rule| {
        let fits = rule.on.is_empty() || rule.on.iter().any(|range| range.0.contains(&status));
        // What a condition cannot work with is not what it is about.
        fits && rule
            .condition
            .as_ref()
            .is_none_or(|condition| condition.is_true(&values, ambient).unwrap_or(false))
    });
    let (code, own_status, retry) = if let Some(rule) = rule {
        let retry = if rule.retry {
            Retry::NothingHappened { after }
        } else {
            Retry::Never
        };
        (rule.code.clone(), Some(rule.status), retry)
    } else {
        let (code, retry) = common(request, status, after);
        (code.to_owned(), None, retry)
    };
    let words = operation
        .error_message
        .as_ref()
        .and_then(|message| message.value(&values, ambient).ok())
        .and_then(|value| as_words(&value));
    let reason = answer
        .status
        .canonical_reason()
        .map(|reason| format!(" {reason}"))
        .unwrap_or_default();
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    let message = format!(
        "{}: {} {} answered {status}{reason}{words}",
        operation.spec.name,
        request.method,
        request.url.origin().ascii_serialization(),
    );
    let mut error = ActionError::new(code, request.redact(&message))
        .with_retry(retry)
        .with_provider(provider(request, answer));
    error.status = own_status;
    error
}

/// The code of an answer that no rule is for.
fn common(request: &Request, status: u16, after: Option<std::time::Duration>) -> (&'static str, Retry) {
    let transient = if request.is_repeatable {
        Retry::NothingHappened { after }
    } else {
        Retry::Transient
    };
    match status {
        401 | 403 => ("unauthorized", Retry::Never),
        // RFC 6585 §4: refused for its pace.
        429 => ("rate_limited", Retry::NothingHappened { after }),
        408 | 425 => ("rejected", transient),
        // An answer of 200 with an error inside is a refusal, too.
        200..=299 | 400..=499 => ("rejected", Retry::Never),
        501 | 505 => ("unavailable", Retry::Never),
        500..=599 => ("unavailable", transient),
        _ => ("invalid_response", Retry::Never),
    }
}

fn as_words(value: &Value) -> Option<String> {
    let words = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let words = words.trim();
    (!words.is_empty()).then(|| words.chars().take(LONGEST_WORDS).collect())
}

/// The error of an answer that was accepted and is not what the connector expects.
pub(crate) fn unexpected(
    operation: &Operation,
    request: &Request,
    answer: &Answer,
    problem: &str,
) -> ActionError {
    let message = format!("{}: {problem}", operation.spec.name);
    ActionError::new("invalid_response", request.redact(&message)).with_provider(provider(request, answer))
}

/// The error of a request without an answer: in the words of the exchange, with codes that operations declare.
pub(crate) fn unanswered(failure: lockgate_http::Failure, request: &Request) -> ActionError {
    let mut error = failure.into_error(request);
    if error.code == "too_many_redirects" {
        error.code = "invalid_response".into();
    }
    error
}
