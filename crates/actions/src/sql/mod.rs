//! `sql.query`: one statement with parameters, on PostgreSQL or SQLite.

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    let _ = actions;
}

/// The connection types that they use.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    Vec::new()
}
