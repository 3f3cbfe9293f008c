//! Accepts connections, as many as may be open, and stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connection::{Protocol, serve};
use super::service::Port;
use super::tls::Tls;

/// How far a port has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Accepts connections.
    Serving,
    /// Accepts none, and answers what has been asked.
    Draining,
    /// Closes everything.
    Closing,
}

impl Phase {
    /// Waits until a port is past this phase.
    pub(super) async fn is_over(self, phases: &mut watch::Receiver<Self>) {
        // A port whose server is gone is past all of them.
        let _ = phases.wait_for(|phase| *phase > self).await;
    }
}

/// A port is open, nothing is accepted yet.
pub(crate) struct Listener {
    socket: TcpListener,
}

impl Listener {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
        })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until the phase is another, then lets what is being answered end. Nothing of it is left at the end.
    pub(crate) async fn serve(self, port: Port, tls: Option<Arc<Tls>>, mut phase: watch::Receiver<Phase>) {
        let most = port.max_connections();
        let tasks = Arc::clone(&port.state().tasks);
        let protocol = Arc::new(Protocol::new(port, tls));
        let mut connections = JoinSet::new();
        let mut errors = AcceptErrors::default();
        loop {
            tokio::select! {
                biased;
                () = Phase::Serving.is_over(&mut phase) => break,
                Some(_) = connections.join_next() => tasks.reap(),
                // The kernel keeps the others waiting.
                accepted = self.socket.accept(), if connections.len() < most => match accepted {
                    Ok((stream, address)) => {
                        let connection = serve(Arc::clone(&protocol), stream, address, phase.clone());
                        connections.spawn(connection);
                    }
                    Err(error) => errors.wait(&error).await,
                },
            }
        }
        // The kernel has told these clients that they are connected.
        for (stream, address) in waiting(self.socket).take(most.saturating_sub(connections.len())) {
            connections.spawn(serve(Arc::clone(&protocol), stream, address, phase.clone()));
        }
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => return,
            () = Phase::Draining.is_over(&mut phase) => {}
        }
        connections.shutdown().await;
    }
}

/// Who waits to be accepted. The port is closed afterwards.
fn waiting(socket: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let socket = socket.into_std().ok();
    std::iter::from_fn(move || {
        let (stream, address) = socket.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, address))
    })
}

/// What to do when a connection cannot be accepted.
#[derive(Default)]
struct AcceptErrors {
    logged: Option<Instant>,
}

impl AcceptErrors {
    /// How long to wait for a descriptor (EMFILE) or for memory: the connection stays where it is, and asking again at once
    /// would only spin.
    const PAUSE: Duration = Duration::from_millis(100);
    const BETWEEN_LINES: Duration = Duration::from_secs(1);

    async fn wait(&mut self, error: &io::Error) {
        if is_of_one_connection(error) {
            return;
        }
        if self
            .logged
            .is_none_or(|logged| logged.elapsed() >= Self::BETWEEN_LINES)
        {
            self.logged = Some(Instant::now());
            tracing::error!(%error, "a connection cannot be accepted");
        }
        tokio::time::sleep(Self::PAUSE).await;
    }
}

/// The client was gone before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
