//! The workspace that `dev` serves: read again and again, as it is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_runtime::{Program, Runtime};
use lockgate_server::admin::Mounted;
use lockgate_server::server::Server;
use lockgate_server::site::Site;
use lockgate_studio::files::Mode;
use lockgate_tenant::Tenant;

use super::builder::{Partial, SiteBuilder, Version};
use super::curl;
use super::keeping::{Keeping, kept_connections};
use super::options::no_store;
use super::plan::Plan;
use super::screen::{Screen, Shown, View};
use super::studio::studio;
use crate::connect::Emulated;
use crate::store;
use crate::studio::WorkspaceFiles;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// Connections that cannot be used, and why.
type Unusable = BTreeMap<String, Diagnostic>;

/// The first state of a workspace, not shown yet.
pub(crate) struct First(Arc<Loaded>, Plan, Unusable);

/// A workspace while it is written.
pub(crate) struct Development<'a> {
    root: PathBuf,
    builder: SiteBuilder,
    screen: Screen<'a>,
    /// Started when a connection needs it first; its users live from then on to the end.
    tenant: Option<Tenant>,
    keeping: Option<Keeping>,
    /// Who shows the files; there from the first version on.
    files: Option<Arc<WorkspaceFiles>>,
    url: String,
}

impl<'a> Development<'a> {
    pub(crate) fn new(root: &Path, builder: SiteBuilder, terminal: &'a Terminal) -> Self {
        Self {
            root: root.to_owned(),
            builder,
            screen: Screen::new(terminal),
            tenant: None,
            keeping: None,
            files: None,
            url: String::new(),
        }
    }

    /// The first version, and the store where its runs are kept.
    ///
    /// # Errors
    /// The workspace cannot be read at all; the store cannot be used.
    pub(crate) async fn first(&mut self, folder: &Path, typed: store::Typed<'_>) -> Result<(Version, First)> {
        let loaded = Arc::new(self.builder.load(&self.root)?);
        // Also where no flow has runs to keep: one may at the next change.
        let settings = store::settings(&loaded, folder, typed);
        let keeping = Keeping::open(settings, self.builder.clock())?;
        self.builder.share(keeping.state());
        self.keeping = Some(keeping);
        let partial = self.build(&loaded, None).await?;
        let Partial {
            version,
            plan,
            unusable,
        } = partial;
        let files = WorkspaceFiles::new(Arc::clone(&loaded), Mode::Dev, true);
        files.emulated(self.tenant.as_ref().map(Tenant::url));
        self.files = Some(Arc::new(files));
        Ok((version, First(loaded, plan, unusable)))
    }

    /// The studio of what is served.
    pub(crate) fn studio(&self) -> Option<Mounted> {
        let store = self.keeping.as_ref().map(Keeping::store);
        Some(studio(self.files.clone()?, store, self.builder.served()))
    }

    /// What keeps the runs going. Its tasks are started by the server.
    pub(crate) fn runtime(&self, program: &Arc<Program>) -> Option<Runtime> {
        Some(self.keeping.as_ref()?.runtime(program))
    }

    /// Shows the first site, now that it is known where it is served.
    ///
    /// # Errors
    /// The store cannot be told where that is.
    pub(crate) fn begin(
        &mut self,
        url: &str,
        admin_url: &str,
        First(loaded, plan, unusable): First,
    ) -> Result<()> {
        url.clone_into(&mut self.url);
        if let Some(files) = &self.files {
            files.served_at(url);
        }
        let mut store = String::new();
        if let Some(keeping) = &self.keeping {
            keeping.announce(admin_url)?;
            store = keeping.shown(&self.root);
        }
        let view = self.view(&loaded, &plan, unusable);
        self.screen.begin(url, admin_url, &store, view);
        Ok(())
    }

    /// Reads the workspace again, serves what is sound in it, and shows what has changed.
    pub(crate) async fn again(&mut self, files: &BTreeSet<String>, server: &Server) {
        let made = match self.builder.load(&self.root).map(Arc::new) {
            Ok(loaded) => self
                .build(&loaded, Some(&server.site()))
                .await
                .map(|partial| (loaded, partial)),
            Err(error) => Err(error),
        };
        match made {
            Ok((
                loaded,
                Partial {
                    version,
                    plan,
                    unusable,
                },
            )) => match server.publish(version.site) {
                Ok(()) => {
                    self.show(|files| files.serves(Arc::clone(&loaded)));
                    let view = self.view(&loaded, &plan, unusable);
                    self.screen.change(files, view);
                }
                Err(error) => {
                    self.show(|files| files.shows(loaded));
                    self.screen.unreadable(files, &no_store(&error));
                }
            },
            Err(error) => {
                self.show(WorkspaceFiles::cannot_be_read);
                self.screen.unreadable(files, &error);
            }
        }
    }

    /// Tells the studio.
    fn show(&self, tell: impl FnOnce(&WorkspaceFiles)) {
        if let Some(files) = &self.files {
            files.emulated(self.tenant.as_ref().map(Tenant::url));
            tell(files);
        }
    }

    /// Leaves the store to the server, which closes it.
    pub(crate) fn let_go(&mut self) {
        self.keeping = None;
    }

    /// Ends what was started beside the server.
    pub(crate) async fn close(self) {
        if let Some(tenant) = self.tenant {
            tenant.shutdown().await;
        }
    }

    async fn build(&mut self, loaded: &Loaded, previous: Option<&Site>) -> Result<Partial> {
        let kept = kept_connections(self.keeping.as_ref())?;
        if self.tenant.is_none() && SiteBuilder::needs_tenant(loaded, &kept) {
            self.tenant = Some(Tenant::start().await.context("starting the emulated tenant")?);
        }
        let tenant = self.tenant.as_ref().map(Emulated::of);
        self.builder
            .build_partial(loaded, &kept, tenant.as_ref(), previous)
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
            targets: self
                .builder
                .open
                .targets(loaded, self.tenant.as_ref().map(Tenant::url)),
            findings,
            routes,
            unrouted,
        }
    }
}
