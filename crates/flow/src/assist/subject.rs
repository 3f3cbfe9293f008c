//! What a cursor is on: for explanations, and for the way to where it is defined.

use std::ops::Range;

use super::Assist;
use super::cursor::{Cursor, Spot};
use super::expression::{WordKind, bare, in_template, segments, word};
use super::place::{Place, names};
use super::situation::{Reading, Spotted};
use crate::check::Site;
use crate::expression::functions;

/// What stands at a place.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) span: Range<usize>,
    pub(super) kind: SubjectKind,
}

#[derive(Clone, Debug)]
pub(super) enum SubjectKind {
    /// A key; the keys above it are those of the cursor.
    Key(String),
    /// The name of an action.
    Action(String),
    /// The name of a connection.
    Connection(String),
    /// A connection type.
    ConnectionType(String),
    /// The name of a flow.
    Flow(String),
    /// An error code.
    Code(String),
    /// An input field that is named outside of expressions.
    Input(String),
    /// A path, up to the segment that the cursor is on.
    Reference {
        segments: Vec<String>,
        site: Option<Site>,
    },
    /// A function.
    Function(&'static functions::Function),
}

impl Subject {
    pub(super) fn of(assist: &Assist<'_>, cursor: &Cursor<'_>, place: &Place) -> Option<Self> {
        let found = match &cursor.spot {
            Spot::Nothing => return None,
            Spot::Key {
                span,
                is_element,
                has_colon,
                ..
            } => {
                let name = cursor.text.get(span.clone())?.trim_matches(['"', '\'']);
                let kind = if *is_element && !has_colon {
                    value(assist, cursor, place, name)?
                } else {
                    SubjectKind::Key(name.to_owned())
                };
                Self {
                    span: span.clone(),
                    kind,
                }
            }
            Spot::Value { scalar, .. } => {
                if let Some(spotted) = Spotted::of(cursor, place) {
                    return in_expression(cursor, &spotted);
                }
                let name = cursor.text.get(scalar.span.clone())?;
                if let Some(found) = parameter(cursor, place, scalar.span.start, name) {
                    return Some(found);
                }
                let start = scalar.span.start + name.len() - name.trim_start().len();
                Self {
                    span: start..start + name.trim().len(),
                    kind: value(assist, cursor, place, name.trim())?,
                }
            }
        };
        (!found.span.is_empty()).then_some(found)
    }
}

/// What a scalar names.
fn value(assist: &Assist<'_>, cursor: &Cursor<'_>, place: &Place, name: &str) -> Option<SubjectKind> {
    let name = || name.to_owned();
    if assist.is_workspace_file() {
        return match names(&cursor.levels).as_slice() {
            ["connections", _, "type"] => Some(SubjectKind::ConnectionType(name())),
            _ => None,
        };
    }
    let Some(step) = &place.step else {
        return match names(&cursor.levels).as_slice() {
            ["trigger", "http", "auth", _] => Some(SubjectKind::Connection(name())),
            ["trigger", "http", "rate_limit", "by"] => {
                Some(SubjectKind::Input(name().strip_prefix("input.")?.to_owned()))
            }
            _ => None,
        };
    };
    Some(match step.keys(cursor).as_slice() {
        ["action"] => SubjectKind::Action(name()),
        ["connection"] => SubjectKind::Connection(name()),
        ["call"] => SubjectKind::Flow(name()),
        ["retry", "codes", "*"] => SubjectKind::Code(name()),
        _ => return None,
    })
}

/// A parameter of a route: `:user_id`.
fn parameter(cursor: &Cursor<'_>, place: &Place, start: usize, text: &str) -> Option<Subject> {
    let path = names(&cursor.levels);
    let is_route = matches!(path.as_slice(), ["trigger", "http"] | ["trigger", "http", "path"]);
    if place.step.is_some() || !is_route {
        return None;
    }
    let mut at = start;
    for part in text.split('/') {
        let end = at + part.len();
        if let Some(name) = part.strip_prefix(':')
            && (at..=end).contains(&cursor.offset)
        {
            return Some(Subject {
                span: at + 1..end,
                kind: SubjectKind::Input(name.to_owned()),
            });
        }
        at = end + 1;
    }
    None
}

fn in_expression(cursor: &Cursor<'_>, spotted: &Spotted) -> Option<Subject> {
    let said = spotted.scalar.unescape(cursor.text);
    let at = said.offset(cursor.offset);
    let within = match spotted.reading {
        Reading::Bare => bare(&said.text, at),
        Reading::Template => in_template(&said.text, at),
    }?;
    let word = word(&said.text, &within, at);
    let text = said.text.get(word.span.clone())?;
    if word.kind != WordKind::Name || text.is_empty() {
        return None;
    }
    if let Some(function) = functions::find(text).filter(|_| word.is_first) {
        return Some(Subject {
            span: said.span(&word.span),
            kind: SubjectKind::Function(function),
        });
    }
    let mut before = Vec::new();
    for (name, range) in segments(text) {
        before.push(name);
        let range = word.span.start + range.start..word.span.start + range.end;
        if at <= range.end {
            return Some(Subject {
                span: said.span(&range),
                kind: SubjectKind::Reference {
                    segments: before,
                    site: spotted.site.clone(),
                },
            });
        }
    }
    None
}
