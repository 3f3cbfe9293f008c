//! `lockgate connections`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_auth0::{Auth0Connection, CheckReport};
use lockgate_engine::action::ActionError;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_flow::diagnostic::suggestion;
use serde_json::{Value, json};

use crate::args::ConnectionsCheckArgs;
use crate::catalogue;
use crate::connect;
use crate::exit::{Exit, Mistake};
use crate::needs::{Need, missing, needs, unneeded};
use crate::run::duration;
use crate::terminal::{Table, Terminal};
use crate::workspace::Loaded;

pub(super) fn list(folder: &Path, json: bool, terminal: &Terminal) -> Result<Exit> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let connections = loaded.checked.connections();
    if json {
        let list: Value = connections
            .iter()
            .map(|connection| {
                let name = &connection.name.value;
                let variables: Vec<Value> = connect::variables(&loaded, connection)
                    .into_iter()
                    .map(|(name, is_set)| json!({ "name": name, "set": is_set }))
                    .collect();
                json!({
                    "name": name,
                    "type": connection.type_name.value,
                    "variables": variables,
                    "flows": loaded.checked.flows_using(name),
                })
            })
            .collect();
        terminal.print_json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(terminal.stdout_style(), &["name", "type", "variables", "used by"]);
    for connection in connections {
        let name = &connection.name.value;
        let variables: Vec<String> = connect::variables(&loaded, connection)
            .into_iter()
            .map(|(name, is_set)| format!("{} {name}", if is_set { '✓' } else { '✗' }))
            .collect();
        table.row([
            name.clone(),
            connection.type_name.value.clone(),
            variables.join("\n"),
            loaded.checked.flows_using(name).join("\n"),
        ]);
    }
    if table.is_empty() {
        terminal.remark("this workspace has no connections");
    } else {
        terminal.print(&table.render())?;
    }
    Ok(Exit::Done)
}

pub(super) async fn check(folder: &Path, args: &ConnectionsCheckArgs, terminal: &Terminal) -> Result<Exit> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let known: BTreeSet<String> = loaded
        .checked
        .connections()
        .iter()
        .map(|connection| connection.name.value.clone())
        .collect();
    let names = match &args.name {
        Some(name) if !known.contains(name) => {
            return Err(Mistake::new(format!("there is no connection `{name}`"))
                .maybe_help(suggestion(name, known.iter().map(String::as_str)))
                .into());
        }
        Some(name) => BTreeSet::from([name.clone()]),
        None => known,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let live = connect::connect(&loaded, &names, args.emulated, &clock, terminal).await?;
    if names.is_empty() {
        terminal.remark("this workspace has no connections");
    }
    let mut is_good = true;
    let mut list = Vec::new();
    for (name, scheme) in &live.callers {
        let type_name = scheme.type_name();
        if args.json {
            list.push(json!({ "name": name, "status": "usable", "type": type_name, "error": null }));
        } else {
            let style = terminal.stdout_style();
            terminal.print(&format!(
                "{} {}: what callers must show for `auth: {type_name}` is there\n",
                style.good("✓"),
                style.name(name),
            ))?;
        }
    }
    for (name, type_name) in &live.others {
        if args.json {
            list.push(json!({ "name": name, "status": "usable", "type": type_name, "error": null }));
        } else {
            let style = terminal.stdout_style();
            terminal.print(&format!(
                "{} {}: the settings of type `{type_name}` can be used\n",
                style.good("✓"),
                style.name(name),
            ))?;
        }
    }
    for (name, reason) in live.left_out.iter().filter(|_| args.json) {
        list.push(json!({ "name": name, "status": "left_out", "error": { "message": reason } }));
    }
    for connection in &live.auth0 {
        let result = connection.check().await;
        let needs = needs(&loaded, connection.name(), result.as_ref().ok());
        is_good &= result.is_ok() && needs.iter().all(|need| need.granted != Some(false));
        if args.json {
            list.push(as_json(connection, &result, &needs));
        } else {
            show(connection, &result, &needs, terminal)?;
        }
    }
    if args.json {
        terminal.print_json(&Value::Array(list))?;
    }
    live.close().await;
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}

fn show(
    connection: &Auth0Connection,
    result: &Result<CheckReport, ActionError>,
    needs: &[Need],
    terminal: &Terminal,
) -> Result<()> {
    let style = terminal.stdout_style();
    let name = style.name(connection.name());
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            terminal.print(&format!("{} {} ({})", style.bad("✗"), error.message, error.code))?;
            return Ok(());
        }
    };
    terminal.print(&format!(
        "{} {name}: a token from {} for {}\n  client {}, valid for {}\n",
        style.good("✓"),
        report.token_host,
        report.audience,
        report.client_id,
        duration(report.expires_in)
    ))?;
    let mut table = Table::new(style, &["scope", "granted", "needed by"]).indented(2);
    for need in needs {
        let granted = match need.granted {
            Some(true) => "✓",
            Some(false) => "✗ missing",
            None => "unknown",
        };
        table.row([
            need.any_of.0.join("\nor "),
            granted.to_owned(),
            need.users.join("\n"),
        ]);
    }
    if table.is_empty() {
        terminal.print("  no flow needs a scope on this connection")?;
    } else {
        terminal.print(&table.render())?;
    }
    let missing = missing(needs);
    if !missing.is_empty() {
        terminal.print(&format!(
            "\n  {}: grant `{}` in the Auth0 dashboard: Applications → APIs → Auth0 Management API →\n  Machine to \
             Machine Applications → {}",
            style.help("help"),
            missing.join(" "),
            report.client_id
        ))?;
    }
    let unneeded = unneeded(report, needs);
    if !unneeded.is_empty() {
        terminal.print(&format!(
            "\n  {}",
            style.dim(&format!("granted, and not needed: {}", unneeded.join(" ")))
        ))?;
    }
    Ok(())
}

fn as_json(connection: &Auth0Connection, result: &Result<CheckReport, ActionError>, needs: &[Need]) -> Value {
    let needs: Vec<Value> = needs
        .iter()
        .map(|need| json!({ "any_of": need.any_of.0, "granted": need.granted, "needed_by": need.users }))
        .collect();
    match result {
        Ok(report) => json!({
            "name": connection.name(),
            "status": "connected",
            "token_host": report.token_host,
            "audience": report.audience,
            "client_id": report.client_id,
            "expires_in_s": report.expires_in.as_secs(),
            "scopes": report.scopes,
            "needs": needs,
            "error": null,
        }),
        Err(error) => json!({
            "name": connection.name(),
            "status": "failed",
            "audience": connection.audience(),
            "client_id": connection.client_id(),
            "needs": needs,
            "error": { "code": error.code, "message": error.message, "provider": error.provider },
        }),
    }
}
