//! `lockgate scopes`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use lockgate_flow::catalog::ScopeNeed;
use lockgate_flow::workspace::ScopeUse;
use serde_json::{Value, json};

use crate::args::ScopesArgs;
use crate::catalogue;
use crate::exit::Exit;
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

/// The least scopes that meet all needs: what is needed without a choice, then the first of each choice that is
/// not met yet.
pub(super) fn least<'a>(needs: impl IntoIterator<Item = &'a ScopeNeed>) -> BTreeSet<&'a str> {
    let mut scopes: BTreeSet<&str> = BTreeSet::new();
    let (plain, choices): (Vec<_>, Vec<_>) = needs
        .into_iter()
        .map(|need| &need.0)
        .partition(|need| need.len() == 1);
    for need in plain.into_iter().chain(choices) {
        if !need.iter().any(|scope| scopes.contains(scope.as_str())) {
            scopes.extend(need.first().map(String::as_str));
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_made_only_where_nothing_meets_it_yet() {
        let need = |scopes: &[&str]| ScopeNeed(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        let needs = [
            need(&["read:logs_users", "read:logs"]),
            need(&["read:logs"]),
            need(&["read:a", "read:b"]),
        ];
        assert_eq!(least(&needs), BTreeSet::from(["read:a", "read:logs"]));
    }
}
