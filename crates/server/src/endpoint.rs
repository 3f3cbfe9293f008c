//! The HTTP trigger of one flow, with everything looked up that a request would otherwise ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::clock::Clock;
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{AuthKind, HttpTrigger, PathPart};

use crate::auth::Credentials;
use crate::cors::Cors;
use crate::metrics::{EndpointMetrics, Metrics};
use crate::rate_limit::RateLimiter;
use crate::site::SiteError;

pub(crate) struct Endpoint {
    pub(crate) flow: Arc<Flow>,
    /// `/users/{user_id}`: for metrics, spans and the `OpenAPI` document.
    pub(crate) template: String,
    /// The names of the path's parameters, in order.
    pub(crate) parameters: Vec<String>,
    pub(crate) credentials: Option<Arc<Credentials>>,
    pub(crate) cors: Option<Cors>,
    pub(crate) rate_limit: Option<Arc<RateLimiter>>,
    pub(crate) max_body: usize,
    /// Whether the flow, or one that it calls, looks at `request`.
    pub(crate) reads_request: bool,
    pub(crate) metrics: EndpointMetrics,
}

impl Endpoint {
    /// `known` is the endpoint that the flow had before a reload: a rate limit that is still the same goes on counting.
    pub(crate) fn new(
        flow: &Arc<Flow>,
        trigger: &HttpTrigger,
        flows: &BTreeMap<&str, &Arc<Flow>>,
        credentials: &BTreeMap<String, Arc<Credentials>>,
        known: Option<&Arc<Self>>,
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, SiteError> {
        let route = &trigger.route.value;
        let template = template(&route.parts);
        let rate_limit = trigger.rate_limit.as_ref().map(|limit| {
            let known = known.and_then(|known| known.rate_limit.as_ref());
            match known {
                Some(known) if *known.limit() == limit.value => Arc::clone(known),
                _ => Arc::new(RateLimiter::new(limit.value.clone(), Arc::clone(clock))),
            }
        });
        Ok(Self {
            flow: Arc::clone(flow),
            parameters: route.parameters().map(str::to_owned).collect(),
            credentials: find_credentials(flow, trigger, credentials)?,
            cors: trigger.cors.as_ref().map(|cors| Cors::new(cors, route.method)),
            rate_limit,
            max_body: usize::try_from(trigger.max_body).unwrap_or(usize::MAX),
            reads_request: reads_request(flow, |called| flows.get(called).copied()),
            metrics: metrics.endpoint(route.method.name(), &template, &flow.name),
            template,
        })
    }
}

/// The path as `OpenAPI` writes it.
pub(crate) fn template(parts: &[PathPart]) -> String {
    if parts.is_empty() {
        return "/".to_owned();
    }
    let mut template = String::new();
    for part in parts {
        match part {
            PathPart::Fixed(text) => {
                template.push('/');
                template.push_str(text);
            }
            PathPart::Parameter(name) => {
                template.push_str("/{");
                template.push_str(name);
                template.push('}');
            }
        }
    }
    template
}

/// The connection that `auth` names, or the only one of its kind.
fn find_credentials(
    flow: &Flow,
    trigger: &HttpTrigger,
    credentials: &BTreeMap<String, Arc<Credentials>>,
) -> Result<Option<Arc<Credentials>>, SiteError> {
    let Some(auth) = trigger.auth.as_ref().map(|auth| &auth.value) else {
        return Ok(None);
    };
    if auth.kind == AuthKind::None {
        return Ok(None);
    }
    let mut fitting = credentials
        .iter()
        .filter(|(_, credentials)| credentials.kind() == auth.kind)
        .filter(|(name, _)| {
            auth.connection
                .as_ref()
                .is_none_or(|wanted| wanted.value == **name)
        });
    match (fitting.next(), fitting.next()) {
        (Some((_, found)), None) => Ok(Some(Arc::clone(found))),
        _ => Err(SiteError::NoCredentials {
            flow: flow.name.clone(),
            kind: auth.kind.name(),
        }),
    }
}

/// Whether a flow looks at `request`, or one that it calls.
pub(crate) fn reads_request<'a>(flow: &'a Arc<Flow>, find: impl Fn(&str) -> Option<&'a Arc<Flow>>) -> bool {
    let (mut seen, mut todo) = (vec![flow.name.as_str()], vec![flow]);
    while let Some(flow) = todo.pop() {
        if flow.reads_request {
            return true;
        }
        for called in flow.calls() {
            if !seen.contains(&called) {
                seen.push(called);
                todo.extend(find(called));
            }
        }
    }
    false
}
