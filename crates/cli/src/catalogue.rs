//! What this binary offers: its actions, and the declarations that the checker reads.

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_flow::catalog::Catalog;
use lockgate_http::HttpPolicy;

/// The actions, with what `http.request` may reach.
pub(crate) fn actions(policy: HttpPolicy) -> Actions {
    let mut actions = Actions::new();
    lockgate_actions::register(&mut actions, policy);
    lockgate_auth0::register(&mut actions);
    actions
}

/// The connection types that steps use, beside `auth0`.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    lockgate_actions::connection_types()
}

/// The declarations of all actions and connection types.
pub(crate) fn catalog() -> Catalog {
    let mut catalog = Catalog::new();
    actions(HttpPolicy::default()).declare(&mut catalog);
    catalog.add_connection(lockgate_auth0::connection_spec());
    for connection_type in connection_types() {
        catalog.add_connection((*connection_type.spec).clone());
    }
    for spec in lockgate_server::auth::connection_specs() {
        catalog.add_connection(spec);
    }
    catalog
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
        let file = Source::new(
            "lockgate.yaml",
            "version: 1\nconnections:\n  auth0: { type: auth0, domain: '${D}', client_id: '${C}', client_secret: '${S}' }\n",
        );
        let catalog = catalog();
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
