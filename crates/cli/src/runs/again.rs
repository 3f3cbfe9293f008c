//! What a kept run recorded, run once more without touching anything: against an edited flow, or to see which way it went.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::Executor;
use lockgate_engine::connection::Connections;
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use lockgate_flow::workspace::Workspace;
use lockgate_store::replay::{self, Replayed, Version};
use lockgate_store::{StoreError, StoredRun};
use lockgate_testing::coverage::Visits;
use lockgate_testing::passage::Tracker;

use super::titles::Titles;
use crate::workspace::Loaded;

/// An edited flow against what a run recorded.
pub(crate) struct Compared {
    pub(crate) replayed: Replayed,
    /// What the steps are called as they were recorded.
    pub(crate) was: Titles,
    /// What they are called now.
    pub(crate) is: Titles,
}

/// Compares a flow of a workspace with what a run recorded.
///
/// # Errors
/// The records cannot be read.
pub(crate) async fn compare(
    stored: &StoredRun,
    loaded: &Loaded,
    workspace: &Workspace,
    flow: &Arc<Flow>,
) -> Result<Compared, StoreError> {
    let flows = workspace.runnable();
    let types = workspace.connections().iter();
    let types = types
        .map(|connection| (connection.name.value.clone(), connection.type_name.value.clone()))
        .collect();
    let definition = Definition::of(flow, &flows, &types);
    let executor = |flows| executor(loaded, [&*stored.definition, &definition], flows);
    let recorded = stored.definition.compile(&loaded.catalog).ok();
    let recorded = recorded.map(|compiled| (compiled.flow, executor(compiled.flows)));
    let recorded = recorded
        .as_ref()
        .map(|(flow, executor)| Version { flow, executor });
    let edited = Version {
        flow,
        executor: &executor(flows),
    };
    let replayed = replay::replay(stored, recorded, edited).await?;
    Ok(Compared {
        replayed,
        was: Titles::of(Some(&stored.definition), &loaded.catalog),
        is: Titles::of(Some(&definition), &loaded.catalog),
    })
}

/// The way of a run.
pub(crate) struct Retraced {
    /// The flow that it ran.
    pub(crate) flow: Arc<Flow>,
    pub(crate) visits: Visits,
    /// Whether it went there; else it was stopped by something that no record tells, like a time limit.
    pub(crate) is_exact: bool,
}

/// Follows a run by the definition that it is pinned to; `None` where this binary cannot run that any more.
///
/// # Errors
/// The records cannot be read.
pub(crate) async fn retrace(stored: &StoredRun, loaded: &Loaded) -> Result<Option<Retraced>, StoreError> {
    let Ok(compiled) = stored.definition.compile(&loaded.catalog) else {
        return Ok(None);
    };
    let executor = executor(loaded, [&*stored.definition], compiled.flows);
    let tracker = Arc::new(Tracker::default());
    let version = Version {
        flow: &compiled.flow,
        executor: &executor,
    };
    let replayed = replay::retrace(stored, version, Arc::clone(&tracker) as _).await?;
    Ok(Some(Retraced {
        is_exact: replayed.is_same_way(),
        visits: tracker.visits(),
        flow: compiled.flow,
    }))
}

/// Actions are never called: it is enough that they and their connections are there.
fn executor<'d>(
    loaded: &Loaded,
    definitions: impl IntoIterator<Item = &'d Definition>,
    flows: BTreeMap<String, Arc<Flow>>,
) -> Executor {
    let mut connections = Connections::new();
    for name in definitions
        .into_iter()
        .flat_map(|definition| definition.connections.keys())
    {
        connections.insert(name.as_str(), Arc::new(()));
    }
    Executor::new(loaded.actions())
        .with_connections(connections)
        .with_flows(flows.into_values())
}
