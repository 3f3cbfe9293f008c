//! A store in a folder of its own, and what tests do with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::testing::TestClock;
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use serde_json::{Value, json};

use super::laboratory::compile;
use crate::{Begun, Durability, NewRun, Retention, RunId, RunJournal, Status, Store, StoreSettings, Trigger};

/// Nobody waits, and nothing is committed unless someone asks for it.
pub(super) const LAZY: Durability = Durability::Batched {
    every: Duration::from_hours(1),
};

/// Keeps nothing too long.
pub(super) const FOREVER: Retention = Retention {
    age: None,
    count: None,
};

/// A folder, and how its store is opened.
pub(super) struct Bed {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<TestClock>,
    pub(super) settings: StoreSettings,
}

impl Bed {
    pub(super) fn new(durability: Durability) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            path: folder.path().join("runs.db"),
            durability,
            retention: FOREVER,
            key: Some(base64::engine::general_purpose::STANDARD.encode([7; 32]).into()),
        };
        Self {
            folder,
            clock: Arc::default(),
            settings,
        }
    }

    pub(super) fn open(&self) -> Store {
        Store::open(self.settings.clone(), self.clock()).unwrap()
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A flow, and what its runs are pinned to.
pub(super) struct Pinned {
    pub(super) flow: Arc<Flow>,
    pub(super) definition: Arc<Definition>,
    pub(super) digest: Arc<str>,
}

impl Pinned {
    pub(super) fn new(text: &str) -> Self {
        Self::of(&compile(&[text])[0])
    }

    pub(super) fn of(flow: &Arc<Flow>) -> Self {
        let flows = [(flow.name.clone(), Arc::clone(flow))].into();
        let definition = Definition::of(flow, &flows, &std::collections::BTreeMap::new());
        Self {
            flow: Arc::clone(flow),
            digest: definition.digest().into(),
            definition: Arc::new(definition),
        }
    }

    /// A run of it that begins.
    pub(super) fn run<'a>(&'a self, input: &'a Value, now: Timestamp) -> NewRun<'a> {
        NewRun {
            id: RunId::new(),
            flow: &self.flow,
            definition: (&self.definition, &self.digest),
            trigger: Trigger::Http,
            status: Status::Running,
            started_at: now,
            input,
            request: None,
            key: None,
        }
    }

    /// Begins a run without input.
    pub(super) async fn begin(&self, store: &Store) -> RunJournal {
        let input = json!({});
        let now = Timestamp::from_second(1_893_456_000).unwrap();
        fresh(store.begin(self.run(&input, now)).await.unwrap())
    }
}

/// The journal of a run that must begin.
pub(super) fn fresh(begun: Begun) -> RunJournal {
    match begun {
        Begun::Fresh(journal) => *journal,
        Begun::Known { id, .. } => panic!("{id} has begun already"),
    }
}
