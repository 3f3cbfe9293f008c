//! Which scopes the flows of a workspace need on its connections, and what of it is granted.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_auth0::CheckReport;
use lockgate_flow::catalog::ScopeNeed;

use crate::workspace::Loaded;

/// A need of the flows, and who has it.
pub(crate) struct Need {
    pub(crate) any_of: ScopeNeed,
    /// `flow (action)`.
    pub(crate) users: Vec<String>,
    /// `None`: nobody can tell.
    pub(crate) granted: Option<bool>,
}

/// What the flows need on a connection, each need once.
pub(crate) fn needs(loaded: &Loaded, connection: &str, report: Option<&CheckReport>) -> Vec<Need> {
    let mut users: BTreeMap<ScopeNeed, Vec<String>> = BTreeMap::new();
    for scope in loaded
        .checked
        .scopes()
        .into_iter()
        .filter(|scope| scope.connection == connection)
    {
        let user = format!("{} ({})", scope.flow, scope.action);
        let users = users.entry(scope.need).or_default();
        if !users.contains(&user) {
            users.push(user);
        }
    }
    users
        .into_iter()
        .map(|(need, users)| Need {
            granted: report.and_then(|report| report.grants(&need)),
            any_of: need,
            users,
        })
        .collect()
}

/// What the flows need on a connection, in short.
pub(crate) struct NeedsInShort {
    /// How many scopes are needed.
    pub(crate) count: usize,
    /// The fewest that have to be granted.
    pub(crate) missing: Vec<String>,
}

/// What the flows need on a connection, and what of it the token does not grant.
pub(crate) fn connection_needs(loaded: &Loaded, connection: &str, report: &CheckReport) -> NeedsInShort {
    let needs = needs(loaded, connection, Some(report));
    NeedsInShort {
        count: needs.len(),
        missing: missing(&needs).into_iter().map(str::to_owned).collect(),
    }
}

/// The fewest scopes that have to be granted.
pub(crate) fn missing(needs: &[Need]) -> Vec<&str> {
    let unmet = needs.iter().filter(|need| need.granted == Some(false));
    least(unmet.map(|need| &need.any_of)).into_iter().collect()
}

/// What is granted, and no flow needs.
pub(crate) fn unneeded<'a>(report: &'a CheckReport, needs: &[Need]) -> Vec<&'a str> {
    let is_needed = |scope: &String| needs.iter().any(|need| need.any_of.0.contains(scope));
    report
        .scopes
        .iter()
        .flatten()
        .filter(|scope| !is_needed(scope))
        .map(String::as_str)
        .collect()
}

/// The least scopes that meet all needs: what is needed without a choice, then the first of each choice that is
/// not met yet.
pub(crate) fn least<'a>(needs: impl IntoIterator<Item = &'a ScopeNeed>) -> BTreeSet<&'a str> {
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
