//! What an operator may set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

/// The settings of a [`Server`](crate::server::Server). The defaults are what `lockgate serve` uses.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where flows are served; port 0 takes any that is free.
    pub address: SocketAddr,
    /// Where health, metrics and the list of flows are served. Loopback only, unless there is a token.
    pub admin_address: SocketAddr,
    /// What callers of the admin port must show (`Authorization: Bearer`), for everything but `/healthz` and `/readyz`.
    pub admin_token: Option<SecretString>,
    /// Certificate and key for TLS on the flows' port; without it, it speaks plain HTTP/1.1 and h2c.
    pub tls: Option<TlsFiles>,
    /// Proxies whose `X-Forwarded-For` is believed: a request that comes from one of them has the address that it says.
    pub trusted_proxies: Vec<IpNet>,
    /// How many runs may go on at once; more are answered with 503.
    pub max_runs: usize,
    /// What bodies may take of the memory together while they are read, in bytes; beyond it they are answered with 503.
    pub max_unread_bodies: usize,
    /// How many connections may be open at once; more wait to be accepted.
    pub max_connections: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// How long a connection may be idle between requests.
    pub idle_timeout: Duration,
    /// How long a client may take none of the bytes of its answer.
    pub write_timeout: Duration,
    /// How long connections are still accepted after the stop was asked for, while `/readyz` says no already: load balancers
    /// take a moment to hear of it. Counts towards the limit of a shutdown.
    pub drain_delay: Duration,
    /// The largest request head, in bytes; 8192 at least.
    pub max_head: usize,
    /// Whether callers see what went wrong inside (errors with a status from 500 on that no author wrote). For development.
    pub shows_internals: bool,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_address: SocketAddr::from(([127, 0, 0, 1], 8081)),
            admin_token: None,
            tls: None,
            trusted_proxies: Vec::new(),
            max_runs: 1024,
            max_unread_bodies: 256 * 1024 * 1024,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            drain_delay: Duration::ZERO,
            max_head: 64 * 1024,
            shows_internals: false,
        }
    }
}
