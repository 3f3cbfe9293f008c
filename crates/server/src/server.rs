//! A running server: started, given new sites, stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin;
use crate::listen::Listener;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::site::Site;
use crate::state::State;

/// The flows' port and the admin port, both open.
pub struct Server {
    state: Arc<State>,
    address: SocketAddr,
    admin_address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken, or not allowed.
    #[error("opening {address} for {what}")]
    Bind {
        /// `flows`, `the admin port`.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl Server {
    /// Opens both ports and serves.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: ServerOptions, site: Site, metrics: Metrics) -> Result<Self, StartError> {
        let failed = |what, address| {
            move |source| StartError::Bind {
                what,
                address,
                source,
            }
        };
        let flows = failed("flows", options.address);
        let listener = Listener::bind(options.address).await.map_err(flows)?;
        let address = listener.address().map_err(flows)?;
        let admin_port = failed("the admin port", options.admin_address);
        let admin = TcpListener::bind(options.admin_address)
            .await
            .map_err(admin_port)?;
        let admin_address = admin.local_addr().map_err(admin_port)?;
        let state = Arc::new(State::new(site, options, metrics));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(listener.serve(Arc::clone(&state), stopped.clone()));
        let router = admin::router(Arc::clone(&state));
        tasks.spawn(async move {
            let mut stopped = stopped;
            let stopped = async move {
                let _ = stopped.changed().await;
            };
            let _ = axum::serve(admin, router).with_graceful_shutdown(stopped).await;
        });
        Ok(Self {
            state,
            address,
            admin_address,
            stop,
            tasks,
        })
    }

    /// Where flows are served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin port is.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// What is served now.
    pub fn site(&self) -> Arc<Site> {
        self.state.site()
    }

    /// Serves another site from the next request on. What is going on keeps the site that it began with.
    pub fn publish(&self, site: Site) {
        self.state.publish(site);
    }

    /// Accepts nothing more, waits for what is going on, at most so long, and closes. How many runs were cut off.
    pub async fn shutdown(mut self, limit: Duration) -> usize {
        self.state.stop();
        // Nobody listens any more: that is what was asked for.
        let _ = self.stop.send(true);
        let cut_off = self.state.capacity.drained(limit).await;
        self.tasks.shutdown().await;
        cut_off
    }
}
