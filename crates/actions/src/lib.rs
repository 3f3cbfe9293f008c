//! Vendor-neutral actions.
//!
//! ```text
//!  http     http.request
//!  log      log
//!  data     json, xml, csv, map_value, email.verify, hash.password: values in, values out
//!  tokens   jwt: signed tokens, and their keys
//!  codes    otp, totp: codes that people type
//!  mail     email.send
//!  sql      sql.query, sql.execute
//! ```
//!
//! Each action stands in a place of its own, with its declaration, its code and its tests. A binary registers them:
//!
//! ```
//! use lockgate_actions::register;
//! use lockgate_engine::action::Actions;
//! use lockgate_http::{HttpPolicy, PolicyError};
//!
//! let mut actions = Actions::new();
//! // Requests reach the public internet, and this one private network.
//! register(&mut actions, HttpPolicy::parse(["10.1.0.0/16"])?);
//! assert!(actions.get("http.request").is_some());
//! # Ok::<(), PolicyError>(())
//! ```
//!
//! This crate knows nothing of Auth0, of flows' text, or of where a policy comes from.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod codes;
mod data;
mod http;
mod log;
mod mail;
#[cfg(all(test, unix))]
mod servers;
mod sql;
mod tokens;

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_http::HttpPolicy;

pub use http::HttpRequest;
pub use log::Log;

/// Adds all actions of this crate. `policy` says which addresses requests may reach.
pub fn register(actions: &mut Actions, policy: HttpPolicy) {
    codes::register(actions);
    data::register(actions);
    mail::register(actions);
    sql::register(actions);
    tokens::register(actions, &policy);
    actions.add(HttpRequest::new(policy));
    actions.add(Log);
}

/// The connection types that these actions use.
pub fn connection_types() -> Vec<ConnectionType> {
    [
        mail::connection_types(),
        sql::connection_types(),
        tokens::connection_types(),
    ]
    .concat()
}
