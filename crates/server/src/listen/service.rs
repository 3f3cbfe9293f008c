//! One request, handed to what the port serves. A panic there is a 500 and a line in the log, never a closed connection
//! that says nothing.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::Peer;
use super::progress::Progress;
use crate::exchange::exchange;
use crate::problem::Problem;
use crate::state::State;

/// What is behind a port.
pub(crate) enum Port {
    /// The routes of the site.
    Flows(Arc<State>),
    /// The operator's.
    Admin(Arc<State>, Router),
}

impl Port {
    /// Operators are few.
    const MOST_ADMIN_CONNECTIONS: usize = 256;

    pub(super) fn state(&self) -> &State {
        match self {
            Self::Flows(state) | Self::Admin(state, _) => state,
        }
    }

    pub(super) fn max_connections(&self) -> usize {
        match self {
            Self::Flows(state) => state.options.max_connections.max(1),
            Self::Admin(..) => Self::MOST_ADMIN_CONNECTIONS,
        }
    }
}

/// What both ports answer with.
type Outgoing = Response<Either<Full<Bytes>, axum::body::Body>>;

/// One request → one answer.
pub(super) async fn answer(
    port: Arc<Port>,
    peer: Peer,
    progress: Arc<Progress>,
    request: Request<Incoming>,
) -> Result<Outgoing, Infallible> {
    let _in_flight = progress.request();
    let (head, body) = request.into_parts();
    let version = head.version;
    let (mut answer, is_unread) = match &*port {
        _ if !has_one_host(&head.headers, version) => {
            let problem = Problem::Malformed("a request has one `Host`".to_owned());
            let answer = problem.into_answer().map(Either::Left);
            (answer, !body.is_end_stream())
        }
        Port::Flows(state) => {
            let mut body = Sent { body, is_over: false };
            let request = Request::from_parts(head, &mut body);
            let answer = exchange(state, peer, request).map(|answer| answer.map(Either::Left));
            (guarded(answer).await, !body.is_end_stream())
        }
        Port::Admin(_, router) => {
            let request = Request::from_parts(head, axum::body::Body::new(body));
            let service = TowerToHyperService::new(router.clone());
            let answer = service.call(request).map(|answer| match answer {
                Ok(answer) => answer.map(Either::Right),
                Err(never) => match never {},
            });
            // axum has the body, and knows what to do with the rest of it.
            (guarded(answer).await, false)
        }
    };
    if is_unread {
        progress.body_is_unread();
    }
    // HTTP/2 has frames for both.
    if version < Version::HTTP_2 && (port.state().is_stopping() || is_unread && gives_up(&answer)) {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(CONNECTION, close);
    }
    Ok(answer)
}

/// RFC 9112, section 3.2: a request of HTTP/1.1 has exactly one `Host`. Servers that disagree about which one counts can
/// be played off against each other.
fn has_one_host(headers: &http::HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    second.is_none() && (first.is_some() || version != Version::HTTP_11)
}

/// Whether nobody waits for the rest of the body any longer.
fn gives_up(answer: &Outgoing) -> bool {
    matches!(
        answer.status(),
        StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
    )
}

async fn guarded(answer: impl Future<Output = Outgoing>) -> Outgoing {
    let answered = AssertUnwindSafe(answer).catch_unwind().await;
    answered.unwrap_or_else(|panic| {
        tracing::error!(panic = message(&*panic), "a panic while answering a request");
        Problem::Internal.into_answer().map(Either::Left)
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// A body, and whether it was read to its end.
struct Sent {
    body: Incoming,
    is_over: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_over |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
