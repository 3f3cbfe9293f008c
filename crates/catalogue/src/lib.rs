//! What the binary offers: its actions and connection types, put together once.
//!
//! The command line, the generated pages and the tests of the repository ask here, so that none of them has a list of its own.
//! Not here: which connectors a workspace has of its own (`cli` reads them).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use std::sync::Arc;

use lockgate_auth0::Auth0Connection;
use lockgate_connectors::{Connector, shipped};
use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_flow::catalog::Catalog;
use lockgate_http::HttpPolicy;

/// The actions, with these connectors; `policy` says what requests may reach.
pub fn actions(policy: HttpPolicy, connectors: &[Arc<Connector>]) -> Actions {
    let mut actions = Actions::new();
    lockgate_connectors::register(&mut actions, connectors, policy.clone());
    lockgate_actions::register(&mut actions, policy);
    // Last: some of its actions pass on to others.
    lockgate_auth0::register(&mut actions);
    actions
}

/// The connection types that steps use, with those of these connectors.
pub fn connection_types(connectors: &[Arc<Connector>]) -> Vec<ConnectionType> {
    let mut types = lockgate_connectors::connection_types(connectors);
    types.extend(lockgate_actions::connection_types());
    types.push(auth0());
    types
}

/// The declarations of all actions and connection types, with the connectors that ship.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    actions(HttpPolicy::default(), shipped()).declare(&mut catalog);
    for connection_type in connection_types(shipped()) {
        catalog.add_connection((*connection_type.spec).clone());
    }
    for spec in lockgate_server::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    catalog
}

/// The connection type `auth0`.
fn auth0() -> ConnectionType {
    ConnectionType {
        spec: Arc::new(lockgate_auth0::connection_spec()),
        open: Arc::new(|opening| {
            let clock = Arc::clone(&opening.clock);
            Ok(Auth0Connection::from_settings(opening.name, opening.settings, clock)? as _)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_says_what_a_reader_needs() {
        for spec in catalog().actions() {
            assert!(!spec.summary.is_empty(), "{}: no summary", spec.name);
            assert!(spec.example.contains(&*spec.name), "{}: no example", spec.name);
            for (name, error) in spec.errors.iter().map(|error| (&error.code, error)) {
                assert!(
                    (400..600).contains(&error.status),
                    "{}: {name} has status {}",
                    spec.name,
                    error.status
                );
            }
        }
    }

    /// The examples are steps that the checker accepts, as far as they can be looked at alone.
    #[test]
    fn every_example_is_a_step() {
        use lockgate_flow::source::Source;
        use lockgate_flow::workspace::Workspace;
        let catalog = catalog();
        // One connection of each type that steps use, as its own example has it.
        let is_used = |name: &str| {
            catalog
                .actions()
                .any(|spec| spec.connection.as_deref() == Some(name))
        };
        let mut file = "version: 1\nconnections:\n".to_owned();
        for connection in catalog.connections().filter(|spec| is_used(&spec.type_name)) {
            for line in connection.example.trim_end().lines() {
                file.push_str("  ");
                file.push_str(line);
                file.push('\n');
            }
            // And what single actions need beside that.
            let users = catalog
                .actions()
                .filter(|spec| spec.connection.as_ref() == Some(&connection.type_name));
            let needed: std::collections::BTreeSet<_> = users.flat_map(|spec| &spec.settings).collect();
            for setting in needed {
                file.push_str(&["    ", setting, ": ${NEEDED}\n"].concat());
            }
        }
        let file = Source::new("lockgate.yaml", file);
        for spec in catalog.actions() {
            let step = spec.example.trim_end().replace('\n', "\n    ");
            let source = Source::new("flows/example.yaml", format!("steps:\n  - {step}\n"));
            let checked = Workspace::check(Some(&file), &[source], &catalog);
            // What an example reads from its surroundings (`input`, other steps) is not there.
            let found: Vec<_> = checked
                .diagnostics
                .iter()
                .filter(|finding| !matches!(finding.code.as_str(), "LG0301" | "LG0304" | "LG0307"))
                .map(|finding| format!("{} {}", finding.code, finding.message))
                .collect();
            assert_eq!(found, Vec::<String>::new(), "{}", spec.name);
        }
    }
}
