//! `jwt.sign`, `jwt.verify`, `jwt.decode`: signed tokens (RFC 7519), and `jwt` connections that hold keys.

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_http::HttpPolicy;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions, policy: &HttpPolicy) {
    let _ = (actions, policy);
}

/// The connection types that they use.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    Vec::new()
}
