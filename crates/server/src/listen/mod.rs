//! From the socket to the request: accepts connections, speaks TLS and HTTP, keeps to time and size limits, and stops
//! without cutting off what is being answered. Both ports are served by it.
//!
//! ```text
//! listener     accepts, as many as may be open
//!   └ connection   TLS, then HTTP/1.1 or HTTP/2; closes what is overdue
//!       ├ socket       bytes; tells `progress` what moves
//!       ├ progress     since when a client owes something, and so when it is overdue
//!       └ service      one request → flows or admin; a panic is a 500
//! tls          certificate and key from files
//! spawner      the streams of HTTP/2, as tasks of the server
//! ```
//!
//! # Time limits
//!
//! hyper has a timer for heads that runs while a connection is idle too, and none for clients that do not read. Here one
//! timer for each connection looks at [`progress`], and is set anew only when it fires: a request costs it no more than
//! reading the clock.
//!
//! # What hyper answers by itself
//!
//! Heads that are not HTTP (400), too large or with more than 100 fields (431), and targets that are too long (414): with
//! an empty body, and the connection is closed.

mod connection;
mod listener;
mod progress;
mod service;
mod socket;
mod spawner;
pub(crate) mod tls;

use std::net::{IpAddr, SocketAddr};

pub(crate) use listener::{Listener, Phase};
pub(crate) use service::Port;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// An IPv4 address that came over an IPv6 socket is an IPv4 address.
    pub(crate) address: IpAddr,
    pub(crate) is_tls: bool,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, is_tls: bool) -> Self {
        Self {
            address: address.ip().to_canonical(),
            is_tls,
        }
    }
}
