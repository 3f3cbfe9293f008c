//! Markdown about actions, functions and errors.

use std::fmt::Write as _;

use super::Assist;
use super::complete::arguments::sentence;
use crate::catalog::{ActionSpec, COMMON_ERRORS, Effect, ErrorSpec, KnownInput};
use crate::expression::functions::Function;
use crate::graph::flatten;
use crate::syntax::Verb;

/// An action: what it does, what it does to the world, what it needs, how it fails.
pub(super) fn action(spec: &ActionSpec) -> String {
    let mut text = format!("**`{}`**: {}\n\n", spec.name, sentence(&spec.summary));
    let effect = match spec.effect {
        Effect::Pure => "Computes only.",
        Effect::Read => "Reads; may be repeated.",
        Effect::Idempotent => "Writes; a repeat leaves the same state.",
        Effect::Once => "Writes; happens once and is never repeated blindly.",
    };
    let _ = write!(text, "{effect}");
    if let Some(connection) = &spec.connection {
        let _ = write!(text, " Needs a connection of type `{connection}`.");
    }
    let scopes = spec
        .scopes
        .map(|rule| rule(&KnownInput::default()))
        .unwrap_or_default();
    if !scopes.is_empty() {
        let needs: Vec<String> = scopes
            .iter()
            .map(|need| format!("`{}`", need.0.join("` or `")))
            .collect();
        let _ = write!(text, " Scopes: {}.", needs.join(", "));
    }
    if !spec.errors.is_empty() {
        let codes: Vec<String> = spec
            .errors
            .iter()
            .map(|error| format!("`{}`", error.code))
            .collect();
        let _ = write!(text, "\n\nFails with {}.", codes.join(", "));
    }
    if !spec.docs.trim().is_empty() {
        let _ = write!(text, "\n\n{}", spec.docs.trim());
    }
    text
}

/// A function: how it is called, what it gives, examples.
pub(super) fn function(function: &Function) -> String {
    let mut text = format!(
        "`{}`\n\n{} Gives {}.",
        function.signature(),
        function.summary,
        function.returns
    );
    if !function.pure {
        text.push_str(" Its value is recorded with the step.");
    }
    let missing: Vec<String> = function
        .parameters
        .iter()
        .filter(|parameter| parameter.accepts_missing)
        .map(|parameter| format!("`{}`", parameter.name))
        .collect();
    if !missing.is_empty() {
        let _ = write!(text, " {} may be missing.", missing.join(" and "));
    }
    for (index, (expression, json)) in function.examples.iter().take(3).enumerate() {
        let lead = if index == 0 { "\n\n" } else { "  \n" };
        let _ = write!(text, "{lead}`{expression}` → `{json}`");
    }
    text
}

/// An error: its status, and when it happens.
pub(super) fn error(error: &ErrorSpec) -> String {
    format!(
        "**`{}`** (status {}): {}",
        error.code,
        error.status,
        sentence(&error.summary)
    )
}

/// The errors of the actions inside of a step; an error that stands twice is given once.
pub(super) fn inner_errors(assist: &Assist<'_>, path: &str) -> Vec<ErrorSpec> {
    let Some(syntax) = assist.flow().and_then(|flow| flow.syntax.as_deref()) else {
        return Vec::new();
    };
    let mut found: Vec<ErrorSpec> = Vec::new();
    let is_inside = |own: &str| {
        own.strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && !rest.starts_with("/on_error/"))
    };
    for step in flatten(syntax).into_iter().filter(|step| is_inside(&step.path)) {
        let Verb::Action { action, .. } = &step.verb else {
            continue;
        };
        let spec = assist.catalog.action(&action.value);
        for error in spec.into_iter().flat_map(|spec| &spec.errors) {
            if !found.iter().any(|known| known.code == error.code) {
                found.push(error.clone());
            }
        }
    }
    found
}

/// The error of a code that a step can fail with.
pub(super) fn error_of(assist: &Assist<'_>, path: &str, code: &str) -> Option<ErrorSpec> {
    let inner = inner_errors(assist, path);
    let mut all = inner.iter().chain(COMMON_ERRORS);
    all.find(|error| error.code == code).cloned()
}
