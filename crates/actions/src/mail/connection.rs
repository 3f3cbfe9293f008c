//! A connection to the server: opened, encrypted, authenticated; and the pool that keeps those that are free.
//!
//! No task looks after the pool: what has been free for long is dropped by who comes next, and there are never more than
//! the pool has places.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Rset;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::failure::{Cause, Failure, Stage, failed, within};
use super::settings::{Encryption, SmtpConnection};

/// A server may close a connection that is silent for five minutes (RFC 5321 §4.5.3.2.7); many do so much earlier.
const LONGEST_FREE: Duration = Duration::from_secs(30);

/// The places for connections, and the connections that are free.
pub(super) struct Pool {
    places: Semaphore,
    free: Mutex<Vec<Free>>,
}

struct Free {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// A connection that is in use. Dropped, it is closed.
pub(super) struct Borrowed<'a> {
    pub(super) connection: AsyncSmtpConnection,
    pool: &'a Pool,
    _place: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Semaphore::new(places),
            free: Mutex::default(),
        }
    }

    fn pop(&self) -> Option<AsyncSmtpConnection> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.retain(|free| free.since.elapsed() < LONGEST_FREE);
        free.pop().map(|free| free.connection)
    }
}

impl Borrowed<'_> {
    /// Keeps it for the next message.
    pub(super) fn give_back(self) {
        self.pool
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Free {
                connection: self.connection,
                since: Instant::now(),
            });
    }
}

impl SmtpConnection {
    /// A connection on which mail can be sent: a free one that still answers, or a new one.
    pub(super) async fn borrow(&self) -> Result<Borrowed<'_>, Failure> {
        let closed = |_| Failure::new(Stage::Connect, Cause::Broken("the pool is closed".to_owned()));
        let place = self.pool.places.acquire().await.map_err(closed)?;
        while let Some(mut connection) = self.pool.pop() {
            let answer = tokio::time::timeout(self.timeout, connection.command(Rset)).await;
            if matches!(answer, Ok(Ok(_))) {
                return Ok(Borrowed {
                    connection,
                    pool: &self.pool,
                    _place: place,
                });
            }
        }
        let mut connection = self.connect().await?;
        if let Some(credentials) = &self.credentials {
            let work = connection.auth(DEFAULT_MECHANISMS, credentials);
            within(Stage::Authenticate, self.timeout, work).await?;
        }
        Ok(Borrowed {
            connection,
            pool: &self.pool,
            _place: place,
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        if let Encryption::Tls(parameters) = &self.encryption {
            let server = (self.host.as_str(), self.port);
            // Of the greeting, the handshake and the connection itself; the library does all three.
            let work = AsyncSmtpConnection::connect_tokio1(
                server,
                None,
                &self.hello,
                Some(parameters.clone()),
                None,
            );
            return within(Stage::Connect, self.timeout, work).await;
        }
        let stream = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let stream = match tokio::time::timeout(self.timeout, stream).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return Err(Failure::new(Stage::Connect, Cause::Broken(error.to_string()))),
            Err(_) => return Err(Failure::new(Stage::Connect, Cause::Timeout(self.timeout))),
        };
        let work = AsyncSmtpConnection::connect_with_transport(stream, &self.hello);
        let mut connection = within(Stage::Connect, self.timeout, work).await?;
        if let Encryption::StartTls(parameters) = &self.encryption {
            if !connection.can_starttls() {
                let reason = "the server offers no STARTTLS".to_owned();
                return Err(Failure::new(Stage::Encrypt, Cause::Tls(reason)));
            }
            let work = connection.starttls(parameters.clone(), &self.hello);
            match tokio::time::timeout(self.timeout, work).await {
                Ok(result) => result.map_err(|error| failed(Stage::Encrypt, &error))?,
                Err(_) => return Err(Failure::new(Stage::Encrypt, Cause::Timeout(self.timeout))),
            }
        }
        Ok(connection)
    }
}
