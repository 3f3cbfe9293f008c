//! What `serve` and `dev` share: a workspace → a [`Site`](lockgate_server::site::Site), again and again.
//!
//! ```text
//!  options     what was typed → the server's options
//!  plan        a checked workspace → the flows that are served, those that cannot be, the connections that they need
//!  connections settings → open connections; those that stay the same are kept
//!  served      the connections of a site, for whoever looks at them
//!  builder     all of it → a site, and the program that runs it
//!  keeping     the store of its runs
//!  signals     SIGHUP, SIGTERM, Ctrl-C
//!  studio      what is mounted on the admin port
//!  ready       what is said when it is ready, and when it stops
//!
//!  develop     the workspace of `dev`, read again as it is changed
//!  watch       which files have changed
//!  screen      what `dev` shows
//!  curl        a request for a flow, as a line for a shell
//!  sample      plausible values for its input
//! ```

mod builder;
mod connections;
mod curl;
mod develop;
mod keeping;
mod options;
mod plan;
mod ready;
mod sample;
mod screen;
mod served;
mod signals;
mod studio;
mod watch;

pub(crate) use builder::{SiteBuilder, Version};
pub(crate) use connections::Target;
pub(crate) use develop::Development;
pub(crate) use keeping::{Keeping, kept_connections};
pub(crate) use options::{no_store, server_options, start_failed};
pub(crate) use ready::{announce, stop};
pub(crate) use served::{Looked, Served};
pub(crate) use signals::{Asked, Signals};
pub(crate) use studio::studio;
pub(crate) use watch::Watcher;
