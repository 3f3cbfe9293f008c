//! From the socket to the answer: accepts connections, reads requests, lets faults strike, and hands the rest to
//! the endpoints.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, VARY};
use http::{Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::fault::{FaultKind, Struck};
use crate::request::ApiRequest;
use crate::requests::RequestRecord;
use crate::route::{Operation, route};
use crate::socket::{AnswerBody, ResetSwitch, Socket};
use crate::state::State;
use crate::token::{discovery, exchange, jwks, token_error};
use crate::users;

/// The largest body of a request, in bytes: Auth0's index limit for a profile.
const MAX_BODY: usize = 1024 * 1024;
/// The longest request target.
const MAX_TARGET: usize = 8 * 1024;
/// How long a shutdown waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop` changes or its sender is gone, then lets running requests end.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&state), stop.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: what is open may end and free some.
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, drained).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, state: Arc<State>, mut stop: watch::Receiver<bool>) {
    // Without it an answer waits for the acknowledgement of the one before, about 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "setting TCP_NODELAY");
    }
    let reset = ResetSwitch::default();
    let socket = TokioIo::new(Socket::new(stream, reset.clone()));
    let service = service_fn(move |request| answer(Arc::clone(&state), reset.clone(), request));
    let connection = http1::Builder::new()
        // A client's pool may keep an idle connection for as long as it likes.
        .header_read_timeout(None)
        .serve_connection(socket, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Why a connection ends instead of answering. To hyper it is a failed service, which it closes.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut by a fault")]
struct Cut;

async fn answer(
    state: Arc<State>,
    reset: ResetSwitch,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Cut> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let (operation, id) = route(&head.method, path);
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
    let body = read_body(body).await;
    let answer = match (failure, body) {
        (Some((FaultKind::Reset, _)), _) => {
            reset.set();
            record(None);
            return Err(Cut);
        }
        (Some((FaultKind::Status(status), retry_after)), _) => {
            injected(&state, operation, status, retry_after)
        }
        (Some((FaultKind::Html(status), _)), _) => Answer::html(status),
        (_, Err(refused)) => refused,
        (_, Ok(body)) => {
            let request = ApiRequest {
                operation,
                id,
                query: head.uri.query(),
                headers: &head.headers,
                body,
                target_length: path.len() + head.uri.query().map_or(0, str::len),
            };
            dispatch(&state, &request)
        }
    };
    if matches!(failure, Some((FaultKind::LostAnswer, _))) {
        record(None);
        return Err(Cut);
    }
    record(Some(answer.status));
    let cut = matches!(failure, Some((FaultKind::Truncate, _))) && answer.body.len() > 1;
    let body = if cut {
        AnswerBody::cut_in_half(&answer.body)
    } else {
        AnswerBody::whole(answer.body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    finish(&state, operation, &mut response);
    Ok(response)
}

/// Headers that every answer has.
fn finish(state: &State, operation: Operation, response: &mut Response<AnswerBody>) {
    let vary = if operation.is_authentication_api() {
        "Origin, Accept-Encoding"
    } else {
        "origin,accept-encoding"
    };
    let request_id = state.identifiers.request();
    let headers = response.headers_mut();
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
            let (standing, refusal) = state.limits.take(Operation::Token);
            let mut answer = match refusal {
                None => exchange(state, request.headers, &request.body),
                Some(_) => injected(state, Operation::Token, StatusCode::TOO_MANY_REQUESTS, None),
            };
            // On refusals of the exchange too, unlike the Management API.
            standing.write(&mut answer.headers);
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
    let access = state
        .tokens
        .check(request.headers, &state.issuer, &state.audience)?;
    if !crate::lock::read(&state.clients).contains_key(&access.client_id) {
        // The client was deleted after it got its token.
        return Err(ApiError::unauthorized("Invalid token"));
    }
    let (standing, refusal) = state.limits.take(request.operation);
    if let Some(refusal) = refusal {
        let mut answer = Answer::from(ApiError::too_many_requests(
            refusal == crate::rate_limit::Refusal::Endpoint,
        ));
        standing.write(&mut answer.headers);
        if state.retry_after {
            answer
                .headers
                .insert(RETRY_AFTER, HeaderValue::from(standing.full_in));
        }
        return Ok(answer);
    }
    let mut answer = users::handle(state, request, &access)?;
    // Recorded on every success and on no other answer.
    standing.write(&mut answer.headers);
    Ok(answer)
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
            .write(&mut answer.headers);
    }
    if let Some(seconds) = retry_after {
        answer.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// The whole body, or the answer that refuses it.
async fn read_body(mut body: Incoming) -> Result<Bytes, Answer> {
    let too_large = || {
        let message = format!("Payload content length greater than maximum allowed: {MAX_BODY}");
        Answer::from(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, None, message))
    };
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let mut collected: Option<BytesMut> = None;
    let mut first = Bytes::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else {
            return Err(ApiError::refused("Invalid request payload").into());
        };
        let Ok(data) = frame.into_data() else { continue };
        // Nearly every body is one frame, which need not be copied.
        match &mut collected {
            None if first.is_empty() => first = data,
            None => collected = Some([first.as_ref(), data.as_ref()].concat().as_slice().into()),
            Some(collected) => collected.extend_from_slice(&data),
        }
        if collected.as_ref().map_or(first.len(), BytesMut::len) > MAX_BODY {
            return Err(too_large());
        }
    }
    Ok(collected.map_or(first, BytesMut::freeze))
}
