//! The Auth0 connection of Lockgate, and the actions that call a tenant's Management API through it.
//!
//! ```text
//!  actions/*      users, their roles and identities, tickets, verification emails, any other request
//!     │             each: its declaration, its code, its tests
//!  connection     one call: token → place in the budget → exchange → answer, or an error with a code
//!   ├─ token        one token for all runs: cached, fetched once, renewed in the background
//!   │   └─ token_endpoint, assertion
//!   ├─ rate         the tenant's bucket, modelled from `x-ratelimit-*`: waits before there is a 429
//!   ├─ transport    one HTTP exchange: pool, time limits, capped bodies, no redirects, TLS always verified
//!   │   └─ wire         the same without sockets, for tests on virtual time
//!   ├─ session_token  what an Action and a site behind its redirect tell each other
//!   └─ error        Auth0's words → codes; `redact` masks what we sent
//! ```
//!
//! A binary [registers](register) the actions, declares the [connection type](connection_spec), and makes one
//! [`Auth0Connection`] for each entry of the workspace:
//!
//! ```
//! use std::sync::Arc;
//! use lockgate_auth0::{Auth0Connection, connection_spec, register};
//! use lockgate_engine::{action::Actions, clock::SystemClock, connection::Connections};
//! use lockgate_flow::catalog::Catalog;
//!
//! let mut actions = Actions::new();
//! register(&mut actions);
//! let mut catalog = Catalog::new();
//! actions.declare(&mut catalog);
//! catalog.add_connection(connection_spec());
//!
//! let settings = serde_json::json!({
//!     "domain": "acme.eu.auth0.com",
//!     "client_id": "an application's client id",
//!     "client_secret": "its secret",
//! });
//! let connection =
//!     Auth0Connection::from_settings("auth0", settings.as_object().unwrap(), Arc::new(SystemClock::new()));
//! # // Where a machine has no CA certificates, no client for https can be built.
//! # let Ok(connection) = connection else { return };
//! let mut connections = Connections::new();
//! connections.insert("auth0", connection);
//! ```
//!
//! # What holds everywhere
//!
//! - An error's `retry` says what is known of the effect: `NothingHappened` where the request was not sent or
//!   was refused for its pace, `Transient` where it may have been carried out, `Never` for a clear no.
//! - A 401 renews the token and repeats, once; so does a 403 for a missing scope, because scopes may have been
//!   granted since. Both were refused before anything was done.
//! - Secrets are [`SecretString`](secrecy::SecretString)s; what Auth0 quotes of them in error texts is masked.
//!
//! This crate knows nothing of flows' text, of YAML, or of serving HTTP.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod actions;
mod assertion;
mod connection;
mod domain;
mod error;
mod granted;
mod path;
mod rate;
mod recorded;
mod redact;
mod scopes;
mod session_token;
mod settings;
#[cfg(test)]
mod testing;
mod token;
mod token_endpoint;
mod transport;
mod wire;

pub use actions::{
    AssignRoles, BlockUser, ChangePasswordTicket, ContinueUrl, CreateUser, DeleteUser, FindUsersByEmail,
    GetUser, LinkIdentities, RemoveRoles, SearchUsers, SendRequest, SendVerificationEmail, UnlinkIdentity,
    UpdateUser, VerificationTicket, VerifySessionToken, register,
};
pub use connection::Auth0Connection;
pub use domain::{DomainProblem, TenantDomain};
pub use granted::CheckReport;
pub use recorded::error_of_answer;
pub use settings::{CONNECTION_TYPE, TenantAccess, connection_spec, settings_for};
pub use wire::{Wire, WireError};
