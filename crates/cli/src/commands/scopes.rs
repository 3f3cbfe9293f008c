//! `lockgate scopes`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use lockgate_flow::workspace::ScopeUse;
use serde_json::{Value, json};

use crate::args::ScopesArgs;
use crate::catalogue;
use crate::exit::Exit;
use crate::needs::least;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

pub(super) fn scopes(folder: &Path, args: &ScopesArgs, terminal: &Terminal) -> Result<Exit> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let uses = loaded.checked.scopes();
    let mut connections: BTreeMap<&str, Vec<&ScopeUse>> = BTreeMap::new();
    for scope in &uses {
        connections.entry(&scope.connection).or_default().push(scope);
    }
    if args.json {
        let list: Value = connections
            .iter()
            .map(|(connection, uses)| {
                let needs: Vec<Value> = uses
                    .iter()
                    .map(|scope| {
                        json!({
                            "any_of": scope.need.0, "flow": scope.flow, "action": scope.action, "step": scope.step,
                        })
                    })
                    .collect();
                json!({ "connection": connection, "scopes": least(uses.iter().map(|scope| &scope.need)), "needs": needs })
            })
            .collect();
        terminal.print_json(&list)?;
    } else {
        for (connection, uses) in &connections {
            let scopes = least(uses.iter().map(|scope| &scope.need))
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ");
            // One connection is the rule: its line is ready to paste.
            let name = if connections.len() == 1 {
                String::new()
            } else {
                format!("{connection}: ")
            };
            terminal.print(&format!("{name}{scopes}"))?;
        }
        if connections.is_empty() {
            terminal.remark("the flows of this workspace need no scopes");
        }
    }
    let broken: Vec<&str> = loaded
        .checked
        .flows
        .iter()
        .filter(|flow| flow.flow.is_none())
        .map(|flow| flow.source.path())
        .collect();
    if broken.is_empty() {
        return Ok(Exit::Done);
    }
    terminal.say(&format!(
        "{}: left out, because they have errors: {} (see `lockgate check`)",
        terminal.stderr_style().warn("warning"),
        broken.join(", ")
    ));
    Ok(Exit::Invalid)
}
