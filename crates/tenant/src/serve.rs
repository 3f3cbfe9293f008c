//! Over sockets: accepts connections, reads requests, and sends what `respond` makes of them; or cuts, resets or
//! closes the connection where a fault says so.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::respond::{MAX_BODY, Outcome, respond, too_large};
use crate::socket::{AnswerBody, ResetSwitch, Socket};
use crate::state::State;

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
    let (answer, body) = match respond(&state, &head, read_body(body)).await {
        Outcome::Answered(mut answer) => {
            let body = AnswerBody::whole(std::mem::take(&mut answer.body));
            (answer, body)
        }
        Outcome::Cut(answer) => {
            let body = AnswerBody::cut_in_half(&answer.body);
            (answer, body)
        }
        Outcome::Lost => return Err(Cut),
        Outcome::Reset => {
            reset.set();
            return Err(Cut);
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// The whole body, or the answer that refuses it.
async fn read_body(mut body: Incoming) -> Result<Bytes, Answer> {
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
