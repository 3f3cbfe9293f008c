//! What actions and connections declare about themselves.
//!
//! The checker, the documentation, the editor's forms, the scopes of a workspace and the retry rules are all
//! read off these declarations; none of them has a list of its own. This module holds data only: how an
//! action runs is the engine's `Action` trait.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::schema::Schema;

/// What running an action does to the world, and so what may be done when its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Computes only. May be repeated at will.
    Pure,
    /// Reads from outside. May be repeated.
    Read,
    /// Writes, and a repeat leaves the same state. May be repeated.
    Idempotent,
    /// Writes, and a repeat would write again. Never repeated blindly.
    Once,
}

impl Effect {
    /// The word used in listings: `pure`, `read`, `idempotent`, `once`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Read => "read",
            Self::Idempotent => "idempotent",
            Self::Once => "once",
        }
    }

    /// Whether a transient failure is retried without being asked.
    pub const fn is_repeatable(self) -> bool {
        !matches!(self, Self::Once)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text of a declaration: written in the program, or read from a connector's file.
pub type Text = Cow<'static, str>;

/// Where an action stands in listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What works on values alone, and plain HTTP.
    Data,
    /// People's accounts, tokens, codes.
    Identity,
    /// Messages, and what a business runs on.
    Business,
}

impl Group {
    /// All, in the order of listings.
    pub const ALL: [Self; 3] = [Self::Data, Self::Identity, Self::Business];

    /// As a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Data => "Logic and data",
            Self::Identity => "Identity and security",
            Self::Business => "Messages and business",
        }
    }
}

/// One code that an action can fail with.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorSpec {
    /// Snake case, as written under `on_error`.
    pub code: Text,
    /// HTTP status that the caller of the flow gets if nobody handles the error.
    pub status: u16,
    /// When it happens, in one sentence.
    pub summary: Text,
}

impl ErrorSpec {
    /// An error of an action that is written in the program.
    pub const fn new(code: &'static str, status: u16, summary: &'static str) -> Self {
        Self {
            code: Text::Borrowed(code),
            status,
            summary: Text::Borrowed(summary),
        }
    }
}

/// The part of a step's `with` that is known before it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownInput {
    /// The input; every part that an expression will give is `null`. A part that may turn out to be dropped
    /// (`omit_if_missing`) is not in it.
    pub value: Value,
    /// JSON Pointers (RFC 6901) of the parts that an expression will give, dropped or not.
    pub unknown: Vec<String>,
}

impl KnownInput {
    /// Whether the value at `pointer` will only be known when the step runs.
    pub fn is_unknown(&self, pointer: &str) -> bool {
        self.unknown.iter().any(|unknown| unknown == pointer)
    }
}

/// A mistake that an action (or connection) finds in its known input by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// JSON Pointer of the offending part.
    pub pointer: String,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Reads problems off a known input, beyond what the schema can say.
pub type InputCheck = fn(&KnownInput) -> Vec<InputProblem>;

/// An OAuth scope need: any one of the listed scopes is enough; the first is the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeNeed(pub Vec<String>);

/// The scopes that a step with this known input needs: all needs must be met.
pub type ScopeRule = fn(&KnownInput) -> Vec<ScopeNeed>;

/// Everything that an action declares.
#[derive(Clone, Debug)]
pub struct ActionSpec {
    /// Dotted name as written in a flow, like `auth0.create_user`.
    pub name: Text,
    /// One line.
    pub summary: Text,
    /// Markdown: what an author should know. May be empty.
    pub docs: Text,
    /// Where it stands in listings.
    pub group: Group,
    /// What it does to the world.
    pub effect: Effect,
    /// Schema of `with`. `additionalProperties: false` makes unknown arguments an error.
    pub input: Schema,
    /// Schema of the result, `steps.<id>`.
    pub output: Schema,
    /// The codes that it can fail with, besides [`COMMON_ERRORS`].
    pub errors: Vec<ErrorSpec>,
    /// The connection type that it needs.
    pub connection: Option<Text>,
    /// The settings that the connection must have for it, beside those that every connection of the type has.
    pub settings: Vec<Text>,
    /// The OAuth scopes that it needs on that connection.
    pub scopes: Option<ScopeRule>,
    /// Further checks of the input.
    pub check: Option<InputCheck>,
    /// Whether it can update or delete existing people's accounts: an open HTTP trigger before it is warned about.
    pub changes_users: bool,
    /// A complete example step, as YAML.
    pub example: Text,
    /// How long one attempt may take when the step does not say, if the action has an own limit.
    pub timeout: Option<Duration>,
    /// Whether everything that it touches is within the process (its log, what runs share): tests of flows call it as it
    /// is. What computes only ([`Effect::Pure`]) needs no word.
    pub offline: bool,
}

