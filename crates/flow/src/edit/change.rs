//! What an edit gives: changes of a text.

use crate::source::Span;

/// Another text in the place of a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The stretch, in the text before; empty where something is put in.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// What an edit does to a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// In the order of the text; they do not overlap, and all count in the text before.
    pub changes: Vec<Change>,
    /// The structural path of the step that is to be selected now.
    pub select: Option<String>,
}

/// An edit cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EditError {
    /// Why not, and what to do instead: a lower-case fragment.
    pub message: String,
}

impl EditError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// The text after changes.
pub fn apply(text: &str, changes: &[Change]) -> String {
    let mut after = String::with_capacity(text.len());
    let mut at = 0;
    for change in changes {
        let range = change.span.range();
        after.push_str(text.get(at..range.start).unwrap_or_default());
        after.push_str(&change.text);
        at = range.end;
    }
    after.push_str(text.get(at..).unwrap_or_default());
    after
}
