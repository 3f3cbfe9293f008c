//! From a whole request to its outcome, whatever carried it: lets faults strike, asks the endpoints, and keeps
//! account. How an answer is sent, cut or withheld is the business of whoever asks (`serve`, or `in_process`).

use std::future::Future;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, VARY};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::fault::{FaultKind, Struck};
use crate::request::{ApiRequest, Authorized};
use crate::requests::RequestRecord;
use crate::route::{Operation, route};
use crate::state::State;
use crate::token::{discovery, exchange, jwks, token_error};
use crate::{jobs, roles, tickets, users};

/// The largest body of a request, in bytes: Auth0's index limit for a profile.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The longest request target.
const MAX_TARGET: usize = 8 * 1024;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// The answer begins, and stops half-way through its body.
    Cut(Answer),
    /// The request was carried out; nothing is answered.
    Lost,
    /// Nothing was done; the connection is reset.
    Reset,
}

/// Answers a request, or says how it is not answered. `body` is read after a delay, as a slow server does; it
/// may be the answer that refuses the body.
pub(crate) async fn respond(
    state: &State,
    head: &Parts,
    body: impl Future<Output = Result<Bytes, Answer>>,
) -> Outcome {
    let path = head.uri.path();
    let (operation, parameters) = route(&head.method, path);
    let record = |status: Option<StatusCode>| {
        tracing::debug!(method = %head.method, path, status = status.map(|status| status.as_u16()), "answered");
        let request = RequestRecord {
            method: head.method.as_str().to_owned(),
            path: path.to_owned(),
            query: head.uri.query().map(str::to_owned),
            status: status.map(|status| status.as_u16()),
        };
        state.requests.record(operation, request);
    };

    let Struck { delay, failure } = state.faults.strike(head.method.as_str(), path);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let body = body.await;
    let mut answer = match (failure, body) {
        (Some((FaultKind::Reset, _)), _) => {
            record(None);
            return Outcome::Reset;
        }
        (Some((FaultKind::Status(status), retry_after)), _) => {
            injected(state, operation, status, retry_after)
        }
        (Some((FaultKind::Html(status), _)), _) => Answer::html(status),
        (_, Err(refused)) => refused,
        (_, Ok(body)) => {
            let request = ApiRequest {
                operation,
                parameters,
                query: head.uri.query(),
                headers: &head.headers,
                body,
                target_length: path.len() + head.uri.query().map_or(0, str::len),
            };
            dispatch(state, &request)
        }
    };
    if matches!(failure, Some((FaultKind::LostAnswer, _))) {
        record(None);
        return Outcome::Lost;
    }
    record(Some(answer.status));
    finish(state, operation, &mut answer.headers);
    if matches!(failure, Some((FaultKind::Truncate, _))) && answer.body.len() > 1 {
        Outcome::Cut(answer)
    } else {
        Outcome::Answered(answer)
    }
}

/// The answer to a body that is too large.
pub(crate) fn too_large() -> Answer {
    let message = format!("Payload content length greater than maximum allowed: {MAX_BODY}");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, None, message).into()
}

/// Headers that every answer has.
fn finish(state: &State, operation: Operation, headers: &mut HeaderMap) {
    let vary = if operation.is_authentication_api() {
        "Origin, Accept-Encoding"
    } else {
        "origin,accept-encoding"
    };
    let request_id = state.identifiers.request();
    headers.insert(
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000"),
    );
    headers.insert(VARY, HeaderValue::from_static(vary));
    if let Ok(value) = HeaderValue::try_from(request_id) {
        if operation.is_authentication_api() {
            headers.insert(HeaderName::from_static("x-auth0-requestid"), value.clone());
        }
        headers.insert(HeaderName::from_static("ot-baggage-auth0-request-id"), value);
    }
}

