//! What the answers hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::ActionSpec;
use crate::source::{Source, Span};

/// What can be written at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completions {
    /// The stretch that is replaced.
    pub span: Span,
    /// The best first.
    pub items: Vec<Completion>,
}

/// One thing that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type, or a word about it.
    pub detail: Option<String>,
    /// Markdown.
    pub docs: Option<String>,
    /// What is written; `${}` marks where the cursor goes, if it is in it.
    pub insert: String,
}

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key of a map.
    Key,
    /// A value of a key.
    Value,
    /// An action.
    Action,
    /// A connection.
    Connection,
    /// A flow.
    Flow,
    /// Something that an expression can name.
    Reference,
    /// A function of expressions.
    Function,
    /// An error code.
    Code,
    /// A whole step.
    Step,
}

impl CompletionKind {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Action => "action",
            Self::Connection => "connection",
            Self::Flow => "flow",
            Self::Reference => "reference",
            Self::Function => "function",
            Self::Code => "code",
            Self::Step => "step",
        }
    }
}

/// What something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// Markdown.
    pub docs: String,
}

/// A place in a file of the workspace.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Where in it.
    pub span: Span,
}

/// What expressions can name at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Roots and their fields, as deep as schemas say.
    pub references: Vec<Reference>,
    /// The names of functions.
    pub functions: Vec<&'static str>,
}

/// Something that an expression can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `input.email`
    pub path: String,
    /// Its type, for people: `string (email)`.
    pub type_name: String,
    /// Its description.
    pub docs: Option<String>,
    /// Whether it is there on every way to the place.
    pub is_sure: bool,
    /// Whether it is masked.
    pub secret: bool,
}

/// A step, for a form.
#[derive(Clone, Debug)]
pub struct Form {
    /// The verb.
    pub verb: String,
    /// The whole step as it is written.
    pub value: Value,
    /// Of `with`: what the action, or the called flow, takes; arguments that it does not know stand at the end. Of another
    /// verb: its own keys.
    pub fields: Vec<Field>,
    /// The connections that fit; empty where it needs none.
    pub connections: Vec<String>,
    /// Whether `connection` must be given.
    pub needs_connection: bool,
    /// The action, if it calls one that is known.
    pub action: Option<Arc<ActionSpec>>,
    /// Of the verb, or of the action: Markdown.
    pub docs: String,
    /// JSON Schema of `steps.<id>`, if it has a result.
    pub result: Option<Value>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something else of the field"
)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// JSON Pointer within the step: `/with/email`.
    pub key: String,
    /// Its JSON Schema; `true` where nothing is known.
    pub schema: Value,
    /// `string`, `integer`, `number`, `boolean`, `object`, `array`, `any`.
    pub type_name: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it is masked.
    pub secret: bool,
    /// Whether its text is HTML.
    pub is_html: bool,
    /// Whether its text is one bare expression (`if`, `switch`, `for_each`), without braces.
    pub is_expression: bool,
    /// As it is written; `None` where it is not.
    pub value: Option<Value>,
    /// Where its value stands.
    pub span: Option<Span>,
}

/// What a run recorded, as people may see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Its input.
    pub input: Value,
    /// The results of its steps, by id.
    pub steps: BTreeMap<String, Value>,
    /// `run`: `id`, `flow`, `started_at`, `attempt`.
    pub run: Value,
    /// `request`, if it was recorded.
    pub request: Option<Value>,
}
