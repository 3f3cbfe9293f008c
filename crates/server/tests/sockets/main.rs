//! The server through real sockets: limits, hostile clients, TLS, HTTP/2, and its end.
//!
//! No test waits by the clock: limits are set short, and what is to happen is waited for.
// A test's tasks end with its runtime.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::large_futures
)]

mod body;
mod capacity;
mod client;
mod head;
mod http2;
mod kept;
mod served;
mod stop;
mod target;
mod time;
mod tls;
