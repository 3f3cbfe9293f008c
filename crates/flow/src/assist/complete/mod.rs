//! What can be written at a cursor.

pub(super) mod arguments;
mod expressions;
mod filter;
mod fragments;
mod keys;
mod steps;
mod values;
mod whole;
mod workspace_file;

use std::ops::Range;

use super::Assist;
use super::answers::{Completion, CompletionKind, Completions};
use super::cursor::{Cursor, Spot};
use super::place::Place;
use crate::source::Span;

/// What is asked about.
pub(super) struct Question<'q, 'a> {
    assist: &'q Assist<'a>,
    cursor: &'q Cursor<'q>,
    place: &'q Place,
    /// What stands before the cursor in its word.
    typed: &'q str,
}

/// What can be written in a stretch.
pub(super) struct Offer {
    /// The stretch that is replaced.
    span: Range<usize>,
    /// The best first, before what is typed is looked at.
    items: Vec<Completion>,
}

/// The answer for a text; `offset` is any number.
pub(super) fn complete(assist: &Assist<'_>, offset: usize) -> Completions {
    let Some(text) = assist.text() else {
        return nothing(offset);
    };
    let cursor = Cursor::at(text, offset);
    let offer = if assist.is_workspace_file() {
        workspace_file::complete(assist, &cursor)
    } else {
        let place = Place::of(&cursor);
        let question = Question {
            assist,
            cursor: &cursor,
            place: &place,
            typed: typed(&cursor, cursor.word()),
        };
        match &cursor.spot {
            Spot::Key { .. } => keys::complete(&question),
            Spot::Value { .. } => values::complete(&question),
            Spot::Nothing => None,
        }
    };
    let Some(offer) = offer else {
        return nothing(cursor.offset);
    };
    Completions {
        items: filter::filter(offer.items, typed(&cursor, Some(&offer.span))),
        span: Span::new(offer.span.start, offer.span.end),
    }
}

/// What of a stretch stands before the cursor.
fn typed<'t>(cursor: &Cursor<'t>, span: Option<&Range<usize>>) -> &'t str {
    let before = span.map(|span| span.start..cursor.offset.clamp(span.start, span.end));
    before
        .and_then(|before| cursor.text.get(before))
        .unwrap_or_default()
}

fn nothing(offset: usize) -> Completions {
    Completions {
        span: Span::new(offset, offset),
        items: Vec::new(),
    }
}

/// A plain item: what is shown is what is written.
fn item(label: impl Into<String>, kind: CompletionKind) -> Completion {
    let label = label.into();
    Completion {
        insert: label.clone(),
        label,
        kind,
        detail: None,
        docs: None,
    }
}
