//! `sql.query` and `sql.execute`: one statement with parameters, on PostgreSQL or SQLite.
//!
//! - `spec`: what they declare, and what `check` finds in a known input
//! - `statement`: a statement's text, read as far as it must be: is it one, which parameters has it, how does it begin
//! - `settings`: the connection type `sql`
//! - `action`, `call`: the input, and the two ways to run a statement
//! - `rows`: the result, capped while it comes in
//! - `postgres`, `sqlite`: the databases
//! - `failure`: what went wrong, without a parameter in it
//!
//! Values reach the database beside the statement, never in it. Not for migrations and scripts of several statements.

mod action;
mod call;
mod failure;
mod postgres;
mod rows;
mod settings;
mod spec;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    actions.add(action::SqlQuery);
    actions.add(action::SqlExecute);
}

/// The connection types that they use.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    vec![ConnectionType::new(
        settings::connection_spec(),
        settings::Database::open,
    )]
}
