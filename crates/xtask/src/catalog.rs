//! What the binary offers, for the pages that are generated from it.

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_http::HttpPolicy;

/// The declarations of all actions and connections.
pub(crate) fn catalog() -> Catalog {
    let mut actions = Actions::new();
    lockgate_connectors::register(&mut actions, lockgate_connectors::shipped(), HttpPolicy::default());
    lockgate_actions::register(&mut actions, HttpPolicy::default());
    lockgate_auth0::register(&mut actions);
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    catalog.add_connection(lockgate_auth0::connection_spec());
    let of_steps = lockgate_connectors::connection_types(lockgate_connectors::shipped());
    for connection_type in of_steps.into_iter().chain(lockgate_actions::connection_types()) {
        catalog.add_connection((*connection_type.spec).clone());
    }
    for spec in lockgate_server::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    catalog
}
