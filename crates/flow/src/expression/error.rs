//! What can be wrong with an expression: at parse time (all mistakes of a text at once) and at evaluation.

use std::fmt;
use std::ops::Range;

/// A mistake in the text of a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What sort of mistake, for the diagnostic's code.
    pub kind: ParseErrorKind,
    /// One line, a lower-case fragment.
    pub message: String,
    /// Bytes inside the text.
    pub span: Range<usize>,
    /// How to repair it.
    pub help: Option<String>,
}

/// The sorts of [`ParseError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The text is no Handlebars.
    Syntax,
    /// Handlebars that the flow language leaves out: partials, decorators, raw blocks, named arguments.
    Unsupported,
    /// A call of something that is no function.
    UnknownFunction {
        /// As written.
        name: String,
        /// The function with the most similar name, if one is similar.
        suggestion: Option<&'static str>,
    },
    /// A block that is none of `if`, `unless`, `each`, `with`.
    UnknownBlock {
        /// As written.
        name: String,
    },
    /// Too few or too many arguments.
    Arity {
        /// The function or block.
        function: &'static str,
        /// How many were written.
        given: usize,
    },
    /// A written-out argument that its function can never take, such as a regular expression with a mistake.
    InvalidArgument {
        /// The function.
        function: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// Longer or deeper than the [limits](super::limits).
    Limit,
}

impl ParseError {
    pub(super) fn new(kind: ParseErrorKind, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            span,
            help: None,
        }
    }

    pub(super) fn syntax(span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(ParseErrorKind::Syntax, span, message)
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A template that could not be evaluated with the values of this run.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationError {
    /// What went wrong.
    pub kind: EvaluationErrorKind,
    /// Bytes inside the text of the template.
    pub span: Range<usize>,
    /// Where the template stands in its [`ValueTemplate`](super::ValueTemplate), like `body.items.0.name`;
    /// empty where it is the whole value.
    pub place: String,
}

/// The sorts of [`EvaluationError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationErrorKind {
    /// A value that is not there.
    Missing {
        /// The path as its author wrote it.
        path: String,
    },
    /// A function refused its arguments.
    Function {
        /// The function.
        name: &'static str,
        /// A lower-case fragment.
        message: String,
    },
    /// A block (`{{#each}}`) got a value that it cannot use.
    Block {
        /// A lower-case fragment.
        message: String,
    },
    /// The result is longer than [`MAX_OUTPUT_BYTES`](super::limits::MAX_OUTPUT_BYTES).
    TooLong,
}

impl EvaluationError {
    pub(super) fn new(kind: EvaluationErrorKind, span: &Range<usize>) -> Self {
        Self {
            kind,
            span: span.clone(),
            place: String::new(),
        }
    }

    /// Puts a key or an index in front of the place, on the way out of a map or list.
    pub(super) fn inside(mut self, step: impl fmt::Display) -> Self {
        self.place = if self.place.is_empty() {
            step.to_string()
        } else {
            format!("{step}.{}", self.place)
        };
        self
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EvaluationErrorKind::Missing { path } => write!(f, "`{path}` is missing")?,
            EvaluationErrorKind::Function { name, message } => write!(f, "`{name}`: {message}")?,
            EvaluationErrorKind::Block { message } => f.write_str(message)?,
            EvaluationErrorKind::TooLong => {
                write!(
                    f,
                    "the text is longer than {} bytes",
                    super::limits::MAX_OUTPUT_BYTES
                )?;
            }
        }
        if self.place.is_empty() {
            Ok(())
        } else {
            write!(f, " (in `{}`)", self.place)
        }
    }
}

impl std::error::Error for EvaluationError {}
