//! Flows behind HTTP endpoints.
//!
//! A [`Site`](site::Site) is what is served: the routes of a checked workspace and the executor that runs its flows. It
//! does not change; a reload makes a new one, and [`Server::publish`](server::Server::publish) puts it in the place of the
//! old one, which lives on as long as a run of it does.
//!
//! # The way of a request
//!
//! ```text
//!  listen      sockets: TLS, HTTP/1.1 and h2c, time and size limits, shutdown
//!    └ exchange    one request → one answer
//!        ├ routes        path and method → endpoint; 404, 405, OPTIONS
//!        ├ call          in this order:
//!        │   ├ capacity      503 when as many runs are going on as may
//!        │   ├ rate_limit    429, by address
//!        │   ├ auth          401
//!        │   ├ idempotency, prefer   how the caller wants the run
//!        │   ├ body, input   400, 413, 415, 422
//!        │   ├ rate_limit    429, by an input field
//!        │   ├ run           a flow that is not kept; it goes on when the caller leaves, and after `respond`
//!        │   ├ durable       one that is: begun once for its key
//!        │   └ answer        what the run said → HTTP
//!        ├ recorded      the answer of a run, asked for by its id
//!        ├ cors          what pages of other origins may read
//!        └ trace, metrics, the access log
//!  admin       another port: health, metrics, the list of flows, the history of runs
//!  openapi     the document of a site, made once when it is asked for
//! ```
//!
//! # What this crate does not know
//!
//! How a step runs, files, the command line, any vendor.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod admin;
mod answer;
pub mod auth;
mod body;
mod call;
mod caller;
mod capacity;
mod cors;
mod durable;
mod endpoint;
mod exchange;
mod idempotency;
mod input;
mod listen;
pub mod metrics;
pub mod openapi;
pub mod options;
mod prefer;
pub mod problem;
mod rate_limit;
mod recorded;
mod room;
mod routes;
mod run;
pub mod server;
pub mod site;
mod state;
#[cfg(test)]
mod testing;
mod trace;
