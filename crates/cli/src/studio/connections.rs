//! Connections as the studio shows and tests them. What their settings hold goes nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockgate_auth0::CheckReport;
use lockgate_engine::clock::Clock;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::workspace::ConnectionSyntax;
use lockgate_server::auth::Scheme;
use lockgate_studio::operations::{Connection, ConnectionCheck, ScopeNeeded, Target, Variable};
use lockgate_studio::problem::Problem;

use super::doing::absent;
use crate::connect;
use crate::needs::{Need, missing, needs};
use crate::run::duration;
use crate::serve::{self, Looked, Served};
use crate::workspace::Loaded;

/// What a connection is that callers show their credentials for.
const OF_CALLERS: &str = "What callers of a flow must show.";

/// All connections of a workspace. Nobody is called.
pub(super) fn list(loaded: &Loaded, served: &Served, clock: &Arc<dyn Clock>) -> Vec<Connection> {
    let connections = loaded.checked.connections();
    let names = connections.iter().map(|connection| connection.name.value.clone());
    let looked = served.look(loaded, &names.collect(), clock);
    connections
        .iter()
        .map(|connection| shown(loaded, &looked, connection))
        .collect()
}

fn shown(loaded: &Loaded, looked: &Looked, connection: &ConnectionSyntax) -> Connection {
    let name = &connection.name.value;
    let type_name = &connection.type_name.value;
    let variables = connect::variables(loaded, connection);
    let is_complete = variables.iter().all(|(_, is_set)| *is_set);
    let (target, url) = match looked.targets.get(name).filter(|_| looked.served.contains(name)) {
        Some(target) => target_of(target),
        None => (Target::Unused, None),
    };
    // As soon as a flow uses it, something stands in for what is missing.
    let is_no_matter = target == Target::Unused && looked.is_replacing && !is_complete;
    let problem = match looked.unusable.get(name) {
        Some(_) if is_no_matter => None,
        Some(finding) => Some(in_words(finding)),
        None if target == Target::LeftOut => looked.left_out(name).map(str::to_owned),
        None => None,
    };
    let spec = loaded.catalog.connection(type_name);
    Connection {
        name: name.clone(),
        type_name: type_name.clone(),
        summary: spec.map_or_else(|| OF_CALLERS.to_owned(), |spec| spec.summary.to_string()),
        target,
        url,
        variables: variables
            .into_iter()
            .map(|(name, is_set)| Variable { name, is_set })
            .collect(),
        settings: connection
            .settings
            .iter()
            .map(|setting| setting.key.text.clone())
            .collect(),
        flows: loaded
            .checked
            .flows_using(name)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        scopes: scopes(&needs(loaded, name, None)),
        problem,
    }
}

fn target_of(target: &serve::Target) -> (Target, Option<String>) {
    match target {
        serve::Target::Emulated { url, .. } => (Target::Emulated, Some(url.clone())),
        serve::Target::Real { url } => (Target::Real, Some(url.clone())),
        serve::Target::MadeUp { .. } => (Target::MadeUp, None),
        serve::Target::Set => (Target::Set, None),
        serve::Target::Provider { .. } => (Target::Provider, None),
        serve::Target::LeftOut { .. } => (Target::LeftOut, None),
    }
}

fn scopes(needs: &[Need]) -> Vec<ScopeNeeded> {
    let shown = |need: &Need| ScopeNeeded {
        any_of: need.any_of.0.clone(),
        users: need.users.clone(),
        granted: need.granted,
    };
    needs.iter().map(shown).collect()
}

fn in_words(finding: &Diagnostic) -> String {
    match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    }
}

/// Tests a connection: those to Auth0 are asked for a token, of the others the settings are looked at.
///
/// # Errors
/// There is none of this name.
pub(super) async fn check(
    loaded: &Loaded,
    name: &str,
    served: &Served,
    clock: &Arc<dyn Clock>,
) -> Result<ConnectionCheck, Problem> {
    let connections = loaded.checked.connections();
    let known = || {
        connections
            .iter()
            .map(|connection| connection.name.value.as_str())
    };
    let connection = connections
        .iter()
        .find(|connection| connection.name.value == name)
        .ok_or_else(|| absent("no_such_connection", "connection", name, known()))?;
    let looked = served.look(loaded, &BTreeSet::from([name.to_owned()]), clock);
    let told = |ok, message: String| ConnectionCheck {
        ok,
        message,
        scopes: scopes(&needs(loaded, name, None)),
        missing: Vec::new(),
    };
    if let Some(finding) = looked.unusable.get(name) {
        return Ok(told(false, in_words(finding)));
    }
    if let Some(reason) = looked.left_out(name) {
        return Ok(told(false, reason.to_owned()));
    }
    let Some(auth0) = looked.auth0(name) else {
        let type_name = &connection.type_name.value;
        let message = match (Scheme::of_type(type_name), looked.targets.get(name)) {
            (Some(_), Some(serve::Target::MadeUp { missing })) => format!(
                "what callers must show is made up, since {} {} not set",
                missing.join(", "),
                if missing.len() == 1 { "is" } else { "are" }
            ),
            (Some(scheme), _) => format!(
                "what callers must show for `auth: {}` is there",
                scheme.type_name()
            ),
            (None, _) => format!("the settings of type `{type_name}` can be used; nobody was called"),
        };
        return Ok(told(true, message));
    };
    let report = match auth0.check().await {
        Ok(report) => report,
        Err(error) => return Ok(told(false, format!("{} ({})", error.message, error.code))),
    };
    let needs = needs(loaded, name, Some(&report));
    Ok(ConnectionCheck {
        ok: needs.iter().all(|need| need.granted != Some(false)),
        message: said(&report),
        missing: missing(&needs).into_iter().map(str::to_owned).collect(),
        scopes: scopes(&needs),
    })
}

fn said(report: &CheckReport) -> String {
    format!(
        "a token from {} for {}, client {}, valid for {}",
        report.token_host,
        report.audience,
        report.client_id,
        duration(report.expires_in)
    )
}
