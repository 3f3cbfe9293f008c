//! What all requests share.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use lockgate_runtime::limits::Limits;
use lockgate_runtime::{Runtime, Tasks};
use lockgate_store::history::History;
use tokio::sync::watch;

use crate::capacity::Capacity;
use crate::idempotency::Keys;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::room::Room;
use crate::site::Site;

pub(crate) struct State {
    site: RwLock<Arc<Site>>,
    stopping: watch::Sender<bool>,
    /// Keeps the runs of durable flows going; there is one if a site has such a flow.
    pub(crate) runtime: Option<Runtime>,
    /// `concurrency`, of runs that are not kept too.
    pub(crate) limits: Limits,
    /// The runs, for reading; opened when they are first asked for.
    pub(crate) history: Arc<OnceLock<Arc<History>>>,
    pub(crate) keys: Keys,
    pub(crate) capacity: Capacity,
    pub(crate) bodies: Room,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) metrics: Metrics,
    pub(crate) options: ServerOptions,
}

impl State {
    pub(crate) fn new(
        site: Site,
        options: ServerOptions,
        metrics: Metrics,
        runtime: Option<Runtime>,
    ) -> Self {
        Self {
            site: RwLock::new(Arc::new(site)),
            stopping: watch::Sender::new(false),
            limits: runtime.as_ref().map(Runtime::limits).cloned().unwrap_or_default(),
            runtime,
            history: Arc::default(),
            keys: Keys::default(),
            capacity: Capacity::new(options.max_runs),
            bodies: Room::new(options.max_unread_bodies),
            tasks: Arc::new(Tasks::new()),
            metrics,
            options,
        }
    }

    /// What is served now. A request asks once and keeps what it got.
    pub(crate) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// From here on `/readyz` says no, so that a load balancer sends nothing more.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Says whether the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Completes when the server stops.
    pub(crate) async fn stopped(&self) {
        // The sender is here.
        let _ = self.stopping().wait_for(|stopping| *stopping).await;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}
