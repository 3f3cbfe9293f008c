//! Findings: one data type, four renderings.
//!
//! A [`Diagnostic`] is data. Text (with source and carets), JSON and GitHub annotations are renderings of
//! it; the fourth, the editor's, takes the JSON. Every code has a page, see [`Code::page`].

mod code;
mod render;

use std::sync::Arc;

pub use code::Code;
pub use render::{render_github, render_json, render_text, to_json};

use crate::source::{Source, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The flow can run, but probably does not do what its author wants.
    Warning,
    /// The flow does not run.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a source, with a word about it.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text.
    pub source: Arc<Source>,
    /// The place.
    pub span: Span,
    /// What is there; may be empty.
    pub message: String,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// Where.
    pub primary: Label,
    /// Further places that explain it.
    pub secondary: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of the code's own severity.
    pub fn new(code: Code, source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label {
                source: Arc::clone(source),
                span,
                message: String::new(),
            },
            secondary: Vec::new(),
            help: None,
        }
    }

    /// With a word at the primary place.
    #[must_use]
    pub fn labelled(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// With a further place in the same source.
    #[must_use]
    pub fn and(mut self, span: Span, message: impl Into<String>) -> Self {
        let source = Arc::clone(&self.primary.source);
        self.secondary.push(Label {
            source,
            span,
            message: message.into(),
        });
        self
    }

    /// With a further place in another source.
    #[must_use]
    pub fn and_in(mut self, source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label {
            source: Arc::clone(source),
            span,
            message: message.into(),
        });
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it keeps the flow from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Order for listings: by file, then place, then code.
    pub fn sort_key(&self) -> (&str, Span, Code) {
        (self.primary.source.path(), self.primary.span, self.code)
    }
}

/// The known name that is nearest to a misspelt one, if any is near enough to suggest.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= (name.len().max(candidate.len()) / 3).max(1)
                || candidate.starts_with(name) && name.len() > 2
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` for the nearest known name; otherwise the list of known names, if it is short.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        1..=12 => Some(format!("known here: {}", list(known.iter().copied()))),
        _ => None,
    }
}

/// `` `a`, `b`, `c` ``.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
