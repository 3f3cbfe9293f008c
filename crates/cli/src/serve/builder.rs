//! A workspace → a site. What has not changed since the last one is kept: a connection with its tokens, its pool and its
//! rate budget, and the pools of `http.request`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_actions::HttpPolicy;
use lockgate_auth0::{Auth0Connection, CONNECTION_TYPE};
use lockgate_engine::Executor;
use lockgate_engine::action::Actions;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::connection::Connections;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::workspace::{ConnectionSyntax, Resolved, WorkspaceFile};
use lockgate_server::metrics::Metrics;
use lockgate_server::site::{Site, SiteParts};
use lockgate_tenant::Tenant;

use super::plan::{Plan, needed_connections};
use crate::catalogue;
use crate::connect;
use crate::workspace::Loaded;

/// Makes one site after the other.
pub(crate) struct SiteBuilder {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    actions: Option<(HttpPolicy, Actions)>,
    connections: BTreeMap<String, Open>,
}

/// A connection, with what it was made from.
#[derive(Clone)]
struct Open {
    settings: Resolved,
    auth0: Arc<Auth0Connection>,
}

/// The open connections by name; and those that cannot be used.
type Opened = (BTreeMap<String, Open>, BTreeMap<String, Diagnostic>);

impl SiteBuilder {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            catalog: catalogue::catalog(),
            clock: Arc::new(SystemClock::new()),
            metrics,
            actions: None,
            connections: BTreeMap::new(),
        }
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
        let (connections, unusable) = self.open(loaded, None);
        if !unusable.is_empty() {
            return Ok(Err(unusable.into_values().collect()));
        }
        let plan = Plan::of(loaded, &unusable);
        self.finish(loaded, plan, connections, previous).map(Ok)
    }

    fn finish(
        &mut self,
        loaded: &Loaded,
        plan: Plan,
        connections: BTreeMap<String, Open>,
        previous: Option<&Site>,
    ) -> Result<Site> {
        let policy = loaded.http_policy();
        let actions = match &self.actions {
            Some((known, actions)) if *known == policy => actions.clone(),
            _ => catalogue::actions(policy.clone()),
        };
        let mut live = Connections::new();
        for (name, open) in &connections {
            live.insert(name, Arc::clone(&open.auth0) as _);
        }
        let executor = Executor::new(actions.clone())
            .with_connections(live)
            .with_clock(Arc::clone(&self.clock))
            .with_flows(plan.flows.iter().cloned());
        let parts = SiteParts {
            flows: plan.flows,
            executor,
            credentials: BTreeMap::new(),
            broken: plan.broken,
        };
        let site = Site::build(parts, previous, &self.metrics).context("putting the routes together")?;
        // Only now, so that a site that cannot be made leaves nothing behind. What is replaced here lives on as long as
        // a run that uses it.
        self.actions = Some((policy, actions));
        self.connections = connections;
        Ok(site)
    }

    /// Opens the connections that are needed. One that lacks a variable calls `tenant`, if there is one.
    fn open(&self, loaded: &Loaded, tenant: Option<&Tenant>) -> Opened {
        let (mut open, mut unusable) = (BTreeMap::new(), BTreeMap::new());
        let Some(file) = &loaded.checked.file else {
            return (open, unusable);
        };
        let needed = needed_connections(loaded);
        for connection in &file.connections {
            let name = &connection.name.value;
            if connection.type_name.value != CONNECTION_TYPE || !needed.contains(name) {
                continue;
            }
            match self.connection(loaded, file, connection, tenant) {
                Ok(connection) => {
                    open.insert(name.clone(), connection);
                }
                Err(finding) => {
                    unusable.insert(name.clone(), finding);
                }
            }
        }
        (open, unusable)
    }

    fn connection(
        &self,
        loaded: &Loaded,
        file: &WorkspaceFile,
        connection: &ConnectionSyntax,
        tenant: Option<&Tenant>,
    ) -> Result<Open, Diagnostic> {
        let settings = match (
            connect::resolve(loaded, file, connection, WITHOUT_ACCOUNT),
            tenant,
        ) {
            (Ok(settings), _) => settings,
            (Err(_), Some(tenant)) => connect::emulated_settings(tenant),
            (Err(missing), None) => return Err(missing),
        };
        match self.connections.get(&connection.name.value) {
            Some(known) if known.settings == settings => Ok(known.clone()),
            _ => {
                let auth0 = connect::open_auth0(file, connection, &settings, &self.clock)?;
                Ok(Open { settings, auth0 })
            }
        }
    }
}

/// How to do without credentials.
const WITHOUT_ACCOUNT: &str = "to try the flows without an Auth0 account: `lockgate dev`";
