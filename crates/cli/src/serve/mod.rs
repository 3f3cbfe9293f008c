//! What `serve` and `dev` share: a workspace → a [`Site`](lockgate_server::site::Site), again and again.
//!
//! ```text
//!  options     what was typed → the server's options
//!  plan        a checked workspace → the flows that are served, those that cannot be, the connections that they need
//!  builder     a plan → a site; what has not changed since the last one is kept
//!  signals     SIGHUP, SIGTERM, Ctrl-C
//!  ready       what is said when it is ready, and when it stops
//! ```

mod builder;
mod options;
mod plan;
mod ready;
mod signals;

pub(crate) use builder::SiteBuilder;
pub(crate) use options::{server_options, start_failed};
pub(crate) use ready::{announce, stop};
pub(crate) use signals::{Asked, Signals};
