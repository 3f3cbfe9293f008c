//! One version of the workspace, ready to run; and the definitions that older runs are pinned to.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::Executor;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::definition::Definition;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::Flow;

/// One version of the workspace. Immutable.
#[derive(Debug)]
pub struct Program {
    parts: ProgramParts,
}

/// What a program is made of.
#[derive(Debug)]
pub struct ProgramParts {
    /// Runs the flows: with the flows that `call` finds, connections, clock, observer.
    pub executor: Executor,
    /// The flows that can run, by name.
    pub flows: BTreeMap<String, Arc<Flow>>,
    /// The types of the declared connections, by name.
    pub connections: BTreeMap<String, String>,
    /// What definitions of older runs are compiled with.
    pub catalog: Arc<Catalog>,
}

/// What a stored run is run with.
#[derive(Debug)]
pub struct Pinned {
    /// The flow as it was when the run began.
    pub flow: Arc<Flow>,
    /// With the flows that it calls as they were, and the connections of today.
    pub executor: Executor,
}

/// A stored run cannot go on with what there is today. It stays as it is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unpinnable {
    /// The actions have changed, or are gone.
    #[error("its definition cannot run any more: {}", .0.first().map_or("", |finding| &finding.message))]
    Definition(Vec<Diagnostic>),
    /// A connection that it uses is not there any more.
    #[error("it uses the connection `{0}`, which the workspace does not have any more")]
    Connection(String),
}

impl Program {
    /// Puts a program together.
    pub fn new(parts: ProgramParts) -> Self {
        Self { parts }
    }

    /// Runs flows of this version.
    pub fn executor(&self) -> &Executor {
        &self.parts.executor
    }

    /// A flow by its name.
    pub fn flow(&self, name: &str) -> Option<&Arc<Flow>> {
        self.parts.flows.get(name)
    }

    /// All flows.
    pub fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.parts.flows.values()
    }

    /// What a run of this flow is pinned to, and its digest. Made when it is first asked for.
    pub fn definition(&self, flow: &Flow) -> (Arc<Definition>, Arc<str>) {
        let _ = flow;
        unimplemented!()
    }

    /// What a run with this definition is run with: the flows of today where they are the same, else compiled again (and
    /// kept, since there may be many such runs).
    ///
    /// # Errors
    /// See [`Unpinnable`].
    pub fn pinned(&self, definition: &Arc<Definition>, digest: &Arc<str>) -> Result<Arc<Pinned>, Unpinnable> {
        let _ = (definition, digest);
        unimplemented!()
    }
}
