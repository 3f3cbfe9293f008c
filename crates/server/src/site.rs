//! What is served: the routes of one version of a workspace, and what runs them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use lockgate_engine::Executor;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{PathPart, Route};
use lockgate_runtime::Program;

use crate::auth::Credentials;
use crate::endpoint::Endpoint;
use crate::metrics::Metrics;
use crate::openapi;
use crate::routes::{Routes, Target};

/// One version of a workspace, ready to be served. Immutable.
pub struct Site {
    pub(crate) routes: Routes,
    pub(crate) program: Arc<Program>,
    /// Those of the program, by name.
    pub(crate) flows: Vec<Arc<Flow>>,
    pub(crate) broken: Vec<BrokenFlow>,
    credentials: BTreeMap<String, Arc<Credentials>>,
    /// Made when it is first asked for: of many flows it is large, and a start does not wait for it.
    openapi: OnceLock<Bytes>,
}

/// What a site is made of.
pub struct SiteParts {
    /// The flows that run, those without an HTTP trigger too, and what runs them.
    pub program: Arc<Program>,
    /// What callers must show, by the name of the workspace's connection.
    pub credentials: BTreeMap<String, Arc<Credentials>>,
    /// Flows that have mistakes. Their routes answer 503 and say so.
    pub broken: Vec<BrokenFlow>,
}

/// A flow that cannot be served.
#[derive(Clone, Debug)]
pub struct BrokenFlow {
    /// Its name.
    pub name: String,
    /// Its route, if that much could be read.
    pub route: Option<Route>,
    /// Its first finding, as one line.
    pub finding: String,
}

/// A site cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The checker reports it; here it means that the flows were not checked together.
    #[error("the flows `{first}` and `{second}` have the same route `{route}`")]
    SameRoute {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// As the second writes it.
        route: String,
    },
    /// The trigger's `auth` names a connection that is not there, or names none where several fit.
    #[error("the flow `{flow}` asks its callers for `auth: {kind}`, and there is no such connection")]
    NoCredentials {
        /// The flow.
        flow: String,
        /// `bearer`, `basic`, `hmac`.
        kind: &'static str,
    },
    /// Its paths are the server's own.
    #[error("the flow `{flow}` has the route `{route}`; paths below `/{RESERVED}` are the server's own")]
    Reserved {
        /// The flow.
        flow: String,
        /// As it writes it.
        route: String,
    },
}

/// The first part of the paths at which callers find the answers of their runs.
const RESERVED: &str = "_runs";

impl Site {
    /// Puts the routes together. Rate limits that an earlier site counts go on where they are (`previous`).
    ///
    /// # Errors
    /// See [`SiteError`]; a workspace without findings gives none.
    pub fn build(parts: SiteParts, previous: Option<&Self>, metrics: &Metrics) -> Result<Self, SiteError> {
        let SiteParts {
            program,
            credentials,
            broken,
        } = parts;
        let flows: Vec<Arc<Flow>> = program.flows().cloned().collect();
        let by_name: BTreeMap<&str, &Arc<Flow>> =
            flows.iter().map(|flow| (flow.name.as_str(), flow)).collect();
        let mut routes = Routes::default();
        for flow in &flows {
            let Some(trigger) = &flow.syntax.trigger.http else {
                continue;
            };
            let route = trigger.route.value.clone();
            if matches!(route.parts.first(), Some(PathPart::Fixed(first)) if first == RESERVED) {
                return Err(SiteError::Reserved {
                    flow: flow.name.clone(),
                    route: route.to_string(),
                });
            }
            let known = previous.and_then(|site| site.routes.endpoint_of(&flow.name));
            let endpoint = Endpoint::new(
                flow,
                trigger,
                &by_name,
                &credentials,
                known,
                program.executor().clock(),
                metrics,
            )?;
            let target = Target::Flow(Arc::new(endpoint));
            routes.add(&route, target).map_err(|taken| SiteError::SameRoute {
                first: taken,
                second: flow.name.clone(),
                route: route.to_string(),
            })?;
        }
        for flow in &broken {
            if let Some(route) = &flow.route {
                // Where a sound flow has the route, it answers.
                let _ = routes.add(route, Target::Broken(Arc::new(flow.clone())));
            }
        }
        Ok(Self {
            routes,
            program,
            flows,
            broken,
            credentials,
            openapi: OnceLock::new(),
        })
    }

    /// What runs its flows.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Runs flows of this version.
    pub(crate) fn executor(&self) -> &Executor {
        self.program.executor()
    }

    /// A flow whose runs are to be kept, if there is one: by a request, or at a due time. (One without a trigger is a part of
    /// others' runs.)
    pub(crate) fn kept_flow(&self) -> Option<&Arc<Flow>> {
        let is_started = |flow: &Flow| {
            let trigger = &flow.syntax.trigger;
            trigger.http.is_some() || trigger.schedule.is_some()
        };
        self.flows.iter().find(|flow| flow.durable && is_started(flow))
    }

    /// Whether nothing can be answered without a store: every flow that requests start has runs that are kept.
    pub(crate) fn is_all_kept(&self) -> bool {
        let mut served = self
            .flows
            .iter()
            .filter(|flow| flow.syntax.trigger.http.is_some())
            .peekable();
        served.peek().is_some() && served.all(|flow| flow.durable)
    }

    /// The `OpenAPI` document.
    pub(crate) fn openapi(&self) -> Bytes {
        let document = || openapi::document(&self.flows, &self.credentials).to_string();
        self.openapi.get_or_init(|| Bytes::from(document())).clone()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("flows", &self.flows.len())
            .field("broken", &self.broken.len())
            .finish_non_exhaustive()
    }
}
