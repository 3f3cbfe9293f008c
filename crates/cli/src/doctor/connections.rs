//! Whether connections work: their variables, a token, its scopes.

use std::sync::Arc;

use lockgate_auth0::Auth0Connection;
use lockgate_engine::clock::Clock;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::workspace::ConnectionSyntax;
use lockgate_server::auth::Scheme;

use super::{Checks, Health};
use crate::connect;
use crate::needs::connection_needs;
use crate::run::duration;
use crate::workspace::Loaded;

/// Looks at each connection; gives those to Auth0 that could be opened.
pub(crate) async fn connections(
    checks: &mut Checks,
    loaded: &Loaded,
    clock: &Arc<dyn Clock>,
) -> Vec<Arc<Auth0Connection>> {
    let mut tenants = Vec::new();
    for connection in loaded.checked.connections() {
        let name = &connection.name.value;
        match open(loaded, connection, clock) {
            Ok(Opened::Auth0(tenant)) => {
                token(checks, loaded, &tenant).await;
                tenants.push(tenant);
            }
            Ok(Opened::Other) => {
                let type_name = &connection.type_name.value;
                checks.ok(
                    name.as_str(),
                    format!("the settings of type `{type_name}` can be used"),
                );
            }
            Ok(Opened::Callers) => {
                let type_name = &connection.type_name.value;
                checks.ok(
                    name.as_str(),
                    format!("what callers must show for `auth: {type_name}` is there"),
                );
            }
            Err(finding) => {
                // Nobody misses what no flow uses.
                let health = if is_used(loaded, name) {
                    Health::Error
                } else {
                    Health::Warning
                };
                checks.add(health, name.as_str(), finding.message, finding.help);
            }
        }
    }
    if loaded.checked.connections().is_empty() {
        checks.ok("connections", "this workspace has none");
    }
    tenants
}

/// Whether a flow calls it, or checks its callers by it.
fn is_used(loaded: &Loaded, name: &str) -> bool {
    let checks_callers = |flow: &Arc<_>| loaded.checked.auth_connection(flow) == Some(name);
    !loaded.checked.flows_using(name).is_empty() || loaded.checked.runnable().values().any(checks_callers)
}

/// What there is of a connection.
enum Opened {
    Auth0(Arc<Auth0Connection>),
    Callers,
    Other,
}

fn open(
    loaded: &Loaded,
    connection: &ConnectionSyntax,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Diagnostic> {
    let Some(file) = &loaded.checked.file else {
        return Ok(Opened::Other);
    };
    let type_name = &connection.type_name.value;
    let otherwise = connect::otherwise(
        type_name,
        "to try the flows without an Auth0 account: `lockgate dev`",
    );
    let settings = connect::resolve(loaded, file, connection, otherwise)?;
    if let Some(scheme) = Scheme::of_type(type_name) {
        return connect::open_credentials(file, connection, scheme, &settings).map(|_| Opened::Callers);
    }
    let opened = connect::open(loaded, file, connection, &settings, clock)?;
    Ok(opened.downcast().map_or(Opened::Other, Opened::Auth0))
}

async fn token(checks: &mut Checks, loaded: &Loaded, tenant: &Auth0Connection) {
    let report = match tenant.check().await {
        Ok(report) => report,
        Err(error) => {
            checks.error(
                tenant.name(),
                format!("{} ({})", error.message, error.code),
                format!("`lockgate connections check {}` says more", tenant.name()),
            );
            return;
        }
    };
    let needs = connection_needs(loaded, tenant.name(), &report);
    if needs.missing.is_empty() {
        checks.ok(
            tenant.name(),
            format!(
                "a token from {}, valid for {}; {} granted",
                report.token_host,
                duration(report.expires_in),
                match needs.count {
                    0 => "no scope is needed, none has to be".to_owned(),
                    1 => "the one scope that is needed is".to_owned(),
                    count => format!("all {count} scopes that are needed are"),
                }
            ),
        );
    } else {
        checks.error(
            tenant.name(),
            format!(
                "a token from {}, without scopes that flows need: {}",
                report.token_host,
                needs.missing.join(" ")
            ),
            format!(
                "`lockgate connections check {}` says where to grant them",
                tenant.name()
            ),
        );
    }
}