impl ActionSpec {
    /// A declaration with the least: no input, any output, no errors, no connection.
    pub fn new(name: impl Into<Text>, effect: Effect, summary: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            docs: Text::Borrowed(""),
            group: Group::Data,
            effect,
            input: Schema::new(serde_json::json!({ "type": "object", "additionalProperties": false })),
            output: Schema::any().clone(),
            errors: Vec::new(),
            connection: None,
            settings: Vec::new(),
            scopes: None,
            check: None,
            changes_users: false,
            example: Text::Borrowed(""),
            timeout: None,
            offline: false,
        }
    }

    /// The declared error of a code, of the action itself or common to all.
    pub fn error(&self, code: &str) -> Option<&ErrorSpec> {
        self.errors
            .iter()
            .chain(COMMON_ERRORS)
            .find(|error| error.code == code)
    }

    /// All codes that a step with this action can fail with.
    pub fn error_codes(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().chain(COMMON_ERRORS).map(|error| &*error.code)
    }
}

/// Errors that any step can end with: they come from the engine, not from the action.
pub const COMMON_ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new("timeout", 504, "the step did not finish within its `timeout`"),
    ErrorSpec::new(
        "invalid_input",
        500,
        "the evaluated input does not fit the action's schema",
    ),
    ErrorSpec::new(
        "missing_value",
        500,
        "an expression read a value that is not there",
    ),
    ErrorSpec::new(
        "invalid_expression",
        500,
        "a function could not work with the value that it got",
    ),
    ErrorSpec::new(
        "action_panicked",
        500,
        "the action crashed; this is a bug in the action",
    ),
];

/// A connection type: what its settings are in `lockgate.yaml`.
#[derive(Clone, Debug)]
pub struct ConnectionSpec {
    /// The `type` in the workspace file, like `auth0`.
    pub type_name: Text,
    /// One line.
    pub summary: Text,
    /// Schema of the settings (without `type`); secrets are annotated with `"secret": true`.
    pub settings: Schema,
    /// Further checks of the settings.
    pub check: Option<InputCheck>,
    /// A complete example entry, as YAML.
    pub example: Text,
}

/// All actions and connection types that a binary knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    actions: BTreeMap<Text, Arc<ActionSpec>>,
    connections: BTreeMap<Text, Arc<ConnectionSpec>>,
}

impl Catalog {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action; one of the same name is replaced.
    pub fn add_action(&mut self, spec: Arc<ActionSpec>) {
        self.actions.insert(spec.name.clone(), spec);
    }

    /// Adds a connection type; one of the same name is replaced.
    pub fn add_connection(&mut self, spec: ConnectionSpec) {
        self.connections.insert(spec.type_name.clone(), Arc::new(spec));
    }

    /// Takes a connection type out, with the actions that need it.
    pub fn remove_connection(&mut self, type_name: &str) {
        self.connections.remove(type_name);
        self.actions
            .retain(|_, spec| spec.connection.as_deref() != Some(type_name));
    }

    /// The action of that name.
    pub fn action(&self, name: &str) -> Option<&Arc<ActionSpec>> {
        self.actions.get(name)
    }

    /// The connection type of that name.
    pub fn connection(&self, type_name: &str) -> Option<&Arc<ConnectionSpec>> {
        self.connections.get(type_name)
    }

    /// All actions, by name.
    pub fn actions(&self) -> impl Iterator<Item = &Arc<ActionSpec>> {
        self.actions.values()
    }

    /// All connection types, by name.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<ConnectionSpec>> {
        self.connections.values()
    }
}