fn dispatch(state: &State, request: &ApiRequest<'_>) -> Answer {
    match request.operation {
        Operation::Unknown => ApiError::not_found().into(),
        Operation::Jwks => Answer::value(StatusCode::OK, &jwks()),
        Operation::Discovery => Answer::value(StatusCode::OK, &discovery(&state.url)),
        Operation::Token => {
            let (standing, refusal) = state.limits.take(Operation::Token, state.clock.elapsed());
            let mut answer = match refusal {
                None => exchange(state, request.headers, &request.body),
                Some(_) => injected(state, Operation::Token, StatusCode::TOO_MANY_REQUESTS, None),
            };
            // On refusals of the exchange too, unlike the Management API.
            standing.write(&mut answer.headers, state.clock.now());
            if refusal.is_some() && state.retry_after {
                answer
                    .headers
                    .insert(RETRY_AFTER, HeaderValue::from(standing.full_in));
            }
            answer
        }
        _ if request.target_length > MAX_TARGET => {
            ApiError::new(StatusCode::URI_TOO_LONG, None, "Request-URI Too Large").into()
        }
        _ => management(state, request).unwrap_or_else(Answer::from),
    }
}

/// A Management API request: the bearer token, then the rate limit, then the operation.
fn management(state: &State, request: &ApiRequest<'_>) -> Result<Answer, ApiError> {
    let access = state.tokens.check(
        request.headers,
        &state.issuer,
        &state.audience,
        state.clock.now().seconds(),
    )?;
    if !crate::lock::read(&state.clients).contains_key(&access.client_id) {
        // The client was deleted after it got its token.
        return Err(ApiError::unauthorized("Invalid token"));
    }
    let (standing, refusal) = state.limits.take(request.operation, state.clock.elapsed());
    if let Some(refusal) = refusal {
        let mut answer = Answer::from(ApiError::too_many_requests(
            refusal == crate::rate_limit::Refusal::Endpoint,
        ));
        standing.write(&mut answer.headers, state.clock.now());
        if state.retry_after {
            answer
                .headers
                .insert(RETRY_AFTER, HeaderValue::from(standing.full_in));
        }
        return Ok(answer);
    }
    let authorized = Authorized {
        asked: request,
        access: &access,
    };
    let mut answer = endpoint(state, &authorized)?;
    // Recorded on every success and on no other answer.
    standing.write(&mut answer.headers, state.clock.now());
    Ok(answer)
}

fn endpoint(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    match request.asked.operation {
        Operation::CreateUser
        | Operation::ListUsers
        | Operation::GetUser
        | Operation::UpdateUser
        | Operation::DeleteUser
        | Operation::UsersByEmail
        | Operation::LinkIdentity
        | Operation::UnlinkIdentity => users::handle(state, request),
        Operation::ListUserRoles
        | Operation::AssignRoles
        | Operation::RemoveRoles
        | Operation::ListRoles
        | Operation::GetRole => roles::handle(state, request),
        Operation::VerificationEmail | Operation::GetJob => jobs::handle(state, request),
        Operation::PasswordTicket | Operation::VerificationTicket => tickets::handle(state, request),
        Operation::Token | Operation::Jwks | Operation::Discovery | Operation::Unknown => {
            Err(ApiError::not_found())
        }
    }
}

/// The answer of an injected status, in the shape of the API that was asked.
fn injected(state: &State, operation: Operation, status: StatusCode, retry_after: Option<u64>) -> Answer {
    let mut answer = if operation.is_authentication_api() {
        match status {
            StatusCode::TOO_MANY_REQUESTS => token_error(
                status,
                "too_many_requests",
                "Rate limit exceeded. Please retry after some time.",
            ),
            status if status.is_server_error() => {
                token_error(status, "server_error", "Internal server error")
            }
            status => token_error(status, "access_denied", "Unauthorized"),
        }
    } else {
        match status {
            StatusCode::TOO_MANY_REQUESTS => ApiError::too_many_requests(false),
            StatusCode::UNAUTHORIZED => ApiError::unauthorized("Invalid token"),
            StatusCode::INTERNAL_SERVER_ERROR => {
                ApiError::new(status, None, "An internal server error occurred")
            }
            status => ApiError::new(status, None, status.canonical_reason().unwrap_or("Error")),
        }
        .into()
    };
    if status == StatusCode::TOO_MANY_REQUESTS {
        state
            .limits
            .standing_when_empty(operation)
            .write(&mut answer.headers, state.clock.now());
    }
    if let Some(seconds) = retry_after {
        answer.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
