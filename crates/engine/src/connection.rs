//! Connections as the engine carries them: opaque handles that actions know how to use.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_flow::catalog::ConnectionSpec;
use lockgate_flow::workspace::Resolved;

use crate::clock::Clock;

/// A connection type: what its settings are, and what makes a live connection of them.
#[derive(Clone)]
pub struct ConnectionType {
    /// The declaration.
    pub spec: Arc<ConnectionSpec>,
    /// Makes a live connection. Opens no socket: the first use does.
    pub open: Open,
}

/// What makes live connections of a type.
pub type Open = Arc<dyn Fn(&Opening<'_>) -> Result<Arc<dyn Any + Send + Sync>, SettingsError> + Send + Sync>;

/// What a live connection is made of.
pub struct Opening<'a> {
    /// Its name in the workspace.
    pub name: &'a str,
    /// Its settings with every variable read, without `type`.
    pub settings: &'a Resolved,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection `{connection}`: {problem}")]
pub struct SettingsError {
    /// The connection's name in the workspace.
    pub connection: String,
    /// Which setting; empty where it is about several together.
    pub setting: String,
    /// What is wrong: a lower-case fragment. Quotes no secret.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl ConnectionType {
    /// A type whose connections are made by `open`.
    pub fn new<T: Any + Send + Sync>(
        spec: ConnectionSpec,
        open: impl Fn(&Opening<'_>) -> Result<T, SettingsError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            spec: Arc::new(spec),
            open: Arc::new(move |opening| Ok(Arc::new(open(opening)?) as _)),
        }
    }
}

impl Opening<'_> {
    /// A text among the settings.
    pub fn text(&self, setting: &str) -> Option<&str> {
        self.settings.get(setting).and_then(serde_json::Value::as_str)
    }

    /// Says that a setting cannot be used.
    pub fn refuse(&self, setting: &str, problem: impl Into<String>) -> SettingsError {
        SettingsError {
            connection: self.name.to_owned(),
            setting: setting.to_owned(),
            problem: problem.into(),
            help: None,
        }
    }
}

/// The live connections of a workspace, by name. Each is shared by all runs.
#[derive(Clone, Default)]
pub struct Connections {
    live: BTreeMap<String, Arc<dyn Any + Send + Sync>>,
    left_out: BTreeMap<String, String>,
}

impl Connections {
    /// No connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection under its workspace name; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, connection: Arc<dyn Any + Send + Sync>) {
        self.live.insert(name.into(), connection);
    }

    /// Says why there is no connection of a name: what a step that uses it fails with.
    pub fn leave_out(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.left_out.insert(name.into(), reason.into());
    }

    /// Why there is no connection of a name.
    pub fn why_not(&self, name: &str) -> String {
        self.left_out
            .get(name)
            .cloned()
            .unwrap_or_else(|| format!("there is no connection `{name}`"))
    }

    /// The connection of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.live.get(name)
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.live.keys()).finish()
    }
}

impl std::fmt::Debug for ConnectionType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionType")
            .field("type_name", &self.spec.type_name)
            .finish_non_exhaustive()
    }
}
