//! Whole steps, where one begins: of each verb, and of each action.

use super::filter::is_meant;
use super::fragments::{Writing, indented};
use super::{Question, arguments, item};
use crate::assist::answers::{Completion, CompletionKind};
use crate::assist::describe;
use crate::assist::verbs::VERBS;

/// Steps to begin with. `is_line`: the `- ` is not there yet.
pub(super) fn snippets(question: &Question<'_, '_>, writing: Writing, is_line: bool) -> Vec<Completion> {
    if writing.has_colon || writing.is_inline {
        return Vec::new();
    }
    let (mark, column) = if is_line {
        ("- ", writing.column + 2)
    } else {
        ("", writing.column)
    };
    let verbs = VERBS.iter().map(|verb| Completion {
        detail: Some(verb.summary.to_owned()),
        docs: Some(verb.docs.to_owned()),
        insert: format!("{mark}{}", indented(verb.snippet, column)),
        ..item(verb.name, CompletionKind::Step)
    });
    let all = question.assist.catalog.actions();
    let meant = all.filter(|spec| is_meant(&spec.name, question.typed));
    let actions = meant.map(|spec| {
        let with = arguments::required(spec.input.as_value(), column);
        let end = " ".repeat(column);
        let insert = match with {
            Some(with) => format!("{mark}action: {}\n{end}{with}", spec.name),
            None => format!("{mark}action: {}", spec.name),
        };
        Completion {
            detail: Some(spec.summary.to_string()),
            docs: Some(describe::action(spec)),
            insert,
            ..item(spec.name.to_string(), CompletionKind::Step)
        }
    });
    verbs.chain(actions).collect()
}
