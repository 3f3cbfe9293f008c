//! Providers as data: a connector file says how a provider is asked, and each of its operations becomes an action.
//!
//! ```text
//!  read/*        a connector's file → a Connector, or findings with places
//!   connector      what a connector is: settings, authentication, operations
//!   scope          the names that its expressions read: `input`, `connection`, `response`, `page`, `run`
//!  action        an operation as an Action: request → answer → result or error
//!   ├─ request     templates → a request that can be sent (`path`, `form`)
//!   ├─ auth/*      one file for each kind; `token` keeps what was minted
//!   ├─ answer      an answer → `response`
//!   ├─ failure     an answer that is none → an error with a code
//!   └─ pages       asks until there is no next page
//!  connection    settings → a live connection
//!  shipped       the connectors that come with the binary
//! ```
//!
//! The format is described in `docs/connectors.md`. A binary reads the connectors, registers their actions, and declares
//! their connection types:
//!
//! ```
//! use lockgate_connectors::{connection_types, register, shipped};
//! use lockgate_engine::action::Actions;
//! use lockgate_http::HttpPolicy;
//!
//! let mut actions = Actions::new();
//! register(&mut actions, shipped(), HttpPolicy::default());
//! assert_eq!(connection_types(shipped()).len(), shipped().len());
//! ```
//!
//! Not here: which connectors a workspace has of its own (`cli` reads them).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod action;
mod answer;
mod auth;
mod connection;
mod connector;
mod failure;
mod form;
mod pages;
mod path;
mod read;
mod request;
mod scope;
mod shipped;

use std::sync::Arc;

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_flow::catalog::Catalog;
use lockgate_http::{Exchange, HttpPolicy, SystemResolver};

pub use action::OperationAction;
pub use connection::LiveConnection;
pub use connector::{Connector, Operation};
pub use shipped::shipped;

/// Adds the operations of connectors as actions; of two connectors of one name the later stands. `policy` says which
/// addresses their requests may reach.
pub fn register<'a>(
    actions: &mut Actions,
    connectors: impl IntoIterator<Item = &'a Arc<Connector>>,
    policy: HttpPolicy,
) {
    let exchange = Arc::new(Exchange::new(policy, Arc::new(SystemResolver)));
    for connector in connectors {
        for action in connector.actions(&exchange) {
            actions.add(action);
        }
    }
}

/// Adds the declarations of connectors to a catalog, also of those whose files have mistakes: what is wrong is said once.
pub fn declare<'a>(catalog: &mut Catalog, connectors: impl IntoIterator<Item = &'a Arc<Connector>>) {
    for connector in connectors {
        catalog.add_connection((*connection::connection_type(connector).spec).clone());
        for operation in connector.operations() {
            catalog.add_action(Arc::clone(operation.spec()));
        }
    }
}

/// The connection types of connectors: one each.
pub fn connection_types<'a>(connectors: impl IntoIterator<Item = &'a Arc<Connector>>) -> Vec<ConnectionType> {
    connectors.into_iter().map(connection::connection_type).collect()
}
