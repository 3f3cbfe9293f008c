//! Connections as the engine carries them: opaque handles that actions know how to use.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The live connections of a workspace, by name. Each is shared by all runs.
#[derive(Clone, Default)]
pub struct Connections(BTreeMap<String, Arc<dyn Any + Send + Sync>>);

impl Connections {
    /// No connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection under its workspace name; one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, connection: Arc<dyn Any + Send + Sync>) {
        self.0.insert(name.into(), connection);
    }

    /// The connection of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.get(name)
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
