//! One connection, from the accepted socket to its end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::Peer;
use super::listener::Phase;
use super::progress::{Late, Limits, Progress};
use super::service::{Port, answer};
use super::socket::{Socket, Stream};
use super::spawner::Spawner;
use super::tls::Tls;
use crate::options::ServerOptions;

/// What all connections of a port share.
pub(super) struct Protocol {
    port: Arc<Port>,
    tls: Option<Arc<Tls>>,
    http: Builder<Spawner>,
    limits: Limits,
}

impl Protocol {
    pub(super) fn new(port: Port, tls: Option<Arc<Tls>>) -> Self {
        let options = &port.state().options;
        Self {
            limits: Limits::of(options),
            http: http(options, Spawner(Arc::clone(&port.state().tasks))),
            tls,
            port: Arc::new(port),
        }
    }
}

/// The settings of HTTP.
fn http(options: &ServerOptions, tasks: Spawner) -> Builder<Spawner> {
    /// The least that hyper takes.
    const LEAST_BUFFER: usize = 8 * 1024;
    /// Streams that one client may have open at once; hyper's default, said here because it is a limit.
    const MOST_STREAMS: u32 = 200;
    /// What a client may send ahead of what is read of it: a body of the usual size in one go.
    const STREAM_WINDOW: u32 = 128 * 1024;
    const CONNECTION_WINDOW: u32 = 512 * 1024;
    /// Streams that were refused and reset before anyone looked at them: beyond it the client is a flood
    /// (CVE-2023-44487), and is told to go away. h2's default.
    const MOST_PENDING_RESETS: usize = 20;

    let mut http = Builder::new(tasks);
    http.http1()
        // The time limits are in `progress`.
        .header_read_timeout(None)
        // A head must fit in; what is in the buffer of a body waits here until it is read.
        .max_buf_size(options.max_head.max(LEAST_BUFFER))
        // A client that has closed its side may still wait for the answer; a run goes on either way.
        .half_close(true);
    http.http2()
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(u32::try_from(options.max_head).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(MOST_PENDING_RESETS);
    http
}

/// Serves one connection to its end.
pub(super) async fn serve(
    protocol: Arc<Protocol>,
    stream: TcpStream,
    address: SocketAddr,
    mut phase: watch::Receiver<Phase>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        // The client is gone.
        tracing::debug!(%error, "TCP_NODELAY");
        return;
    }
    let peer = Peer::new(address, protocol.tls.is_some());
    let stream = match &protocol.tls {
        None => Stream::Plain(stream),
        Some(tls) => {
            let handshake = timeout(
                protocol.limits.head,
                TlsAcceptor::from(tls.config()).accept(stream),
            );
            tokio::select! {
                shaken = handshake => match shaken {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    Ok(Err(error)) => {
                        tracing::debug!(peer = %peer.address, %error, "no TLS");
                        return;
                    }
                    Err(_) => return,
                },
                // It has asked for nothing yet.
                () = Phase::Serving.is_over(&mut phase) => return,
            }
        }
    };
    drive(&protocol, peer, stream, phase).await;
}

/// Speaks HTTP until either side closes, the client is late, or the server stops.
async fn drive(protocol: &Protocol, peer: Peer, stream: Stream, mut phase: watch::Receiver<Phase>) {
    let Protocol {
        port, http, limits, ..
    } = protocol;
    let progress = Arc::new(Progress::new());
    let service = service_fn(|request| answer(Arc::clone(port), peer, Arc::clone(&progress), request));
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&progress)));
    let mut connection = pin!(http.serve_connection(socket, service));
    let mut stopping = pin!(Phase::Serving.is_over(&mut phase));
    let mut timer = pin!(sleep_until(Instant::now() + limits.head));
    let (mut is_stopping, mut is_told) = (false, false);
    let mut close_at = None;
    // What the client owes; `None` while it is the server's turn.
    let deadline = |close_at: Option<Instant>| match close_at {
        Some(at) if !progress.is_answering() => Some((at, Late::Closing)),
        _ => progress.deadline(limits),
    };
    let late = poll_fn(|context: &mut Context<'_>| {
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                if let Err(error) = ended {
                    tracing::debug!(peer = %peer.address, error, "the connection failed");
                }
                return Poll::Ready(None);
            }
            if !is_stopping && stopping.as_mut().poll(context).is_ready() {
                is_stopping = true;
            }
            // hyper would close on a client that has sent half a head.
            if is_stopping && !is_told && !progress.is_amid_head() {
                is_told = true;
                connection.as_mut().graceful_shutdown();
                continue;
            }
            let late = loop {
                let Some((at, late)) = deadline(close_at) else {
                    return Poll::Pending;
                };
                if at < timer.deadline() {
                    timer.as_mut().reset(at);
                }
                ready!(timer.as_mut().poll(context));
                // It was set for something that has been done since.
                if at > Instant::now() {
                    timer.as_mut().reset(at);
                    continue;
                }
                break late;
            };
            if late != Late::Next {
                return Poll::Ready(Some(late));
            }
            // HTTP/1.1 closes at once. HTTP/2 says goodbye first, and gets as long for it as for a head.
            close_at = Some(Instant::now() + limits.head);
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
    if let Some(late) = late {
        tracing::debug!(peer = %peer.address, ?late, "the client is late, the connection is closed");
    }
}
