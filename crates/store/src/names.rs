//! The flows and definitions that runs refer to by number.
//!
//! Numbers are given here, when a run begins, so that nothing waits for the disk. The writer writes a row with the first run that
//! refers to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lockgate_flow::definition::Definition;
use rusqlite::Connection;

use crate::error::StoreError;

/// A row of `flows`.
#[derive(Debug)]
pub(crate) struct FlowName {
    pub(crate) id: i64,
    pub(crate) name: Arc<str>,
    /// Whether the row is there. The writer's own.
    pub(crate) is_written: AtomicBool,
}

/// A row of `definitions`.
#[derive(Debug)]
pub(crate) struct KnownDefinition {
    pub(crate) id: i64,
    pub(crate) digest: Arc<str>,
    /// Read when it is first asked for.
    definition: OnceLock<Arc<Definition>>,
    /// A run of this process has begun with it.
    is_in_use: AtomicBool,
    /// Whether the row is there. The writer's own.
    pub(crate) is_written: AtomicBool,
}

impl KnownDefinition {
    /// Its text, if it has been given or read.
    pub(crate) fn body(&self) -> Option<String> {
        self.definition
            .get()
            .and_then(|definition| serde_json::to_string(&**definition).ok())
    }
}

/// Rows by their names (a definition's is its digest), and by their numbers.
#[derive(Debug)]
struct Table<T> {
    by_name: HashMap<Arc<str>, Arc<T>>,
    by_id: HashMap<i64, Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            by_name: HashMap::new(),
            by_id: HashMap::new(),
        }
    }
}

impl<T> Table<T> {
    fn insert(&mut self, name: Arc<str>, id: i64, row: T) -> Arc<T> {
        let row = Arc::new(row);
        self.by_name.insert(name, Arc::clone(&row));
        self.by_id.insert(id, Arc::clone(&row));
        row
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    flows: Mutex<Table<FlowName>>,
    definitions: Mutex<Table<KnownDefinition>>,
    next_flow: AtomicI64,
    next_definition: AtomicI64,
    /// It has been asked which definitions are idle.
    were_idle: AtomicBool,
}

impl Names {
    /// Those of a store.
    pub(crate) fn read(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::sqlite(path, &error);
        let rows = |query| -> rusqlite::Result<Vec<(i64, String)>> {
            connection
                .prepare(query)?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let names = Self::default();
        for (id, name) in rows("SELECT id, name FROM flows").map_err(failed)? {
            let name: Arc<str> = name.into();
            let flow = FlowName {
                id,
                name: Arc::clone(&name),
                is_written: AtomicBool::new(true),
            };
            lock(&names.flows).insert(name, id, flow);
            names.next_flow.fetch_max(id, Ordering::Relaxed);
        }
        for (id, digest) in rows("SELECT id, digest FROM definitions").map_err(failed)? {
            let digest: Arc<str> = digest.into();
            let definition = KnownDefinition {
                id,
                digest: Arc::clone(&digest),
                definition: OnceLock::new(),
                is_in_use: AtomicBool::new(false),
                is_written: AtomicBool::new(true),
            };
            lock(&names.definitions).insert(digest, id, definition);
            names.next_definition.fetch_max(id, Ordering::Relaxed);
        }
        Ok(names)
    }

    /// A flow by its name.
    pub(crate) fn flow(&self, name: &str) -> Arc<FlowName> {
        let mut flows = lock(&self.flows);
        if let Some(flow) = flows.by_name.get(name) {
            return Arc::clone(flow);
        }
        let name: Arc<str> = name.into();
        let id = self.next_flow.fetch_add(1, Ordering::Relaxed) + 1;
        let flow = FlowName {
            id,
            name: Arc::clone(&name),
            is_written: AtomicBool::new(false),
        };
        flows.insert(name, id, flow)
    }

    /// A flow by its number.
    pub(crate) fn flow_by_id(&self, id: i64) -> Option<Arc<FlowName>> {
        lock(&self.flows).by_id.get(&id).map(Arc::clone)
    }

    /// All flows.
    pub(crate) fn flows(&self) -> Vec<Arc<FlowName>> {
        lock(&self.flows).by_id.values().map(Arc::clone).collect()
    }

    /// A definition that a run begins with.
    pub(crate) fn definition(&self, definition: &Arc<Definition>, digest: &Arc<str>) -> Arc<KnownDefinition> {
        let mut definitions = lock(&self.definitions);
        let known = if let Some(known) = definitions.by_name.get(digest) {
            Arc::clone(known)
        } else {
            let id = self.next_definition.fetch_add(1, Ordering::Relaxed) + 1;
            let known = KnownDefinition {
                id,
                digest: Arc::clone(digest),
                definition: OnceLock::new(),
                is_in_use: AtomicBool::new(true),
                is_written: AtomicBool::new(false),
            };
            definitions.insert(Arc::clone(digest), id, known)
        };
        known.definition.get_or_init(|| Arc::clone(definition));
        known.is_in_use.store(true, Ordering::Relaxed);
        known
    }

    /// A definition by its number.
    pub(crate) fn definition_by_id(&self, id: i64) -> Option<Arc<KnownDefinition>> {
        lock(&self.definitions).by_id.get(&id).map(Arc::clone)
    }

    /// Forgets a definition that no run of this process has begun with; `None` where one has.
    pub(crate) fn forget_definition(&self, id: i64) -> Option<Arc<KnownDefinition>> {
        let mut definitions = lock(&self.definitions);
        let known = definitions.by_id.get(&id)?;
        if known.is_in_use.load(Ordering::Relaxed) {
            return None;
        }
        let known = definitions.by_id.remove(&id)?;
        definitions.by_name.remove(&known.digest)
    }

    /// The numbers of the definitions that no run of this process has begun with; but none when it is asked again.
    pub(crate) fn idle_definitions(&self) -> Vec<i64> {
        if self.were_idle.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        let definitions = lock(&self.definitions);
        let idle = definitions
            .by_id
            .values()
            .filter(|known| !known.is_in_use.load(Ordering::Relaxed));
        idle.map(|known| known.id).collect()
    }

    /// Whether a run of this process has begun with a definition.
    pub(crate) fn is_in_use(&self, id: i64) -> bool {
        let definitions = lock(&self.definitions);
        let known = definitions.by_id.get(&id);
        known.is_some_and(|known| known.is_in_use.load(Ordering::Relaxed))
    }

    /// The definition itself, read from the store if it has not been yet.
    pub(crate) fn read_definition(
        known: &KnownDefinition,
        connection: &Connection,
        path: &Path,
    ) -> Result<Arc<Definition>, StoreError> {
        if let Some(definition) = known.definition.get() {
            return Ok(Arc::clone(definition));
        }
        let body: String = connection
            .query_row("SELECT body FROM definitions WHERE id = ?1", [known.id], |row| {
                row.get(0)
            })
            .map_err(|error| StoreError::sqlite(path, &error))?;
        let definition = parse(&body, &known.digest).ok_or_else(|| {
            StoreError::damaged(path, format!("the definition {} is damaged", known.digest))
        })?;
        Ok(Arc::clone(known.definition.get_or_init(|| Arc::new(definition))))
    }
}

/// A definition from its text; `None` where the text is not what was written.
pub(crate) fn parse(body: &str, digest: &str) -> Option<Definition> {
    let definition: Definition = serde_json::from_str(body).ok()?;
    (definition.digest() == digest).then_some(definition)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
