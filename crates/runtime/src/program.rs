//! One version of the workspace, ready to run; and the definitions that older runs are pinned to.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lockgate_engine::Executor;
use lockgate_engine::state::SharedState;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::definition::{Compiled, Definition};
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::Flow;

/// So many definitions are kept compiled; of more, those that were not asked for longest are compiled again.
const COMPILED: usize = 256;

/// A definition and its digest.
type Defined = (Arc<Definition>, Arc<str>);

/// One version of the workspace. Immutable.
#[derive(Debug)]
pub struct Program {
    parts: ProgramParts,
    /// What the runs of each flow are pinned to, made when it is first asked for.
    definitions: BTreeMap<String, OnceLock<Defined>>,
    pinned: Mutex<Recent>,
}

/// What a program is made of.
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
        let unmade = |name: &String| (name.clone(), OnceLock::new());
        Self {
            definitions: parts.flows.keys().map(unmade).collect(),
            parts,
            pinned: Mutex::default(),
        }
    }

    /// With another place for what runs share: where it is known only now.
    #[must_use]
    pub fn with_state(mut self, state: Arc<dyn SharedState>) -> Self {
        self.parts.executor = self.parts.executor.with_state(state);
        self
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
        let of_this_version = self.parts.flows.get(&flow.name);
        match self.definitions.get(&flow.name) {
            Some(known) if of_this_version.is_some_and(|known| std::ptr::eq(&raw const **known, flow)) => {
                known.get_or_init(|| self.define(flow)).clone()
            }
            _ => self.define(flow),
        }
    }

    fn define(&self, flow: &Flow) -> Defined {
        let definition = Definition::of(flow, &self.parts.flows, &self.parts.connections);
        let digest = definition.digest().into();
        (Arc::new(definition), digest)
    }

    /// What a run with this definition is run with: the flows of today where they are the same, else compiled again (and
    /// kept, since there may be many such runs). That can take milliseconds, and blocks.
    ///
    /// # Errors
    /// See [`Unpinnable`].
    pub fn pinned(&self, definition: &Arc<Definition>, digest: &Arc<str>) -> Result<Arc<Pinned>, Unpinnable> {
        let place = self
            .pinned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .place(digest);
        // Outside the lock: whoever wants another definition need not wait for this one.
        place.get_or_init(|| self.pin(definition, digest)).clone()
    }

    /// [`Self::pinned`], if it is known already.
    pub(crate) fn pinned_already(&self, digest: &str) -> Option<Result<Arc<Pinned>, Unpinnable>> {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.places.get(digest)?.1.get().cloned()
    }

    fn pin(&self, definition: &Definition, digest: &str) -> Result<Arc<Pinned>, Unpinnable> {
        let gone = |(name, kind): &(&String, &String)| self.parts.connections.get(*name) != Some(kind);
        if let Some((name, _)) = definition.connections.iter().find(gone) {
            return Err(Unpinnable::Connection(name.clone()));
        }
        let today = self
            .flow(&definition.flow)
            .filter(|flow| *self.definition(flow).1 == *digest);
        let compiled = match today {
            Some(flow) => Compiled {
                flow: Arc::clone(flow),
                flows: definition
                    .files
                    .keys()
                    .filter_map(|name| Some((name.clone(), Arc::clone(self.flow(name)?))))
                    .collect(),
            },
            None => definition
                .compile(&self.parts.catalog)
                .map_err(Unpinnable::Definition)?,
        };
        Ok(Arc::new(Pinned {
            executor: self
                .parts
                .executor
                .clone()
                .with_flows(compiled.flows.into_values()),
            flow: compiled.flow,
        }))
    }
}

impl fmt::Debug for ProgramParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramParts")
            .field("flows", &self.flows.keys())
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

type Place = Arc<OnceLock<Result<Arc<Pinned>, Unpinnable>>>;

/// The definitions that were asked for last, by digest, with the time (a count) of that.
#[derive(Debug, Default)]
struct Recent {
    places: HashMap<Arc<str>, (u64, Place)>,
    asked: u64,
}

impl Recent {
    fn place(&mut self, digest: &Arc<str>) -> Place {
        self.asked += 1;
        if let Some((asked, place)) = self.places.get_mut(digest) {
            *asked = self.asked;
            return Arc::clone(place);
        }
        if self.places.len() >= COMPILED {
            let oldest = self.places.iter().min_by_key(|(_, (asked, _))| *asked);
            if let Some(oldest) = oldest.map(|(digest, _)| Arc::clone(digest)) {
                self.places.remove(&oldest);
            }
        }
        let place = Place::default();
        self.places
            .insert(Arc::clone(digest), (self.asked, Arc::clone(&place)));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_that_are_asked_for_stay_compiled_and_others_make_room() {
        let mut recent = Recent::default();
        let often: Arc<str> = "often".into();
        let first = recent.place(&often);
        for n in 0..COMPILED * 3 {
            recent.place(&n.to_string().into());
            assert!(Arc::ptr_eq(&first, &recent.place(&often)));
        }
        assert_eq!(recent.places.len(), COMPILED);
        assert!(!recent.places.contains_key("0"));
    }
}
