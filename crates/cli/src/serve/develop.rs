//! The workspace that `dev` serves: read again and again, as it is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_server::server::Server;
use lockgate_server::site::Site;
use lockgate_tenant::Tenant;

use super::builder::{Partial, SiteBuilder};
use super::curl;
use super::plan::Plan;
use super::screen::{Screen, Shown, View};
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// Connections that cannot be used, and why.
type Unusable = BTreeMap<String, Diagnostic>;

/// The first state of a workspace, not shown yet.
pub(crate) struct First(Loaded, Plan, Unusable);

/// A workspace while it is written.
pub(crate) struct Development<'a> {
    root: PathBuf,
    builder: SiteBuilder,
    screen: Screen<'a>,
    /// Started when a connection needs it first; its users live from then on to the end.
    tenant: Option<Tenant>,
    url: String,
}

impl<'a> Development<'a> {
    pub(crate) fn new(root: &Path, builder: SiteBuilder, terminal: &'a Terminal) -> Self {
        Self {
            root: root.to_owned(),
            builder,
            screen: Screen::new(terminal),
            tenant: None,
            url: String::new(),
        }
    }

    /// The first site.
    ///
    /// # Errors
    /// The workspace cannot be read at all.
    pub(crate) async fn first(&mut self) -> Result<(Site, First)> {
        let loaded = self.builder.load(&self.root)?;
        let partial = self.build(&loaded, None).await?;
        let Partial { site, plan, unusable } = partial;
        Ok((site, First(loaded, plan, unusable)))
    }

    /// Shows the first site, now that it is known where it is served.
    pub(crate) fn begin(&mut self, url: &str, admin_url: &str, First(loaded, plan, unusable): First) {
        url.clone_into(&mut self.url);
        let view = self.view(&loaded, &plan, unusable);
        self.screen.begin(url, admin_url, view);
    }

    /// Reads the workspace again, serves what is sound in it, and shows what has changed.
    pub(crate) async fn again(&mut self, files: &BTreeSet<String>, server: &Server) {
        let made = match self.builder.load(&self.root) {
            Ok(loaded) => self
                .build(&loaded, Some(&server.site()))
                .await
                .map(|partial| (loaded, partial)),
            Err(error) => Err(error),
        };
        match made {
            Ok((loaded, Partial { site, plan, unusable })) => {
                server.publish(site);
                let view = self.view(&loaded, &plan, unusable);
                self.screen.change(files, view);
            }
            Err(error) => self.screen.unreadable(files, &error),
        }
    }

    /// Ends what was started beside the server.
    pub(crate) async fn close(self) {
        if let Some(tenant) = self.tenant {
            tenant.shutdown().await;
        }
    }

    async fn build(&mut self, loaded: &Loaded, previous: Option<&Site>) -> Result<Partial> {
        if self.tenant.is_none() && SiteBuilder::needs_tenant(loaded) {
            self.tenant = Some(Tenant::start().await.context("starting the emulated tenant")?);
        }
        self.builder.build_partial(loaded, self.tenant.as_ref(), previous)
    }

    fn view(&self, loaded: &Loaded, plan: &Plan, unusable: Unusable) -> View {
        let mut routes = BTreeMap::new();
        for flow in &plan.flows {
            let Some(trigger) = &flow.syntax.trigger.http else {
                continue;
            };
            let callers = loaded.checked.auth_connection(flow);
            let proof = callers.and_then(|name| self.builder.open.proof(name));
            let shown = Shown::Served {
                digest: flow.digest.clone(),
                curl: curl::line(&self.url, flow, trigger, proof),
            };
            routes.insert((trigger.route.value.to_string(), flow.name.clone()), shown);
        }
        let unrouted = plan.flows.len() - routes.len();
        for flow in &plan.broken {
            if let Some(route) = &flow.route {
                let finding = flow.finding.clone();
                routes.insert((route.to_string(), flow.name.clone()), Shown::Broken { finding });
            }
        }
        let mut findings = loaded.checked.diagnostics.clone();
        findings.extend(unusable.into_values());
        View {
            targets: self.builder.open.targets(loaded, self.tenant.as_ref()),
            findings,
            routes,
            unrouted,
        }
    }
}
