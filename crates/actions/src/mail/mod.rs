//! `email.send`: mail over SMTP.
//!
//! - `spec`: what it declares, and what `check` finds in a known input
//! - `address`, `message`: the input as an envelope and a message (RFC 5322), or what is wrong with it
//! - `settings`, `connection`: the connection type `smtp`, and its bounded pool
//! - `conversation`: one delivery (RFC 5321), command by command, so that it is known how far it got
//! - `failure`: what that means for the step
//!
//! The server is the operator's setting, not the flow's: the workspace's policy for HTTP addresses, which keeps a flow's
//! input from choosing a private address, has no say in it.
//!
//! Not for mail over a provider's HTTP API (a connector), and not for receiving mail.

mod action;
mod address;
mod connection;
mod conversation;
mod failure;
mod message;
mod settings;
mod spec;
#[cfg(test)]
mod tests;

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    actions.add(action::SendEmail);
}

/// The connection types that they use.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    vec![ConnectionType::new(
        settings::connection_spec(),
        settings::SmtpConnection::open,
    )]
}
