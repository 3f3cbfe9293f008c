//! A running server: started, given new sites, stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lockgate_runtime::{Left, Runtime};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::admin::{self, Mounted};
use crate::listen::tls::Tls;
pub use crate::listen::tls::TlsError;
use crate::listen::{Listener, Phase, Port};
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::site::Site;
use crate::state::State;

/// The flows' port and the admin port, both open. Dropping it closes both and cuts off everything.
pub struct Server {
    state: Arc<State>,
    tls: Option<Arc<Tls>>,
    flows: OpenPort,
    admin: OpenPort,
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
    /// Certificate and key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Other machines could reach the admin port, and it asks for no token.
    #[error("the admin port at {address} would be open to other machines without a token")]
    AdminExposed {
        /// Where.
        address: SocketAddr,
    },
    /// It could be guessed.
    #[error("the token of the admin port is shorter than {LEAST_TOKEN} characters")]
    AdminToken,
    /// The runs of a flow are to be kept, and there is no store.
    #[error(transparent)]
    NoStore(#[from] NoStore),
}

/// The runs of a flow are to be kept, and there is no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runs of the flow `{flow}` are to be kept, and there is no store")]
pub struct NoStore {
    /// The flow.
    pub flow: String,
}

/// What a shutdown left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leftover {
    /// Runs that are not kept (`durable: false`) and were cut off: they are lost.
    pub lost: usize,
    /// Runs that are kept: they go on at the next start.
    pub kept: Left,
}

/// The shortest token that callers of the admin port may show; that of `auth: bearer`, too.
const LEAST_TOKEN: usize = 16;

impl Server {
    /// Opens both ports and serves. A site with a flow whose runs are kept needs a `runtime`, which is given the site's
    /// program and started as soon as both ports are open.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        options: ServerOptions,
        site: Site,
        metrics: Metrics,
        runtime: Option<Runtime>,
    ) -> Result<Self, StartError> {
        Self::start_with(options, site, metrics, runtime, None).await
    }

    /// As [`Self::start`], with further paths on the admin port.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_with(
        options: ServerOptions,
        site: Site,
        metrics: Metrics,
        runtime: Option<Runtime>,
        mounted: Option<Mounted>,
    ) -> Result<Self, StartError> {
        needs_no_store(&site, runtime.as_ref())?;
        let address = options.admin_address;
        if options.admin_token.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(StartError::AdminExposed { address });
        }
        let token = options
            .admin_token
            .as_ref()
            .map(|token| token.expose_secret().len());
        if token.is_some_and(|length| length < LEAST_TOKEN) {
            return Err(StartError::AdminToken);
        }
        let tls = options.tls.clone().map(Tls::read).transpose()?.map(Arc::new);
        let flows = bind("flows", options.address).await?;
        let admin = bind("the admin port", options.admin_address).await?;
        if let Some(runtime) = &runtime {
            let counted = metrics.clone();
            runtime.tell(Box::new(move |flow, status, took| {
                counted.ran(&flow.name, status, took);
            }));
            runtime.publish(Arc::clone(&site.program));
            runtime.start();
        }
        let state = Arc::new(State::new(site, options, metrics, runtime));
        let router = admin::router(Arc::clone(&state), mounted);
        Ok(Self {
            flows: OpenPort::serve(flows, Port::Flows(Arc::clone(&state)), tls.clone()),
            admin: OpenPort::serve(admin, Port::Admin(Arc::clone(&state), router), None),
            state,
            tls,
        })
    }

    /// Where flows are served.
    pub fn address(&self) -> SocketAddr {
        self.flows.address
    }

    /// Where the admin port is.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address
    }

    /// What is served now.
    pub fn site(&self) -> Arc<Site> {
        self.state.site()
    }

    /// Serves another site from the next request on. What is going on keeps the site that it began with.
    ///
    /// # Errors
    /// The site has a flow whose runs are to be kept, and the server was started without a store. The old site stays.
    pub fn publish(&self, site: Site) -> Result<(), NoStore> {
        needs_no_store(&site, self.state.runtime.as_ref())?;
        if let Some(runtime) = &self.state.runtime {
            runtime.publish(Arc::clone(&site.program));
        }
        self.state.publish(site);
        Ok(())
    }

    /// Counts the runs that are going on, also while the server shuts down.
    pub fn running(&self) -> impl Fn() -> usize + Send + use<> {
        let capacity = self.state.capacity.clone();
        move || capacity.taken()
    }

    /// Reads certificate and key again, for the connections from here on. Without TLS there is nothing to do.
    ///
    /// # Errors
    /// They cannot be used; the old ones stay.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.reload())
    }

    /// Stops, within a limit: accepts nothing more, finishes what answers someone, and leaves the rest of what is kept to the
    /// journal.
    ///
    /// What has been asked is answered, also what comes on an open connection before its client knows. The admin port stays
    /// open to the end, so that `/readyz` can say that the server is going. Nothing is left afterwards: no socket, no task;
    /// the store is closed.
    pub async fn shutdown(mut self, limit: Duration) -> Leftover {
        /// Scrapers and probes are quick.
        const ADMIN_LIMIT: Duration = Duration::from_secs(1);

        let end = Instant::now() + limit;
        let left = || end.saturating_duration_since(Instant::now());
        self.state.stop();
        sleep(self.state.options.drain_delay.min(limit)).await;
        self.flows.enter(Phase::Draining);
        let _ = timeout_at(end, self.flows.closed()).await;
        // Who waits for an answer has it, or is about to be cut off.
        let kept = async {
            match &self.state.runtime {
                Some(runtime) => runtime.shutdown(left()).await,
                None => Left::default(),
            }
        };
        let (lost, kept) = tokio::join!(self.state.capacity.drained(left()), kept);
        // In this order: a connection that is cut off leaves its run to the tasks.
        self.flows.close().await;
        self.state.tasks.shutdown().await;
        self.admin.enter(Phase::Draining);
        let _ = timeout(ADMIN_LIMIT, self.admin.closed()).await;
        self.admin.close().await;
        Leftover { lost, kept }
    }
}

/// Whether a site can be served with what there is.
fn needs_no_store(site: &Site, runtime: Option<&Runtime>) -> Result<(), NoStore> {
    match site.kept_flow() {
        Some(flow) if runtime.is_none() => Err(NoStore {
            flow: flow.name.clone(),
        }),
        _ => Ok(()),
    }
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<(Listener, SocketAddr), StartError> {
    let failed = |source| StartError::Bind {
        what,
        address,
        source,
    };
    let listener = Listener::bind(address).await.map_err(failed)?;
    let address = listener.address().map_err(failed)?;
    Ok((listener, address))
}

/// A port that is served.
struct OpenPort {
    address: SocketAddr,
    phase: watch::Sender<Phase>,
    /// One task, which has those of its connections.
    task: JoinSet<()>,
}

impl OpenPort {
    fn serve((listener, address): (Listener, SocketAddr), port: Port, tls: Option<Arc<Tls>>) -> Self {
        let (phase, phases) = watch::channel(Phase::Serving);
        let mut task = JoinSet::new();
        task.spawn(listener.serve(port, tls, phases));
        Self { address, phase, task }
    }

    fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Until the last connection has closed.
    async fn closed(&mut self) {
        while self.task.join_next().await.is_some() {}
    }

    /// Cuts off what is left.
    async fn close(&mut self) {
        self.enter(Phase::Closing);
        self.closed().await;
    }
}
