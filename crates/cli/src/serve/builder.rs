//! A workspace → a site. What has not changed since the last one is kept: the connections, and the pools of
//! `http.request`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_engine::Executor;
use lockgate_engine::action::Actions;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::state::{MemoryState, SharedState};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::syntax::Route;
use lockgate_http::HttpPolicy;
use lockgate_runtime::{Program, ProgramParts};
use lockgate_server::metrics::Metrics;
use lockgate_server::site::{Site, SiteParts};

use super::connections::{Missing, OpenConnections, needs_tenant};
use super::plan::{Plan, all_connections, needed_connections, route};
use super::served::Served;
use crate::catalogue;
use crate::connect::Emulated;
use crate::connectors::Connectors;
use crate::telemetry;
use crate::workspace::Loaded;

/// Makes one site after the other.
pub(crate) struct SiteBuilder {
    /// What this binary offers.
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    actions: Option<(HttpPolicy, Connectors, Actions)>,
    /// What runs of all versions share.
    state: Arc<dyn SharedState>,
    pub(super) open: OpenConnections,
    /// The same, for others to look at.
    served: Arc<Served>,
    /// The route of each flow file that could be read.
    routes: BTreeMap<String, Route>,
}

/// A version of the workspace: what callers reach, and what runs it.
pub(crate) struct Version {
    pub(crate) site: Site,
    pub(crate) program: Arc<Program>,
}

/// The version of all that is sound in a workspace.
pub(super) struct Partial {
    pub(super) version: Version,
    pub(super) plan: Plan,
    /// Connections that cannot be used, and why.
    pub(super) unusable: BTreeMap<String, Diagnostic>,
}

impl SiteBuilder {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            catalog: catalogue::catalog(),
            clock: Arc::new(SystemClock::new()),
            metrics,
            actions: None,
            state: Arc::new(MemoryState::random()),
            open: OpenConnections::default(),
            served: Arc::default(),
            routes: BTreeMap::new(),
        }
    }

    /// The connections of the site that was made last.
    pub(crate) fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served)
    }

    /// Keeps what runs share here from now on; it is in memory until then.
    pub(crate) fn share(&mut self, state: Arc<dyn SharedState>) {
        self.state = state;
    }

    /// The clock of all runs.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Reads the workspace of a folder, and `.env`.
    ///
    /// # Errors
    /// See [`Loaded::find`].
    pub(crate) fn load(&self, folder: &Path) -> Result<Loaded> {
        Loaded::find(folder, &self.catalog, &[])
    }

    /// Makes the version of a workspace in which everything is as it should be. `kept` are the connections of runs that
    /// are to go on, `previous` is the site that it is to follow.
    ///
    /// # Errors
    /// The outer one: this binary has a mistake. The inner ones: what is wrong in the workspace; a site was not made,
    /// and nothing has changed.
    pub(crate) fn build_sound(
        &mut self,
        loaded: &Loaded,
        kept: &BTreeSet<String>,
        previous: Option<&Site>,
    ) -> Result<Result<Version, Vec<Diagnostic>>> {
        let errors = loaded.errors();
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let needed = needed_connections(loaded, kept);
        let (open, unusable) =
            OpenConnections::of(loaded, &needed, &self.open, Missing::Refused, &self.clock);
        if !unusable.is_empty() {
            return Ok(Err(unusable.into_values().collect()));
        }
        let plan = Plan::of(loaded, &unusable, &self.routes);
        self.finish(loaded, plan, open, Missing::Refused, previous)
            .map(Ok)
    }

    /// Makes the version of all that is sound in a workspace, with the connections of all its flows: any may be tried. `kept`
    /// are those of runs that are to go on; `tenant` is called in the place of Auth0 by connections that lack a variable; see [`Self::needs_tenant`].
    ///
    /// # Errors
    /// This binary has a mistake.
    pub(super) fn build_partial(
        &mut self,
        loaded: &Loaded,
        kept: &BTreeSet<String>,
        tenant: Option<&Emulated>,
        previous: Option<&Site>,
    ) -> Result<Partial> {
        let needed = all_connections(loaded, kept);
        let missing = Missing::Replaced(tenant);
        let (open, unusable) = OpenConnections::of(loaded, &needed, &self.open, missing, &self.clock);
        let plan = Plan::of(loaded, &unusable, &self.routes);
        let version = self.finish(loaded, plan.clone(), open, missing, previous)?;
        for checked in &loaded.checked.flows {
            let path = checked.source.path();
            match route(checked) {
                Some(route) => {
                    self.routes.insert(path.to_owned(), route.clone());
                }
                None if checked.flow.is_some() => {
                    self.routes.remove(path);
                }
                None => {}
            }
        }
        Ok(Partial {
            version,
            plan,
            unusable,
        })
    }

    /// Whether a connection that is needed lacks a variable.
    pub(super) fn needs_tenant(loaded: &Loaded, kept: &BTreeSet<String>) -> bool {
        needs_tenant(loaded, &all_connections(loaded, kept))
    }

    fn finish(
        &mut self,
        loaded: &Loaded,
        plan: Plan,
        open: OpenConnections,
        missing: Missing<'_>,
        previous: Option<&Site>,
    ) -> Result<Version> {
        let policy = loaded.http_policy();
        let actions = match &self.actions {
            Some((known, connectors, actions))
                if *known == policy && connectors.are_as(&loaded.connectors) =>
            {
                actions.clone()
            }
            _ => loaded.actions(),
        };
        let executor = Executor::new(actions.clone())
            .with_connections(open.connections())
            .with_clock(Arc::clone(&self.clock))
            .with_state(Arc::clone(&self.state))
            .with_observer(self.metrics.observer(&loaded.catalog))
            .with_flows(plan.flows.iter().cloned())
            .with_propagation(telemetry::propagation());
        let program = Arc::new(Program::new(ProgramParts {
            executor,
            flows: plan
                .flows
                .into_iter()
                .map(|flow| (flow.name.clone(), flow))
                .collect(),
            connections: loaded.connection_types(),
            catalog: Arc::clone(&loaded.catalog),
        }));
        let parts = SiteParts {
            program: Arc::clone(&program),
            credentials: open.credentials(),
            broken: plan.broken,
        };
        let site = Site::build(parts, previous, &self.metrics).context("putting the routes together")?;
        // Only now, so that a site that cannot be made leaves nothing behind. What is replaced here lives on as long as
        // a run that uses it.
        self.actions = Some((policy, loaded.connectors.clone(), actions));
        self.served.set(&open, missing);
        self.open = open;
        Ok(Version { site, program })
    }
}
