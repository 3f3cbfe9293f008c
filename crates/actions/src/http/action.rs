//! The action: puts the parts together, and says what is known of the effect.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_flow::catalog::ActionSpec;
use lockgate_http::{Exchange, HttpPolicy, SystemResolver, provider, refused, result};
use reqwest::dns::Resolve;
use serde_json::Value;

use super::request::parse;
use super::spec::SPEC;

/// Sends an HTTP request and gives the answer. Holds the connection pool.
pub struct HttpRequest {
    exchange: Exchange,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest").finish_non_exhaustive()
    }
}

impl HttpRequest {
    /// An action that reaches what the policy allows. Opens no socket: the first request does.
    pub fn new(policy: HttpPolicy) -> Self {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    pub(super) fn with_resolver(policy: HttpPolicy, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            exchange: Exchange::new(policy, resolver),
        }
    }
}

#[async_trait]
impl Action for HttpRequest {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let request = parse(&input, context.identity()).map_err(|problem| {
            ActionError::new("invalid_request", format!("the request was not sent: {problem}"))
        })?;
        // Not `context.time_left`: the engine drops the call at the limits around it, and knows whose they are.
        let answer = self
            .exchange
            .send(&request, context)
            .await
            .map_err(|failure| failure.into_error(&request))?;
        if !request.accepts(answer.status.as_u16()) {
            return Err(refused(&request, &answer, context.clock.now().as_second()));
        }
        result(&answer, &request.method).map_err(|problem| {
            ActionError::new("invalid_response", problem).with_provider(provider(&request, &answer))
        })
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        Ok(match parse(input, context.identity()) {
            // A repeat leaves the same state, so it is as if nothing had happened.
            Ok(request) if request.is_repeatable => Reconciled::DidNotHappen,
            _ => Reconciled::Unknown,
        })
    }
}
