//! A workspace → a site. What has not changed since the last one is kept: the connections, and the pools of
//! `http.request`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_actions::HttpPolicy;
use lockgate_engine::Executor;
use lockgate_engine::action::Actions;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::event::Observer;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::syntax::Route;
use lockgate_server::metrics::Metrics;
use lockgate_server::site::{Site, SiteParts};
use lockgate_tenant::Tenant;

use super::connections::{Missing, OpenConnections, needs_tenant};
use super::plan::{Plan, needed_connections, route};
use crate::catalogue;
use crate::telemetry;
use crate::workspace::Loaded;

/// Makes one site after the other.
pub(crate) struct SiteBuilder {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    observer: Arc<dyn Observer>,
    actions: Option<(HttpPolicy, Actions)>,
    pub(super) open: OpenConnections,
    /// The route of each flow file that could be read.
    routes: BTreeMap<String, Route>,
}

/// The site of all that is sound in a workspace.
pub(super) struct Partial {
    pub(super) site: Site,
    pub(super) plan: Plan,
    /// Connections that cannot be used, and why.
    pub(super) unusable: BTreeMap<String, Diagnostic>,
}

impl SiteBuilder {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let catalog = catalogue::catalog();
        Self {
            observer: metrics.observer(&catalog),
            catalog,
            clock: Arc::new(SystemClock::new()),
            metrics,
            actions: None,
            open: OpenConnections::default(),
            routes: BTreeMap::new(),
        }
    }

    /// The clock of all runs.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Reads the workspace of a folder, and `.env`.
    ///
    /// # Errors
    /// See [`Loaded::find`].
    pub(crate) fn load(&self, folder: &Path) -> Result<Loaded> {
        Loaded::find(folder, &self.catalog, &[])
    }

    /// Makes the site of a workspace in which everything is as it should be. `previous` is the site that it is to
    /// follow.
    ///
    /// # Errors
    /// The outer one: this binary has a mistake. The inner ones: what is wrong in the workspace; a site was not made,
    /// and nothing has changed.
    pub(crate) fn build_sound(
        &mut self,
        loaded: &Loaded,
        previous: Option<&Site>,
    ) -> Result<Result<Site, Vec<Diagnostic>>> {
        let errors = loaded
            .checked
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error());
        let errors: Vec<Diagnostic> = errors.cloned().collect();
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let needed = needed_connections(loaded);
        let (open, unusable) =
            OpenConnections::of(loaded, &needed, &self.open, Missing::Refused, &self.clock);
        if !unusable.is_empty() {
            return Ok(Err(unusable.into_values().collect()));
        }
        let plan = Plan::of(loaded, &unusable, &self.routes);
        self.finish(loaded, plan, open, previous).map(Ok)
    }

    /// Makes the site of all that is sound in a workspace. `tenant` is called in the place of Auth0 by connections that
    /// lack a variable; see [`Self::needs_tenant`].
    ///
    /// # Errors
    /// This binary has a mistake.
    pub(super) fn build_partial(
        &mut self,
        loaded: &Loaded,
        tenant: Option<&Tenant>,
        previous: Option<&Site>,
    ) -> Result<Partial> {
        let needed = needed_connections(loaded);
        let missing = Missing::Replaced(tenant);
        let (open, unusable) = OpenConnections::of(loaded, &needed, &self.open, missing, &self.clock);
        let plan = Plan::of(loaded, &unusable, &self.routes);
        let site = self.finish(loaded, plan.clone(), open, previous)?;
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
        Ok(Partial { site, plan, unusable })
    }

    /// Whether a connection that is needed lacks a variable.
    pub(super) fn needs_tenant(loaded: &Loaded) -> bool {
        needs_tenant(loaded, &needed_connections(loaded))
    }

    fn finish(
        &mut self,
        loaded: &Loaded,
        plan: Plan,
        open: OpenConnections,
        previous: Option<&Site>,
    ) -> Result<Site> {
        let policy = loaded.http_policy();
        let actions = match &self.actions {
            Some((known, actions)) if *known == policy => actions.clone(),
            _ => catalogue::actions(policy.clone()),
        };
        let executor = Executor::new(actions.clone())
            .with_connections(open.connections())
            .with_clock(Arc::clone(&self.clock))
            .with_observer(Arc::clone(&self.observer))
            .with_flows(plan.flows.iter().cloned())
            .with_propagation(telemetry::propagation());
        let parts = SiteParts {
            flows: plan.flows,
            executor,
            credentials: open.credentials(),
            broken: plan.broken,
        };
        let site = Site::build(parts, previous, &self.metrics).context("putting the routes together")?;
        // Only now, so that a site that cannot be made leaves nothing behind. What is replaced here lives on as long as
        // a run that uses it.
        self.actions = Some((policy, actions));
        self.open = open;
        Ok(site)
    }
}
