//! What the binary offers, for the pages that are generated from it.

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;

/// The declarations of all actions and connections.
pub(crate) fn catalog() -> Catalog {
    let mut actions = Actions::new();
    lockgate_actions::register(&mut actions, lockgate_http::HttpPolicy::default());
    lockgate_auth0::register(&mut actions);
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    catalog.add_connection(lockgate_auth0::connection_spec());
    for spec in lockgate_server::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    catalog
}
