//! The store of a server: opened before its ports, and asked which connections its unfinished runs need.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_engine::clock::Clock;
use lockgate_engine::state::SharedState;
use lockgate_flow::graph::Flow;
use lockgate_runtime::limits::Limits;
use lockgate_runtime::{Program, Runtime, RuntimeOptions};
use lockgate_store::{Retention, Store, StoreSettings};

use super::plan::starts_by_itself;
use crate::store;
use crate::workspace::Loaded;

/// How many runs are resumed or woken at once: as many as keep two processors busy, and few enough that callers get
/// their turn.
const AT_ONCE: usize = 256;

/// A store that this process owns.
pub(crate) struct Keeping {
    store: Store,
    retention: Retention,
}

impl Keeping {
    /// Opens the store.
    ///
    /// # Errors
    /// It cannot be used: another process owns it, its disk is full, ….
    pub(crate) fn open(settings: StoreSettings, clock: &Arc<dyn Clock>) -> Result<Self> {
        let retention = settings.retention;
        let store = Store::open(settings, Arc::clone(clock)).map_err(store::failed)?;
        Ok(Self { store, retention })
    }

    /// Opens the store where there is something to keep, or something that was kept.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub(crate) fn open_for(
        loaded: &Loaded,
        settings: StoreSettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>> {
        if has_kept_flow(loaded) || settings.path.exists() {
            Self::open(settings, clock).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The connections that the unfinished runs use: their flows may have been changed since, or be gone.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn connections(&self) -> Result<BTreeSet<String>> {
        let history = self.store.history().map_err(store::failed)?;
        let mut connections = BTreeSet::new();
        for definition in history.unfinished_definitions().map_err(store::failed)? {
            connections.extend(definition.connections.into_keys());
        }
        Ok(connections)
    }

    /// What keeps the runs going. Its tasks are started by the server.
    pub(crate) fn runtime(&self, program: &Arc<Program>) -> Runtime {
        let options = RuntimeOptions {
            at_once: AT_ONCE,
            retention: self.retention,
            limits: Limits::default(),
            ..RuntimeOptions::default()
        };
        Runtime::new(self.store.clone(), Arc::clone(program), options)
    }

    /// The store, for reading.
    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    /// What runs share.
    pub(crate) fn state(&self) -> Arc<dyn SharedState> {
        Arc::new(self.store.state())
    }

    /// Where it is, for people: relative to the workspace, if it is there.
    pub(crate) fn shown(&self, root: &Path) -> String {
        let path = self.store.path();
        path.strip_prefix(root).unwrap_or(&path).display().to_string()
    }

    /// Says where this process can be asked, for `lockgate runs` of another one.
    ///
    /// # Errors
    /// The lock file cannot be written.
    pub(crate) fn announce(&self, admin_url: &str) -> Result<()> {
        self.store.announce(admin_url).map_err(store::failed)
    }
}

/// The connections of the unfinished runs, where there is a store.
///
/// # Errors
/// It cannot be read.
pub(crate) fn kept_connections(keeping: Option<&Keeping>) -> Result<BTreeSet<String>> {
    keeping.map_or_else(|| Ok(BTreeSet::new()), Keeping::connections)
}

/// Whether runs are to be kept that start by themselves.
fn has_kept_flow(loaded: &Loaded) -> bool {
    let is_kept = |flow: &Arc<Flow>| flow.durable && starts_by_itself(flow);
    loaded.checked.runnable().values().any(is_kept)
}
